// kill -9 at fifty random moments under load: nothing acknowledged is lost, and clients that send again leave no duplicate.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { build } from 'vite';
import { packageRoot } from '../../src/package-root.js';
import { seededRandom } from '../support/random.js';

const KILLS = 50;
/** ms: fifty starts of a service, also on a machine that does much else. */
const PATIENCE = 600_000;
const BATCH = 20;
const CLIENTS = 3;
/** The longest time under load before a kill, ms. */
const LONGEST = 250;
const START = Date.UTC(2026, 0, 1);
const seed = Number(process.env.DRIFTLINE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const random = seededRandom(seed);
const folder = mkdtempSync(path.join(tmpdir(), 'driftline-kill-'));
// Beside the packages that it needs. One file, because fifty starts from the sources would spend their time on compiling.
const output = path.join(packageRoot(), 'node_modules', `.driftline-kill-${process.pid}`);
const running = new Set<ChildProcess>();

beforeAll(async () => {
  await build({
    root: packageRoot(),
    configFile: false,
    logLevel: 'silent',
    publicDir: false,
    build: { ssr: 'src/main.ts', outDir: output, target: 'node20', minify: false },
  });
});
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
  rmSync(output, { recursive: true, force: true });
});

async function start(): Promise<{ url: string; kill: () => Promise<void> }> {
  const child = spawn(process.execPath, [path.join(output, 'main.js')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      UV_THREADPOOL_SIZE: '12',
      DRIFTLINE_DATA_DIR: path.join(folder, 'data'),
      DRIFTLINE_PORT: '0',
      DRIFTLINE_SCHEDULER: 'off',
      DRIFTLINE_LOG_LEVEL: 'error',
    },
  });
  running.add(child);
  const gone = once(child, 'exit').then(() => void running.delete(child));
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /Driftline is ready: (\S+)/.exec(line)?.[1];
    if (url === undefined) continue;
    const kill = async () => {
      child.kill('SIGKILL');
      await gone;
    };
    return { url, kill };
  }
  throw new Error('the service ended before it was ready');
}

/** What one client sends, until each is acknowledged: predictions with ids and their labels, and predictions without ids under a batch's name. */
interface Work {
  route: string;
  headers: Record<string, string>;
  body: unknown[];
}
let made = 0;
function nextWork(): Work {
  const number = made++;
  const ids = Array.from({ length: BATCH }, (_, n) => `row-${Math.floor(number / 3) * BATCH + n}`);
  const timestamp = START + number * 1000;
  if (number % 3 === 0)
    return {
      route: 'predictions',
      headers: {},
      body: ids.map((prediction_id) => ({ model: 'named', prediction_id, timestamp })),
    };
  if (number % 3 === 1)
    return {
      route: 'ground-truth',
      headers: {},
      body: ids.map((prediction_id) => ({ prediction_id, values: { number } })),
    };
  const body = Array.from({ length: BATCH }, (_, n) => ({ model: 'unnamed', timestamp, inputs: { number, n } }));
  return { route: 'predictions', headers: { 'idempotency-key': `batch-${number}` }, body };
}

const acknowledged = { named: 0, labels: 0, unnamed: 0 };
function count({ route, body, headers }: Work): void {
  if (route === 'ground-truth') acknowledged.labels += body.length;
  else if ('idempotency-key' in headers) acknowledged.unnamed += body.length;
  else acknowledged.named += body.length;
}

/** Send until the service is gone; what was not acknowledged comes back and is sent again to the next one. */
async function client(url: string, waiting: Work[]): Promise<void> {
  for (;;) {
    const work = waiting.shift() ?? nextWork();
    const response = await fetch(`${url}/v1/${work.route}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...work.headers },
      body: JSON.stringify(work.body),
    }).catch(() => null);
    if (response === null) return void waiting.push(work);
    expect(response.status).toBe(201);
    count(work);
    await response.arrayBuffer().catch(() => null);
  }
}

async function stored(url: string, sql: string): Promise<number> {
  const response = await fetch(`${url}/v1/query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sql }),
  });
  const rows = (await response.json()) as { n: number }[];
  return rows[0]?.n ?? -1;
}

