// Files of ground truth with every kind of column, written by the engine itself, and what reading them must give on either engine.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import type { Engine } from '../../src/store/client.js';
import { GroundTruthTable } from '../../src/store/ground-truth.js';
import { GroundTruthUpload } from '../../src/store/ground-truth-upload.js';
import { WindowTable } from '../../src/store/windows.js';
import type { Store } from '../../src/store/store.js';

/** The namespace of external ids in these tests. */
export const NAMESPACE = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';

/** A prediction id for a small number. */
export const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

const CSV = `prediction_id,late,delay,reason,code
${uuid(1)},true,12.5,"fog, then a ""storm""",007
${uuid(2)},false,-1e3,,8
${uuid(3)},,,"two
lines",9
`;

/** What a file of good rows comes to. */
const stored = (rows: number) => ({ accepted: rows, rejectedBy: { required: 0, too_big: 0 }, refused: [] });

/** The reader of label files, as the service wires it. */
export function openGroundTruthUpload(store: Store, engine: Engine): GroundTruthUpload {
  const windows = new WindowTable(store, 0);
  return new GroundTruthUpload(store, engine, NAMESPACE, (first, last) => windows.markLabels(first, last));
}

/** Upload a CSV file and check every value of it. */
export async function checkCsvUpload(store: Store, engine: Engine, folder: string): Promise<void> {
  const file = path.join(folder, 'labels.csv');
  await writeFile(file, `\uFEFF${CSV}`);
  const upload = openGroundTruthUpload(store, engine);
  expect(await upload.groundTruth({ path: file, format: 'csv', strings: ['code'] })).toEqual(stored(3));
  const known = await new GroundTruthTable(store).byIds([1, 2, 3].map(uuid));
  expect([1, 2, 3].map((n) => known.get(uuid(n))?.values)).toEqual([
    { late: true, delay: 12.5, reason: 'fog, then a "storm"', code: '007' },
    { late: false, delay: -1000, reason: null, code: '8' },
    { late: null, delay: null, reason: 'two\nlines', code: '9' },
  ]);
}

/** Columns of the Parquet file: how the engine writes each, and its values in the two rows. */
const COLUMNS: Record<string, { sql: string; values: [unknown, unknown] }> = {
  whole: { sql: 'toInt64(number)', values: [0, 1] },
  negative: { sql: 'toInt8(-number)', values: [0, -1] },
  unsigned: { sql: 'toUInt64(number + 4000000000)', values: [4_000_000_000, 4_000_000_001] },
  ratio: { sql: 'number / 3', values: [0, 1 / 3] },
  broken: { sql: 'if(number = 0, nan, 1.5)', values: [null, 1.5] },
  text: { sql: `if(number = 0, 'it''s', NULL)`, values: ["it's", null] },
  flag: { sql: 'CAST(if(number = 0, NULL, true) AS Nullable(Bool))', values: [null, true] },
  money: { sql: 'toDecimal64(1.25, 4)', values: [1.25, 1.25] },
  day: { sql: `toDate32('2026-01-02')`, values: ['2026-01-02', '2026-01-02'] },
  at: {
    sql: `toDateTime64('2026-01-02 03:04:05.678', 3, 'UTC')`,
    values: ['2026-01-02 03:04:05.678', '2026-01-02 03:04:05.678'],
  },
  nanos: {
    sql: `toDateTime64('2026-01-02 03:04:05.678', 9, 'UTC')`,
    values: ['2026-01-02 03:04:05.678000000', '2026-01-02 03:04:05.678000000'],
  },
};

/** Write a Parquet file; `id` is an expression of `number`, which counts the rows from 0. */
async function writeParquet(store: Store, file: string, id: string, columns: string, rows: number): Promise<void> {
  await store.command({
    name: 'write_parquet',
    sql: `INSERT INTO FUNCTION file('${file}', Parquet) SELECT ${id} AS prediction_id, ${columns} FROM numbers(${rows})`,
  });
}

/** Upload a Parquet file and check every value of it. */
export async function checkParquetUpload(store: Store, engine: Engine, folder: string): Promise<void> {
  const file = path.join(folder, 'labels.parquet');
  const columns = Object.entries(COLUMNS).map(([name, { sql }]) => `${sql} AS ${name}`);
  await writeParquet(store, file, `'${uuid(10).slice(0, -1)}' || toString(number)`, columns.join(', '), 2);
  const upload = openGroundTruthUpload(store, engine);
  expect(await upload.groundTruth({ path: file, format: 'parquet', strings: [] })).toEqual(stored(2));
  const known = await new GroundTruthTable(store).byIds([uuid(10), uuid(11)]);
  for (const row of [0, 1]) {
    const wanted = Object.entries(COLUMNS).map(([name, { values }]) => [name, values[row]]);
    expect(known.get(uuid(10 + row))?.values).toEqual(Object.fromEntries(wanted));
  }
}

/** Ids that are integers or UUIDs in the file: integers beyond 2^53 stay different ids. */
export async function checkTypedIds(store: Store, engine: Engine, folder: string): Promise<void> {
  const upload = openGroundTruthUpload(store, engine);
  const before = await labels(store);
  const integers = path.join(folder, 'integers.parquet');
  await writeParquet(store, integers, 'toInt64(9007199254740992 + number)', 'true AS by_integer', 4);
  expect(await upload.groundTruth({ path: integers, format: 'parquet', strings: [] })).toEqual(stored(4));
  expect(await labels(store)).toBe(before + 4);
  const uuids = path.join(folder, 'uuids.parquet');
  await writeParquet(store, uuids, `toUUID('${uuid(20)}')`, '5 AS by_uuid', 1);
  expect(await upload.groundTruth({ path: uuids, format: 'parquet', strings: [] })).toEqual(stored(1));
  const known = await new GroundTruthTable(store).byIds([uuid(20)]);
  expect(known.get(uuid(20))?.values).toEqual({ by_uuid: 5 });
}

async function labels(store: Store): Promise<number> {
  const rows = await store.engine.rows('read', 'SELECT count() AS n FROM ground_truth FINAL', {});
  return (rows as { n: number }[])[0]?.n ?? -1;
}
