// Serves the built portal with a made-up node behind it, under the headers the real one sends:
//   npm run build && CASES=10000 node scripts/fake-node.mjs [port]
// Sign in as admin or dr.bernard, "correct horse". For looking at pages without two hospitals at hand.
import { createServer } from 'node:http';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const web = fileURLToPath(new URL('..', import.meta.url));
const dist = join(web, 'dist');
const { module } = await runnerImport(join(web, 'src/testing/fakeNode.ts'));
const node = module.busyNode(new Date(), Number(process.env.CASES ?? 0));
const hashes = existsSync(join(dist, 'ohif/csp.json'))
  ? JSON.parse(readFileSync(join(dist, 'ohif/csp.json'), 'utf8')).script_hashes.map(hash => `'${hash}'`).join(' ')
  : '';
const policy = viewer =>
  `default-src 'self'; script-src 'self' 'wasm-unsafe-eval' ${viewer ? hashes : ''}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; worker-src 'self' blob:; connect-src 'self' blob: data:; font-src 'self' data:; frame-ancestors 'self'`;
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json', '.wasm': 'application/wasm', '.png': 'image/png', '.woff2': 'font/woff2', '.ico': 'image/x-icon' };

function file(path) {
  const full = join(dist, normalize(path));
  if (!full.startsWith(dist)) return null;
  if (existsSync(full) && statSync(full).isFile()) return { bytes: readFileSync(full), encoding: null };
  return existsSync(`${full}.br`) ? { bytes: readFileSync(`${full}.br`), encoding: 'br' } : null;
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://node');
  const viewer = url.pathname.startsWith('/ohif/');
  response.setHeader('Content-Security-Policy', policy(viewer));
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
  if (url.pathname === '/api/events') {
    if (!node.person) return response.writeHead(401).end();
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.write(': hello\n\n');
    const leave = node.listen((name, data) => response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`));
    return request.on('close', leave);
  }
  if (url.pathname.startsWith('/api/')) {
    let text = '';
    for await (const chunk of request) text += chunk;
    const answer = node.handle(request.method, url.pathname.slice(4) + url.search, text ? JSON.parse(text) : undefined);
    response.writeHead(answer.status, { 'Content-Type': 'application/json' });
    if (answer.lines) return response.end(answer.lines.map(line => `${JSON.stringify(line)}\n`).join(''));
    return response.end(answer.body === undefined ? '' : JSON.stringify(answer.body));
  }
  if (url.pathname.startsWith('/dicomweb')) return response.writeHead(404).end();
  const found = file(url.pathname) ?? (extname(url.pathname) ? null : file(viewer ? '/ohif/index.html' : '/index.html'));
  if (!found) return response.writeHead(404).end();
  const type = TYPES[extname(url.pathname)] ?? 'text/html';
  response.writeHead(200, { 'Content-Type': `${type}${type.startsWith('text') ? '; charset=utf-8' : ''}`, ...(found.encoding ? { 'Content-Encoding': found.encoding } : {}) });
  response.end(found.bytes);
});

// News on demand: `kill -USR2 PID` asks for a reading.
process.on('SIGUSR2', () => {
  const asked = node.cases.cases.find(one => one.stage === 'offered');
  if (asked) node.cases.change(asked.case, {}, { step: 'offered', alert: true });
});

// A transfer that moves, so that the strip can be seen moving.
setInterval(() => {
  const running = node.transfers.find(transfer => transfer.state === 'running');
  if (!running) return;
  running.instances_done = Math.min(running.instances_total, running.instances_done + 2);
  running.bytes_done = (running.bytes_total * running.instances_done) / running.instances_total;
  running.seconds_left = (running.bytes_total - running.bytes_done) / running.bytes_per_s;
  if (running.instances_done === running.instances_total) running.state = 'done';
  node.tell('transfer', running);
}, 400).unref();

const port = Number(process.argv[2] ?? 8090);
server.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/`));
