import { describe, expect, it } from 'vitest';
import { agreementOf } from '../../testing/agreements';
import { apart, changed, firstDraft, offerOf, seenFrom } from './draft';

describe('a draft whose directions differ', () => {
  const both = { ...firstDraft(undefined, []), preset: 'all' as const };

  it('says the terms of each, and those of the whole once', () => {
    const two = changed(apart(both, true), 'theirs', { withCase: true, since: 3, legal: 'L. 6316-1' });
    const offer = offerOf(two, 'b', undefined);
    expect(offer.with_case).toBeUndefined();
    expect(offer.theirs).toMatchObject({ with_case: true, since_days: 3 });
    expect(offer.legal_reference).toBe('L. 6316-1');
    expect(seenFrom(two, 'theirs').withCase).toBe(true);
    expect(seenFrom(two, 'ours').withCase).toBe(false);
  });

  it('is one again when it is put together', () => {
    const one = apart(changed(apart(both, true), 'theirs', { onDuty: true }), false);
    expect(offerOf(one, 'b', undefined).theirs).toBeUndefined();
    expect(offerOf(one, 'b', undefined).on_duty).toBeUndefined();
  });

  it('begins as the version before says it', () => {
    const before = agreementOf(offerOf(both, 'b', undefined), 'a1', 'CH Nord');
    const [clause] = before.clauses;
    if (!clause) throw new Error('no clause');
    const theirs = { ...clause, holder: 'b', reader: clause.holder };
    const same = firstDraft({ ...before, clauses: [clause, theirs] }, []);
    expect([same.direction, same.theirs]).toEqual(['both', null]);
    const differ = firstDraft({ ...before, clauses: [clause, { ...theirs, on_duty: true }] }, []);
    expect(differ.theirs?.onDuty).toBe(true);
    expect(differ.onDuty).toBe(false);
  });
});
