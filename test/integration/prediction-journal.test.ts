// Predictions that come one by one: in the journal when they are acknowledged, found by every reader, stored after a crash, never brought back.
import { execFile } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { packageRoot } from '../../src/package-root.js';
import { HELD } from '../../src/store/settling-engine.js';
import { openTestContainer } from '../support/container.js';
import { call } from '../support/http.js';
import { startTestService, type TestService } from '../support/service.js';

const HOUR = 3_600_000;
const NOW = Math.floor(Date.now() / HOUR) * HOUR;
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** How many entries the journal's tables hold. */
async function entries(container: TestService['container']): Promise<number> {
  const sql = 'SELECT (SELECT count() FROM prediction_journal_a) + (SELECT count() FROM prediction_journal_b) AS n';
  return (await container.tables.store.one({ name: 'test_count', sql, row: z.object({ n: z.number() }) })).n;
}

describe('while the service runs', () => {
  let service: TestService;
  beforeAll(async () => void (service = await startTestService()));
  afterAll(() => service.close());
  const one = async (item: object) => {
    const answer = await call(service.app, 'POST', '/v1/predictions', { body: { model: 'single', ...item } });
    expect(answer.status).toBe(201);
  };

  test('every way of reading finds an acknowledged prediction at once', async () => {
    const from = new Date(NOW - HOUR).toISOString();
    const to = new Date(NOW).toISOString();
    /** How many windows had something new. */
    const windows = async () =>
      (
        await service.container.services.jobs.run(
          'operations',
          { model: null, from: null, to: null, now: NOW + HOUR },
          'api',
        )
      ).windows;
    const ways: [string, () => Promise<unknown>][] = [
      ['by its id', async () => (await call(service.app, 'GET', '/v1/predictions/way-0')).status === 200],
      [
        'in a page',
        async () =>
          (await call(service.app, 'GET', `/v1/predictions?model=single&from=${from}&to=${to}`)).text.includes('way-1'),
      ],
      [
        'as a file',
        async () =>
          (
            await service.app.inject({
              url: `/v1/predictions?model=single&from=${from}&to=${to}`,
              headers: { accept: 'text/csv' },
            })
          ).body.includes('way-2'),
      ],
      [
        'by SQL',
        async () => {
          const body = { sql: "SELECT count() AS n FROM v_predictions WHERE model = 'single'" };
          const { text } = await call(service.app, 'POST', '/v1/query', { body });
          return text.includes('"n":4');
        },
      ],
      ['by a job', async () => (await windows()) > 0],
    ];
    for (const [n, [name, found]] of ways.entries()) {
      await windows();
      await one({ prediction_id: `way-${n}`, timestamp: NOW - 1000 - n, inputs: { x: n } });
      expect({ name, found: await found() }).toEqual({ name, found: true });
    }
  });

  test('a label that comes right after its prediction counts it, and a key of another model may not label it', async () => {
    await one({ prediction_id: 'labelled', timestamp: NOW - 5 * HOUR, outputs: { label: true } });
    await service.container.services.ingest.groundTruth([{ prediction_id: 'labelled', values: { label: true } }], null);
    const answer = await call(service.app, 'GET', '/v1/predictions/labelled');
    expect(answer.json()).toMatchObject({ ground_truth: { label: true } });
    await one({ prediction_id: 'foreign', timestamp: NOW - 5 * HOUR });
    const refused = await service.container.services.ingest.groundTruth(
      [{ prediction_id: 'foreign', values: { label: true } }],
      ['other'],
    );
    expect(refused).toMatchObject({ accepted: 0, errors: [{ code: 'forbidden' }] });
  });

  test('an id that moves to another hour, alone or in a large batch, is one row', async () => {
    await one({ prediction_id: 'moves', timestamp: NOW - 9 * HOUR, inputs: { at: 9 } });
    await one({ prediction_id: 'moves', timestamp: NOW - 7 * HOUR, inputs: { at: 7 } });
    const batch = Array.from({ length: 60 }, (_, n) => ({
      model: 'single',
      prediction_id: n === 0 ? 'moves' : `batch-${n}`,
      timestamp: NOW - 3 * HOUR,
      inputs: { at: 3 },
    }));
    await one({ prediction_id: 'batch-1', timestamp: NOW - 8 * HOUR, inputs: { at: 8 } });
    expect((await call(service.app, 'POST', '/v1/predictions', { body: batch })).status).toBe(201);
    const { rows } = z.object({ rows: z.array(z.object({ id: z.string(), n: z.number(), at: z.number() })) }).parse({
      rows: await service.container.tables.store.query({
        name: 'test_moved',
        sql: `SELECT external_id AS id, count() AS n, max(num['inputs.at']) AS at FROM predictions FINAL WHERE external_id IN ('moves', 'batch-1') GROUP BY id`,
        row: z.looseObject({}),
      }),
    });
    expect(rows.sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
      { id: 'batch-1', n: 1, at: 3 },
      { id: 'moves', n: 1, at: 3 },
    ]);
  });

  test('every view over predictions has them stored first', async () => {
    const views = await service.container.tables.store.query({
      name: 'test_views',
      sql: `SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'View' AND match(as_select, 'prediction(s|_places)')`,
      row: z.object({ name: z.string() }),
    });
    expect(views.length).toBeGreaterThan(0);
    for (const { name } of views) expect(`SELECT 1 FROM ${name}`).toMatch(HELD);
  });
});

