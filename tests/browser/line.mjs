// A line between a browser and a node that can be cut: a plain TCP forwarder on the loopback.

import { connect, createServer } from 'node:net';

/** `portal` is the address for the browser; `cut` breaks what is open and refuses what comes, `mend` lets through again. */
export async function line(to) {
  const target = new URL(to);
  const open = new Set();
  let isCut = false;
  const server = createServer(near => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(Number(target.port), target.hostname);
    for (const [one, other] of [[near, far], [far, near]]) {
      one.unref();
      open.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  // A story that fails ends all the same.
  server.unref();
  return {
    portal: `http://127.0.0.1:${server.address().port}`,
    cut: () => {
      isCut = true;
      for (const socket of open) socket.destroy();
    },
    mend: () => {
      isCut = false;
    },
    close: () => {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}
