// Makes dist/ohif, the diagnostic viewer served under /ohif/, from the published package of OHIF.
//
// The package is pinned by its sha512: other bytes stop the build. Nothing of the viewer's source is rebuilt; what is
// changed is where it lives (a sub-path), what it is told at start (app-config.js, bridge.mjs), and what is left out
// (source maps, neural networks, whole-slide microscopy, service worker, pages of outside sign-in).
//
// Text and wasm over 1 KiB are stored brotli-compressed only (`name.br`): the node sends them as they are. Entry files
// (index.html, app-config.js, bridge.mjs, what it imports, csp.json) stay readable.
//
// A run with nothing to do ends at once: .ohif/stamp names what dist/ohif was made from, and is written last.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compressAll } from './compress.mjs';

const VERSION = '3.13.2';
const INTEGRITY = 'sha512-WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA==';
const BASE = '/ohif/';
/** How many scripts carry the path they load their parts from; another number means another package. */
const PUBLIC_PATH_FILES = 8;

const here = dirname(fileURLToPath(import.meta.url));
const web = dirname(here);
const cache = join(web, '.ohif');
const target = join(web, 'dist', 'ohif');
const OURS = [
  'app-config.js',
  'bridge.mjs',
  'chime.mjs',
  'cover.mjs',
  'growth.mjs',
  'news.mjs',
  'patients.mjs',
  'previews.mjs',
  'shown.mjs',
  'standing.mjs',
  'tabs.mjs',
  'together.mjs',
  'undecoded.mjs',
  'volumes.mjs',
  'watch.mjs',
];

const DROPPED_FOLDERS = new Set(['ort', 'dicom-microscopy-viewer', 'customizations']);
const DROPPED_FILES = new Set([
  'app-config.js',
  'es6-shim.min.js',
  'google.js',
  'init-service-worker.js',
  'manifest.json',
  'oidc-client.min.js',
  'polyfill.min.js',
  'serve.json',
  'silent-refresh.html',
  'sw.js',
]);

function stampNow() {
  const hash = createHash('sha256').update(INTEGRITY);
  for (const name of ['prepare.mjs', 'compress.mjs', ...OURS]) hash.update(readFileSync(join(here, name)));
  return hash.digest('hex');
}

function packageBytes() {
  const archive = join(cache, `ohif-app-${VERSION}.tgz`);
  if (!existsSync(archive)) {
    mkdirSync(cache, { recursive: true });
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    execFileSync(npm, ['pack', `@ohif/app@${VERSION}`, '--silent', '--pack-destination', cache], {
      cwd: cache,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
  const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (found !== INTEGRITY) {
    rmSync(archive);
    throw new Error(`@ohif/app@${VERSION} is not the package this build was made for (${found})`);
  }
  return archive;
}

function wanted(path) {
  const [first] = path.split('/');
  if (path.endsWith('.map') || DROPPED_FOLDERS.has(first) || DROPPED_FILES.has(path)) return false;
  return first !== 'assets' || path.startsWith('assets/images/') || path === 'assets/favicon.ico';
}

function filesUnder(folder, root = folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path, root) : [relative(root, path)];
  });
}

function viewerPage(html) {
  return html
    .replaceAll(/<link rel="(?:manifest|apple-touch-[a-z-]*|yandex-tableau-widget)"[^>]*>/g, '')
    .replaceAll(/<link rel="icon" type="image\/png"[^>]*>/g, '')
    .replaceAll(/<meta name="msapplication-[^>]*>/g, '')
    .replace(/<script[^>]*init-service-worker\.js"><\/script>/, '')
    .replace('rel="preload" as="script" src="/app-config.js"', 'src="/app-config.js"')
    .replace('<title>OHIF Viewer</title>', '<title>Confrere</title>')
    .replaceAll('="/', `="${BASE}`);
}

function rewrite(folder) {
  let moved = 0;
  for (const path of filesUnder(folder)) {
    const file = join(folder, path);
    const extension = extname(path);
    if (extension !== '.js' && extension !== '.css' && path !== 'index.html') continue;
    const before = readFileSync(file, 'utf8');
    let after;
    if (extension === '.js') {
      after = before.replaceAll('__webpack_require__.p = "/"', `__webpack_require__.p = "${BASE}"`);
      if (after !== before) moved += 1;
      after = after.replaceAll(/\n\/\/# sourceMappingURL=\S+\s*$/g, '\n');
    } else if (extension === '.css') {
      after = before.replaceAll('url(/', `url(${BASE}`).replaceAll(/\n\/\*# sourceMappingURL=\S+\s*$/g, '\n');
    } else {
      after = viewerPage(before);
    }
    if (after !== before) writeFileSync(file, after);
  }
  if (moved !== PUBLIC_PATH_FILES) {
    throw new Error(`expected ${PUBLIC_PATH_FILES} scripts with a public path, found ${moved}`);
  }
}

function contentSecurity(html) {
  const hashes = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(
    ([, text]) => `sha256-${createHash('sha256').update(text).digest('base64')}`,
  );
  if (hashes.length !== 2) throw new Error(`expected two inline scripts in the viewer's page, found ${hashes.length}`);
  return { script_hashes: hashes };
}

async function prepare() {
  const stamp = stampNow();
  const stampFile = join(cache, 'stamp');
  if (existsSync(join(target, 'index.html')) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) {
    console.log('dist/ohif is fresh');
    return;
  }
  const archive = packageBytes();
  const work = join(cache, 'work');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  execFileSync('tar', ['-xzf', archive, '-C', work, '--exclude=*.map', '--exclude=ort'], { stdio: 'inherit' });
  const dist = join(work, 'package', 'dist');
  for (const path of filesUnder(dist)) if (!wanted(path)) rmSync(join(dist, path));
  rewrite(dist);
  const html = readFileSync(join(dist, 'index.html'), 'utf8');
  writeFileSync(join(dist, 'csp.json'), `${JSON.stringify(contentSecurity(html), null, 2)}\n`);
  for (const name of OURS) cpSync(join(here, name), join(dist, name));
  cpSync(join(work, 'package', 'LICENSE'), join(dist, 'LICENSE.txt'));
  const raw = new Set([...OURS, 'index.html', 'csp.json', 'LICENSE.txt']);
  await compressAll(dist, filesUnder(dist).filter(path => !raw.has(path)));

  rmSync(target, { recursive: true, force: true });
  mkdirSync(dirname(target), { recursive: true });
  renameSync(dist, target);
  writeFileSync(stampFile, stamp);
  rmSync(work, { recursive: true });
  const files = filesUnder(target);
  const bytes = files.reduce((sum, path) => sum + statSync(join(target, path)).size, 0);
  console.log(`dist/ohif: ${files.length} files, ${(bytes / 1e6).toFixed(1)} MB`);
}

await prepare();
