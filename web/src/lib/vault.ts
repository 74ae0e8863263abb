// Text that must outlive a lost connection, kept in this browser so that nobody reads it from the disk: sealed under a
// key that is in memory alone (of the worker all tabs share, or of this page where there is none) and ends with the
// session. Where the browser has no cipher (a page not by TLS) nothing is kept, and `seal` says so by `null`.

const PREFIX = 'confrere.kept.';

interface Vault {
  seal: (text: string) => Promise<string | null>;
  unseal: (box: string) => Promise<string | null>;
}

const text64 = (bytes: Uint8Array) => btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''));
const bytes64 = (text: string) => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));

/** With a key of this page. */
export function pageVault(): Vault & { forget: () => void } {
  let key: Promise<CryptoKey> | null = null;
  return {
    forget: () => {
      key = null;
    },
    seal: async text => {
      key ??= crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const box = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await key, new TextEncoder().encode(text));
      return `${text64(iv)}.${text64(new Uint8Array(box))}`;
    },
    unseal: async box => {
      const [iv, bytes] = box.split('.').map(bytes64);
      if (!key || !iv || !bytes) return null;
      return new TextDecoder().decode(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, await key, bytes));
    },
  };
}

/** With the key of the worker that all tabs share. */
function sharedVault(): Vault {
  const { port } = new SharedWorker('/events-worker.js', { name: 'confrere-events' });
  const waiting = new Map<number, (value: string | null) => void>();
  let last = 0;
  port.onmessage = ({ data }: MessageEvent<{ kind: string; id: number; value: string | null }>) => {
    if (data.kind !== 'done') return;
    waiting.get(data.id)?.(data.value);
    waiting.delete(data.id);
  };
  port.start();
  const ask = (kind: string) => (value: string) =>
    new Promise<string | null>(resolve => {
      last += 1;
      waiting.set(last, resolve);
      port.postMessage({ kind, id: last, value });
    });
  return { seal: ask('seal'), unseal: ask('unseal') };
}

let made: Vault | null = null;
function vault(): Vault {
  made ??= typeof SharedWorker === 'function' ? sharedVault() : pageVault();
  return made;
}

/** Whether text can be kept at all. */
export const canKeep = (): boolean => typeof crypto !== 'undefined' && 'subtle' in crypto;

/** Keeps `text` under `name`; false where it could not be. */
export async function keep(name: string, text: string): Promise<boolean> {
  if (!canKeep()) return false;
  try {
    const box = await vault().seal(text);
    if (box === null) return false;
    localStorage.setItem(PREFIX + name, box);
    return true;
  } catch {
    return false;
  }
}

/** What was kept under `name`; what no longer opens (another session's) is removed. */
export async function kept(name: string): Promise<string | null> {
  if (!canKeep()) return null;
  const box = localStorage.getItem(PREFIX + name);
  if (box === null) return null;
  try {
    const text = await vault().unseal(box);
    if (text !== null) return text;
  } catch {
    // Not of this key.
  }
  localStorage.removeItem(PREFIX + name);
  return null;
}

export function unkeep(name: string): void {
  localStorage.removeItem(PREFIX + name);
}

/** At the end of a session: nothing stays. */
export function unkeepAll(): void {
  for (const name of Object.keys(localStorage)) if (name.startsWith(PREFIX)) localStorage.removeItem(name);
}
