// News are heard over the stream that a browser's pages share, or over one of one's own; a stream that was refused is asked for again.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hear } from './news.mjs';

const names = ['amended'];

function world({ shared }) {
  const said = [];
  const port = { start: () => undefined, postMessage: message => said.push(message.kind), onmessage: null };
  const streams = [];
  class Stream extends window.EventTarget {
    static CLOSED = 2;
    readyState = 1;
    constructor() {
      super();
      streams.push(this);
    }
  }
  vi.stubGlobal('EventSource', Stream);
  vi.stubGlobal('SharedWorker', shared ? class { port = port; } : undefined);
  const [onState, onNews] = [vi.fn(() => true), vi.fn()];
  hear({ names, onState, onNews });
  const worker = data => port.onmessage({ data });
  return { said, worker, streams, onState, onNews, states: () => onState.mock.calls.map(([state]) => state) };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('over the shared stream', () => {
  it('the first answer is of a stream that may just be opening', () => {
    const { said, worker, onNews, states } = world({ shared: true });
    expect(said).toEqual(['connect']);
    worker({ kind: 'state', state: 'lost' });
    expect(states()).toEqual([]);
    worker({ kind: 'state', state: 'open' });
    worker({ kind: 'news', name: 'amended', data: '{}' });
    worker({ kind: 'state', state: 'lost' });
    worker({ kind: 'state', state: 'open' });
    expect(states()).toEqual(['open', 'lost', 'open']);
    expect(onNews.mock.calls).toEqual([['amended', '{}']]);
  });

  it('a refusal is asked about again, until it opens', async () => {
    const { said, worker, states } = world({ shared: true });
    worker({ kind: 'state', state: 'open' });
    worker({ kind: 'state', state: 'refused' });
    await vi.advanceTimersByTimeAsync(4_001);
    expect(said).toEqual(['connect', 'connect']);
    // The answer, then what came of it.
    worker({ kind: 'state', state: 'refused' });
    worker({ kind: 'state', state: 'open' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(said).toEqual(['connect', 'connect']);
    expect(states()).toEqual(['open', 'refused', 'open']);
  });

  it('nobody asks again whose session has ended', async () => {
    const { said, worker, onState } = world({ shared: true });
    onState.mockImplementation(async state => state !== 'refused');
    worker({ kind: 'state', state: 'open' });
    worker({ kind: 'state', state: 'refused' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(said).toEqual(['connect']);
  });

  it('a page that comes back from the browser’s memory listens again', () => {
    const { said } = world({ shared: true });
    window.dispatchEvent(new window.Event('pagehide'));
    window.dispatchEvent(Object.assign(new window.Event('pageshow'), { persisted: true }));
    expect(said).toEqual(['connect', 'bye', 'connect']);
  });
});

describe('over a stream of its own', () => {
  it('one that breaks opens by itself, one that is refused is made anew', async () => {
    const { streams, onNews, states } = world({ shared: false });
    const [first] = streams;
    first.onopen();
    first.dispatchEvent(new window.MessageEvent('amended', { data: '{}' }));
    first.readyState = 0;
    first.onerror();
    first.onopen();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(streams).toHaveLength(1);
    first.readyState = 2;
    first.onerror();
    await vi.advanceTimersByTimeAsync(4_001);
    expect(streams).toHaveLength(2);
    streams[1].onopen();
    expect(states()).toEqual(['open', 'lost', 'open', 'refused', 'open']);
    expect(onNews.mock.calls).toEqual([['amended', '{}']]);
  });

  it('is asked for slowly after the session’s end, and when the page is looked at', async () => {
    const { streams, onState } = world({ shared: false });
    onState.mockImplementation(async state => state !== 'refused');
    const refuse = async () => {
      streams.at(-1).readyState = 2;
      streams.at(-1).onerror();
      await vi.advanceTimersByTimeAsync(4_001);
    };
    await refuse();
    expect(streams).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(streams).toHaveLength(2);
    await refuse();
    document.dispatchEvent(new window.Event('visibilitychange'));
    expect(streams).toHaveLength(3);
    // One that stands is left alone.
    document.dispatchEvent(new window.Event('visibilitychange'));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(streams).toHaveLength(3);
  });
});
