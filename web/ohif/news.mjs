// The node's news, as the viewer hears them: by the one stream that all pages of this browser share, or by its own where there is no
// shared worker. A stream that breaks opens again by itself; one that the node refused is asked for again.
//
// Not here: what was told meanwhile. Nobody tells it twice; whoever hears "open" asks.

const AGAIN_MS = 4_000;
/** After the session's end, where nobody else tells that somebody signed in again. */
const ENDED_MS = 30_000;

/** Both give what connects anew. */
function overWorker({ names, onState, onNews }) {
  const { port } = new SharedWorker('/events-worker.js', { name: 'confrere-events' });
  let isAnswer = true;
  port.onmessage = ({ data }) => {
    // The answer to "connect" tells the state of a stream that may just be opening.
    const isStale = isAnswer && data.kind === 'state' && data.state !== 'open';
    isAnswer = false;
    if (isStale) return;
    if (data.kind === 'state') onState(data.state);
    else if (data.kind === 'news') onNews(data.name, data.data);
  };
  port.start();
  addEventListener('pagehide', () => port.postMessage({ kind: 'bye' }));
  return () => {
    isAnswer = true;
    port.postMessage({ kind: 'connect', names });
  };
}

function overStream({ names, onState, onNews }) {
  let stream = null;
  return () => {
    if (stream && stream.readyState !== EventSource.CLOSED) return;
    const opened = new EventSource('/api/events');
    stream = opened;
    opened.onopen = () => onState('open');
    opened.onerror = () => onState(opened.readyState === EventSource.CLOSED ? 'refused' : 'lost');
    for (const name of names) opened.addEventListener(name, event => onNews(name, event.data));
  };
}

/**
 * Hears news of these `names`. `onState` is called with `open`, `lost` or `refused`; a promise of `false` that it gives says that the
 * session has ended: then the shared stream is opened by whoever signs in again, and one's own is asked for slowly, and when the page is
 * looked at.
 */
export function hear({ names, onState, onNews }) {
  let timer = 0;
  let turn = 0;
  const became = async state => {
    clearTimeout(timer);
    turn += 1;
    const now = turn;
    const goesOn = await onState(state);
    if (state !== 'refused' || now !== turn) return;
    if (goesOn !== false) timer = setTimeout(connect, AGAIN_MS);
    else if (!isShared) timer = setTimeout(connect, ENDED_MS);
  };
  const isShared = typeof SharedWorker === 'function';
  const connect = (isShared ? overWorker : overStream)({ names, onState: state => void became(state), onNews });
  connect();
  if (!isShared) document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && connect());
  // Back from the browser's memory of pages: it had left.
  addEventListener('pageshow', ({ persisted }) => persisted && connect());
}
