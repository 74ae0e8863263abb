// A line between a browser and a node that can be cut, and that can be thin and long: a TCP forwarder on the loopback.

import { connect, createServer } from 'node:net';
import { performance } from 'node:perf_hooks';

const PIECE = 16_384;
/** So much of a connection waits in the line before its sender waits, too. */
const WAITING_MAX = 131_072;

/** One direction, which all connections share: so many bits a second, each byte so late. Without a rate it is a plain pipe. */
function direction({ bits_per_s: rate, one_way_ms: late }) {
  let free = 0;
  return (from, to) => {
    if (!rate) {
      from.pipe(to);
      return;
    }
    let waiting = 0;
    let isEnded = false;
    // What has been longest on the way arrives first, whichever of the timers rings first.
    const onTheWay = [];
    const left = () => isEnded && waiting === 0 && to.end();
    from.on('data', data => {
      for (let at = 0; at < data.length; at += PIECE) {
        const sent = data.subarray(at, at + PIECE);
        onTheWay.push(sent);
        waiting += sent.length;
        free = Math.max(free, performance.now()) + (sent.length * 8_000) / rate;
        setTimeout(() => {
          const piece = onTheWay.shift();
          waiting -= piece.length;
          if (!to.destroyed) to.write(piece);
          if (waiting < WAITING_MAX) from.resume();
          left();
        }, free + late - performance.now());
      }
      if (waiting >= WAITING_MAX) from.pause();
    });
    from.on('end', () => {
      isEnded = true;
      left();
    });
  };
}

/**
 * `portal` is the address for the browser; `cut` breaks what is open and refuses what comes, `mend` lets through again. `shape`: of each
 * direction, `bits_per_s` and `one_way_ms`.
 */
export async function line(to, shape = {}) {
  const ways = [direction(shape), direction(shape)];
  const target = new URL(to);
  const open = new Set();
  let isCut = false;
  const server = createServer({ allowHalfOpen: true }, near => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect({ port: Number(target.port), host: target.hostname, allowHalfOpen: true });
    for (const [nth, [one, other]] of [[near, far], [far, near]].entries()) {
      one.unref();
      open.add(one);
      ways[nth](one, other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        // What is late is still on its way to the other: its end travels behind it.
        if (isCut || !shape.bits_per_s) other.destroy();
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
