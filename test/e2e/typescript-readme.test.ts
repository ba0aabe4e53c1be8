// The examples of the TypeScript client's README, run as they stand, against a service.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, Service } from '../../demo/service.js';
import { packageRoot } from '../../src/package-root.js';

const folder = mkdtempSync(path.join(tmpdir(), 'driftline-ts-readme-'));
const text = readFileSync(path.join(packageRoot(), 'clients/typescript/README.md'), 'utf8');
const examples = [...text.matchAll(/```ts run=(\S+)\n([\s\S]*?)```\n\n```text output\n([\s\S]*?)```/g)];
let service: Service;

beforeAll(async () => {
  service = await Service.start({
    dataDir: path.join(folder, 'data'),
    port: await freePort(),
    smtpUrl: 'smtp://127.0.0.1:1',
  });
});
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('there are examples, and each prints what it says', () => {
  expect(examples.length).toBe(2);
  for (const [, name = '', code = '', output] of examples) {
    // The package by its name needs a build; here it is the source.
    const source = JSON.stringify(path.join(packageRoot(), 'clients/typescript/src/node.ts'));
    const file = path.join(folder, name.replace(/\.ts$/, '.mts'));
    writeFileSync(file, code.replace("'driftline/client'", source));
    const printed = execFileSync(process.execPath, ['--import', 'tsx', file], {
      cwd: packageRoot(),
      env: { ...process.env, DRIFTLINE_URL: service.url },
      encoding: 'utf8',
    });
    expect([name, printed]).toEqual([name, output]);
  }
});