test(
  `${KILLS} kills under load (seed ${seed}; DRIFTLINE_TEST_SEED repeats it): every acknowledged row is there, once`,
  async () => {
    console.log(`kill -9: seed ${seed}`);
    const waiting: Work[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const service = await start();
      const clients = Array.from({ length: CLIENTS }, () => client(service.url, waiting));
      // The random moment itself, not a wait for something.
      await delay(random() * LONGEST);
      await service.kill();
      await Promise.all(clients);
    }
    const last = await start();
    for (const work of waiting) {
      const response = await fetch(`${last.url}/v1/${work.route}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...work.headers },
        body: JSON.stringify(work.body),
      });
      expect(response.status).toBe(201);
      count(work);
    }
    console.log(`acknowledged: ${JSON.stringify(acknowledged)}; sent again after a kill: ${waiting.length} batches`);
    expect(acknowledged.named).toBeGreaterThan((KILLS * BATCH) / 4);
    expect(await stored(last.url, `SELECT count() AS n FROM v_predictions WHERE model = 'named'`)).toBe(
      acknowledged.named,
    );
    expect(await stored(last.url, `SELECT uniqExact(external_id) AS n FROM v_predictions WHERE model = 'named'`)).toBe(
      acknowledged.named,
    );
    expect(await stored(last.url, `SELECT count() AS n FROM v_predictions WHERE model = 'unnamed'`)).toBe(
      acknowledged.unnamed,
    );
    expect(await stored(last.url, `SELECT countIf(labelled = 1) AS n FROM v_predictions WHERE model = 'named'`)).toBe(
      acknowledged.labels,
    );
    await last.kill();
  },
  PATIENCE,
);

test('a file and an erasure that are killed half-way: sent again, every row is there once, and nothing of the person is left', async () => {
  const ROWS = 12_000;
  const header = 'model,prediction_id,timestamp,inputs.k,tags.user,values.late';
  const line = (k: number) => `file,${k % 2 === 0 ? `file-${k}` : ''},${START + k * 1000},${k},${k % 3},${k % 2}`;
  const body = [header, ...Array.from({ length: ROWS }, (_, k) => line(k))].join('\n');
  const upload = (url: string) =>
    fetch(`${url}/v1/predictions?upload_id=killed`, { method: 'POST', headers: { 'content-type': 'text/csv' }, body });
  const state = async (url: string) => {
    const answer = (await (await fetch(`${url}/v1/uploads/killed`)).json()) as Record<string, unknown>;
    return { state: answer.state, rows: Number(answer.rows ?? 0), error: answer.error };
  };
  const rows = (where: string) => `SELECT count() AS n FROM v_predictions WHERE model = 'file' AND ${where}`;

  const first = await start();
  const sent = upload(first.url).catch(() => null);
  // Some of its rows are stored: then.
  while ((await state(first.url)).rows === 0) await delay(5);
  await first.kill();
  await sent;

  const second = await start();
  const { state: left, error } = await state(second.url);
  if (left !== 'done') expect({ left, error }).toEqual({ left: 'interrupted', error: expect.stringContaining('Send the file again') as string }); // prettier-ignore
  expect((await upload(second.url)).status).toBe(201);
  expect(await stored(second.url, rows('1'))).toBe(ROWS);
  expect(await stored(second.url, rows('labelled = 1'))).toBe(ROWS);

  const erase = (url: string) => fetch(`${url}/v1/predictions?model=file&tag=user=1`, { method: 'DELETE' });
  const asked = erase(second.url).catch(() => null);
  await delay(random() * LONGEST);
  await second.kill();
  await asked;

  const third = await start();
  expect((await erase(third.url)).status).toBe(200);
  expect(await stored(third.url, rows("tags['user'] = '1'"))).toBe(0);
  expect(await stored(third.url, rows('labelled = 1'))).toBe(ROWS - ROWS / 3);
  // Nobody's labels are left either.
  expect(await (await fetch(`${third.url}/v1/orphan-labels`)).json()).toMatchObject({ total: 0 });
  await third.kill();
});
