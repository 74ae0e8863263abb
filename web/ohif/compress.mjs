// Replaces text and wasm files by their brotli form, on all processors.
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker, isMainThread, workerData } from 'node:worker_threads';
import { brotliCompressSync, constants } from 'node:zlib';

const COMPRESSED = new Set(['.js', '.mjs', '.css', '.wasm', '.html', '.svg', '.json']);
const BYTES_MIN = 1024;
/** One step higher costs ten times the time for a tenth of the bytes. */
const QUALITY = 9;

/** @param {string} folder @param {string[]} paths relative to it */
export async function compressAll(folder, paths) {
  const chosen = paths
    .filter(path => COMPRESSED.has(extname(path)))
    .map(path => ({ file: join(folder, path), bytes: statSync(join(folder, path)).size }))
    .filter(({ bytes }) => bytes > BYTES_MIN)
    .sort((a, b) => b.bytes - a.bytes);
  const shares = Array.from({ length: Math.min(availableParallelism(), 8) }, () => ({ bytes: 0, files: [] }));
  for (const { file, bytes } of chosen) {
    const least = shares.reduce((a, b) => (b.bytes < a.bytes ? b : a));
    least.bytes += bytes;
    least.files.push(file);
  }
  await Promise.all(
    shares.map(
      ({ files }) =>
        new Promise((resolve, reject) => {
          const worker = new Worker(fileURLToPath(import.meta.url), { workerData: files });
          worker.once('error', reject);
          worker.once('exit', code => (code === 0 ? resolve() : reject(new Error(`compression ended with ${code}`))));
        }),
    ),
  );
}

if (!isMainThread && Array.isArray(workerData)) {
  for (const file of workerData) {
    const bytes = readFileSync(file);
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    };
    writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
    rmSync(file);
  }
}
