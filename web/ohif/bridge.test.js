// The viewer as it runs: a study that was rejected while its news were cut is taken off the screen when they are heard again.
import { afterEach, expect, it, vi } from 'vitest';

const STUDY = '1.2.3';

afterEach(() => vi.unstubAllGlobals());

it('draws the curtain for what it did not hear of', async () => {
  window.history.replaceState(null, '', `/ohif/viewer?StudyInstanceUIDs=${STUDY}`);
  const study = { study: STUDY, provenance: 'verified', custodian_name: 'CH Nord', break_glass: null, source: null, instances: 12, amended: null, date: null, modalities: ['CT'], patient: {} };
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
  const [stream] = streams;
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
