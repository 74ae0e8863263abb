// A study that was amended says so, and what must not be used is taken off the screen: also where the news of it went by unheard.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Standing } from './standing.mjs';

const [OPEN, OTHER] = ['1.2.3', '1.2.4'];
const words = { reload: 'Reload', corrected: 'corrected {site} {time}', rejected: 'rejected {site} {time}', replaced: 'replaced {site} {time}', withdrawn: 'withdrawn {site}', reinstated: 'reinstated {site}', fewer: 'fewer {site}', unheard: 'unheard {site} {time}', anew: 'anew {site}', gone: 'gone {site}' };
const study = more => ({ study: OPEN, provenance: 'verified', custodian_name: 'CH Nord', break_glass: null, source: null, holder: null, arrived: '2026-11-29T01:00:00Z', instances: 12, instances_here: 12, amended: null, ...more });
const amended = (what, at) => ({ what, at: `2026-11-29T${at}Z`, attributes: [] });

async function world({ studies = [OPEN], first = { [OPEN]: study() } } = {}) {
  const node = { studies: first, status: 200, asked: 0 };
  vi.stubGlobal('fetch', vi.fn(async (address, { signal } = {}) => {
    node.asked += 1;
    if (node.isDead) return new Promise((_, fail) => signal.addEventListener('abort', () => fail(signal.reason)));
    if (node.status === 0) throw new TypeError('no network');
    const found = node.studies[address.split('/').at(-1)];
    return new Response(JSON.stringify(found ?? {}), { status: node.status !== 200 ? node.status : found ? 200 : 404 });
  }));
  const strip = { draw: vi.fn(), show: vi.fn() };
  const [show, lost, back] = [vi.fn(), vi.fn(), vi.fn()];
  const standing = new Standing({ studies, strip, words, locale: 'en-GB', show, lost, back });
  await standing.ask();
  const drawn = () => strip.draw.mock.calls.map(([text]) => text.replace(/ [\d:]{8}$/, ''));
  const shown = () => strip.show.mock.calls.map(([key, text]) => [key, text.replace(/ [\d:]{8}$/, '')]);
  /** The stream of news is back. */
  const reopened = async () => {
    standing.reopened();
    await vi.advanceTimersByTimeAsync(1);
  };
  return { node, standing, strip, show, lost, back, drawn, shown, reopened };
}

beforeEach(() => vi.useFakeTimers({ now: Date.parse('2026-11-29T02:00:00Z') }));
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('an amendment that is told', () => {
  it('takes away what must not be used, and says of what else changed', async () => {
    const { standing, drawn, shown } = await world();
    standing.told({ study: OTHER, what: 'rejected', site_name: 'CH Nord', at: '2026-11-29T02:10:00Z' });
    standing.told({ study: OPEN, what: 'corrected', site_name: 'CH Nord', at: '2026-11-29T02:10:00Z' });
    expect(shown()).toEqual([[`amended ${OPEN}`, 'corrected CH Nord']]);
    expect(drawn()).toEqual([]);
    standing.told({ study: OPEN, what: 'replaced', site_name: '$& Nord', at: '2026-11-29T02:11:00Z' });
    expect(drawn()).toEqual(['replaced $& Nord']);
  });

  it('is not told twice when the node is asked', async () => {
    const { node, standing, drawn, reopened } = await world();
    standing.told({ study: OPEN, what: 'rejected', site_name: 'CH Nord', at: '2026-11-29T02:10:01Z' });
    node.studies[OPEN] = study({ amended: amended('rejected', '02:10:00') });
    await reopened();
    expect(drawn()).toEqual(['rejected CH Nord']);
  });
});

