// One event stream for all tabs of this browser, the viewer's included: over HTTP/1.1 a browser opens six connections
// to a host, and a stream in every tab would leave none for images.
//
// To a page: {kind: 'state', state: 'open' | 'lost' | 'refused'} and {kind: 'news', name, data}.
// From a page: {kind: 'connect'} (open, or open again after a refusal), {kind: 'close'} (signed out).
const NAMES = ['list', 'transfer', 'peers', 'pairing', 'agreements', 'amended', 'conflicts'];
const ports = new Set();
let stream = null;
let state = 'lost';

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
  for (const name of NAMES) {
    stream.addEventListener(name, event => tell({ kind: 'news', name, data: event.data }));
  }
}

self.onconnect = event => {
  const port = event.ports[0];
  ports.add(port);
  port.onmessage = ({ data }) => {
    if (data?.kind === 'connect') {
      port.postMessage({ kind: 'state', state });
      connect();
    } else if (data?.kind === 'close') {
      close();
      become('refused');
    } else if (data?.kind === 'bye') {
      ports.delete(port);
      if (ports.size === 0) close();
    }
  };
  port.start();
};
