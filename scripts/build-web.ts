// Builds the dashboard into dist/web. `--if-stale`: only where its sources changed since, and without failing where Vite is not installed.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

const ROOT = path.resolve(import.meta.dirname, '..');
const SOURCES = path.join(ROOT, 'web');
const TARGET = path.join(ROOT, 'dist', 'web');
const STAMP = path.join(TARGET, '.sources');
const COMPRESSED = /\.(js|css|svg)$/;

/** A hash of everything that the bundle is made of. */
function fingerprint(): string {
  const hash = createHash('sha256');
  const files = readdirSync(SOURCES, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  for (const file of [...files, path.join(ROOT, 'package-lock.json')]) {
    if (existsSync(file)) hash.update(path.relative(ROOT, file)).update(readFileSync(file));
  }
  return hash.digest('hex');
}

function stamp(): string | null {
  return existsSync(STAMP) ? readFileSync(STAMP, 'utf8') : null;
}

/** Build, unless what is there comes from these sources; whether it was built. */
export async function buildWeb(options: { ifStale: boolean }): Promise<boolean> {
  const wanted = existsSync(SOURCES) ? fingerprint() : null;
  if (options.ifStale && (wanted === null || stamp() === wanted)) return false;
  const vite = await import('vite').catch(() => null);
  if (vite === null) {
    if (!options.ifStale) throw new Error('Vite is not installed: run `npm ci` with the dev dependencies.');
    process.stderr.write('The dashboard is not built: Vite is not installed (npm ci without dev dependencies).\n');
    return false;
  }
  await vite.build({ configFile: path.join(SOURCES, 'vite.config.ts'), logLevel: 'warn' });
  const assets = path.join(TARGET, 'assets');
  for (const name of readdirSync(assets).filter((file) => COMPRESSED.test(file))) {
    const file = path.join(assets, name);
    writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
  }
  writeFileSync(STAMP, wanted ?? '');
  return true;
}

if (process.argv[1] === import.meta.filename) {
  const ifStale = process.argv.includes('--if-stale');
  const started = performance.now();
  if (await buildWeb({ ifStale })) {
    process.stderr.write(`Built the dashboard in ${((performance.now() - started) / 1000).toFixed(1)} s.\n`);
  }
}
