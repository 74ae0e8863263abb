// Images that say another patient than their request: marked over every viewport that shows them, readable all the same, and nobody's.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { doubtOf, Patients } from './patients.mjs';

const [OTHERS, OWN] = ['1.2.3', '1.2.4'];
const id = study => `wadors:http://here/dicomweb/contexts/c/studies/${study}/series/${study}.1/instances/${study}.1.1/frames/1`;
const DIFFERS = [{ what: 'birth_date', asked: '19580311', said: '19610524' }, { what: 'id', asked: '4711', said: '9999' }];
const day = text => `${text.slice(6)}/${text.slice(4, 6)}/${text.slice(0, 4)}`;
const TEXT = 'AUTRE PATIENT ? · date de naissance : demande 11/03/1958, images 24/05/1961 · identifiant : demande 4711, images 9999';
let stop = () => {};

async function world({ cases = { [OTHERS]: [{ case: 'a1', differs: DIFFERS }], [OWN]: [{ case: 'a1', differs: [] }] } } = {}) {
  const node = { cases, status: 200, asked: [] };
  vi.stubGlobal('fetch', vi.fn(async address => {
    node.asked.push(address);
    const [, study] = /^\/api\/studies\/([0-9.]+)\/cases$/.exec(address);
    const { status } = node;
    return { ok: status === 200, status, text: () => Promise.resolve(status === 200 ? JSON.stringify(node.cases[study]) : '{}') };
  }));
  const viewport = more => {
    const element = document.createElement('div');
    document.body.append(element);
    return { element, renderingEngineId: 'OHIFCornerstoneRenderingEngine', ...more };
  };
  const viewports = {
    other: viewport({ getImageIds: () => [id(OTHERS)] }),
    own: viewport({ getImageIds: () => [id(OWN)] }),
    fused: viewport({ getAllVolumeIds: () => [OWN, OTHERS] }),
    small: viewport({ renderingEngineId: '_thumbnails', getImageIds: () => [id(OTHERS)] }),
    empty: viewport({ getImageIds: () => [] }),
  };
  const all = Object.values(viewports);
  window.cornerstone = {
    getRenderingEngines: () => [{ getViewports: () => all }],
    getEnabledElement: element => ({ viewport: all.find(one => one.element === element) }),
    cache: { getVolume: study => ({ imageIds: [id(study)] }) },
  };
  const lines = new Map();
  const strip = { show: (key, text, more) => lines.set(key, { text, ...more }), hide: key => lines.delete(key) };
  let measured;
  const measurementService = { EVENTS: { MEASUREMENT_ADDED: 'added' }, subscribe: (_, then) => { measured = then; } };
  const patients = new Patients({ studies: [OTHERS, OWN], strip, language: 'fr', day });
  const followed = vi.fn();
  patients.follow(followed);
  stop = patients.start({ measurementService });
  await vi.advanceTimersByTimeAsync(0);
  const cover = name => viewports[name].element.querySelector('.confrere-patient');
  const marked = () => Object.keys(viewports).filter(name => cover(name)?.style.display === 'flex');
  const shows = (name, event = 'IMAGE_RENDERED') => viewports[name].element.dispatchEvent(new CustomEvent(`CORNERSTONE_${event}`, { detail: {} }));
  return { node, patients, viewports, lines, cover, marked, shows, followed, measure: study => measured({ measurement: { referenceStudyUID: study } }) };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  delete window.cornerstone;
  document.body.replaceChildren();
});

