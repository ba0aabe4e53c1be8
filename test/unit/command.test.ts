// bin/driftline.cjs: which of the source and the build it runs.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/package-root.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'driftline-bin-'));
  cpSync(path.join(packageRoot(), 'bin'), path.join(folder, 'bin'), { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{"type": "module"}');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): void {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  writeFileSync(path.join(folder, name), text);
}
const run = () =>
  execFileSync(process.execPath, [path.join(folder, 'bin/driftline.cjs')], { encoding: 'utf8', stdio: 'pipe' }).trim();

describe('npx driftline', () => {
  test('runs the source in a clone, and the build where development packages are not installed', () => {
    write('src/cli/main.ts', `const said: string = 'source'; console.log(said);`);
    write('dist/src/cli/main.js', `console.log('build');`);
    expect(run()).toBe('build');
    symlinkSync(path.join(packageRoot(), 'node_modules'), path.join(folder, 'node_modules'));
    expect(run()).toBe('source');
  });

  test('says what to do where neither can run', () => {
    write('src/cli/main.ts', '');
    expect(() => run()).toThrow('run npm ci && npm run build');
  });
});
