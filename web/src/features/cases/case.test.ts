import i18next from 'i18next';
import { beforeAll, describe, expect, test } from 'vitest';
import { startLanguage, wholeWords, wordOf } from '../../lib/language';
import { CASE, caseOf, EVENT, reportOf } from '../../testing/caseNode';
import { arranged, bodyOf as stepBody, fieldsOf, lacking } from './acts';
import { withMessage } from '../../api/openViewers';
import { boundOf, differing, foreignTo, othersOf } from './binding';
import { expandAt, nextGap } from './blocks';
import { wordsThatDiffer } from './difference';
import { numbersFor } from './Numbers';
import { bodyOf, EMPTY_PATIENT, EMPTY_REQUEST, fieldOf, hourOf, missingOf } from './request';
import { sentenceOf } from './sentence';
import { differencesOf, lackOf, lateOf, marksOf, readOf, refusedFor } from './state';
import { REQUEST_TEMPLATES, withTemplate } from './templates';

beforeAll(async () => {
  await startLanguage('fr');
  await wholeWords();
});

const base = caseOf({ case: CASE(1) });
const plain = (text: string) => text.replaceAll(/[\u00a0\u202f]/g, ' ');

describe('where a case stands', () => {
  test('is said in a sentence', () => {
    const says = (change: object) => plain(sentenceOf({ ...base, ...change }, i18next.t, 'fr-FR'));
    expect(says({ stage: 'accepted', images: { here: 312, expected: 412, ready: false, count_confirmed: true } })).toBe('Accepté par CH Sud. Images 312/412 arrivées.');
    expect(says({ stage: 'requested', flags: ['escalated'] })).toBe('Personne n’a répondu : téléphonez.');
    expect(says({ stage: 'images-ready' })).toBe('Prêt à être lu à CH Sud : 412 images. Personne ne l’a réservé.');
    expect(says({ claim: { site: 'o', site_name: 'CH Sud', person: 'leroy', at: '2026-11-29T02:11:00Z', mine: false } })).toContain('Réservé par leroy (CH Sud)');
  });

  test('is marked on the way, with what was not needed', () => {
    const states = (change: object) => Object.fromEntries(marksOf({ ...base, ...change }).map(({ mark, state }) => [mark, state]));
    expect(states({ stage: 'accepted' })).toMatchObject({ received: 'done', accepted: 'done', protocol: 'now', images: 'now', reading: 'ahead' });
    expect(states({ stage: 'reading' })).toMatchObject({ images: 'done', reading: 'now', preliminary: 'ahead' });
    expect(states({ stage: 'final', protocol: null, reports: [reportOf({ event: EVENT(1), standing: 'final' })] })).toMatchObject({ protocol: 'skipped', preliminary: 'skipped', final: 'done', acknowledged: 'now' });
    expect(states({ stage: 'cancelled' })).toMatchObject({ received: 'done', accepted: 'ahead' });
  });
});

test('what differs is said by the events that the screen shows', () => {
  const one = { reports: [EVENT(50), EVENT(51)], class: null, text: null, person: null, event: null, unread: false, mine: false };
  expect(differencesOf({ ...base, comparisons: [one, { ...one, class: 'major', event: EVENT(90), unread: true }] })).toEqual([EVENT(90)]);
});

test('a word of the node has its sentence, what a person wrote stays as it is', () => {
  const known = i18next.t('cases.byNode', { returnObjects: true });
  expect(wordOf(known, 'answer-due')).toBe('Pas de réponse à temps.');
  for (const text of ['toString', 'Scanner en panne : {{site}} $t(app.name)', '']) expect(wordOf(known, text)).toBe(text);
});

