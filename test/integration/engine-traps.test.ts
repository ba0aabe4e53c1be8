// The embedded engine's traps: each is shown as the engine has it, and that the store layer does not fall into it.
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { FieldError } from '../../src/domain/fields.js';
import { GroundTruthTable } from '../../src/store/ground-truth.js';
import { PredictionWriter } from '../../src/store/prediction-writer.js';
import { BaselineTable } from '../../src/store/baselines.js';
import { ProfileQueries } from '../../src/store/profile-queries.js';
import { QualityQueries } from '../../src/store/quality-queries.js';
import { VersionSource } from '../../src/store/store.js';
import { WindowRows } from '../../src/store/window-rows.js';
import { openRaw, type RawEngine } from '../support/raw-engine.js';
import { aPrediction, countRows, STORE_NOW } from '../support/store-rows.js';
import { openTestStore, type TestStore } from '../support/test-store.js';
import { uuid } from '../support/upload-cases.js';

let opened: TestStore;
let raw: RawEngine;
let writer: PredictionWriter;
const anything = z.looseObject({});

beforeAll(async () => {
  opened = await openTestStore();
  writer = new PredictionWriter(opened.store, {
    limits: { maxRows: 1000, maxPendingBytes: 1e8 },
    flushed: () => undefined,
  });
});
afterAll(() => opened.close());
beforeEach(() => void (raw = openRaw(opened.data)));
afterEach(() => raw.close());

/** An empty table of one number and one integer. */
async function freshTable(): Promise<string> {
  await raw.client.command({
    query: 'CREATE OR REPLACE TABLE scratch (a Float64, b Int64) ENGINE = MergeTree ORDER BY b',
  });
  return 'scratch';
}

/** Every row of one model as one window. */
const allOf = (model: string) =>
  new WindowRows(opened.store).predictions({
    model,
    length: null,
    origin: 0,
    from: 0,
    to: STORE_NOW * 2,
    windows: null,
    version: null,
    segments: [],
  });

describe('settings', () => {
  const QUOTED = 'output_format_json_quote_64bit_integers';
  const sql = 'SELECT toUInt64(7) AS n';

  test('given with a call they stay on the connection for later calls', async () => {
    expect(await raw.rows(sql)).toEqual([{ n: 7 }]);
    expect(await raw.rows(sql, {}, { [QUOTED]: 1 })).toEqual([{ n: '7' }]);
    expect(await raw.rows(sql)).toEqual([{ n: '7' }]);
  });

  test('written in the SQL of a statement they end with it, on every lane of the store', async () => {
    for (const lane of ['ingest', 'jobs', 'read'] as const) {
      for (let turn = 0; turn < 4; turn++) {
        const once = { name: 'once', lane, row: anything, sql: `${sql} SETTINGS ${QUOTED} = 1` };
        expect(await opened.store.query(once)).toEqual([{ n: '7' }]);
        expect(await opened.store.query({ ...once, sql })).toEqual([{ n: 7 }]);
      }
    }
  });
});

