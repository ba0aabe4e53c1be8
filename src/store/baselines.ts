// Baselines: their documents, and the loading of their rows from JSON, files and production windows.
import { z } from 'zod';
import {
  baselineFieldProfileSchema,
  type Baseline,
  type BaselineFieldProfile,
  type BaselineHead,
  type BaselineSource,
} from '../domain/drift/baseline.js';
import type { GroupedRows } from '../domain/selection.js';
import type { Engine } from './client.js';
import { Conditions } from './conditions.js';
import { NO_ID } from './erasure-copies.js';
import { rangeConditions, type PredictionRange } from './predictions.js';
import { encodeFields } from './row-text.js';
import { segmentCondition } from './segments.js';
import type { Store } from './store.js';
import { unreadable, type UploadFile } from './upload-source.js';
import { columnOf, openUpload, type UploadColumn } from './uploads.js';

const COLUMNS = [
  'model',
  'name',
  'version',
  'baseline_id',
  'source',
  'rows',
  'fields',
  'created_at',
  'activated',
  'row_version',
  'is_deleted',
];
const BIN_COLUMNS = ['model', 'baseline_id', 'name', 'fields', 'row_version'];
const ROW_COLUMNS = ['baseline_id', 'row_number', 'num', 'str', 'flag', 'prediction_id'] as const;
const ROOTS = ['inputs', 'outputs', 'values'] as const;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Columns that every export of predictions has, and hardly another file. */
const EXPORT_MARKS = ['prediction_id', 'external_id', 'model', 'timestamp'] as const;

const headColumns = z.object({
  model: z.string(),
  name: z.string(),
  version: z.string(),
  id: z.string(),
  source: z.string(),
  rows: z.number(),
  created_ms: z.number(),
  activated: z.number(),
});
const headOf = ({ source, created_ms, ...row }: z.output<typeof headColumns>): BaselineHead => ({
  ...row,
  source: source as BaselineSource,
  createdAt: created_ms,
});
const headRow = headColumns.transform(headOf);
const baselineRow = headColumns.extend({ fields: z.string() }).transform(({ fields, ...head }): Baseline => ({
  ...headOf(head),
  fields: z.array(baselineFieldProfileSchema).parse(JSON.parse(fields)),
}));

/** A row's parts by root. */
interface BaselineRow {
  inputs?: unknown;
  outputs?: unknown;
  values?: unknown;
}

export class BaselineTable {
  constructor(
    private readonly store: Store,
    private readonly engine: Engine,
  ) {}

  list(model: string): Promise<Baseline[]> {
    return this.store.query({
      name: 'list_baselines',
      sql: `SELECT model, name, version, toString(baseline_id) AS id, source, rows, fields, toUnixTimestamp64Milli(created_at) AS created_ms, activated
        FROM baselines FINAL WHERE model = {model:String} ORDER BY activated DESC, created_at DESC, name`,
      params: { model },
      row: baselineRow,
    });
  }

  byIds(ids: readonly string[]): Promise<Baseline[]> {
    return this.store.query({
      name: 'baselines_by_ids',
      sql: `SELECT model, name, version, toString(baseline_id) AS id, source, rows, fields, toUnixTimestamp64Milli(created_at) AS created_ms, activated
        FROM baselines FINAL WHERE baseline_id IN {ids:Array(UUID)}`,
      params: { ids },
      row: baselineRow,
    });
  }

  async put(baseline: Baseline): Promise<void> {
    const { id, fields, createdAt, ...row } = baseline;
    const document = {
      ...row,
      baseline_id: id,
      fields: JSON.stringify(fields),
      created_at: createdAt,
      row_version: this.store.versions.next(),
      is_deleted: 0,
    };
    // The bins outlive the baseline: windows that were counted in them can be read for as long as they are kept.
    const bins = { model: row.model, baseline_id: id, name: row.name, fields: document.fields };
    await this.store.insert('baseline_bins', BIN_COLUMNS, [{ ...bins, row_version: document.row_version }]);
    await this.store.insert('baselines', COLUMNS, [document]);
  }

  /** Remove what a baseline said before it was put the last time, and what was computed of its rows: the quality job does it again. */
  async forgetOlder(id: string): Promise<void> {
    const newest = (table: string) => `(SELECT max(row_version) FROM ${table} WHERE baseline_id = {id:UUID})`;
    const forget = (table: string, condition: string) =>
      this.store.command({
        name: `forget_older_${table}`,
        sql: `ALTER TABLE ${table} DELETE WHERE baseline_id = {id:UUID} ${condition} SETTINGS mutations_sync = 1`,
        params: { id },
      });
    for (const table of ['baselines', 'baseline_bins']) await forget(table, `AND row_version < ${newest(table)}`);
    await forget('baseline_quality', '');
  }

