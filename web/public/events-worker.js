// One event stream for all tabs of this browser, the viewer's included: over HTTP/1.1 a browser opens six connections
// to a host, and a stream in every tab would leave none for images. Beside it the key under which pages keep what is
// being written while the node does not answer: it is in the memory of this worker alone and never leaves it, so that
// what lies on disk cannot be read, and a tab that is loaded anew finds its text while any other tab is open.
//
// To a page: {kind: 'state', state: 'open' | 'lost' | 'refused'}, {kind: 'news', name, data} and
// {kind: 'done', id, value} (text or box, null where that failed).
// From a page: {kind: 'connect', names} (open, or open again after a refusal; names of news it would hear), {kind: 'close'} (signed out: the key is gone),
// {kind: 'bye'} (leaves), {kind: 'seal', id, value: text} and {kind: 'unseal', id, value: box}.
/** What any page asked to hear; the page says so, so that there is one list of names. */
const names = new Set();
const ports = new Set();
let stream = null;
let state = 'lost';
let key = null;

function tell(message) {
  for (const port of ports) port.postMessage(message);
}

function become(next) {
  state = next;
  tell({ kind: 'state', state });
}

function close() {
  stream?.close();
  stream = null;
}

function connect() {
  if (stream && stream.readyState !== EventSource.CLOSED) return;
  close();
  stream = new EventSource('/api/events');
  stream.onopen = () => become('open');
  // While CONNECTING the browser tries again by itself; CLOSED means the server answered and said no.
  stream.onerror = () => become(stream?.readyState === EventSource.CLOSED ? 'refused' : 'lost');
  for (const name of names) hear(name);
}

function hear(name) {
  stream?.addEventListener(name, event => tell({ kind: 'news', name, data: event.data }));
}

const text64 = bytes => btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''));
const bytes64 = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));

async function sealed(text) {
  key ??= crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const box = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await key, new TextEncoder().encode(text));
  return `${text64(iv)}.${text64(new Uint8Array(box))}`;
}

async function unsealed(box) {
  if (!key) return null;
  const [iv, bytes] = box.split('.').map(bytes64);
  return new TextDecoder().decode(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, await key, bytes));
}

async function answer(port, act, { id, value }) {
  try {
    port.postMessage({ kind: 'done', id, value: await act(value) });
  } catch {
    port.postMessage({ kind: 'done', id, value: null });
  }
}

self.onconnect = event => {
  const port = event.ports[0];
  port.onmessage = ({ data }) => {
    if (data?.kind === 'connect') {
      ports.add(port);
      port.postMessage({ kind: 'state', state });
      const more = (data.names ?? []).filter(name => !names.has(name));
      for (const name of more) names.add(name);
      if (stream && stream.readyState !== EventSource.CLOSED) more.forEach(hear);
      else connect();
    } else if (data?.kind === 'close') {
      close();
      key = null;
      become('refused');
    } else if (data?.kind === 'bye') {
      ports.delete(port);
      if (ports.size === 0) close();
    } else if (data?.kind === 'seal') void answer(port, sealed, data);
    else if (data?.kind === 'unseal') void answer(port, unsealed, data);
  };
  port.start();
};
