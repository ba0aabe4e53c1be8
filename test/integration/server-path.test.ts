// The HTTP path to a ClickHouse server, over a loopback server that speaks its interface: the same store, and what it does when the server fails.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { StoreError, StoreUnavailableError } from '../../src/domain/errors.js';
import { packageRoot } from '../../src/package-root.js';
import { openServer, type Engine } from '../../src/store/client.js';
import { DocumentTable } from '../../src/store/documents.js';
import { GroundTruthTable } from '../../src/store/ground-truth.js';
import { migrate, readMigrations } from '../../src/store/migrations.js';
import { PredictionWriter } from '../../src/store/prediction-writer.js';
import { PredictionTable } from '../../src/store/predictions.js';
import { Store } from '../../src/store/store.js';
import { startLoopbackClickHouse, type Fault, type LoopbackClickHouse } from '../support/loopback-clickhouse.js';
import { aPrediction, countRows, STORE_NOW } from '../support/store-rows.js';
import {
  checkCsvUpload,
  checkParquetUpload,
  checkTypedIds,
  openGroundTruthUpload,
  uuid,
} from '../support/upload-cases.js';

const SCHEMA = path.join(packageRoot(), 'schema');
const LIMITS = { maxRows: 20_000, maxPendingBytes: 64 * 1024 * 1024 };
let server: LoopbackClickHouse;
let engine: Engine;
let store: Store;
let writer: PredictionWriter;
let truth: GroundTruthTable;
let folder: string;