describe('parameters', () => {
  const echo = (s: string, list: string[]) =>
    opened.store.one({
      name: 'echo',
      sql: 'SELECT {s:String} AS s, {list:Array(String)} AS list',
      params: { s, list },
      row: z.object({ s: z.string(), list: z.array(z.string()) }),
    });

  test('any text arrives as it was bound, alone and in a list', async () => {
    const text = fc.string({
      unit: fc.oneof(
        fc.constantFrom("'", '\\', '\n', '\t', '\0', '\r', '\b', '\f', '{', '}', ';', '--'),
        fc.string({ unit: 'grapheme', maxLength: 3 }),
      ),
    });
    await fc.assert(
      fc.asyncProperty(text, fc.array(text, { maxLength: 4 }), async (s, list) => {
        expect(await echo(s, list)).toEqual({ s, list });
      }),
      { numRuns: 60 },
    );
  });

  test('numbers arrive exactly', async () => {
    // JSON has no negative zero.
    const value = fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0);
    const row = z.object({ x: z.number(), list: z.array(z.number()) });
    const sql = 'SELECT {x:Float64} AS x, {list:Array(Float64)} AS list';
    await fc.assert(
      fc.asyncProperty(value, async (x) => {
        expect(await opened.store.one({ name: 'echo', sql, params: { x, list: [x] }, row })).toEqual({ x, list: [x] });
      }),
      { numRuns: 60, examples: [[5e-324], [1.7976931348623157e308], [2 ** 53 + 2], [0.1]] },
    );
  });

  test('statements that run at the same time on several connections never see one another’s values', async () => {
    const row = z.object({ n: z.number(), s: z.string() });
    const one = async (n: number, lane: 'ingest' | 'jobs' | 'read') =>
      expect(
        await opened.store.one({
          name: 'own',
          lane,
          sql: 'SELECT {n:Int64} AS n, {s:String} AS s, sleepEachRow(0.001)',
          params: { n, s: `s${n}` },
          row,
        }),
      ).toEqual({ n, s: `s${n}` });
    await Promise.all(
      Array.from({ length: 150 }, (_, n) => one(n, (['ingest', 'jobs', 'read'] as const)[n % 3] ?? 'read')),
    );
  });

  test('a parameter stays on the connection, so the store refuses a statement that lacks one of its values', async () => {
    await raw.rows(`SET param_left = 'over'; SELECT {left:String} AS v`);
    expect(await raw.rows('SELECT {left:String} AS v')).toEqual([{ v: 'over' }]);
    const lacking = opened.store.command({ name: 'lacking', sql: 'SELECT {left:String}' });
    await expect(lacking).rejects.toMatchObject({
      name: 'StoreError',
      cause: { message: 'the statement has no value for {left}' },
    });
  });

  test('a JavaScript Date loses its milliseconds, so the store refuses to bind one', async () => {
    const when = new Date(STORE_NOW + 123);
    const sql = `SELECT toUnixTimestamp64Milli({t:DateTime64(3, 'UTC')}) AS t`;
    expect(await raw.rows(sql, { t: when })).not.toEqual([{ t: when.getTime() }]);
    await expect(opened.store.command({ name: 'date', sql, params: { t: when } })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('a Date') as string },
    });
    const bound = {
      name: 'time',
      sql: `SELECT toUnixTimestamp64Milli(fromUnixTimestamp64Milli({t:Int64}, 'UTC')) AS t`,
      params: { t: when.getTime() },
    };
    expect(await opened.store.query({ ...bound, row: anything })).toEqual([{ t: when.getTime() }]);
  });
});

describe('connections', () => {
  test('a long statement with parameters delays no statement of another lane', async () => {
    const done: string[] = [];
    const slow = opened.store
      .command({ name: 'slow', lane: 'jobs', sql: 'SELECT sleep({seconds:Float64})', params: { seconds: 3 } })
      .then(() => done.push('slow'));
    const row = z.object({ n: z.number() });
    for (let n = 0; n < 3; n++) {
      await opened.store.one({ name: 'quick', sql: 'SELECT {n:Int64} AS n', params: { n }, row });
      await writer.write([writer.encode(aPrediction(uuid(n), { model: 'lanes' }), true)]);
      done.push('quick');
    }
    await slow;
    expect(done).toEqual(['quick', 'quick', 'quick', 'slow']);
  });

  test('the binding of the npm package itself runs statements with parameters one after another, over all connections', async () => {
    const other = openRaw(opened.data);
    const done: string[] = [];
    await Promise.all([
      raw.rows('SELECT sleep({seconds:Float64})', { seconds: 0.3 }).then(() => done.push('slow')),
      other.rows('SELECT {n:Int64}', { n: 1 }).then(() => done.push('quick')),
    ]);
    expect(done).toEqual(['slow', 'quick']);
    await other.close();
  });

  test('an abort rejects at once while the statement runs on to its end', async () => {
    const table = await freshTable();
    const abort = new AbortController();
    const insert = raw.client.command({
      query: `INSERT INTO ${table} SELECT sleepEachRow(0.1), number FROM numbers(3)`,
      abort_signal: abort.signal,
    });
    abort.abort();
    await expect(insert).rejects.toThrow(/abort/i);
    // The next call of the connection waits for the one before it.
    expect(await raw.rows(`SELECT count() AS n FROM ${table}`)).toEqual([{ n: 3 }]);
  });
});