describe('images that say another patient', () => {
  it('are marked in each viewport that shows them, stack or volume, and no others are', async () => {
    const { marked, cover, lines } = await world();
    expect(marked()).toEqual(['other', 'fused']);
    expect([...cover('other').children].map(mark => mark.textContent)).toEqual([TEXT, TEXT]);
    expect([...lines.keys()]).toEqual([`patient ${OTHERS}`]);
    expect(lines.get(`patient ${OTHERS}`)).toMatchObject({ tone: 'bad', link: { href: '/cases/a1' } });
  });

  it('are marked as soon as a viewport shows them, and no longer when it shows others', async () => {
    const { marked, shows, viewports } = await world();
    viewports.empty.getImageIds = () => [id(OTHERS)];
    shows('empty', 'PRE_STACK_NEW_IMAGE');
    expect(marked()).toContain('empty');
    viewports.empty.getImageIds = () => [id(OWN)];
    shows('empty', 'VIEWPORT_NEW_IMAGE_SET');
    expect(marked()).not.toContain('empty');
  });

  it('stay marked where the viewer empties the viewport', async () => {
    const { cover, shows, viewports, marked } = await world();
    viewports.other.element.replaceChildren();
    shows('other');
    expect(marked()).toContain('other');
    expect(cover('other').isConnected).toBe(true);
  });

  it('are read all the same: the mark takes no pointer', async () => {
    const { cover, viewports } = await world();
    const pressed = vi.fn();
    viewports.other.element.addEventListener('mousedown', pressed);
    cover('other').dispatchEvent(new CustomEvent('mousedown', { bubbles: true }));
    expect(pressed).toHaveBeenCalledOnce();
    expect(cover('other').style.pointerEvents).toBe('none');
  });

  it('are warned of by whoever measures in them', async () => {
    const { lines, measure } = await world();
    measure(OWN);
    expect(lines.has('measured')).toBe(false);
    measure(OTHERS);
    expect(lines.get('measured')).toMatchObject({ tone: 'bad' });
  });
});

describe('what the node says', () => {
  it('ends the mark, and begins it, when a case has changed', async () => {
    const { node, patients, marked, followed, lines, measure } = await world();
    expect([patients.isDoubted(OTHERS), patients.isDoubted(OWN), followed.mock.calls.length]).toEqual([true, false, 1]);
    measure(OTHERS);
    node.cases = { [OTHERS]: [{ case: 'a1', differs: [] }], [OWN]: [{ case: 'a1', differs: [] }] };
    patients.ofCase('a1');
    await vi.advanceTimersByTimeAsync(1500);
    expect([marked(), lines.size, patients.hasDoubts, followed.mock.calls.length]).toEqual([[], 0, false, 2]);
    node.cases = { [OTHERS]: [], [OWN]: [{ case: 'b2', differs: DIFFERS }] };
    patients.ofStudy(OWN);
    await vi.advanceTimersByTimeAsync(1500);
    expect(marked()).toEqual(['own', 'fused']);
    expect(lines.get(`patient ${OWN}`).link.href).toBe('/cases/b2');
  });

  it('is asked once of a crowd of news, and not of what concerns nothing here', async () => {
    const { node, patients } = await world();
    const asked = async () => {
      node.asked.length = 0;
      await vi.advanceTimersByTimeAsync(1500);
      return node.asked.length;
    };
    for (let n = 0; n < 5; n += 1) patients.ofCase('a1');
    expect(await asked()).toBe(2);
    patients.ofCase('new');
    expect(await asked()).toBe(2);
    patients.ofCase('new');
    patients.ofStudy('1.2.9');
    expect(await asked()).toBe(0);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(node.asked.length, 'it may have got a study of ours since').toBe(2);
    patients.ofCase('new');
    patients.ofCase('a1');
    expect(await asked(), 'the sooner counts').toBe(2);
    patients.ofStudy(null);
    expect(await asked()).toBe(2);
  });

  it('stands while the node does not answer, which is asked again', async () => {
    const { node, patients, marked } = await world();
    node.status = 503;
    patients.changed();
    await vi.advanceTimersByTimeAsync(1500);
    expect(marked()).toEqual(['other', 'fused']);
    node.status = 200;
    node.cases = { [OTHERS]: [], [OWN]: [] };
    await vi.advanceTimersByTimeAsync(10_000);
    expect(marked()).toEqual([]);
  });
});

it('is said in words: what differs with both, several patients in one study, and nothing where nothing does', () => {
  const words = { mark: 'OTHER PATIENT?', differs: '{what}: {asked}/{said}', birth_date: 'born', id: 'ID', several: 'several' };
  const told = differs => doubtOf([{ case: 'x', differs: [] }, { case: 'y', differs }], words, day);
  expect(told([])).toBe(null);
  expect(told(DIFFERS)).toEqual({ case: 'y', text: 'OTHER PATIENT? · born: 11/03/1958/24/05/1961 · ID: 4711/9999' });
  expect(told([{ what: 'id', asked: '4711', said: '4711' }]).text).toBe('OTHER PATIENT? · several');
  expect(told([{ what: 'id', asked: '{said}', said: '$&' }]).text).toBe('OTHER PATIENT? · ID: {said}/$&');
});
