// Faults that are no server's: a full disk, two writers with the same ids, a clock that is an hour off.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Container } from '../../src/container.js';
import { openTestContainer, type TestContainer } from '../support/container.js';
import { faultSize } from '../support/fault-size.js';
import { call, expectProblem } from '../support/http.js';
import { startLoopbackClickHouse } from '../support/loopback-clickhouse.js';
import { startTestService } from '../support/service.js';

const HOUR = 3_600_000;
/** Batches that are sent to a full disk, and ids that two writers send again and again. */
const ROUNDS = faultSize(10, 100);
const MEGABYTES = faultSize(64, 512);
const IDS = faultSize(100, 5_000);
const TIMES = faultSize(1, 10);
const NOW = Math.floor(Date.now() / HOUR) * HOUR;
const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function count(container: Container, sql: string): Promise<number> {
  const row = z.object({ n: z.number() });
  return (await container.tables.store.one({ name: 'test_count', sql: `SELECT ${sql}`, row })).n;
}

/** A small file system of its own; null where this user may not mount one. */
function smallDisk(megabytes: number): string | null {
  const folder = mkdtempSync(path.join(tmpdir(), 'driftline-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    rmSync(folder, { recursive: true });
    return null;
  }
  cleanups.push(() => {
    execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  });
  return folder;
}

describe('a full disk', () => {
  test('refuses with 503, keeps everything acknowledged, and writes again once there is room, without a restart', async (context) => {
    const disk = smallDisk(MEGABYTES);
    if (disk === null) {
      console.log('skipped: this user may not mount a file system of limited size');
      context.skip();
      return;
    }
    const dataDir = path.join(disk, 'data');
    mkdirSync(dataDir);
    const service = await startTestService({ dataDir });
    cleanups.push(() => service.close());
    // Half of the rows have no id: only the service can keep them from being there twice.
    const batch = (n: number) =>
      Array.from({ length: 50 }, (_, k) => ({
        model: 'full',
        ...(k % 2 === 0 ? { prediction_id: `full-${n}-${k}` } : {}),
        timestamp: NOW - (k % 3) * 31 * 24 * HOUR,
        inputs: { text: `${n}-${k}`.repeat(20) },
      }));
    const send = (n: number) => call(service.app, 'POST', '/v1/predictions', { body: batch(n) });
    expect((await send(0)).status).toBe(201);
    const { bavail, bsize } = statfsSync(disk);
    const filler = path.join(disk, 'filler');
    writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - 8 * 1024)));
    const answers = [];
    for (let n = 1; n <= ROUNDS; n++) answers.push(await send(n));
    const refused = answers.filter((answer) => answer.status !== 201);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) expectProblem(answer, 503, 'store_unavailable');
    rmSync(filler);
    expect((await send(ROUNDS + 1)).status).toBe(201);
    const acknowledged = 50 * (2 + answers.length - refused.length);
    expect(await count(service.container, `count() AS n FROM predictions FINAL WHERE model = 'full'`)).toBe(
      acknowledged,
    );
    for (const [index, answer] of answers.entries())
      if (answer.status !== 201) expect((await send(index + 1)).status).toBe(201);
    const rows = `FROM predictions FINAL WHERE model = 'full'`;
    expect(await count(service.container, `count() AS n ${rows}`)).toBe(50 * (ROUNDS + 2));
    expect(await count(service.container, `uniqExact(str['inputs.text']) AS n ${rows}`)).toBe(50 * (ROUNDS + 2));
    console.log(
      `a full disk: ${refused.length} of ${ROUNDS} batches refused, every row of all of them there once afterwards`,
    );
  });
});

