#!/usr/bin/env node
// `npx driftline`: in a clone the source runs through tsx, without it (a built package, `npm prune --omit=dev`) what `npm run build` made. CommonJS, because the size of the
// thread pool must be set before anything uses the pool, and the ESM loader reads files through it.
'use strict';
const { existsSync } = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

// The embedded engine runs its statements on pool threads: four would let a long query hold up inserts.
process.env.UV_THREADPOOL_SIZE ??= '12';

const root = path.resolve(__dirname, '..');
const source = path.join(root, 'src/cli/main.ts');
const built = path.join(root, 'dist/src/cli/main.js');

/** Whether what runs the source is installed. */
function canRunSource() {
  try {
    return existsSync(source) && require.resolve('tsx/esm/api') !== '';
  } catch {
    return false;
  }
}

async function main() {
  if (canRunSource()) {
    const { register } = await import('tsx/esm/api');
    register();
    await import(pathToFileURL(source).href);
  } else if (existsSync(built)) await import(pathToFileURL(built).href);
  else throw new Error(`There is no ${built}: run npm ci && npm run build.`);
}

main().catch((error) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
