import react from '@vitejs/plugin-react';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { compressAll } from './ohif/compress.mjs';
import { unused } from './scripts/unused.mjs';

const dist = fileURLToPath(new URL('./dist', import.meta.url));

/** What other steps put into dist, and git keeps there. */
const KEPT = new Set(['.gitignore', 'ohif']);

/** Clears earlier builds out of dist but for what is not ours, and stores text brotli-compressed only, as the node sends it. */
function embeddable(): Plugin {
  return {
    name: 'embeddable',
    apply: 'build',
    buildStart() {
      if (!existsSync(dist)) return;
      for (const name of readdirSync(dist)) if (!KEPT.has(name)) rmSync(join(dist, name), { recursive: true });
    },
    async closeBundle() {
      const assets = join(dist, 'assets');
      if (existsSync(assets)) await compressAll(assets, readdirSync(assets));
    },
  };
}

export default defineConfig({
  plugins: [react(), unused(), embeddable()],
  build: {
    outDir: 'dist',
    emptyOutDir: false,
    target: 'es2022',
    sourcemap: false,
    // Small files as data: addresses would need a wider content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What many pages share comes as one file: fewer answers, and text that compresses better together.
    rolldownOptions: {
      output: {
        codeSplitting: { groups: [{ name: 'shared', test: /node_modules/, minShareCount: 6 }] },
      },
    },
  },
  server: {
    proxy: {
      '/api': 'http://127.0.0.1:8080',
      '/dicomweb': 'http://127.0.0.1:8080',
      '/ohif': 'http://127.0.0.1:8080',
    },
  },
  test: {
    environment: 'jsdom',
    setupFiles: ['src/testing/setup.ts'],
    restoreMocks: true,
    testTimeout: 40_000,
    css: false,
  },
});
