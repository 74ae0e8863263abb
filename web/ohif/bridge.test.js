// The viewer as it runs: a study that was rejected while its news were cut is taken off the screen when they are heard again, and whoever
// hears no news is told so.
import { afterEach, expect, it, vi } from 'vitest';

const STUDY = '1.2.3';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.resetModules();
  document.getElementById('confrere-strip')?.remove();
});

/** The viewer with one study open, its streams, and what it shows. */
async function opened() {
  window.history.replaceState(null, '', `/ohif/viewer?StudyInstanceUIDs=${STUDY}`);
  const study = { study: STUDY, provenance: 'verified', custodian_name: 'CH Nord', break_glass: null, source: null, holder: null, arrived: '2026-11-29T01:00:00Z', instances: 12, amended: null, date: null, modalities: ['CT'], patient: {} };
  vi.stubGlobal('fetch', vi.fn(async address => new Response(JSON.stringify(address === `/api/studies/${STUDY}` ? study : []))));
  const streams = [];
  vi.stubGlobal('EventSource', class extends window.EventTarget {
    static CLOSED = 2;
    readyState = 1;
    constructor() {
      super();
      streams.push(this);
    }
  });
  vi.stubGlobal('BroadcastChannel', class { postMessage() { return undefined; } });
  const { default: bridge } = await import('./bridge.mjs');
  bridge.preRegistration({ servicesManager: { services: {} } });
  const root = document.getElementById('confrere-strip').shadowRoot;
  return { root, study, streams };
}

it('draws the curtain for what it did not hear of', async () => {
  const { root, study, streams: [stream] } = await opened();
  stream.onopen();
  await vi.waitFor(() => expect(root.textContent).toContain('signed by CH Nord, verified'));
  expect(root.querySelector('.curtain')).toBeNull();
  stream.readyState = 0;
  stream.onerror();
  expect(root.textContent).toContain('Connection to the node lost.');
  study.amended = { what: 'rejected', at: '2026-11-29T02:10:00Z', attributes: [] };
  stream.readyState = 1;
  stream.onopen();
  await vi.waitFor(() => expect(root.querySelector('.curtain')?.textContent).toContain('Images of this study were rejected by CH Nord'));
  expect(root.querySelector('.strip').style.display).toBe('none');
});

it('draws it for what was left out of many, and asks about a study that the list names', async () => {
  const { root, study, streams: [stream] } = await opened();
  stream.onopen();
  await vi.waitFor(() => expect(root.textContent).toContain('signed by CH Nord, verified'));
  const asked = () => fetch.mock.calls.filter(([address]) => address === `/api/studies/${STUDY}`).length;
  await vi.waitFor(() => expect(asked()).toBeGreaterThan(1));
  const before = asked();
  vi.useFakeTimers();
  const tell = study => stream.dispatchEvent(new window.MessageEvent('list', { data: JSON.stringify({ study }) }));
  tell('1.2.4');
  await vi.advanceTimersByTimeAsync(2_000);
  expect(asked()).toBe(before);
  tell(STUDY);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(asked()).toBe(before + 1);
  expect(root.querySelector('.curtain')).toBeNull();
  study.amended = { what: 'corrected', at: '2026-11-29T02:10:00Z', attributes: [] };
  tell(null);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(root.querySelector('.curtain')?.textContent).toContain('This study was changed by CH Nord');
});

it('says that news are refused until they are heard', async () => {
  const { root, streams } = await opened();
  vi.useFakeTimers();
  const refuse = async () => {
    streams.at(-1).readyState = 2;
    streams.at(-1).onerror();
    await vi.advanceTimersByTimeAsync(4_001);
  };
  const line = () => [...root.querySelectorAll('.line')].find(one => one.textContent.startsWith('Connection'));
  await refuse();
  expect(line()?.textContent).toBe('Connection to the node lost. Images already shown stay usable.');
  const said = line().firstChild;
  await refuse();
  expect(line().firstChild).toBe(said);
  streams.at(-1).onopen();
  expect(line().textContent).toBe('Connection restored.');
});
