import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, test, vi } from 'vitest';
import { link } from './events';

/** The shared worker as it is served, in a world of its own, with the streams that it opens. */
function worker() {
  const heard: string[] = [];
  class Stream {
    static readonly CLOSED = 2;
    readyState = 1;
    addEventListener(name: string) {
      heard.push(name);
    }
    close() {
      this.readyState = 2;
    }
  }
  const self: { onconnect?: (event: unknown) => void } = {};
  runInNewContext(readFileSync('public/events-worker.js', 'utf8'), { self, EventSource: Stream });
  const connect = () => {
    const told: unknown[] = [];
    const port = { onmessage: vi.fn<(message: unknown) => void>(), postMessage: (message: unknown) => void told.push(message), start: () => undefined };
    self.onconnect?.({ ports: [port] });
    return { told, say: (data: unknown) => port.onmessage({ data }) };
  };
  return { heard, connect };
}

afterEach(() => vi.unstubAllGlobals());

test('the shared worker hears all that a page hears by itself', () => {
  const shared = worker();
  const page = shared.connect();
  vi.stubGlobal(
    'SharedWorker',
    class {
      port = { postMessage: page.say, start: () => undefined };
    },
  );
  const listener = { onState: () => undefined, onNews: () => undefined };
  link(listener).connect();
  const alone: string[] = [];
  vi.stubGlobal('SharedWorker', undefined);
  vi.stubGlobal(
    'EventSource',
    class {
      addEventListener = (name: string) => void alone.push(name);
    },
  );
  link(listener).connect();
  expect(alone).toContain('rosters');
  expect(shared.heard).toEqual(alone);
});

test('a page that comes later, and asks for more, is told of it by the stream that runs', () => {
  const shared = worker();
  shared.connect().say({ kind: 'connect', names: ['transfer'] });
  shared.connect().say({ kind: 'connect', names: ['transfer', 'alerts'] });
  expect(shared.heard).toEqual(['transfer', 'alerts']);
});