describe('an amendment that nobody heard of', () => {
  it.each(['rejected', 'replaced'])('is seen when the news are heard again: %s', async what => {
    const { node, drawn, reopened } = await world();
    await reopened();
    expect(drawn()).toEqual([]);
    node.studies[OPEN] = study({ amended: amended(what, '02:10:00') });
    await reopened();
    await reopened();
    expect(drawn()).toEqual([`${what} CH Nord`]);
  });

  it.each(['corrected', 'reinstated'])('may have others before it, which the node does not name: %s', async what => {
    const { node, drawn, shown, reopened } = await world({ first: { [OPEN]: study({ instances: 5 }) } });
    await reopened();
    // It was still arriving: its number tells nothing of what went.
    node.studies[OPEN] = study({ amended: amended(what, '02:10:00') });
    await reopened();
    await reopened();
    expect(drawn()).toEqual(['unheard CH Nord']);
    expect(shown()).toEqual([]);
  });

  it('may hide behind one that is heard before the node was asked', async () => {
    const { node, standing, drawn, reopened } = await world();
    await reopened();
    standing.reopened();
    standing.told({ study: OPEN, what: 'corrected', site_name: 'CH Nord', at: '2026-11-29T02:12:00Z' });
    node.studies[OPEN] = study({ amended: amended('corrected', '02:12:00') });
    await vi.advanceTimersByTimeAsync(1);
    expect(drawn()).toEqual(['unheard CH Nord']);
  });

  it('leaves the images where it was heard after all, and where news were heard all the time', async () => {
    const { node, standing, drawn, shown, reopened } = await world();
    await reopened();
    standing.told({ study: OPEN, what: 'corrected', site_name: 'CH Nord', at: '2026-11-29T02:10:00Z' });
    node.studies[OPEN] = study({ amended: amended('corrected', '02:10:00') });
    await reopened();
    expect(shown()).toEqual([[`amended ${OPEN}`, 'corrected CH Nord']]);
    node.studies[OPEN] = study({ amended: amended('corrected', '02:20:00') });
    standing.changed(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(drawn()).toEqual([]);
    expect(shown()).toHaveLength(2);
  });

  it('took all of a study away that was sent again', async () => {
    const { node, drawn, reopened } = await world();
    await reopened();
    node.studies[OPEN] = study({ arrived: '2026-11-29T02:10:00Z' });
    await reopened();
    expect(drawn()).toEqual(['anew CH Nord']);
  });

  it('took away what lay here, where only a PACS has the study now', async () => {
    const pacs = { source: 'PACS', instances_here: 0 };
    const { node, drawn, reopened } = await world({ first: { [OPEN]: study(pacs) } });
    node.studies[OPEN] = study({ ...pacs, arrived: '2026-11-29T02:05:00Z' });
    await reopened();
    node.studies[OPEN] = study({ arrived: '2026-11-29T02:06:00Z' });
    await reopened();
    expect(drawn()).toEqual([]);
    node.studies[OPEN] = study({ ...pacs, arrived: '2026-11-29T02:07:00Z' });
    await reopened();
    expect(drawn()).toEqual(['anew CH Nord']);
  });

  it('is not what another holder did to its own, but is what this one did meanwhile', async () => {
    const { node, drawn, reopened } = await world();
    await reopened();
    node.studies[OPEN] = study({ holder: 'south', custodian_name: 'CH Sud', arrived: '2026-11-29T02:05:00Z', amended: amended('rejected', '01:30:00') });
    await reopened();
    expect(drawn()).toEqual([]);
    node.studies[OPEN] = study({ amended: amended('rejected', '02:10:00') });
    await reopened();
    expect(drawn()).toEqual(['rejected CH Nord']);
  });

  it('may have taken the study away also where another held it last', async () => {
    const { node, drawn, reopened } = await world();
    node.studies[OPEN] = study({ holder: 'south', custodian_name: 'CH Sud' });
    await reopened();
    delete node.studies[OPEN];
    await reopened();
    expect(drawn()).toEqual(['gone CH Sud']);
  });

  it('is seen behind a later one, where images went', async () => {
    const { node, drawn, reopened } = await world();
    node.studies[OPEN] = study({ instances: 11, amended: amended('corrected', '02:12:00') });
    await reopened();
    expect(drawn()).toEqual(['fewer CH Nord']);
  });

  it('is not one that was there when the study was opened', async () => {
    const { drawn, shown, reopened } = await world({ first: { [OPEN]: study({ amended: amended('rejected', '01:10:00') }) } });
    await reopened();
    expect([drawn(), shown()]).toEqual([[], []]);
  });

  it('may have taken all of the study away', async () => {
    const { node, drawn, reopened } = await world();
    delete node.studies[OPEN];
    await reopened();
    expect(drawn()).toEqual(['gone CH Nord']);
  });

  it('is not guessed at where the news were heard all the time, nor of a study that never was found', async () => {
    const { node, standing, drawn, reopened } = await world({ studies: [OPEN, OTHER] });
    await reopened();
    delete node.studies[OPEN];
    standing.changed();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(drawn()).toEqual([]);
    node.studies[OPEN] = study();
    await reopened();
    expect(drawn()).toEqual([]);
  });

  it('may be among news that were lost on an open stream', async () => {
    const { node, standing, drawn, reopened } = await world();
    await reopened();
    node.studies[OPEN] = study({ amended: amended('corrected', '02:10:00') });
    standing.listed(null);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(drawn()).toEqual(['unheard CH Nord']);
  });

  it('may be why a study is not there, or not for this person, that the list names', async () => {
    for (const status of [403, 404]) {
      const { node, standing, drawn, reopened } = await world();
      await reopened();
      node.status = status;
      standing.listed(OTHER);
      await vi.advanceTimersByTimeAsync(2_000);
      expect(drawn()).toEqual([]);
      standing.listed(OPEN);
      await vi.advanceTimersByTimeAsync(2_000);
      expect(drawn()).toEqual(['gone CH Nord']);
    }
  });

  it('may have ended the right to read', async () => {
    const { node, drawn, reopened } = await world();
    node.status = 403;
    await reopened();
    expect(drawn()).toEqual(['gone CH Nord']);
    const { asked } = node;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(node.asked).toBe(asked);
  });

  it('does not take the place of what was said to be withdrawn', async () => {
    const { node, standing, drawn, reopened } = await world();
    await reopened();
    standing.told({ study: OPEN, what: 'withdrawn', site_name: 'CH Nord', at: '2026-11-29T02:10:00Z' });
    delete node.studies[OPEN];
    standing.listed(OPEN);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(drawn()).toEqual(['withdrawn CH Nord']);
  });

  it('is asked about anew where an answer does not come', async () => {
    const { node, standing, drawn, lost, back, reopened } = await world();
    await reopened();
    node.isDead = true;
    standing.changed(0);
    await vi.advanceTimersByTimeAsync(9_000);
    expect(lost).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1_001);
    expect(lost).toHaveBeenCalledOnce();
    node.isDead = false;
    node.studies[OPEN] = study({ amended: amended('rejected', '02:10:00') });
    await vi.advanceTimersByTimeAsync(10_001);
    expect(drawn()).toEqual(['rejected CH Nord']);
    expect(back).toHaveBeenCalledOnce();
  });

  it('does not wait for a request on the link that broke', async () => {
    const { node, standing, drawn, lost, reopened } = await world();
    await reopened();
    node.isDead = true;
    standing.changed(0);
    await vi.advanceTimersByTimeAsync(1);
    node.isDead = false;
    node.studies[OPEN] = study({ amended: amended('rejected', '02:10:00') });
    await reopened();
    expect(drawn()).toEqual(['rejected CH Nord']);
    expect(lost).not.toHaveBeenCalled();
  });

  it('is asked about until the node answers', async () => {
    const { node, drawn, lost, reopened } = await world();
    node.studies = {};
    node.status = 503;
    await reopened();
    node.status = 0;
    await vi.advanceTimersByTimeAsync(10_001);
    expect(lost).toHaveBeenCalledOnce();
    expect(drawn()).toEqual([]);
    node.status = 200;
    await vi.advanceTimersByTimeAsync(10_001);
    expect(drawn()).toEqual(['gone CH Nord']);
    const { asked } = node;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(node.asked).toBe(asked);
  });

  it('is asked about also when the session had ended', async () => {
    const { node, drawn, reopened } = await world();
    node.status = 401;
    await reopened();
    node.studies = {};
    node.status = 200;
    await reopened();
    expect(drawn()).toEqual(['gone CH Nord']);
  });

  it('is known by the time of opening where the node did not say then how the study was', async () => {
    const { node, standing, drawn } = await world({ first: {} });
    node.studies[OPEN] = study({ amended: amended('rejected', '02:00:30') });
    await standing.ask();
    expect(drawn()).toEqual(['rejected CH Nord']);
  });

  it('is among those of many that were left out', async () => {
    const { node, standing, drawn } = await world();
    node.studies[OPEN] = study({ amended: amended('rejected', '02:10:00') });
    standing.changed();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(drawn()).toEqual(['rejected CH Nord']);
  });
});

it('says anew only what is new', async () => {
  const { node, show, reopened } = await world();
  await reopened();
  expect(show).toHaveBeenCalledOnce();
  node.studies[OPEN] = study({ provenance: 'failed' });
  await reopened();
  expect(show).toHaveBeenCalledTimes(2);
});
