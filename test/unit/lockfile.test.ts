// The lock file: complete for every platform, so that `npm ci` works on machines other than the one that wrote it.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface Locked {
  version?: string;
  optionalDependencies?: Record<string, string>;
}
const read = (name: string) => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')) as unknown;
const { packages } = read('package-lock.json') as { packages: Record<string, Locked> };
const manifest = read('package.json') as Record<string, Record<string, string> | undefined>;

describe('package-lock.json', () => {
  it('holds every optional package of every package: npm 11 refuses a lock that lacks one', () => {
    const missing = Object.entries(packages).flatMap(([folder, locked]) =>
      Object.keys(locked.optionalDependencies ?? {}).filter(
        (name) =>
          packages[`${folder}/node_modules/${name}`] === undefined && packages[`node_modules/${name}`] === undefined,
      ),
    );
    expect(missing).toEqual([]);
  });

  it('pins the engine exactly, on all its platforms at one version', () => {
    expect(manifest.optionalDependencies?.chdb).toBe('3.4.0');
    const versions = Object.entries(packages)
      .filter(([folder]) => folder.startsWith('node_modules/@chdb/lib-'))
      .map(([, locked]) => locked.version);
    expect(versions).toHaveLength(4);
    expect(new Set(versions).size).toBe(1);
  });

  it('runs no install script: nothing is fetched from outside the registry', () => {
    expect(Object.values(manifest.allowScripts ?? {})).not.toContain(true);
  });
});
