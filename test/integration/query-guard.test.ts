// What people's own SQL cannot do, on the real engine: every case here is harmful or a leak if it gets through.
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DriftlineError } from '../../src/domain/errors.js';
import { SqlTable } from '../../src/store/sql.js';
import { openTestStore, type TestStore } from '../support/test-store.js';

let on: TestStore;
let table: SqlTable;
let secret: string;

beforeAll(async () => {
  on = await openTestStore();
  table = new SqlTable(on.store);
  secret = path.join(on.folder, 'secret.csv');
  writeFileSync(secret, 'a,b\n1,2\n');
  await on.store.command({ name: 'fill', sql: `INSERT INTO api_keys SELECT 'key', '{}', now64(3), 1, 0` });
});
afterAll(() => on.close());

const read = (sql: string, params: Record<string, unknown> = {}) => table.read({ sql, params }, 'JSONEachRow', 100);
/** The status of a statement: 200, or that of its error. What is no error of ours is thrown. */
async function outcome(sql: string, params: Record<string, unknown> = {}): Promise<{ status: number; detail: string }> {
  try {
    return { status: 200, detail: (await read(sql, params)).toString('utf8') };
  } catch (error) {
    if (!(error instanceof DriftlineError)) throw error;
    return { status: error.status, detail: error.detail };
  }
}
const engineRows = (sql: string) => on.engine.rows('read', sql, {}) as Promise<Record<string, unknown>[]>;

describe('what is allowed', () => {
  test.each([
    'SELECT count() FROM v_metrics;',
    '/* one */ SELECT 1 -- two ; DROP TABLE models\n # three',
    'FROM v_metrics SELECT model',
    'SELECT \';\' AS `a;b`, "model" FROM v_metrics',
    'SELECT * EXCEPT (value), upper(model) AS "Model (%)" FROM v_metrics AS m FINAL WHERE m.model LIKE \'%\' ORDER BY 1 LIMIT 1 BY model LIMIT 5 OFFSET 1',
    "WITH a AS (SELECT model, 1 AS x FROM v_metrics), b AS (SELECT * FROM a UNION ALL SELECT 'm', 2) SELECT * FROM b JOIN a USING (model) WHERE b.x IN (SELECT x FROM a)",
    'WITH a AS (SELECT 1 AS x) SELECT x FROM (SELECT * FROM a) WHERE x IN (SELECT x FROM a) UNION SELECT 2 INTERSECT SELECT x FROM a',
    'WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r',
    'SELECT k, v FROM v_predictions ARRAY JOIN mapKeys(num) AS k, mapValues(num) AS v',
    'SELECT model, row_number() OVER w, avg(value) OVER (PARTITION BY model ORDER BY window_start ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) FROM v_metrics WINDOW w AS (PARTITION BY model ORDER BY window_start)',
    'SELECT model, quantilesExactInclusiveIf(0.5, 0.9)(value, n > 1), COUNT(DISTINCT feature), sumOrNull(value), any(feature) FILTER (WHERE n > 1) FROM v_metrics GROUP BY GROUPING SETS ((model), ()) HAVING count() > 0 QUALIFY 1',
    'SELECT toStartOfDay(window_start) AS d, count() FROM v_metrics GROUP BY ALL ORDER BY d WITH FILL STEP INTERVAL 1 DAY INTERPOLATE',
    "SELECT * APPLY (x -> toString(x)) FROM v_metrics WHERE value BETWEEN 1 AND 2 AND CASE WHEN n > 1 THEN true ELSE false END AND model IN ('a', 'b') AND n IN {n:Array(UInt64)}",
    'SELECT a.model, b.value FROM v_metrics AS a ASOF LEFT JOIN v_metrics AS b ON a.model = b.model AND a.window_start >= b.window_start CROSS JOIN (SELECT 1) AS c',
    'SELECT count() FROM v_metrics AS m WHERE EXISTS (SELECT 1 FROM v_alerts AS a WHERE a.model = m.model)',
    "SELECT (SELECT max(value) FROM v_metrics) AS top, arrayMap((x, y) -> x + y, [1], [2]), {n:Array(UInt64)}[1], '1'::UInt8, DATE '2020-01-01' + INTERVAL 1 DAY, tuple(1, 2).1, [1, 2, 3][-1], 1 ? 2 : 3",
  ])('%s', async (sql) => {
    expect(await outcome(sql, { n: [1] })).toMatchObject({ status: 200 });
  });
});