describe('without the journal', () => {
  test('an engine that has no such tables stores each prediction by an insert, and so does one whose journal is lost', async () => {
    const opened = await openTestContainer();
    try {
      const { ingest } = opened.container.services;
      const send = (n: number) =>
        ingest.predictions([{ model: 'm', prediction_id: `p${n}`, timestamp: NOW, inputs: { n } }], null);
      await send(0);
      for (const name of ['a', 'b'])
        await opened.container.tables.engine.command('jobs', `DROP TABLE prediction_journal_${name}`, {});
      await Promise.all([send(1), send(2)]);
      await opened.container.tables.predictionWriter.settle();
      const row = z.object({ n: z.number() });
      const sql = 'SELECT count() AS n FROM predictions FINAL';
      expect((await opened.container.tables.store.one({ name: 'test_count', sql, row })).n).toBe(3);
    } finally {
      await opened.close();
    }
  });
});

describe('killed with SIGKILL while predictions are in the journal only', () => {
  const die = async (mode: string): Promise<{ folder: string; stored: number }> => {
    const folder = mkdtempSync(path.join(tmpdir(), 'driftline-journal-'));
    folders.push(folder);
    const script = path.join(packageRoot(), 'test', 'support', 'journal-child.ts');
    const stored = await new Promise<number>((resolve, reject) => {
      execFile(
        process.execPath,
        ['--import', 'tsx', script, mode, folder],
        { cwd: packageRoot() },
        (error, stdout, stderr) => {
          if (error?.signal === 'SIGKILL') resolve(Number(stdout));
          else reject(new Error(stderr, { cause: error }));
        },
      );
    });
    return { folder, stored };
  };

  test('the next start stores them all, once each, at their last place', async () => {
    const { folder, stored } = await die('write');
    expect(stored).toBe(0);
    for (const restart of [1, 2]) {
      const opened = await openTestContainer({ folder });
      const row = z.object({ n: z.number(), ids: z.number(), early: z.number() });
      const sql = `SELECT count() AS n, uniqExact(prediction_id) AS ids, countIf(ts < toDateTime('2026-01-15 11:00:00', 'UTC')) AS early FROM predictions FINAL`;
      expect({ restart, ...(await opened.container.tables.store.one({ name: 'test_count', sql, row })) }).toEqual({
        restart,
        n: 200,
        ids: 200,
        early: 1,
      });
      expect(await entries(opened.container)).toBe(0);
      await opened.close();
    }
  });

  test('half an entry at the end of the journal, as a write that was cut leaves it, loses none of those before it', async () => {
    const { folder } = await die('write');
    // RocksDB's log of what was written; its folders are reached by several names.
    const logs = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\/\d+\.log$/.test(name));
    const written = new Set(logs.map((name) => realpathSync(path.join(folder, name))).filter((name) => statSync(name).size > 0)); // prettier-ignore
    expect(written.size).toBeGreaterThan(0);
    for (const log of written) appendFileSync(log, readFileSync(log).subarray(0, 100));
    const opened = await openTestContainer({ folder });
    const row = z.object({ n: z.number() });
    const sql = 'SELECT count() AS n FROM predictions FINAL';
    expect(await opened.container.tables.store.one({ name: 'test_count', sql, row })).toEqual({ n: 200 });
    expect(await entries(opened.container)).toBe(0);
    await opened.close();
  });

  test('what was erased does not come back', async () => {
    const { folder } = await die('erase');
    const opened = await openTestContainer({ folder });
    const row = z.object({ n: z.number(), odd: z.number() });
    const sql = `SELECT count() AS n, countIf(tags['half'] = 'odd') AS odd FROM predictions FINAL`;
    expect(await opened.container.tables.store.one({ name: 'test_count', sql, row })).toEqual({ n: 100, odd: 0 });
    await opened.close();
  });
});