  /** The fields of a baseline, also of one that was replaced; null where there never was one. */
  async fieldsOf(id: string): Promise<BaselineFieldProfile[] | null> {
    const [row] = await this.store.query({
      name: 'read_baseline_bins',
      sql: 'SELECT fields FROM baseline_bins FINAL WHERE baseline_id = {id:UUID}',
      params: { id },
      row: z.object({ fields: z.string() }),
    });
    return row === undefined ? null : z.array(baselineFieldProfileSchema).parse(JSON.parse(row.fields));
  }

  /** A number larger than every earlier activation. */
  nextActivation(): number {
    return this.store.versions.next();
  }

  /** Store rows that came as JSON. A row is `{inputs, outputs, values}`, or flat: columns by prefix, without one an input. @throws FieldError */
  async loadRows(
    id: string,
    rows: readonly Record<string, unknown>[],
    clean: (row: BaselineRow) => BaselineRow,
  ): Promise<void> {
    const lines = rows.map((row, index) => {
      const encoded = encodeFields({ ...clean(nested(row)) });
      return `["${id}",${index},${encoded.slice(0, encoded.lastIndexOf(',{'))},"${idOfCopy(row)}"]`;
    });
    await this.store.insertBody('baseline_rows', ROW_COLUMNS, Buffer.from(lines.join('\n')));
  }

  /** Store the rows of a file; returns how many. @throws InvalidInputError */
  async loadFile(id: string, file: UploadFile, hidden: (path: string) => boolean): Promise<number> {
    const upload = await openUpload(this.store, this.engine, file);
    try {
      const ours = exportColumns(upload.columns.map((column) => column.name));
      const columns = upload.columns.filter((column) => !ours(column.name) && !hidden(pathOf(column)));
      const params: Record<string, unknown> = { ...upload.params, id };
      const entries = (kind: 'number' | 'text' | 'flag') =>
        columns.map((column, index) => {
          params[`path${index}`] = pathOf(column);
          return `({path${index}:String}, ${column[kind]})`;
        });
      const map = (kind: 'number' | 'text' | 'flag', type: string) => {
        const pairs = `arrayFilter(t -> t.2 IS NOT NULL, [${entries(kind).join(', ')}])`;
        return `CAST(mapFromArrays(arrayMap(t -> t.1, ${pairs}), arrayMap(t -> assumeNotNull(t.2), ${pairs})) AS Map(LowCardinality(String), ${type}))`;
      };
      const copied = ours('prediction_id')
        ? `toUUIDOrZero(ifNull(toString(${columnOf('prediction_id')}), ''))`
        : `toUUID('${NO_ID}')`;
      await this.store.command({
        name: 'load_baseline_file',
        sql: `INSERT INTO baseline_rows (${ROW_COLUMNS.join(', ')})
          SELECT {id:UUID}, rowNumberInAllBlocks(), ${map('number', 'Float64')}, ${map('text', 'String')}, ${map('flag', 'Bool')}, ${copied} FROM ${upload.from} SETTINGS max_threads = 1`,
        params,
      });
    } catch (error) {
      throw unreadable(file, error);
    } finally {
      await upload.drop();
    }
    return this.countRows(id);
  }

  /** Copy a range of production, with what is known of its ground truth as `values.*`; at most `limit` of its newest rows. Returns how many. */
  async loadRange(id: string, range: PredictionRange, limit: number): Promise<number> {
    const where = rangeConditions(range);
    const truth = (cast: string, kinds: string, type: string) =>
      `CAST(mapFromArrays(groupArrayIf(concat('values.', key), kind IN (${kinds})), groupArrayIf(${cast}, kind IN (${kinds}))) AS Map(LowCardinality(String), ${type}))`;
    await this.store.command({
      name: 'load_baseline_range',
      sql: `INSERT INTO baseline_rows (${ROW_COLUMNS.join(', ')})
        WITH chosen AS (SELECT prediction_id, ts, num, str, flag FROM predictions FINAL ${where.where()} ORDER BY ts DESC LIMIT ${where.bind(limit, 'UInt64')})
        SELECT ${where.bind(id, 'UUID')}, rowNumberInAllBlocks(), mapConcat(c.num, t.num), mapConcat(c.str, t.str), mapConcat(c.flag, t.flag), c.prediction_id
        FROM chosen AS c LEFT JOIN (
          SELECT prediction_id, ${truth('number', "'number'", 'Float64')} AS num, ${truth('text', "'string'", 'String')} AS str, ${truth("text = 'true'", "'boolean'", 'Bool')} AS flag
          FROM ground_truth FINAL WHERE prediction_id IN (SELECT prediction_id FROM chosen) GROUP BY prediction_id
        ) AS t ON c.prediction_id = t.prediction_id SETTINGS max_threads = 1`,
      params: where.params,
    });
    return this.countRows(id);
  }

  async countRows(id: string): Promise<number> {
    const { rows } = await this.store.one({
      name: 'count_baseline_rows',
      lane: 'jobs',
      sql: 'SELECT uniqExact(row_number) AS rows FROM baseline_rows WHERE baseline_id = {id:UUID}',
      params: { id },
      row: z.object({ rows: z.number() }),
    });
    return rows;
  }