describe('values', () => {
  test('NaN becomes 0 and an unknown column vanishes with success', async () => {
    const table = await freshTable();
    await raw.client.insert({ table, values: [{ a: Number.NaN, b: 1, c: 'gone' }], format: 'JSONEachRow' });
    expect(await raw.rows(`SELECT * FROM ${table}`)).toEqual([{ a: 0, b: 1 }]);
  });

  test('the store refuses numbers that are not finite, unknown columns and missing ones, and stores nothing', async () => {
    const table = await freshTable();
    const insert = (row: Record<string, unknown>) => opened.store.insert(table, ['a', 'b'], [{ a: 1, b: 1 }, row]);
    await expect(insert({ a: Number.NaN, b: 2 })).rejects.toThrow('a is NaN');
    await expect(insert({ a: Number.NEGATIVE_INFINITY, b: 2 })).rejects.toThrow('a is -Infinity');
    await expect(insert({ a: 1, b: 2, c: 3 })).rejects.toThrow('c is not among the columns');
    await expect(insert({ a: 1 })).rejects.toThrow('no value for b');
    await expect(insert({ a: 1, b: undefined })).rejects.toThrow('no value for b');
    await expect(opened.store.insert(table, ['a', 'c'], [{ a: 1, c: 1 }])).rejects.toMatchObject({
      name: 'StoreError',
    });
    expect(await countRows(opened.store, table)).toBe(0);
  });

  test('predictions and ground truth with numbers that are not finite are refused', async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => writer.encode(aPrediction(uuid(1), { inputs: { deep: { x: bad } } }), false)).toThrow(FieldError);
      expect(() => writer.encode(aPrediction(uuid(1), { metrics: { x: bad } }), false)).toThrow(FieldError);
      const label = new GroundTruthTable(opened.store).insert([
        { id: uuid(1), key: 'late', value: bad, ts: STORE_NOW },
      ]);
      await expect(label).rejects.toThrow('ground truth cannot be');
    }
  });

  test('64-bit integers lose digits as JSON numbers, and row versions never grow that large', async () => {
    expect(await raw.rows('SELECT toUInt64(9007199254740993) AS n')).toEqual([{ n: 9_007_199_254_740_992 }]);
    const versions = new VersionSource(() => Date.UTC(2200, 0, 1));
    const made = [versions.next(), versions.next(), versions.reserve(1000), versions.next()];
    expect(
      made.every(
        (version, index) => Number.isSafeInteger(version) && (index === 0 || version > (made[index - 1] ?? 0)),
      ),
    ).toBe(true);
    expect((made[3] ?? 0) - (made[2] ?? 0)).toBeGreaterThanOrEqual(1000);
  });

  test('an absent map key reads as 0, and the bin counts see a missing value', async () => {
    expect(await raw.rows(`SELECT map('a', 1.5)['b'] AS x`)).toEqual([{ x: 0 }]);
    const inputs = [{ x: 1 }, { x: -1 }, { y: 1 }, {}];
    await writer.write(
      inputs.map((given, n) => writer.encode(aPrediction(uuid(300 + n), { model: 'absent', inputs: given }), false)),
    );
    const field = {
      path: 'inputs.x',
      kind: 'numeric' as const,
      reason: null,
      edges: [-0.5, 0.5],
      categories: [],
      more: false,
      counts: [],
      present: 0,
      std: null,
    };
    const baseline = new BaselineTable(opened.store, opened.store.engine).rowsOf(uuid(0));
    const [group] = await new ProfileQueries(opened.store).count(await allOf('absent'), [field], baseline);
    expect(group).toMatchObject({ n: 4 });
    expect(group?.counts.get('inputs.x')).toEqual([1, 0, 1, 2]);
  });

  test('an unmatched LEFT JOIN gives 0, and a prediction without ground truth counts in no class', async () => {
    const joined = 'SELECT b.y AS y FROM (SELECT 1 AS x) AS a LEFT JOIN (SELECT 2 AS x, 1 AS y) AS b ON a.x = b.x';
    expect(await raw.rows(joined)).toEqual([{ y: 0 }]);
    const predicted = [0.9, 0.2, 0.8].map((score, n) =>
      writer.encode(aPrediction(uuid(310 + n), { model: 'join', outputs: { score } }), false),
    );
    await writer.write(predicted);
    await new GroundTruthTable(opened.store).insert([{ id: uuid(310), key: 'late', value: true, ts: STORE_NOW }]);
    const quality = new QualityQueries(opened.store);
    const rows = await allOf('join');
    expect(await quality.labels(rows, 'late')).toMatchObject([{ n: 3, labelled: 1 }]);
    const columns = { prediction: null, score: 'outputs.score', truthKey: 'late', positive: 'true', threshold: 0.5 };
    expect(await quality.binary(rows, columns)).toMatchObject([{ n: 1, tp: 1, fp: 0, fn: 0, tn: 0, auc: null }]);
  });
});
