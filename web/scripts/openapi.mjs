// Makes src/api/openapi.ts from docs/openapi.json, as `npm run api`. With --check it only tells whether that is still due.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';

const description = new URL('../../docs/openapi.json', import.meta.url);
const made = new URL('../src/api/openapi.ts', import.meta.url);
const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

const document = JSON.parse(readFileSync(description, 'utf8'));
// The portal names operations by route: without ids each stands at its path, whatever the functions behind are called.
for (const path of Object.values(document.paths)) {
  for (const method of METHODS) delete path[method]?.operationId;
}
const text = `// auto-generated from docs/openapi.json by \`npm run api\`.\n\n${astToString(await openapiTS(document))}`;

if (!process.argv.includes('--check')) {
  writeFileSync(made, text);
} else if (!existsSync(made) || readFileSync(made, 'utf8') !== text) {
  console.error('src/api/openapi.ts is not what docs/openapi.json describes: run `npm run api`');
  process.exitCode = 1;
}