  /** A baseline's rows, each once. */
  source(id: string): { from: string; params: Record<string, unknown> } {
    return {
      from: '(SELECT num, str, flag FROM baseline_rows FINAL WHERE baseline_id = {baseline:UUID})',
      params: { baseline: id },
    };
  }

  /** The same without looking for rows that were written twice, for large samples: a row is only written twice where an insert was repeated. */
  rowsOf(id: string): { from: string; params: Record<string, unknown> } {
    return {
      from: '(SELECT num, str, flag FROM baseline_rows WHERE baseline_id = {baseline:UUID})',
      params: { baseline: id },
    };
  }

  /**
   * A baseline's rows as those of one window, for quality; of one segment where it is not ''. `own`: their ground truth is what they carry as `values.*`,
   * else what is known now of the predictions that they are copies of. Rows of a baseline have no tags and no metrics.
   */
  asWindow(id: string, segment: string, own: boolean): GroupedRows {
    const where = new Conditions({}, 'b').equals('baseline_id', id, 'UUID');
    if (segment !== '') segmentCondition(where, segment);
    const key = own ? 'row_number AS prediction_id' : 'prediction_id';
    const rows = `SELECT num, str, flag, ${key}, CAST(map() AS Map(String, Float64)) AS metrics FROM baseline_rows FINAL ${where.where()}`;
    return {
      from: (columns) =>
        `(SELECT ${["'' AS version, '' AS deployment, '' AS segment, 0 AS w", ...columns].join(', ')} FROM (${rows}))`,
      params: where.params,
      groups: ['version', 'deployment', 'segment', 'w'],
      ownTruth: own,
    };
  }

  /** How many rows there are, and how many of them carry a ground truth of this key. */
  countLabelled(rows: GroupedRows, truthKey: string): Promise<{ rows: number; labelled: number }> {
    const params = new Conditions(rows.params);
    const key = params.bind(`values.${truthKey}`, 'String');
    return this.store.one({
      name: 'count_labelled_baseline_rows',
      lane: 'jobs',
      sql: `SELECT count() AS rows, countIf(known) AS labelled FROM ${rows.from([`mapContains(num, ${key}) OR mapContains(str, ${key}) OR mapContains(flag, ${key}) AS known`])}`,
      params: params.params,
      row: z.object({ rows: z.number(), labelled: z.number() }),
    });
  }

  /** Baselines of some models without their fields, the newest activated first. */
  heads(models: readonly string[]): Promise<BaselineHead[]> {
    return this.store.query({
      name: 'list_baseline_heads',
      sql: `SELECT model, name, version, toString(baseline_id) AS id, source, rows, toUnixTimestamp64Milli(created_at) AS created_ms, activated
        FROM baselines FINAL WHERE model IN {models:Array(String)} ORDER BY model, activated DESC, created_at DESC, name`,
      params: { models: [...models] },
      row: headRow,
    });
  }

  /** Remove the rows of a baseline that was replaced, or whose loading failed. */
  dropRows(id: string): Promise<void> {
    return this.store.command({
      name: 'drop_baseline_rows',
      sql: 'DELETE FROM baseline_rows WHERE baseline_id = {id:UUID}',
      params: { id },
    });
  }
}

/**
 * Columns of an export of predictions that are no fields: an export that is sent back as a baseline must not compare ids, times and models.
 * Any other file may call its inputs what it likes.
 */
function exportColumns(names: readonly string[]): (name: string) => boolean {
  if (!EXPORT_MARKS.every((mark) => names.includes(mark))) return () => false;
  return (name) => !ROOTS.some((root) => name.startsWith(`${root}.`));
}

/** The prediction that a row of an export is a copy of. */
function idOfCopy(row: Record<string, unknown>): string {
  const { prediction_id: id } = row;
  const isExport = EXPORT_MARKS.every((mark) => Object.hasOwn(row, mark));
  return isExport && typeof id === 'string' && UUID.test(id) ? id : NO_ID;
}

function nested(row: Record<string, unknown>): BaselineRow {
  const keys = Object.keys(row);
  if (EXPORT_MARKS.every((mark) => keys.includes(mark))) {
    return { inputs: row.inputs, outputs: row.outputs, values: row.ground_truth ?? undefined };
  }
  const isNested = keys.length > 0 && keys.every((key) => (ROOTS as readonly string[]).includes(key));
  if (isNested) return { inputs: row.inputs, outputs: row.outputs, values: row.values };
  const roots: Record<string, Record<string, unknown>> = {};
  for (const key of keys) {
    const path = pathOf({ name: key });
    const dot = path.indexOf('.');
    const root = (roots[path.slice(0, dot)] ??= {});
    Object.defineProperty(root, path.slice(dot + 1), {
      value: row[key],
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return roots;
}

/** A column's field: by its prefix, without one an input. */
function pathOf(column: Pick<UploadColumn, 'name'>): string {
  return ROOTS.some((root) => column.name.startsWith(`${root}.`)) ? column.name : `inputs.${column.name}`;
}