describe('what is refused', () => {
  const before = async () =>
    engineRows(`SELECT name, total_rows FROM system.tables WHERE database = currentDatabase() ORDER BY name`);

  test.each([
    // other statements
    ['INSERT INTO models SELECT * FROM models', 403, /INSERT/],
    ['WITH x AS (SELECT 1) INSERT INTO watermarks SELECT * FROM x', 403, /INSERT/],
    ['DROP TABLE models', 403, /DROP/],
    ['TRUNCATE TABLE models', 403, /TRUNCATE/],
    ['ALTER TABLE models DELETE WHERE 1', 403, /ALTER/],
    ['CREATE TABLE t (a UInt8) ENGINE = Memory', 403, /CREATE/],
    ['SET max_threads = 1', 403, /SET/],
    ['USE system', 403, /USE/],
    ['SYSTEM SHUTDOWN', 403, /SYSTEM/],
    ['KILL QUERY WHERE 1', 403, /KILL/],
    ['ATTACH TABLE t', 403, /ATTACH/],
    ['SHOW TABLES', 403, /SHOW/],
    ['DESCRIBE v_metrics', 403, /DESCRIBE/],
    ['EXPLAIN SELECT 1', 403, /EXPLAIN/],
    ['SELECT * FROM (EXPLAIN SELECT 1)', 403, /EXPLAIN/],
    ['SELECT 1 PARALLEL WITH DROP TABLE models', 403, /PARALLEL WITH/],
    ['WITH x AS (INSERT INTO models SELECT 1) SELECT 1', 400, /Syntax error/],
    ['SELECT 1; DROP TABLE models', 400, /Multi-statements/],
    ['SELECT 1 /* */ ; /* */ DROP TABLE models', 400, /Multi-statements/],
    ['SELECT 1); DROP TABLE models; SELECT (1', 400, /Syntax error/],
    ['SELECT 1) UNION ALL (SELECT name FROM api_keys', 400, /Syntax error/],
    ["SELECT '\u2019; DROP TABLE models; --", 400, /Syntax error/],
    ['SELECT \u2018a\u2019; DROP TABLE models', 400, /Multi-statements/],
    ['SELECT 1 --\u2028; DROP TABLE models', 200, /1/],
    ['SELECT $x$ ; $x$ AS a, 1; DROP TABLE models', 400, /Multi-statements/],
    // what belongs to the statement as a whole
    ['SELECT 1 FORMAT CSV', 403, /FORMAT/],
    ['SELECT 1 FORMAT CSV SETTINGS max_threads = 1', 403, /FORMAT/],
    ['SELECT 1 SETTINGS readonly = 0', 403, /SETTINGS/],
    ['SELECT * FROM (SELECT 1 SETTINGS max_execution_time = 0)', 403, /SETTINGS/],
    ['SELECT 1 WHERE 1 IN (SELECT 1 SETTINGS readonly = 0)', 403, /SETTINGS/],
    // tables
    ['SELECT * FROM api_keys', 403, /table api_keys/],
    ['SELECT * FROM "api_keys"', 403, /table api_keys/],
    ['SELECT doc FROM v_metrics JOIN api_keys AS v_alerts ON 1 = 1', 403, /table api_keys/],
    ['SELECT 1 FROM v_metrics WHERE EXISTS (SELECT 1 FROM api_keys)', 403, /table api_keys/],
    ['SELECT (SELECT any(doc) FROM api_keys)', 403, /table api_keys/],
    ['SELECT 1 UNION ALL SELECT row_version FROM api_keys', 403, /table api_keys/],
    ['SELECT 1 INTERSECT (SELECT 1 EXCEPT SELECT row_version FROM api_keys)', 403, /table api_keys/],
    ['SELECT * FROM default.v_metrics', 403, /default\.v_metrics/],
    ['SELECT * FROM system.settings', 403, /system\.settings/],
    ['SELECT * FROM information_schema.tables', 403, /information_schema/],
    ['SELECT * FROM `system.one`', 403, /quoted name/],
    ['SELECT name IN api_keys FROM v_alerts', 403, /IN api_keys/],
    ['SELECT 1 IN (api_keys)', 403, /IN api_keys/],
    ['SELECT in(1, api_keys), 1', 403, /IN api_keys/],
    ['SELECT GLOBALNOTIN(1, system.one)', 403, /IN system.one/],
    ['WITH api_keys AS a SELECT 1 IN a', 403, /IN a/],
    ['WITH api_keys AS v_metrics SELECT 1 IN v_metrics', 403, /IN v_metrics/],
    ['WITH a AS (SELECT 1 AS c), api_keys AS a SELECT 1 IN a', 403, /IN a/],
    ['SELECT 1 IN (api_keys AS v_metrics)', 403, /IN api_keys/],
    ['SELECT 1 FROM v_metrics WHERE n IN v_metrics', 403, /IN v_metrics/],
    ['SELECT * APPLY (x -> x IN api_keys) FROM v_metrics', 403, /IN api_keys/],
    ['SELECT arrayExists(x -> x IN api_keys, [1])', 403, /IN api_keys/],
    ['SELECT 1 GLOBAL NOT IN system.one', 403, /IN system.one/],
    // CTEs that hide a table
    ['WITH api_keys AS (SELECT 1) SELECT * FROM (SELECT * FROM api_keys)', 403, /taken by the store/],
    ['WITH v_metrics AS (SELECT 1) SELECT * FROM v_metrics', 403, /taken by the store/],
    ['WITH a AS (SELECT * FROM a) SELECT * FROM a', 403, /table a/],
    ['WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a', 403, /table b/],
    ['SELECT * FROM (WITH a AS (SELECT 1) SELECT * FROM a) AS x, a', 403, /table a/],
    ['WITH a AS (SELECT 1 AS c) SELECT * FROM (WITH a AS (SELECT 2 AS c) SELECT * FROM a)', 403, /hides another CTE/],
    ['WITH a AS (WITH a AS (SELECT 1 AS c) SELECT * FROM a) SELECT * FROM a', 403, /hides another CTE/],
    [
      'WITH a AS (SELECT 1 AS c), b AS (SELECT c FROM a) SELECT * FROM (WITH a AS (SELECT c FROM b) SELECT * FROM a)',
      403,
      /hides another CTE/,
    ],
    ['WITH `/etc/passwd` AS (SELECT 1) SELECT * FROM `/etc/passwd`', 403, /name of a CTE/],
    // names that draw into the tree
    ['SELECT 1 AS `x\n  WITH\n    LIST id: 9, nodes: 1`', 403, /quoted name/],
    ['SELECT * FROM `a, identifier: v_metrics`', 403, /quoted name/],
    ['SELECT * FROM `v_metrics `', 403, /quoted name/],
    ["SELECT COLUMNS('x\n  JOIN TREE\n') FROM v_metrics", 403, /COLUMNS/],
    ["SELECT * EXCEPT ('x\n') FROM v_metrics", 403, /EXCEPT/],
    ["SELECT model FROM v_metrics ORDER BY model COLLATE 'en'", 403, /COLLATE/],
    // parameters that are more than values
    ['SELECT * FROM {t:Identifier}', 403, /Identifier/],
    ['SELECT {t:Identifier} FROM v_metrics', 403, /Identifier/],
    ['SELECT {t:Array(Identifier)}', 403, /Identifier/],
    ['SELECT {t:AggregateFunction(sum, UInt64)}', 403, /AggregateFunction/],
    // table functions and functions
    ['SELECT * FROM view(SELECT * FROM api_keys)', 403, /table function view/],
    ["SELECT * FROM merge('', 'api')", 403, /table function merge/],
    ['SELECT * FROM numbers(3)', 403, /table function numbers/],
    ['SELECT 1 IN numbers(3)', 403, /function numbers/],
    ["SELECT * FROM remote('127.0.0.1', system, one)", 403, /table function remote/],
    ["SELECT * FROM dictionary('d')", 403, /table function dictionary/],
    ["SELECT * FROM executable('x', 'CSV', 'a String')", 403, /table function executable/],
    ["SELECT * FROM VALUES('a UInt8', 1)", 403, /table function/],
    ["SELECT joinGet('api_keys', 'doc', 'key')", 403, /joinGet/],
    ["SELECT dictGet('d', 'x', 1)", 403, /dictGet/],
    ["SELECT FILE('/etc/passwd')", 403, /FILE/],
    ['SELECT * APPLY sleep FROM v_metrics', 403, /sleep/],
    ['SELECT * REPLACE (hostName() AS model) FROM v_metrics', 403, /hostName/],
    ['WITH (x -> x) AS file SELECT file(1)', 403, /file/],
    ["SELECT count() FROM v_metrics ORDER BY getSetting('readonly')", 403, /getSetting/],
    ['SELECT sum(sleepEachRow(1)) OVER (PARTITION BY currentUser()) FROM v_metrics', 403, /currentUser|sleepEachRow/],
    ['SELECT finalizeAggregation(sumState(1))', 403, /finalizeAggregation/],
    ["SELECT sumMerge(unhex('00'))", 403, /sumMerge/],
    ["SELECT @@version, globalVariable('version')", 403, /globalVariable/],
    ["SELECT hasColumnInTable('default', 'api_keys', 'doc')", 403, /hasColumnInTable/],
  ])('%s is %i', async (sql, status, message) => {
    const tables = await before();
    const found = await outcome(sql, { t: 'api_keys' });
    expect(found).toEqual({ status, detail: expect.stringMatching(message) as string });
    expect(await before()).toEqual(tables);
  });

  test('a file is not read, neither as a table, nor through IN, nor by a function, and none is written', async () => {
    const out = path.join(on.folder, 'out.csv');
    for (const sql of [
      `SELECT * FROM '${secret}'`,
      `SELECT * FROM \`${secret}\``,
      `SELECT * FROM "${secret}" AS v_metrics`,
      `SELECT (1, 2) IN \`${secret}\``,
      `SELECT * FROM file('${secret}')`,
      `SELECT file('${secret}')`,
      `SELECT 1 INTO OUTFILE '${out}'`,
      `INSERT INTO FUNCTION file('${out}') SELECT 1`,
    ]) {
      expect([sql, (await outcome(sql)).status]).toEqual([sql, 403]);
    }
    expect(existsSync(out)).toBe(false);
    // The engine alone would read it: that is what is refused above.
    expect(await engineRows(`SELECT * FROM '${secret}'`)).toEqual([{ a: 1, b: 2 }]);
  });
});