beforeAll(async () => {
  server = await startLoopbackClickHouse();
  engine = openServer(server.url);
  store = new Store(engine, () => STORE_NOW);
  writer = new PredictionWriter(store, { limits: LIMITS, flushed: () => undefined });
  truth = new GroundTruthTable(store);
  folder = await mkdtemp(path.join(tmpdir(), 'driftline-test-'));
  await migrate(store, SCHEMA);
});
afterAll(async () => {
  await engine.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** The tables as the engine describes them. */
const tables = () =>
  engine.rows(
    'read',
    'SELECT name, create_table_query FROM system.tables WHERE database = currentDatabase() ORDER BY name',
    {},
  );

describe('the store over HTTP', () => {
  test('all schema files apply a second time without any change, through the ledger and statement by statement', async () => {
    const before = await tables();
    expect(before.length).toBeGreaterThan(readMigrations(SCHEMA).length);
    expect(await migrate(store, SCHEMA)).toEqual([]);
    for (const sql of readMigrations(SCHEMA).flatMap((migration) => migration.statements)) {
      await store.command({ name: 'again', sql });
    }
    expect(await tables()).toEqual(before);
  });

  test('the credentials of the URL are sent, and a wrong password is refused', async () => {
    const intruder = openServer(server.url.replace(/:[^:@]+@/, ':wrong@'));
    const refused = new Store(intruder, () => STORE_NOW).command({ name: 'intrude', sql: 'SELECT 1' });
    await expect(refused).rejects.toMatchObject({ status: 500, engineCode: 'AUTHENTICATION_FAILED' });
    await intruder.close();
  });

  test('a prediction and its ground truth read back as they were written, whatever characters they hold', async () => {
    const text = `it's a "quote" \\ {x:String} \t tab\nline 🛫 \u0001`;
    const inputs = {
      big: 1e300,
      small: -5e-324,
      exact: 2 ** 53,
      flag: false,
      text,
      none: null,
      list: [1, 'a'],
      "k'e\\y": text,
    };
    await writer.write([writer.encode(aPrediction(uuid(101), { inputs, tags: { [text]: text } }), true)]);
    await truth.insert([{ id: uuid(101), key: text, value: text, ts: STORE_NOW }]);
    const [stored, ...more] = await new PredictionTable(store, truth).byId(uuid(101));
    expect(more).toEqual([]);
    expect(stored).toMatchObject({
      prediction_id: uuid(101),
      inputs,
      tags: { [text]: text },
      ground_truth: { [text]: text },
    });
  });

  test('bound text arrives unchanged in conditions, alone and in a list', async () => {
    const names = [`it's`, 'back\\slash', 'line\nbreak', 'tab\there', '[1]', '{x:String}', '', '\\N', 'ü🛫'];
    for (const name of names) {
      const row = z.object({ alone: z.string(), listed: z.array(z.string()) });
      const sql = 'SELECT {name:String} AS alone, {names:Array(String)} AS listed';
      expect(await store.one({ name: 'echo', sql, params: { name, names }, row })).toEqual({
        alone: name,
        listed: names,
      });
    }
  });

  test('64-bit integers arrive as numbers, and null as null', async () => {
    const row = z.object({ n: z.number(), nothing: z.number().nullable() });
    const sql = 'SELECT toUInt64(1) AS n, {nothing:Nullable(Float64)} AS nothing';
    expect(await store.one({ name: 'types', sql, params: { nothing: null }, row })).toEqual({ n: 1, nothing: null });
  });

  test('documents are written, replaced and removed', async () => {
    const documents = new DocumentTable(store, 'models', z.object({ task: z.string() }));
    await documents.put(`a 'model'`, { task: 'binary' });
    await documents.put(`a 'model'`, { task: 'regression' });
    expect(await documents.list()).toEqual([{ name: `a 'model'`, doc: { task: 'regression' }, updatedAt: STORE_NOW }]);
    await documents.remove(`a 'model'`);
    expect(await documents.get(`a 'model'`)).toBeNull();
  });

  test('a batch of more ids than one parameter of a server holds is looked up in parts', async () => {
    const ids = Array.from({ length: 6000 }, (_, n) => uuid(200_000 + n));
    await writer.write(ids.map((id) => writer.encode(aPrediction(id, { model: 'many' }), true)));
    expect((await writer.modelsOf(ids)).size).toBe(6000);
    await truth.insert(ids.map((id) => ({ id, key: 'late', value: true, ts: STORE_NOW })));
    expect((await truth.byIds(ids)).size).toBe(6000);
  });

  test('an answer can be read as a stream and as bytes of a format', async () => {
    const statement = { name: 'numbers', sql: 'SELECT number FROM numbers({n:UInt32})', params: { n: 30_000 } };
    let bytes = 0;
    for await (const chunk of store.stream(statement, 'CSV')) bytes += chunk.length;
    const whole = await store.bytes(statement, 'CSV');
    expect(bytes).toBe(whole.length);
    expect(whole.toString().trim().split('\n')).toHaveLength(30_000);
  });

  test('a statement that the engine refuses is a 500 of ours, and the text of the engine stays inside', async () => {
    const failed = store.command({ name: 'broken', sql: `SELECT toUInt8('a secret value')` });
    const error = await failed.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({ status: 500, queryName: 'broken', engineCode: 'CANNOT_PARSE_TEXT' });
    expect(JSON.stringify(error) + String(error)).not.toContain('secret');
  });
});

describe('uploads over HTTP', () => {
  test('every value of a CSV file is stored with its type', () => checkCsvUpload(store, engine, folder));
  test('every value of a Parquet file is stored with its type', () => checkParquetUpload(store, engine, folder));
  test('integer and UUID columns of a Parquet file name predictions without losing digits', () =>
    checkTypedIds(store, engine, folder));

  test('an upload that fails in the middle leaves no staging table behind', async () => {
    const file = path.join(folder, 'broken.csv');
    await writeFile(file, `prediction_id,late\n${uuid(107)},true\n`);
    const upload = openGroundTruthUpload(store, engine);
    await server.faults.set({ kind: 'cut', at: 'before', only: /^INSERT INTO upload_/, count: 1 });
    const cut = upload.groundTruth({ path: file, format: 'csv', strings: [] });
    await expect(cut).rejects.toBeInstanceOf(StoreUnavailableError);
    await writeFile(file, 'PAR1, but nothing like Parquet PAR1');
    const unreadable = upload.groundTruth({ path: file, format: 'parquet', strings: [] });
    await expect(unreadable).rejects.toMatchObject({ status: 400, code: 'unreadable_file' });
    expect(JSON.stringify(await tables())).not.toContain('upload_');
    expect(server.statements.filter((sql) => sql.includes('DROP TABLE IF EXISTS upload_')).length).toBeGreaterThan(0);
  });
});

describe('a failing server', () => {
  afterEach(() => server.faults.clear());

  /** The store's ways to the server. Each answers how many rows it saw or wrote. */
  const calls: Record<string, () => Promise<unknown>> = {
    query: () => countThroughStore(),
    command: () => store.command({ name: 'probe', sql: 'SELECT 1' }),
    insert: () => writer.write([writer.encode(aPrediction(uuid(102)), true)]),
    bytes: () => store.bytes({ name: 'probe', sql: 'SELECT number FROM numbers(1000)' }, 'CSV'),
    stream: () => drain(store.stream({ name: 'probe', sql: 'SELECT number FROM numbers(1000)' }, 'CSV')),
  };
  const countThroughStore = () =>
    store.one({ name: 'probe', sql: 'SELECT count() AS n FROM numbers(1000)', row: z.object({ n: z.number() }) });

  const unavailable: Record<string, Fault> = {
    'a server that is down': { kind: 'down' },
    'a connection that is cut before anything happened': { kind: 'cut', at: 'before' },
    'a connection that is cut after the statement ran': { kind: 'cut', at: 'after' },
    'a proxy that answers 502': { kind: 'status', code: 502 },
    'a proxy that answers 503': { kind: 'status', code: 503 },
    'a server with too many queries': {
      kind: 'status',
      code: 500,
      exception: { code: 202, type: 'TOO_MANY_SIMULTANEOUS_QUERIES' },
    },
    'a server without memory': { kind: 'status', code: 500, exception: { code: 241, type: 'MEMORY_LIMIT_EXCEEDED' } },
  };
  for (const [what, fault] of Object.entries(unavailable)) {
    test(`${what} is a 503 with Retry-After for every kind of call, and the next call works without a restart`, async () => {
      for (const [name, call] of Object.entries(calls)) {
        await server.faults.set(fault);
        const error = await call().catch((caught: unknown) => caught);
        expect(error, name).toBeInstanceOf(StoreUnavailableError);
        expect(error, name).toMatchObject({ status: 503, retryAfterSeconds: 5 });
        await server.faults.clear();
        await call();
      }
    });
  }

  test('an answer that is cut in the middle is a 503, never a shorter answer', async () => {
    const { insert: _insert, ...reads } = calls;
    for (const [name, call] of Object.entries(reads)) {
      await server.faults.set({ kind: 'cut', at: 'middle' });
      const error = await call().catch((caught: unknown) => caught);
      expect(error, name).toBeInstanceOf(StoreUnavailableError);
      await server.faults.clear();
      expect(await countThroughStore()).toEqual({ n: 1000 });
    }
  });

  test.each([
    ['of the server itself asks to come again', 1001, 'STD_EXCEPTION', { name: 'StoreUnavailableError', status: 503 }],
    [
      'about a statement is a store error of ours',
      53,
      'TYPE_MISMATCH',
      { name: 'StoreError', status: 500, engineCode: 'TYPE_MISMATCH' },
    ],
  ])('a 500 %s, and the next call works', async (_what, code, type, expected) => {
    await server.faults.set({ kind: 'status', code: 500, exception: { code, type }, count: 1 });
    await expect(countThroughStore()).rejects.toMatchObject(expected);
    expect(await countThroughStore()).toEqual({ n: 1000 });
  });

  test('a slow server is waited for', async () => {
    await server.faults.set({ kind: 'slow', ms: 300 });
    expect(await countThroughStore()).toEqual({ n: 1000 });
  });

  test('ping answers false while the server is down, and true again afterwards', async () => {
    expect(await engine.ping()).toBe(true);
    await server.faults.set({ kind: 'down' });
    expect(await engine.ping()).toBe(false);
    await server.faults.clear();
    expect(await engine.ping()).toBe(true);
  });

  test('a prediction whose insert was answered by a cut connection may be sent again: one row is left', async () => {
    await server.faults.set({ kind: 'cut', at: 'after', count: 1 });
    await expect(writer.write([writer.encode(aPrediction(uuid(103)), true)])).rejects.toBeInstanceOf(
      StoreUnavailableError,
    );
    await writer.write([writer.encode(aPrediction(uuid(103)), true)]);
    expect(await countRows(store, `predictions FINAL WHERE prediction_id = '${uuid(103)}'`)).toBe(1);
  });

  test('writes during an outage are refused one by one, and none of them is stored later', async () => {
    await server.faults.set({ kind: 'down' });
    const writes = [104, 105, 106].map((n) => writer.write([writer.encode(aPrediction(uuid(n)), true)]));
    const settled = await Promise.allSettled(writes);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(writer.depth).toBe(0);
    await server.faults.clear();
    expect(
      await countRows(store, `predictions WHERE prediction_id IN ('${uuid(104)}', '${uuid(105)}', '${uuid(106)}')`),
    ).toBe(0);
  });
});

async function drain(stream: AsyncIterable<Buffer>): Promise<number> {
  let bytes = 0;
  for await (const chunk of stream) bytes += chunk.length;
  return bytes;
}
