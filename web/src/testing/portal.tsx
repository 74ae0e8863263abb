// The whole portal in a test, with a fake node behind it: what a person sees is what is asserted.

import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { MemoryRouter, useLocation } from 'react-router';
import { vi } from 'vitest';
import { newQueryClient } from '../api/queries';
import type { Role } from '../api/types';
import { App } from '../app/App';
import type { Language } from '../lib/language';
import { startLanguage } from '../lib/language';
import type { FakeNode } from './fakeNode';

/** An event stream fed by the fake node. */
function streamOf(node: FakeNode) {
  return class FakeStream extends EventTarget {
    static readonly CLOSED = 2;
    readyState = 1;
    onopen: (() => void) | null = null;
    onerror: (() => void) | null = null;
    private readonly leave: () => void;

    constructor() {
      super();
      streams.push(this);
      this.leave = node.listen((name, data) => this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) })));
      queueMicrotask(() => this.onopen?.());
    }

    close() {
      this.readyState = 2;
      this.leave();
    }
  };
}

interface Stream {
  readyState: number;
  onopen: (() => void) | null;
  onerror: (() => void) | null;
}
const streams: Stream[] = [];

export function connect(node: FakeNode): void {
  streams.length = 0;
  vi.stubGlobal('EventSource', streamOf(node));
  vi.stubGlobal('fetch', (input: string, init?: RequestInit) => {
    init?.signal?.throwIfAborted();
    const body: unknown = typeof init?.body === 'string' ? JSON.parse(init.body) : undefined;
    const fate = node.unanswered.get(`${init?.method ?? 'GET'} ${input.replace(/^\/api/, '').replace(/\?.*/, '')}`);
    if (fate === 'lost') return Promise.reject(new TypeError('no network'));
    if (fate === 'waiting') return new Promise<Response>(() => undefined);
    const answer = node.handle(init?.method ?? 'GET', input.replace(/^\/api/, ''), body);
    const text = answer.lines ? answer.lines.map(line => `${JSON.stringify(line)}\n`).join('') : answer.body === undefined ? null : JSON.stringify(answer.body);
    return Promise.resolve(new Response(text, { status: answer.status, headers: { 'Content-Type': 'application/json' } }));
  });
}

function Address() {
  const { pathname, search } = useLocation();
  return <output data-testid="address">{pathname + search}</output>;
}

interface Options {
  at?: string;
  as?: Role | null;
  language?: Language;
}

/** Opens the portal at an address, signed in with a role (`null`: not signed in). */
export async function openPortal(node: FakeNode, { at = '/studies', as = 'radiologist', language = 'en' }: Options = {}) {
  node.person = as === null ? null : { name: 'dr.bernard', role: as };
  connect(node);
  await startLanguage(language);
  const user = userEvent.setup();
  const client = newQueryClient();
  const { queries, ...others } = client.getDefaultOptions();
  client.setDefaultOptions({ ...others, queries: { ...queries, retryDelay: 1 } });
  render(
    <MemoryRouter initialEntries={[at]}>
      <App client={client} env="test" />
      <Address />
    </MemoryRouter>,
  );
  return { user, address: () => screen.getByTestId('address').textContent, streams };
}
