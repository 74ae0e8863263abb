// The one way to the node's API: JSON over the session cookie, problems as `ApiError` with the node's stable word.

import type { Problem } from './types';

/** What some refusals say beside their word: who was first, what differs, what is missing. */
interface More {
  by?: { person: string; site_name: string; at: string | null } | null;
  differs?: string[];
  fields?: string[];
}

/** A request that failed. `code` is a stable word: the node's own, or `offline` where no answer came. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  readonly retryS: number | null;
  readonly reference: string | null;
  /** With `claimed`: who has it. */
  readonly by: NonNullable<More['by']> | null;
  /** With `wrong-patient`: in what. */
  readonly differs: string[];
  /** With `missing`: which fields. */
  readonly fields: string[];

  constructor(status: number, problem: Problem & More) {
    super(problem.message);
    this.name = 'ApiError';
    this.code = problem.error;
    this.status = status;
    this.retryS = problem.retry_s ?? null;
    this.reference = problem.reference ?? null;
    this.by = problem.by ?? null;
    this.differs = problem.differs ?? [];
    this.fields = problem.fields ?? [];
  }
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

async function problemOf(answer: Response): Promise<Problem & More> {
  try {
    const body = (await answer.json()) as Partial<Problem> & More;
    if (typeof body.error === 'string') return { message: '', ...body, error: body.error };
  } catch {
    // Not JSON: a proxy, or a node that is just stopping.
  }
  const words: Record<number, string> = { 401: 'not-signed-in', 403: 'role', 404: 'not-found', 429: 'throttled' };
  return { error: words[answer.status] ?? (answer.status >= 500 ? 'internal' : 'malformed'), message: answer.statusText };
}

/** Asks for what is told line by line as JSON; `each` hears of every line. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- as with the answers below, the caller names the shape
export async function lines<T>(path: string, body: unknown, each: (line: T) => void, signal?: AbortSignal): Promise<void> {
  let answer: Response;
  try {
    answer = await fetch(`/api${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      ...(signal ? { signal } : {}),
    });
  } catch {
    throw new ApiError(0, { error: 'offline', message: 'no answer from the node' });
  }
  if (!answer.ok) throw new ApiError(answer.status, await problemOf(answer));
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = '';
  for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
    const parts = (waiting + next.value).split('\n');
    waiting = parts.pop() ?? '';
    for (const part of parts) if (part !== '') each(JSON.parse(part) as T);
  }
}

async function request<T>(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(`/api${path}`, {
      method,
      headers: body === undefined ? { Accept: 'application/json' } : { Accept: 'application/json', 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, { error: 'offline', message: 'no answer from the node' });
  }
  if (!answer.ok) throw new ApiError(answer.status, await problemOf(answer));
  const text = await answer.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

 
export const get = <T>(path: string, signal?: AbortSignal): Promise<T> => request<T>('GET', path, undefined, signal);
 
export const post = <T>(path: string, body: unknown = {}): Promise<T> => request<T>('POST', path, body);
export const change = <T>(path: string, body: unknown): Promise<T> => request<T>('PUT', path, body);

/** Sends a text that is no JSON, and reads what is said of it. */
export async function postText<T>(path: string, kind: string, text: Blob): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(`/api${path}`, { method: 'POST', headers: { 'Content-Type': kind }, body: text });
  } catch {
    throw new ApiError(0, { error: 'offline', message: 'no answer from the node' });
  }
  if (!answer.ok) throw new ApiError(answer.status, await problemOf(answer));
  return (await answer.json()) as T;
}

/** Sends a file as it is. */
export async function put(path: string, file: Blob): Promise<void> {
  let answer: Response;
  try {
    answer = await fetch(`/api${path}`, { method: 'PUT', headers: { 'Content-Type': 'application/octet-stream' }, body: file });
  } catch {
    throw new ApiError(0, { error: 'offline', message: 'no answer from the node' });
  }
  if (!answer.ok) throw new ApiError(answer.status, await problemOf(answer));
}

export const remove = <T>(path: string): Promise<T> => request<T>('DELETE', path);