describe('two writers', () => {
  test('with the same ids at the same time, at different hours, leave one row an id, and the same one everywhere', async () => {
    const server = await startLoopbackClickHouse();
    cleanups.push(() => server.close());
    const open = async () => {
      const opened = await openTestContainer({ config: { clickhouseUrl: server.url } });
      cleanups.push(() => opened.close());
      return opened.container;
    };
    const writers = [await open(), await open()];
    const ids = Array.from({ length: IDS }, (_, n) => `both-${n}`);
    const write = (container: Container, hour: number) =>
      container.services.ingest.predictions(
        ids.map((prediction_id) => ({ model: 'both', prediction_id, timestamp: NOW - hour * HOUR, inputs: { hour } })),
        null,
      );
    for (let time = 0; time < TIMES; time++)
      await Promise.all(writers.flatMap((container, n) => [write(container, 10 + n), write(container, 20 + n)]));
    const [first] = writers;
    if (first === undefined) throw new Error('no writer');
    expect(await count(first, `count() AS n FROM predictions FINAL WHERE model = 'both'`)).toBe(IDS);
    expect(await count(first, `uniqExact(external_id) AS n FROM predictions FINAL WHERE model = 'both'`)).toBe(IDS);
    console.log(`two writers: ${IDS} ids, each sent ${4 * TIMES} times at four different hours, once each`);
  });
});

describe('a clock that is an hour off', () => {
  const truth = async ({ services }: Container) => (await services.predictions.get('p', null)).ground_truth;
  const label = ({ services }: Container, late: number) =>
    services.ingest.groundTruth([{ prediction_id: 'p', values: { late } }], null);

  test('set back while running, and over a restart: the later correction wins, and its window is computed again', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'driftline-clock-'));
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
    const start = (now: number) => openTestContainer({ folder, now });
    let opened: TestContainer = await start(NOW);
    const { ingest, jobs } = opened.container.services;
    await ingest.predictions(
      [{ model: 'm', prediction_id: 'p', timestamp: NOW - 5 * HOUR, outputs: { label: 1 } }],
      null,
    );
    await label(opened.container, 1);
    opened.clock.now = NOW - HOUR;
    await label(opened.container, 2);
    expect(await truth(opened.container)).toEqual({ late: 2 });
    const job = { model: null, from: null, to: null, now: NOW };
    await jobs.run('quality', job, 'api');
    await opened.close();
    opened = await start(NOW - 2 * HOUR);
    cleanups.push(() => opened.close());
    await label(opened.container, 3);
    expect(await truth(opened.container)).toEqual({ late: 3 });
    expect((await opened.container.services.jobs.run('quality', job, 'api')).windows).toBe(1);
  });

  test('in one of two processes: what it writes later wins, and no job passes it by', async () => {
    const server = await startLoopbackClickHouse();
    cleanups.push(() => server.close());
    const open = async (now: number) => {
      const opened = await openTestContainer({ config: { clickhouseUrl: server.url }, now });
      cleanups.push(() => opened.close());
      return opened.container;
    };
    const [ahead, behind] = [await open(NOW), await open(NOW - HOUR)];
    await ahead.services.ingest.predictions(
      [{ model: 'm', prediction_id: 'p', timestamp: NOW - 5 * HOUR, outputs: { label: 1 } }],
      null,
    );
    await label(ahead, 1);
    const job = { model: null, from: null, to: null, now: NOW };
    await ahead.services.jobs.run('quality', job, 'api');
    // What every process does a few times a minute.
    await behind.refresh();
    await label(behind, 2);
    expect(await truth(ahead)).toEqual({ late: 2 });
    expect((await ahead.services.jobs.run('quality', job, 'api')).windows).toBe(1);
  });

  test('a client whose clock runs ahead is told so', async () => {
    const opened = await openTestContainer({ now: NOW });
    cleanups.push(() => opened.close());
    const answer = await opened.container.services.ingest.predictions(
      [
        { model: 'm', timestamp: NOW + HOUR + 1 },
        { model: 'm', timestamp: NOW + HOUR },
      ],
      null,
    );
    expect(answer).toMatchObject({
      accepted: 1,
      errors: [{ index: 0, code: 'invalid_timestamp', message: expect.stringContaining('check the clock') as string }],
    });
  });
});
