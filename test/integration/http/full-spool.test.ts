// A full disk under the temporary folder, where uploads wait: refused with 503, nothing is left behind, and the same file is taken once there is room.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { call, expectProblem } from '../../support/http.js';
import { startTestService, type TestService } from '../../support/service.js';

const MEGABYTE = 1024 * 1024;
/** Before anything asks where the temporary folder is: this process's is a file system of 4 MB, where its user may mount one. */
const { disk, elsewhere } = await vi.hoisted(async () => {
  const [fs, os, paths, child] = await Promise.all([import('node:fs'), import('node:os'), import('node:path'), import('node:child_process')]); // prettier-ignore
  const elsewhere = os.tmpdir();
  const folder = fs.mkdtempSync(paths.join(elsewhere, 'driftline-spool-'));
  try {
    child.execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    fs.rmSync(folder, { recursive: true });
    return { disk: null, elsewhere };
  }
  process.env.TMPDIR = folder;
  return { disk: folder, elsewhere };
});

let service: TestService;
let dataDir: string;
beforeAll(async () => {
  dataDir = mkdtempSync(path.join(elsewhere, 'driftline-data-'));
  service = await startTestService({ dataDir });
});
afterAll(async () => {
  await service.close();
  if (disk !== null) {
    execFileSync('umount', [disk]);
    rmSync(disk, { recursive: true });
  }
  rmSync(dataDir, { recursive: true, force: true });
});

test('a file for which there is no room is refused with 503, leaves nothing, and is taken when there is', async (context) => {
  if (disk === null) {
    console.log('skipped: this user may not mount a file system of limited size');
    return context.skip();
  }
  const labels = Array.from({ length: 20_000 }, (_, n) => `spool-${n},${'x'.repeat(60)}`);
  const body = ['prediction_id,note', ...labels].join('\n');
  const send = (id: string) =>
    call(service.app, 'POST', `/v1/ground-truth?upload_id=${id}`, { body, headers: { 'content-type': 'text/csv' } });
  const filler = path.join(disk, 'filler');
  writeFileSync(filler, Buffer.alloc(3.5 * MEGABYTE));
  const refused = await send('full');
  const { detail } = expectProblem(refused, 503, 'store_unavailable');
  expect(detail).toContain('no room for the file');
  expect(refused.headers['retry-after']).toBeTruthy();
  expect(readdirSync(path.join(disk, 'driftline-uploads'))).toEqual([]);
  const upload = await call(service.app, 'GET', '/v1/uploads/full');
  expect(upload.json()).toMatchObject({ state: 'failed', rows: 0, error: detail });
  rmSync(filler);
  expect((await send('full')).json()).toEqual({ accepted: 20_000 });
});
