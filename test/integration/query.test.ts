// People's own SQL on the real engine: what the views show, the forms of an answer, the limits, and every query of docs/queries.md.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DriftlineError } from '../../src/domain/errors.js';
import { packageRoot } from '../../src/package-root.js';
import { MAX_ROWS, SqlService } from '../../src/services/sql.js';
import { readMigrations } from '../../src/store/migrations.js';
import { SQL_LIMITS, SqlTable } from '../../src/store/sql.js';
import { fillForQueries, ROWS } from '../support/query-data.js';
import { openTestStore, SCHEMA, type TestStore } from '../support/test-store.js';

let on: TestStore;
let service: SqlService;

beforeAll(async () => {
  on = await openTestStore();
  await fillForQueries(on.store);
  service = new SqlService(new SqlTable(on.store));
});
afterAll(() => on.close());

type Row = Record<string, unknown>;
async function rows(sql: string, params: Row = {}): Promise<Row[]> {
  const answer = await service.run({ sql, params, format: 'json' });
  return JSON.parse(answer.body.toString('utf8')) as Row[];
}
/** The error of a statement that must fail. */
async function failure(work: Promise<unknown>): Promise<DriftlineError> {
  const error: unknown = await work.then(
    () => new Error('it did not fail'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof DriftlineError)) throw error;
  return error;
}
const ORDER = 'ORDER BY ts LIMIT 1';

describe('the views', () => {
  test('can be created again without any change', async () => {
    const views = readMigrations(SCHEMA).find((migration) => migration.name === '010_views.sql')?.statements ?? [];
    expect(views).toHaveLength(4);
    for (const sql of views) await on.store.command({ name: 'again', sql });
    expect(await rows('SELECT count() AS n FROM v_alerts')).toEqual([{ n: 1 }]);
  });

  test('v_predictions has the latest row of each prediction, and none that was deleted', async () => {
    expect(await rows('SELECT count() AS n, uniqExact(prediction_id) AS ids FROM v_predictions')).toEqual([
      { n: ROWS - 1, ids: ROWS - 1 },
    ]);
    const newest = await rows('SELECT num FROM v_predictions ORDER BY ts DESC LIMIT 1');
    expect(newest).toEqual([{ num: { 'inputs.distance': -1 } }]);
  });

  test('v_predictions carries the ground truth by type; a null value is no label', async () => {
    const columns = 'truth_num, truth_str, truth_flag, truth_json, labelled, labelled_at';
    const none = { truth_num: {}, truth_str: {}, truth_flag: {}, truth_json: {}, labelled: 0, labelled_at: null };
    expect(await rows(`SELECT ${columns} FROM v_predictions ${ORDER}`)).toEqual([
      {
        truth_num: { minutes: 7.5 },
        truth_str: { cause: 'fog' },
        truth_flag: { late: true },
        truth_json: { legs: '[1,2]' },
        labelled: 1,
        labelled_at: '2025-03-02T00:00:00.000Z',
      },
    ]);
    expect(await rows(`SELECT ${columns} FROM v_predictions WHERE num['inputs.distance'] = 1`)).toEqual([none]);
    expect(await rows(`SELECT ${columns} FROM v_predictions WHERE num['inputs.distance'] = 2`)).toEqual([none]);
    expect(await rows('SELECT sum(labelled) AS n FROM v_predictions')).toEqual([{ n: ROWS / 4 - 1 }]);
  });

  test('v_metrics has the latest of each number, v_profiles the counts, v_alerts the newest line of each alert', async () => {
    const psi = await rows(
      `SELECT window_start, value, baseline FROM v_metrics WHERE metric = 'psi' ORDER BY window_start`,
    );
    expect(psi.map((row) => row['value'])).toEqual([0.85, 0.8, 0.75, 0.42]);
    expect(psi[0]).toMatchObject({ window_start: '2025-01-02T00:00:00.000Z', baseline: null });
    expect(await rows('SELECT counts, n FROM v_profiles')).toEqual([{ counts: [1, 2], n: 3 }]);
    expect(await rows('SELECT state, severity, rule FROM v_alerts')).toEqual([
      { state: 'firing', severity: 'critical', rule: 'drift' },
    ]);
  });

  test.each([
    [
      'predictions',
      `SELECT count() FROM v_predictions WHERE model = 'flights' AND ts >= '2025-01-20 00:00:00' AND ts < '2025-01-20 06:00:00'`,
    ],
    [
      'predictions',
      `SELECT avg(truth_flag['late']) FROM v_predictions WHERE model = 'flights' AND ts >= '2025-01-20 00:00:00' AND ts < '2025-01-20 06:00:00'`,
    ],
  ])('a condition on model and time reads only a part of %s', async (table, sql) => {
    const plan = (await on.engine.rows('read', `EXPLAIN indexes = 1 ${sql}`, {})) as { explain: string }[];
    const lines = plan.map((row) => row.explain.trim());
    const from = lines.findIndex((line) => line.includes(`ReadFromMergeTree (default.${table})`));
    const key = lines.slice(from).slice(lines.slice(from).indexOf('PrimaryKey'));
    expect(key.find((line) => line.startsWith('Condition:'))).toMatch(/toStartOfHour\(ts\).*model in/);
    const [read, all] =
      /^Granules: (\d+)\/(\d+)$/
        .exec(key.find((line) => line.startsWith('Granules:')) ?? '')
        ?.slice(1)
        .map(Number) ?? [];
    expect(all).toBeGreaterThanOrEqual(6);
    expect(read).toBeLessThan((all ?? 0) / 2);
  });
});

