// A reader in the viewer counts as present, is called there, and says there that they heard.
import { afterEach, expect, it, vi } from 'vitest';
import { rings } from './chime.mjs';
import { Watch } from './watch.mjs';

const settled = () => new Promise(done => setTimeout(done));
const alert = { id: 'asked-1', case: 'a1', kind: 'asked', priority: 'P0', site_name: 'CH Nord' };

afterEach(() => vi.unstubAllGlobals());

it('says that it is live while it is shown, and shows what calls until it is heard', async () => {
  const asked = [];
  let alerts = [alert];
  vi.stubGlobal('fetch', vi.fn(async (address, { method = 'GET', body } = {}) => {
    asked.push([method, address, body]);
    if (method === 'POST' && address.endsWith('/a1/alerts')) alerts = [];
    return method === 'GET' ? new Response(JSON.stringify(alerts)) : new Response(null, { status: 204 });
  }));
  const shown = new Map();
  const strip = { show: (key, text, more) => shown.set(key, { text, ...more }), hide: key => shown.delete(key) };
  const watch = new Watch({ strip, words: { alert: '{priority} · {site}', openCase: 'open', heard: 'heard' } });
  watch.start();
  await settled();
  expect(asked.map(([method, address]) => [method, address])).toEqual([['POST', '/api/shifts/alive'], ['GET', '/api/cases/alerts']]);
  const line = shown.get('alert asked-1');
  expect([line.text, line.link.href]).toEqual(['P0 · CH Nord', '/cases/a1']);
  line.button.press();
  await settled();
  await settled();
  expect(asked).toContainEqual(['POST', '/api/cases/a1/alerts', JSON.stringify({ alerts: ['asked-1'] })]);
  expect(shown.size).toBe(0);
});

it('leaves what stands on the screen as it is, and takes away what is over', () => {
  const told = [];
  const strip = { show: key => told.push(['show', key]), hide: key => told.push(['hide', key]) };
  const watch = new Watch({ strip, words: { alert: '{priority} · {site}', openCase: 'open', heard: 'heard' } });
  const more = ['b', 'c', 'd'].map(id => ({ ...alert, id }));
  watch.show([alert, ...more]);
  watch.show([alert, ...more]);
  expect(told.map(([, key]) => key)).toEqual(['alert asked-1', 'alert b', 'alert c']);
  watch.show(more);
  expect(told.slice(3)).toEqual([['hide', 'alert asked-1'], ['show', 'alert d']]);
});

it('what is read when there is time stands there calmly and rings nobody', () => {
  const tones = new Map();
  const strip = { show: (key, text, { tone }) => tones.set(key, tone), hide: () => undefined };
  const watch = new Watch({ strip, words: { alert: '{priority} · {site}', openCase: 'open', heard: 'heard' } });
  const said = { ...alert, id: 'said-1', kind: 'said' };
  watch.show([alert, said]);
  expect([...tones.values()]).toEqual(['bad', '']);
  expect([rings([said]), rings([said, { ...alert, kind: 'late', priority: 'P2' }]), rings([said, alert])]).toEqual([null, 'calm', 'urgent']);
});