describe('what a signature lacks', () => {
  const read = readOf(base);
  test('is nothing where all images are here, counted and verified', () => expect(lackOf(base, read)).toEqual([]));
  test('is told one by one', () => {
    const [study] = base.study_list;
    if (!study) throw new Error('no study');
    expect(lackOf({ ...base, images: { here: 312, expected: 412, ready: false, count_confirmed: true } }, read)).toEqual(['missing']);
    expect(lackOf({ ...base, images: { here: 312, expected: null, ready: true, count_confirmed: false } }, read)).toEqual(['unconfirmed']);
    expect(lackOf({ ...base, study_list: [{ ...study, version: 4, version_here: 4, verified: false }] }, read)).toEqual(['unverified', 'late']);
    // A report that was filed makes a newer version, and no newer images.
    expect(lackOf({ ...base, study_list: [{ ...study, version_here: 9 }] }, read)).toEqual([]);
    expect(lackOf({ ...base, study_list: [{ ...study, undecoded: 2 }] }, read)).toEqual(['undecoded']);
    expect(lackOf({ ...base, study_list: [{ ...study, version_here: null }] }, read)).toEqual(['missing']);
    expect(lackOf({ ...base, study_list: [{ ...study, instances: 400 }] }, read)).toEqual(['missing']);
    // Held elsewhere, and read from there.
    expect(lackOf({ ...base, images: { here: 0, expected: 412, ready: true, count_confirmed: true }, study_list: [{ ...study, here: 0 }] }, read)).toEqual([]);
    expect(lackOf({ ...base, flags: ['other-patient'] }, read)).toEqual(['other-patient']);
    // A study that was not there when reading began.
    expect(lateOf([], base)).toEqual([study.study]);
  });
  test('that nobody saw is shown once the node refuses for it', () => {
    expect(refusedFor('late-images', ['unconfirmed'], ['unconfirmed', 'late'])).toEqual(['late']);
    expect(refusedFor('images-of-another', [], [])).toEqual(['other-patient']);
    // Two have one name: that which the case says, else those that were not shown.
    expect(refusedFor('images-missing', [], ['unverified'])).toEqual(['unverified']);
    expect(refusedFor('images-missing', ['missing'], ['missing'])).toEqual(['unverified']);
    expect(refusedFor('images-missing', [], [])).toEqual(['missing', 'unverified']);
    expect(refusedFor('claimed', [], ['late'])).toEqual([]);
  });
});

describe('the right patient', () => {
  test('what a report is bound to is compared field by field', () => {
    const bound = boundOf(base);
    expect(bound).toEqual({ name: 'DURAND^PAUL', birth_date: '19500101', hospital: 'CH Nord', study_date: '20261129' });
    expect(differing(bound, boundOf(base))).toEqual([]);
    expect(differing(bound, boundOf({ ...base, patient: { ...base.patient, birth_date: '19500110' }, requester_name: 'CH Est' }))).toEqual(['birth_date', 'hospital']);
  });

  test('of two tabs on one case the earlier writes; other patients’ tabs are named', () => {
    const tab = (id: string, on: string, since: number) => ({ id, case: on, patient: on, since });
    expect(othersOf([tab('a', 'x', 1)], tab('b', 'x', 2))).toEqual({ twin: true, others: [] });
    expect(othersOf([tab('b', 'x', 2)], tab('a', 'x', 1))).toEqual({ twin: false, others: [] });
    expect(othersOf([tab('b', 'y', 2)], tab('a', 'x', 1)).others).toHaveLength(1);
  });
});

describe('viewers', () => {
  const viewer = (id: string, studies: string[], patient: { name: string; birth_date: string; id: string; issuer: string } | null = null) => ({ id, studies, patient });
  const same = { name: base.patient.name, birth_date: base.patient.birth_date, id: '', issuer: '' };

  test('are foreign to a case unless they show a study of it, or its patient', () => {
    const foreign = (...of: ReturnType<typeof viewer>[]) => foreignTo(base, of).map(one => one.id);
    expect(foreign(viewer('own', base.studies), viewer('prior', ['9.9'], same), viewer('beside', [...base.studies, '9.8']))).toEqual([]);
    expect(foreign(viewer('unknown', ['9.9']), viewer('other', ['9.7'], { ...same, birth_date: '19500102' }), viewer('own', base.studies))).toEqual(['unknown', 'other']);
    // A number without the same issuer, or of somebody born another day, is nobody's.
    const numbered = { name: '', birth_date: base.patient.birth_date, id: base.patient.id, issuer: base.patient.issuer };
    expect(foreign(viewer('same', ['9'], numbered), viewer('elsewhere', ['9'], { ...numbered, issuer: 'OTHER' }))).toEqual(['elsewhere']);
    // Of one name and one birth date are two, where one issuer has a number for each; numbers of two issuers say nothing.
    const namesake = { ...same, id: `${base.patient.id}0`, issuer: base.patient.issuer };
    expect(foreign(viewer('namesake', ['9'], namesake), viewer('elsewhere', ['9'], { ...namesake, issuer: 'OTHER' }))).toEqual(['namesake']);
  });

  test('come, say whose they are, and go, each for itself', () => {
    const one = withMessage([], { kind: 'opened', ...viewer('a', ['1']) });
    const two = withMessage(withMessage(one, { kind: 'opened', ...viewer('b', ['1']) }), { kind: 'opened', ...viewer('a', ['1'], same) });
    expect(two).toHaveLength(2);
    expect(two.find(known => known.id === 'a')?.patient).toEqual(same);
    expect(withMessage(two, { kind: 'closed', id: 'b' }).map(known => known.id)).toEqual(['a']);
    expect(withMessage(two, { kind: 'who' })).toBe(two);
  });
});