describe('the engine itself', () => {
  test('refuses files and table functions under the settings of the statement', async () => {
    // A file that no test has opened: a file that was opened once, the engine reads again even so.
    const other = path.join(on.folder, 'other.csv');
    writeFileSync(other, 'a,b\n1,2\n');
    for (const from of [`'${other}'`, `file('${other}')`, "url('http://127.0.0.1:9/')"]) {
      await expect(engineRows(`SELECT * FROM ${from} SETTINGS readonly = 1`)).rejects.toThrow(/readonly mode/);
    }
  });

  test('keeps no setting of a statement, done or failed: the same connection inserts afterwards', async () => {
    const changed = () => engineRows('SELECT name, value FROM system.settings WHERE changed ORDER BY name');
    const before = await changed();
    const statements = [
      'SELECT count() FROM v_metrics',
      "SELECT toInt64('x')",
      'SELECT nope FROM v_metrics',
      'SELECT sleep(1)',
      'SELECT * FROM api_keys',
    ];
    for (const [index, sql] of statements.entries()) {
      await outcome(sql);
      expect([sql, await changed()]).toEqual([sql, before]);
      await on.store.insert(
        'watermarks',
        ['name', 'position', 'row_version'],
        [{ name: sql, position: index, row_version: 1 }],
        'read',
      );
      await on.store.command({
        name: 'write',
        sql: `INSERT INTO watermarks SELECT 'again ${index}', 1, 1`,
        lane: 'read',
      });
    }
    expect(await engineRows('SELECT count() AS n FROM watermarks')).toEqual([{ n: 2 * statements.length }]);
  });
});
