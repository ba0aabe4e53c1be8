// Writing to the embedded engine: every way of writing that the store uses is counted, one row is left of an id that moves, and what was acknowledged survives.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { packageRoot } from '../../src/package-root.js';
import { AggregateTable } from '../../src/store/aggregates.js';
import { DocumentTable } from '../../src/store/documents.js';
import { GroundTruthTable } from '../../src/store/ground-truth.js';
import { PredictionWriter } from '../../src/store/prediction-writer.js';
import { RejectedTable } from '../../src/store/rejected.js';
import { WindowTable } from '../../src/store/windows.js';
import { openRaw, type RawEngine } from '../support/raw-engine.js';
import { aPrediction, countRows, STORE_NOW } from '../support/store-rows.js';
import { openTestStore, type TestStore } from '../support/test-store.js';
import { checkCsvUpload, checkParquetUpload, checkTypedIds, uuid } from '../support/upload-cases.js';

const HOUR = 3_600_000;
const CHILD = path.join(packageRoot(), 'test', 'support', 'engine-child.ts');
let opened: TestStore;
let writer: PredictionWriter;

beforeAll(async () => {
  opened = await openTestStore();
  writer = new PredictionWriter(opened.store, {
    limits: { maxRows: 1000, maxPendingBytes: 1e8 },
    flushed: () => undefined,
  });
});
afterAll(() => opened.close());