describe('steps', () => {
  test('ask for what they need, and send it as the node takes it', () => {
    expect(lacking('refuse', {})).toEqual(['reason']);
    expect(lacking('refuse', { reason: '  ' })).toEqual(['reason']);
    expect(lacking('accept', {})).toEqual([]);
    expect(lacking('expect', { study: '1.2', instances: 'many' })).toEqual(['instances']);
    expect(lacking('hear', { who: 'Dr Y' })).toEqual(['read_back']);
    expect(stepBody('expect', { study: '1.2', instances: ' 412 ' })).toEqual({ step: 'expect', study: '1.2', instances: 412 });
    expect(stepBody('acquired', { studies: '1.2, 1.3\n1.4' })).toEqual({ step: 'acquired', studies: ['1.2', '1.3', '1.4'] });
  });

  test('over somebody else ask whether it is meant, and to nobody where nobody has it is no step', () => {
    const names = (step: 'regulate' | 'refuse', claim: { mine: boolean } | null) => fieldsOf(step, claim).map(field => field.name);
    expect(names('regulate', { mine: false })).toEqual(['to', 'reason', 'confirmed']);
    expect(names('regulate', null)).toEqual(['to', 'reason']);
    expect(names('refuse', { mine: true })).toEqual(['reason']);
    expect(names('refuse', { mine: false })).toEqual(['reason', 'confirmed']);
    expect(lacking('regulate', { reason: 'Souffrant' }, fieldsOf('regulate', null))).toEqual(['to']);
    expect(lacking('regulate', { reason: 'Souffrant' }, fieldsOf('regulate', { mine: false }))).toEqual([]);
    expect(stepBody('regulate', { to: ' leroy ', reason: 'Souffrant' })).toEqual({ step: 'regulate', to: 'leroy', reason: 'Souffrant', confirmed: false });
  });

  test('stand in the order of their turn, and what is not a step is left out', () => {
    expect(arranged(['say', 'refuse', 'accept', 'escalate', 'report-final', 'hear'])).toEqual({ first: 'accept', beside: ['refuse'], rarer: ['escalate'] });
    expect(arranged(['say', 'close', 'reopen'])).toEqual({ first: 'close', beside: ['reopen'], rarer: [] });
    expect(arranged([])).toEqual({ first: null, beside: [], rarer: [] });
    expect(arranged(['images-ready', 'ask'], true)).toEqual({ first: null, beside: ['ask'], rarer: ['images-ready'] });
  });
});

describe('a request', () => {
  const stroke = REQUEST_TEMPLATES[0];
  if (!stroke) throw new Error('no template');
  test('names what is missing, and an emergency does not wait for consent', () => {
    expect(missingOf(EMPTY_REQUEST)).toEqual(['patient', 'identity', 'question', 'modality', 'justification', 'consent']);
    expect(bodyOf({ ...EMPTY_REQUEST, accession: 'A1' })).toMatchObject({ accession: '', accession_issuer: '' });
    expect(bodyOf({ ...EMPTY_REQUEST, accession_issuer: 'CH Sud' })).toMatchObject({ accession: '', accession_issuer: '' });
    expect(bodyOf({ ...EMPTY_REQUEST, accession: 'A1', accession_issuer: 'CH Sud' })).toMatchObject({ accession: 'A1', accession_issuer: 'CH Sud' });
    expect(missingOf({ ...EMPTY_REQUEST, accession: 'A1' })).toContain('accession_issuer');
    const urgent = withTemplate({ ...EMPTY_REQUEST, studies: ['1.2'], identity_checked: true }, stroke, 'fr');
    expect(missingOf(urgent)).toEqual([]);
    expect(missingOf({ ...urgent, identity_checked: false })).toEqual(['identity']);
    expect(bodyOf(urgent)).toMatchObject({ priority: 'P0', consent: 'open', modality: 'CT', region: 'HEAD', identity_checked: true });
    expect(missingOf({ ...urgent, priority: 'P1' })).toEqual(['consent']);
  });

  test('an emergency does not wait for a name, and says what is not read from afar', () => {
    const unknown = { ...EMPTY_PATIENT, identity: 'unknown' as const, id: 'X12' };
    const urgent = withTemplate({ ...EMPTY_REQUEST, patient: unknown }, stroke, 'fr');
    expect(missingOf(urgent)).toEqual([]);
    expect(bodyOf({ ...urgent, identity_checked: true }).identity_checked).toBe(false);
    expect(missingOf({ ...urgent, priority: 'P2', consent: 'informed' })).toEqual(['patient', 'identity']);
    expect(missingOf({ ...urgent, patient: { ...unknown, identity: 'provisional' } })).toEqual(['patient', 'identity']);
    const site = { site: 'b', site_name: 'CHU Sud', bar: null, people: [], teams: [] };
    const askable = { rule: null, needs_examination: false, needs_on_site: false, answer_by: '2026-11-29T02:30:00Z', sites: [site] };
    expect(missingOf(urgent, { ...askable, needs_examination: true })).toEqual(['examination']);
    expect(missingOf(urgent, { ...askable, needs_on_site: true, rule: 'nuclear-alone' })).toEqual(['on_site']);
    expect(missingOf({ ...urgent, examination: 'screening-first' }, { ...askable, rule: 'screening-first' })).toEqual(['rule']);
    const to = { ...urgent, to: [{ site: 'b', whom: '' }] };
    expect(missingOf(to, { ...askable, sites: [{ ...site, bar: 'out-of-scope' }] })).toEqual(['to']);
    expect(missingOf(to, { ...askable, sites: [{ ...site, bar: 'unreachable' }] })).toEqual([]);
  });

  test('an hour goes to the node as one of the world, and back into its field', () => {
    const at = hourOf('2026-11-29T14:30');
    expect(at).toMatch(/Z$/);
    expect(fieldOf(at)).toBe('2026-11-29T14:30');
    expect(hourOf('')).toBeNull();
    expect(stepBody('specify', { examination: '', on_site_physician: 'Dr Curie', answer_by: '' })).toEqual({ step: 'specify', examination: '', on_site_physician: 'Dr Curie', answer_by: null });
  });

  test('a template never writes over what a person wrote', () => {
    const mine = { ...EMPTY_REQUEST, question: 'Dissection carotidienne ?' };
    expect(withTemplate(mine, stroke, 'fr').question).toBe('Dissection carotidienne ?');
    const other = REQUEST_TEMPLATES[1];
    if (!other) throw new Error('no template');
    expect(withTemplate(withTemplate(EMPTY_REQUEST, stroke, 'fr'), other, 'fr').question).toBe(other.question.fr);
  });

  test('a national number travels only when it is qualified', () => {
    const patient = { ...EMPTY_PATIENT, name: 'DURAND^PAUL', ins: '150019900000000' };
    expect(bodyOf({ ...EMPTY_REQUEST, patient: { ...patient, identity: 'validated' } }).patient?.ins).toBeNull();
    expect(bodyOf({ ...EMPTY_REQUEST, patient: { ...patient, identity: 'qualified' } }).patient?.ins).toBe('150019900000000');
  });
});

