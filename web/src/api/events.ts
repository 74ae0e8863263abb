// News from the node: one event stream per browser, held by a shared worker; a stream of our own where there is none.

export type LinkState = 'open' | 'lost' | 'refused';
/** All that the node tells of, the one list: the shared worker hears what its pages ask it to. */
const NAMES = ['list', 'transfer', 'peers', 'pairing', 'agreements', 'amended', 'conflicts', 'keepings', 'case', 'cases', 'alerts', 'rosters'] as const;
export type NewsName = (typeof NAMES)[number];

export interface Listener {
  onState: (state: LinkState) => void;
  onNews: (name: NewsName, data: unknown) => void;
}

/** A running link. `connect` tries again at once; `close` is for signing out. */
export interface Link {
  connect: () => void;
  close: () => void;
  leave: () => void;
}

type Message = { kind: 'state'; state: LinkState } | { kind: 'news'; name: NewsName; data: string };

function parsed(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

function overWorker(listener: Listener): Link {
  const { port } = new SharedWorker('/events-worker.js', { name: 'confrere-events' });
  port.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data.kind === 'state') listener.onState(data.state);
    else listener.onNews(data.name, parsed(data.data));
  };
  port.start();
  const say = (kind: string) => () => port.postMessage({ kind });
  const connect = () => port.postMessage({ kind: 'connect', names: NAMES });
  return { connect, close: say('close'), leave: say('bye') };
}

function overStream(listener: Listener): Link {
  let stream: EventSource | null = null;
  const close = () => {
    stream?.close();
    stream = null;
  };
  const connect = () => {
    if (stream && stream.readyState !== EventSource.CLOSED) return;
    const opened = new EventSource('/api/events');
    stream = opened;
    opened.onopen = () => listener.onState('open');
    opened.onerror = () => listener.onState(opened.readyState === EventSource.CLOSED ? 'refused' : 'lost');
    for (const name of NAMES) {
      opened.addEventListener(name, (event: MessageEvent<string>) => listener.onNews(name, parsed(event.data)));
    }
  };
  return { connect, close, leave: close };
}

/** Makes a link, not yet connected. */
export function link(listener: Listener): Link {
  return typeof SharedWorker === 'function' ? overWorker(listener) : overStream(listener);
}