/** Start one of our own scripts in a process of its own. */
function start(script: string, args: string[], environment: NodeJS.ProcessEnv = {}) {
  return spawn(process.execPath, ['--import', 'tsx', script, ...args], {
    cwd: packageRoot(),
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

describe('every way of writing stores what it was given', () => {
  test('Store.insert, of one row and of many', async () => {
    await opened.engine.command('jobs', 'CREATE TABLE scratch (a Float64, b Int64) ENGINE = MergeTree ORDER BY b', {});
    await opened.store.insert('scratch', ['a', 'b'], [{ a: 0.5, b: 1 }]);
    await opened.store.insert(
      'scratch',
      ['b', 'a'],
      Array.from({ length: 5000 }, (_, b) => ({ a: b / 2, b })),
    );
    await opened.store.insert('scratch', ['a', 'b'], []);
    expect(await countRows(opened.store, 'scratch')).toBe(5001);
    expect(await countRows(opened.store, 'scratch WHERE a = b / 2')).toBe(5001);
  });

  test('Store.insertBody of text rows', async () => {
    const body = Buffer.from(Array.from({ length: 3000 }, (_, n) => `[0,${n}]`).join('\n'));
    const before = await countRows(opened.store, 'scratch');
    await opened.store.insertBody('scratch', ['a', 'b'], body);
    expect(await countRows(opened.store, 'scratch')).toBe(before + 3000);
  });

  test('INSERT ... SELECT with parameters', async () => {
    const before = await countRows(opened.store, 'scratch');
    const sql = 'INSERT INTO scratch SELECT {a:Float64}, number FROM numbers({n:UInt32})';
    await opened.store.command({ name: 'copy', sql, params: { a: 1.5, n: 700 } });
    expect(await countRows(opened.store, 'scratch')).toBe(before + 700);
  });

  test('predictions, from many writers at the same time, each with its entry among the places', async () => {
    const writes = Array.from({ length: 50 }, (_, w) =>
      writer.write(
        Array.from({ length: 20 }, (_, n) =>
          writer.encode(aPrediction(uuid(1000 + w * 20 + n), { model: 'many' }), n % 2 === 0),
        ),
      ),
    );
    await Promise.all(writes);
    expect(writer.depth).toBe(0);
    expect(await countRows(opened.store, `predictions WHERE model = 'many'`)).toBe(1000);
    expect(await countRows(opened.store, `prediction_places WHERE model = 'many'`)).toBe(1000);
  });

  test('ground truth of every kind, each value with its arrival', async () => {
    const values = [1.5, 'text', true, null, { a: [1] }];
    const truth = new GroundTruthTable(opened.store);
    await truth.insert(values.map((value, n) => ({ id: uuid(2000), key: `k${n}`, value, ts: STORE_NOW })));
    expect((await truth.byIds([uuid(2000)])).get(uuid(2000))?.values).toEqual({
      k0: 1.5,
      k1: 'text',
      k2: true,
      k3: null,
      k4: { a: [1] },
    });
    expect(await countRows(opened.store, `label_arrivals WHERE prediction_id = '${uuid(2000)}'`)).toBe(5);
  });

  test('rejected items, aggregate metrics and documents', async () => {
    const rejected = new RejectedTable(opened.store);
    const entry = (n: number) => ({
      error: { index: n, code: 'invalid_value', path: 'x', message: 'no' },
      item: { model: 'm', n },
    });
    await Promise.all([
      rejected.append('predictions', [entry(0), entry(1)]),
      rejected.append('predictions', [entry(2)]),
    ]);
    expect((await rejected.list({ model: 'm', limit: 10 })).map((item) => item.index)).toEqual([0, 1, 2]);
    const item = {
      model: 'm',
      version: '1',
      deployment: '',
      start: 0,
      end: HOUR,
      metrics: { accuracy: 0.5, recall: 0.25 },
    };
    await new AggregateTable(opened.store).insert([item]);
    expect(await countRows(opened.store, 'aggregate_metrics FINAL')).toBe(2);
    const documents = new DocumentTable(opened.store, 'channels', z.object({ n: z.number() }));
    for (const n of [1, 2]) await documents.put('ops', { n });
    expect(await documents.get('ops')).toEqual({ n: 2 });
  });

  test('a CSV file', () => checkCsvUpload(opened.store, opened.engine, opened.folder));
  test('a Parquet file', () => checkParquetUpload(opened.store, opened.engine, opened.folder));
  test('a Parquet file whose ids are integers or UUIDs', () =>
    checkTypedIds(opened.store, opened.engine, opened.folder));
});

describe('what the store does not use, because it does not work', () => {
  let raw: RawEngine;
  beforeEach(async () => {
    raw = openRaw(opened.data);
    await raw.client.command({
      query: 'CREATE OR REPLACE TABLE pinned (a Float64, b Int64) ENGINE = MergeTree ORDER BY b',
    });
  });
  afterEach(() => raw.close());

  test('INSERT ... SELECT FROM input() reports success and inserts nothing', async () => {
    const query = `INSERT INTO pinned SELECT a, b FROM input('a Float64, b Int64') FORMAT JSONEachRow`;
    await raw.client.exec({ query, values: Readable.from(['{"a":1,"b":2}\n']) });
    expect(await countRows(opened.store, 'pinned')).toBe(0);
  });

  test('binary formats do not survive client.insert', async () => {
    const parquet = await raw.chdb.queryAsync('SELECT number + 0.5 AS a, toInt64(number) AS b FROM numbers(5)', {
      format: 'Parquet',
    });
    const values = Readable.from([Buffer.from(parquet.bytes())], { objectMode: false });
    await expect(raw.client.insert({ table: 'pinned', values, format: 'Parquet' })).rejects.toThrow();
    expect(await countRows(opened.store, 'pinned')).toBe(0);
  });

  test('a materialised view that counts over a replacing table counts every version; the copy of places does not', async () => {
    await raw.client.command({
      query: 'CREATE TABLE versions (k UInt8, v UInt64) ENGINE = ReplacingMergeTree(v) ORDER BY k',
    });
    await raw.client.command({
      query:
        'CREATE MATERIALIZED VIEW counted ENGINE = SummingMergeTree ORDER BY k AS SELECT k, count() AS n FROM versions GROUP BY k',
    });
    for (const v of [1, 2]) await raw.client.command({ query: `INSERT INTO versions VALUES (1, ${v})` });
    expect(await countRows(opened.store, 'versions FINAL')).toBe(1);
    expect(await raw.rows('SELECT sum(n) AS n FROM counted')).toEqual([{ n: 2 }]);
    for (let turn = 0; turn < 3; turn++) await writer.write([writer.encode(aPrediction(uuid(2100)), true)]);
    expect(await countRows(opened.store, `prediction_places FINAL WHERE prediction_id = '${uuid(2100)}'`)).toBe(1);
  });
});

describe('an id that is sent again', () => {
  const placesOf = (id: string) =>
    opened.engine.rows(
      'read',
      `SELECT toUnixTimestamp64Milli(ts) AS ts, version FROM predictions FINAL WHERE prediction_id = '${id}' ORDER BY version`,
      {},
    );

  test('whatever hours it moves to and back, in one batch or in several, the last one sent is the only row', async () => {
    let next = 3000;
    const time = fc
      .record({ hour: fc.nat(2), minute: fc.nat(59) })
      .map(({ hour, minute }) => STORE_NOW + hour * HOUR + minute * 60_000);
    const batches = fc.array(fc.array(time, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 5 });
    const back = [[STORE_NOW], [STORE_NOW + HOUR], [STORE_NOW]];
    await fc.assert(
      fc.asyncProperty(batches, async (sent) => {
        const id = uuid(next++);
        for (const batch of sent)
          await writer.write(batch.map((timestamp) => writer.encode(aPrediction(id, { timestamp }), true)));
        expect(await placesOf(id)).toEqual([{ ts: sent.at(-1)?.at(-1), version: '1' }]);
        expect(await countRows(opened.store, `prediction_places FINAL WHERE prediction_id = '${id}'`)).toBe(1);
      }),
      { numRuns: 12, examples: [[back], [[back.flat()]], [[...back, ...back]]] },
    );
  });

  test('whatever order the writes arrive in, one after another or all at once, the one that was made last is the only row', async () => {
    let next = 3500;
    const order = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(1), { minLength: 4, maxLength: 4 }),
        order,
        fc.boolean(),
        async (hours, sent, atOnce) => {
          const id = uuid(next++);
          const rows = hours.map((hour) =>
            writer.encode(aPrediction(id, { timestamp: STORE_NOW + hour * HOUR }), true),
          );
          const writes: Promise<void>[] = [];
          for (const index of sent) {
            const write = writer.write(rows.slice(index, index + 1));
            writes.push(write);
            if (!atOnce) await write;
          }
          await Promise.all(writes);
          expect(await placesOf(id)).toEqual([{ ts: STORE_NOW + (hours[3] ?? 0) * HOUR, version: '1' }]);
        },
      ),
      {
        numRuns: 15,
        examples: [
          [[0, 1, 0, 0], [0, 1, 2, 3], false],
          [[0, 1, 1, 0], [0, 1, 3, 2], false],
        ],
      },
    );
  });

  test('the same id in another version is another row', async () => {
    for (const version of ['1', '2'])
      await writer.write([writer.encode(aPrediction(uuid(3600), { version, timestamp: STORE_NOW }), true)]);
    expect(await placesOf(uuid(3600))).toMatchObject([{ version: '1' }, { version: '2' }]);
  });

  test('the window that it leaves is computed again', async () => {
    const windows = new WindowTable(opened.store, 0);
    const model = 'moves';
    await writer.write([writer.encode(aPrediction(uuid(3700), { model, timestamp: STORE_NOW }), true)]);
    await windows.collect();
    const [first] = await windows.changed('drift', model, HOUR, 0, STORE_NOW * 2);
    expect(first).toMatchObject({ start: STORE_NOW, input: null });
    await windows.record(
      'drift',
      model,
      [{ version: '1', deployment: '', start: STORE_NOW, end: STORE_NOW + HOUR, inputVersion: first?.newest ?? 0 }],
      STORE_NOW,
    );
    expect(await windows.changed('drift', model, HOUR, 0, STORE_NOW * 2)).toEqual([]);
    await writer.write([writer.encode(aPrediction(uuid(3700), { model, timestamp: STORE_NOW + HOUR }), true)]);
    await windows.collect();
    const changed = await windows.changed('drift', model, HOUR, 0, STORE_NOW * 2);
    expect(changed.map((window) => window.start)).toEqual([STORE_NOW, STORE_NOW + HOUR]);
  });
});

describe('processes and folders', () => {
  test('a second process is refused the folder with a sentence that says why, and exits with 1', async () => {
    const child = start(path.join('src', 'main.ts'), [], {
      DRIFTLINE_DATA_DIR: opened.data,
      DRIFTLINE_PORT: '0',
      CLICKHOUSE_URL: '',
    });
    const [message, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect(code).toBe(1);
    expect(message).toContain(`cannot open ${opened.data}: another process may hold it (one process per data folder`);
    expect(message).not.toContain('    at ');
  });

  test('rows survive kill -9 right after they were acknowledged', async () => {
    const folder = path.join(opened.folder, 'killed');
    const child = start(CHILD, ['write', folder]);
    const exited = once(child, 'exit');
    let acknowledged = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged = Number(line);
      if (acknowledged >= 50) child.kill('SIGKILL');
    }
    expect(await exited).toEqual([null, 'SIGKILL']);
    const counted = start(CHILD, ['count', folder]);
    const counts = JSON.parse(await text(counted.stdout)) as number[];
    expect(counts).toHaveLength(5);
    for (const count of counts) expect(count).toBeGreaterThanOrEqual(acknowledged);
  });
});