describe('text that is not typed again', () => {
  const blocks = [{ name: 'appel', text: 'Transmis au Dr […] à […].' }, { name: 'normal', text: 'Pas d’anomalie.' }];
  test('a block is written out where it is called, and its first gap is next', () => {
    expect(expandAt('Poumons. /normal', 16, blocks)).toEqual({ text: 'Poumons. Pas d’anomalie.', from: 24, to: 24 });
    expect(expandAt('/appel suite', 6, blocks)).toMatchObject({ text: 'Transmis au Dr […] à […]. suite', from: 15, to: 18 });
    expect(expandAt('20/normal', 9, blocks)).toBeNull();
    expect(expandAt('/autre', 6, blocks)).toBeNull();
  });
  test('gaps are found from a place on, round to the beginning', () => {
    expect(nextGap('a […] b […]', 5)).toEqual({ from: 8, to: 11 });
    expect(nextGap('a […] b', 6)).toEqual({ from: 2, to: 5 });
    expect(nextGap('a', 0)).toBeNull();
  });
});

test('of two texts the words are marked that the other lacks', () => {
  const marked = (own: string, other: string) => wordsThatDiffer(own, other).filter(piece => piece.differs).map(piece => piece.text.trim());
  expect(marked('Embolie lobaire droite sans retentissement.', 'Embolie lobaire droite avec retentissement.')).toEqual(['sans']);
  expect(marked('Pas de fracture.', 'Pas de fracture.')).toEqual([]);
  expect(wordsThatDiffer('un  deux\ntrois', 'x').map(piece => piece.text).join('')).toBe('un  deux\ntrois');
});

test('the other side is rung up, by whoever has to', () => {
  const number = (site: string, of: 'request' | 'shift') => ({ site, site_name: site, of, name: '', number: `0${site.length}` });
  const telephones = [number(base.requester, 'request'), number('reader', 'shift')];
  const rung = (call: 'not-reached' | 'critical-unheard' | null) => numbersFor({ ...base, escalation: { telephones, call, since: null, reasons: [] } }).map(one => one.of);
  expect(rung('not-reached')).toEqual(['shift']);
  expect(rung('critical-unheard')).toEqual(['request']);
  expect(rung(null)).toEqual(['request', 'shift']);
});

test('what the node allows to the reader is a call, not to have heard', () => {
  expect(arranged(['hear', 'hear-here', 'unserved']).rarer).toEqual(['unserved']);
  expect(lacking('unserved', {})).toEqual(['reason']);
});