describe('an answer', () => {
  test('in JSON has times in ISO 8601, null for what is missing, and integers as they are', async () => {
    const sql = `SELECT ts, nan AS not_a_number, 1 / 0 AS infinite, latency_ms, cpu_ms, 18446744073709551615 AS large, true AS yes, 'a\nb' AS text FROM v_predictions ${ORDER}`;
    const answer = await service.run({ sql, params: {}, format: 'json' });
    expect(answer.contentType).toMatch(/^application\/json/);
    expect(answer.body.toString('utf8')).toBe(
      '[{"ts":"2025-01-01T00:00:00.000Z","not_a_number":null,"infinite":null,"latency_ms":0,"cpu_ms":null,"large":18446744073709551615,"yes":true,"text":"a\\nb"}]\n',
    );
    expect(await rows('SELECT 1 FROM v_metrics WHERE 0')).toEqual([]);
  });

  test('in CSV has a header and empty cells for null', async () => {
    const answer = await service.run({
      sql: `SELECT ts, cpu_ms, 'say "hi"' AS text FROM v_predictions ${ORDER}`,
      params: {},
      format: 'csv',
    });
    expect(answer.contentType).toMatch(/^text\/csv/);
    expect(answer.body.toString('utf8')).toBe('"ts","cpu_ms","text"\n"2025-01-01T00:00:00.000Z",,"say ""hi"""\n');
  });

  test('in Parquet is a file that another reader understands, with and without rows', async () => {
    const read = async (sql: string) => {
      const { contentType, body } = await service.run({ sql, params: {}, format: 'parquet' });
      expect(contentType).toBe('application/vnd.apache.parquet');
      return parquetReadObjects({
        file: body.buffer.slice(body.byteOffset, body.byteOffset + body.length) as ArrayBuffer,
      });
    };
    expect(await read(`SELECT model, ts, latency_ms FROM v_predictions ${ORDER}`)).toEqual([
      { model: 'flights', ts: new Date('2025-01-01T00:00:00Z'), latency_ms: 0 },
    ]);
    expect(await read('SELECT value FROM v_metrics WHERE 0')).toEqual([]);
  });

  test.each(['json', 'csv', 'parquet'] as const)(
    'in %s is cut after 10,000 rows, in the order of the SELECT, and says so',
    async (format) => {
      const count = async (limit: number) => {
        const sql = `SELECT num['inputs.distance'] AS i, 'a\nb' AS text FROM v_predictions ORDER BY ts LIMIT ${limit}`;
        const { body, truncated } = await service.run({ sql, params: {}, format });
        if (format === 'json')
          return { truncated, ids: (JSON.parse(body.toString('utf8')) as { i: number }[]).map((row) => row.i) };
        if (format === 'csv')
          return { truncated, ids: [...body.toString('utf8').matchAll(/^(\d+),"a$/gm)].map((line) => Number(line[1])) };
        const found = await parquetReadObjects({
          file: body.buffer.slice(body.byteOffset, body.byteOffset + body.length) as ArrayBuffer,
        });
        return { truncated, ids: found.map((row) => Number(row['i'])) };
      };
      const expected = Array.from({ length: MAX_ROWS }, (_, index) => index);
      expect(await count(MAX_ROWS)).toEqual({ truncated: false, ids: expected });
      expect(await count(MAX_ROWS + 1)).toEqual({ truncated: true, ids: expected });
    },
  );
});

describe('parameters', () => {
  test('are values of their types; times are ISO 8601 or epoch milliseconds', async () => {
    const text = `it's \\ "x" \n '); DROP TABLE models; --`;
    const sql = `SELECT {s:String} AS s, {n:Nullable(Float64)} AS n, {list:Array(String)} AS list, {u:UInt64} AS u, {a:DateTime64(3)} AS a, {b:DateTime64(3, 'Asia/Tokyo')} AS b, {c:DateTime} AS c`;
    const params = {
      s: text,
      n: null,
      list: [text, ''],
      u: '18446744073709551615',
      a: '2025-01-01T02:00:00.5+02:00',
      b: 1735689600500,
      c: 1735689600500,
    };
    const answer = await service.run({ sql, params, format: 'json' });
    expect(answer.body.toString('utf8')).toContain('"u":18446744073709551615');
    expect(JSON.parse(answer.body.toString('utf8'))).toMatchObject([
      {
        s: text,
        n: null,
        list: [text, ''],
        a: '2025-01-01T00:00:00.500Z',
        b: '2025-01-01T00:00:00.500Z',
        c: '2025-01-01T00:00:00Z',
      },
    ]);
  });

  test.each([
    ['{x:String}', {}, /no value for \{x:String\}/],
    ['{x:String}', { x: { a: 1 } }, /params\.x must be/],
    ['{x:Array(String)}', { x: [['a']] }, /params\.x must be/],
    ['{x:Int64}', { x: 2 ** 53 }, /lost digits/],
    ['{x:DateTime64(3)}', { x: '2025-01-01 00:00:00' }, /ISO 8601 with an offset/],
    ['{x:UInt8}', { x: 'many' }, /cannot be parsed as UInt8/],
    ['{toString:String}', {}, /no value for \{toString:String\}/],
  ])('%s with %o is refused with 400', async (placeholder, params, message) => {
    const error = await failure(rows(`SELECT ${placeholder} AS x`, params));
    expect([error.status, error.detail]).toEqual([400, expect.stringMatching(message)]);
  });

  test('that the statement does not have are not passed on, whatever their names', async () => {
    expect(await rows('SELECT 1 AS one', { 'x = 1; DROP TABLE models; SET param_y': 1 })).toEqual([{ one: 1 }]);
  });
});

describe('what goes wrong', () => {
  test.each([
    ['SELECT FROM WHERE', /Syntax error|Unknown expression/],
    ['SELEC 1', /Syntax error: failed at position 7 \(1\)/],
    ['SELECT 1; SELECT 2', /Multi-statements are not allowed/],
    ['SELECT nope FROM v_metrics', /Unknown expression identifier `nope` in scope SELECT nope FROM v_metrics/],
    ["SELECT toInt64('a/b/c/d')", /^Cannot parse string/],
    ['SELECT 1\0', /control characters/],
    ['', /Empty query/],
    [`SELECT ${'('.repeat(5000)}1${')'.repeat(5000)}`, /depth/],
    [`SELECT ${'NOT '.repeat(20_000)}1`, /too deep/i],
  ])('%s is 400 with the message of the engine, and nothing of ours in it', async (sql, message) => {
    const error = await failure(rows(sql));
    expect([error.status, error.detail]).toEqual([400, expect.stringMatching(message)]);
    expect(error.detail).not.toMatch(/formatQuery|SETTINGS|LIMIT 1000|\/tmp|driftline:/);
  });

  test('a limit that is passed is 400 and says which', async () => {
    const tight = new SqlService(
      new SqlTable(on.store, {
        ...SQL_LIMITS,
        seconds: 1,
        memory: 300_000_000,
        answerBytes: 1_000_000,
        readRows: 500_000,
      }),
    );
    const run = (sql: string) => failure(tight.run({ sql, params: {}, format: 'json' }));
    const cases: [string, RegExp][] = [
      [
        'SELECT count() FROM v_predictions a CROSS JOIN (SELECT ts FROM v_predictions) b WHERE sipHash64(a.ts, b.ts) = 1',
        /longer than 1 s/,
      ],
      ['SELECT length(groupArray(repeat(toString(num), 1000))) FROM v_predictions', /more than 0.3 GB of memory/],
      ["SELECT repeat('x', 1000) AS x FROM v_predictions LIMIT 5000", /answers too much/],
      [
        `SELECT sum(n) FROM (${Array(10).fill('SELECT count(num) AS n FROM v_predictions').join(' UNION ALL ')})`,
        /reads or answers too much/,
      ],
    ];
    for (const [sql, message] of cases) {
      const error = await run(sql);
      expect([sql, error.status, error.code, error.detail]).toEqual([
        sql,
        400,
        'query_too_heavy',
        expect.stringMatching(message),
      ]);
    }
  });
});

describe('docs/queries.md', () => {
  const text = readFileSync(path.join(packageRoot(), 'docs/queries.md'), 'utf8');
  const queries = [...text.matchAll(/```sql\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
  const params = {
    model: 'flights',
    from: '2025-01-01T00:00:00Z',
    to: '2025-02-01T00:00:00Z',
    field: 'inputs.distance',
  };

  test('has twenty queries', () => expect(queries).toHaveLength(20));
  test.each(queries)('%s answers rows', async (sql) => {
    const found = await rows(sql, params);
    expect(found.length).toBeGreaterThan(0);
    expect(Object.values(found[0] ?? {}).some((value) => value !== null)).toBe(true);
  });

  test.each(['v_predictions', 'v_metrics', 'v_profiles', 'v_alerts'])(
    'names every column of %s, and no other',
    async (view) => {
      const start = text.indexOf(`**\`${view}\`**`);
      const end = text.indexOf('\n\n**', start + 1);
      const section = text.slice(start, end === -1 ? text.indexOf('## Twenty', start) : end).replace(/^[^:]*:/, '');
      const columns = Object.keys((await rows(`SELECT * FROM ${view} LIMIT 1`))[0] ?? {});
      const cells =
        view === 'v_predictions'
          ? [...section.matchAll(/^\| (`.*?`) +\|/gm)].map((cell) => cell[1]).join(' ')
          : section.split('. `feature` and')[0];
      expect([...(cells ?? '').matchAll(/`(\w+)`/g)].map((name) => name[1])).toEqual(expect.arrayContaining(columns));
      expect(new Set([...(cells ?? '').matchAll(/`(\w+)`/g)].map((name) => name[1])).size).toBe(columns.length);
    },
  );
});
