// What is stored: models and versions, and the removal of a model's rows.
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { SMALL_READ, type Store } from './store.js';

const modelRow = z
  .object({
    model: z.string(),
    versions: z.array(z.string()),
    n: z.number(),
    first_ms: z.number(),
    last_ms: z.number(),
  })
  .transform((row) => ({
    model: row.model,
    versions: row.versions,
    predictions: row.n,
    firstSeen: row.first_ms,
    lastSeen: row.last_ms,
  }));
export type StoredModel = z.output<typeof modelRow>;

const versionRow = z
  .object({
    version: z.string(),
    deployments: z.array(z.string()),
    n: z.number(),
    first_ms: z.number(),
    last_ms: z.number(),
  })
  .transform((row) => ({
    version: row.version,
    deployments: row.deployments,
    predictions: row.n,
    firstSeen: row.first_ms,
    lastSeen: row.last_ms,
  }));
export type StoredVersion = z.output<typeof versionRow>;

/** How far predictions and labels have come: the newest row versions. */
export interface Arrivals {
  predictions: number;
  labels: number;
}

/** Tables whose rows carry a model. */
const MODEL_TABLES = [
  'predictions',
  'prediction_places',
  'aggregate_metrics',
  'replica_stats',
  'baselines',
  'baseline_bins',
  'baseline_quality',
  'window_marks',
  'computed_windows',
  'profiles',
  'metric_points',
  'alert_events',
  'notifications',
  'rejected',
  'uploads',
  'inference_halves',
];

export class CatalogueTable {
  /** What was found when arrivals were last looked for, and how far writing had come before. */
  private looked: { writes: number | null; found: Arrivals } | null = null;

  constructor(private readonly store: Store) {}

  models(model: string | null): Promise<StoredModel[]> {
    return this.store.query({
      name: 'list_models',
      sql: `SELECT model, arraySort(groupUniqArray(version)) AS versions, count() AS n, toUnixTimestamp64Milli(min(ts)) AS first_ms, toUnixTimestamp64Milli(max(ts)) AS last_ms
        FROM predictions FINAL ${model === null ? '' : 'WHERE model = {model:String}'} GROUP BY model ORDER BY model`,
      params: model === null ? {} : { model },
      row: modelRow,
    });
  }

  /** In order of first appearance. */
  versions(model: string): Promise<StoredVersion[]> {
    return this.store.query({
      name: 'list_versions',
      sql: `SELECT version, arraySort(groupUniqArray(deployment)) AS deployments, count() AS n, toUnixTimestamp64Milli(min(ts)) AS first_ms, toUnixTimestamp64Milli(max(ts)) AS last_ms
        FROM predictions FINAL WHERE model = {model:String} GROUP BY version ORDER BY min(ts), version`,
      params: { model },
      row: versionRow,
    });
  }

  /** The newest row of predictions and of labels: while both stay, nothing has arrived. `after`: an earlier answer, to look only beyond it. */
  async newestArrivals(after: Arrivals): Promise<Arrivals> {
    const { writes } = this.store.engine;
    if (writes !== null && isDeepStrictEqual(this.looked, { writes, found: after })) return after;
    const newest = (table: string) =>
      `SELECT '${table}' AS arrived, max(row_version) AS newest FROM ${table} WHERE row_version > {${table}:UInt64} HAVING newest > 0`;
    const rows = await this.store.query({
      name: 'newest_arrivals_of_all',
      lane: 'jobs',
      sql: `${newest('predictions')} UNION ALL ${newest('label_arrivals')} ${SMALL_READ}`,
      params: { predictions: after.predictions, label_arrivals: after.labels },
      row: z.object({ arrived: z.string(), newest: z.number() }),
    });
    const newer = new Map(rows.map((row) => [row.arrived, row.newest]));
    const found = {
      predictions: newer.get('predictions') ?? after.predictions,
      labels: newer.get('label_arrivals') ?? after.labels,
    };
    this.looked = { writes, found };
    return found;
  }

  /** Models that have rows to compute, without counting them. */
  async markedModels(): Promise<string[]> {
    const rows = await this.store.query({
      name: 'marked_models',
      lane: 'jobs',
      sql: `SELECT DISTINCT model FROM window_marks ORDER BY model ${SMALL_READ}`,
      row: z.object({ model: z.string() }),
    });
    return rows.map((row) => row.model);
  }

  /** Whether anything was computed, reported or sent of a model, found without counting its rows. */
  async knows(model: string): Promise<boolean> {
    const rows = await this.store.query({
      name: 'knows_model',
      sql: `SELECT 1 AS known FROM (SELECT model FROM window_marks WHERE model = {model:String} LIMIT 1 UNION ALL SELECT model FROM aggregate_metrics WHERE model = {model:String} LIMIT 1) LIMIT 1 ${SMALL_READ}`,
      params: { model },
      row: z.object({ known: z.number() }),
    });
    return rows.length > 0;
  }

  /** Models that have numbers to watch: computed ones, or ones that clients send. */
  async watchedModels(): Promise<string[]> {
    const rows = await this.store.query({
      name: 'watched_models',
      lane: 'jobs',
      sql: 'SELECT DISTINCT model FROM (SELECT model FROM window_marks UNION ALL SELECT model FROM aggregate_metrics) ORDER BY model',
      row: z.object({ model: z.string() }),
    });
    return rows.map((row) => row.model);
  }

  /** A sample of the newest labels of a model: its keys with their kinds and how many distinct values, for inference. */
  async labelKeys(model: string) {
    const found = await this.labelKeysOf(model, '');
    // Where labels come late, the newest predictions have none: then the newest that have one are looked at, which reads more.
    return found.length > 0
      ? found
      : this.labelKeysOf(model, 'AND prediction_id IN (SELECT prediction_id FROM ground_truth)');
  }

  private labelKeysOf(model: string, condition: string) {
    return this.store.query({
      name: 'label_keys',
      sql: `SELECT key, count() AS n, uniqExact(kind) AS kinds, any(kind) AS a_kind, uniqExact(if(kind = 'number', toString(number), text)) AS distinct
        FROM ground_truth FINAL WHERE kind IN ('number', 'string', 'boolean') AND prediction_id IN (
          SELECT prediction_id FROM predictions WHERE model = {model:String} AND is_deleted = 0 ${condition} ORDER BY toStartOfHour(ts) DESC LIMIT 10000)
        GROUP BY key ORDER BY n DESC, key LIMIT 20`,
      params: { model },
      row: z
        .object({ key: z.string(), n: z.number(), kinds: z.number(), a_kind: z.string(), distinct: z.number() })
        .transform(({ a_kind, ...row }) => ({ ...row, kind: a_kind })),
    });
  }

  /** The fields of the newest predictions of a model, `limit` of them. Their hours are found first: to sort by time with all fields in hand is slow. */
  fieldSource(model: string, limit = 100_000): { from: string; params: Record<string, unknown> } {
    return {
      from: `(SELECT num, str, flag, json, ts FROM predictions FINAL WHERE model = {model:String} AND toStartOfHour(ts) >=
          (SELECT min(toStartOfHour(ts)) FROM (SELECT ts FROM predictions WHERE model = {model:String} AND is_deleted = 0 ORDER BY toStartOfHour(ts) DESC LIMIT {newest:UInt32}))
        ORDER BY toStartOfHour(ts) DESC, ts DESC LIMIT {newest:UInt32})`,
      params: { model, newest: limit },
    };
  }

  /** Per path and type of value (null: neither a value nor JSON) in the newest rows: how many, how many of them in the last `recent` ms, first and last. */
  fieldTimes(model: string, recent: number) {
    const { from, params } = this.fieldSource(model);
    const typed = (map: string, type: string) => `arrayMap(k -> (toString(k), '${type}'), mapKeys(${map}))`;
    return this.store.query({
      name: 'field_times',
      sql: `SELECT path, type, count() AS n, countIf(late) AS n_recent, toUnixTimestamp64Milli(min(ts)) AS first_ms, toUnixTimestamp64Milli(max(ts)) AS last_ms,
          any(total) AS total, any(total_recent) AS total_recent
        FROM (SELECT ts, late, count() OVER () AS total, countIf(late) OVER () AS total_recent,
            arrayJoin(arrayConcat(${typed('num', 'number')}, ${typed('str', 'string')}, ${typed('flag', 'boolean')},
              arrayMap((k, v) -> (toString(k), if(v = 'null', 'null', 'json')), mapKeys(json), mapValues(json)))) AS e, e.1 AS path, e.2 AS type
          FROM (SELECT *, toUnixTimestamp64Milli(ts) > toUnixTimestamp64Milli(max(ts) OVER ()) - {recent:Int64} AS late FROM ${from}))
        WHERE NOT endsWith(path, '.') GROUP BY path, type ORDER BY path, type`,
      params: { ...params, recent },
      row: z.object({
        path: z.string(),
        type: z.enum(['number', 'string', 'boolean', 'json', 'null']),
        n: z.number(),
        n_recent: z.number(),
        first_ms: z.number(),
        last_ms: z.number(),
        total: z.number(),
        total_recent: z.number(),
      }),
    });
  }

  /** Delete every row of a model, its labels first: their ids are only known from its predictions. */
  async remove(model: string): Promise<void> {
    const params = { model };
    const mine = 'model = {model:String}';
    await this.delete('label_arrivals', onlyLabelsOf(mine), params);
    await this.delete('ground_truth_history', onlyLabelsOf(mine), params);
    await this.delete('ground_truth', onlyLabelsOf(mine), params);
    await this.delete('baseline_rows', `baseline_id IN (SELECT baseline_id FROM baselines WHERE ${mine})`, params);
    for (const table of MODEL_TABLES) await this.delete(table, mine, params);
  }

  /** Delete predictions older than a time, with their labels and marks; returns how many. */
  async expire(model: string, before: number): Promise<number> {
    const params = { model, before };
    const old = `model = {model:String} AND ts < fromUnixTimestamp64Milli({before:Int64}, 'UTC')`;
    const { n } = await this.store.one({
      name: 'count_expired',
      lane: 'jobs',
      sql: `SELECT count() AS n FROM predictions FINAL WHERE ${old}`,
      params,
      row: z.object({ n: z.number() }),
    });
    if (n === 0) return 0;
    await this.delete('ground_truth_history', onlyLabelsOf(old), params);
    await this.delete('ground_truth', onlyLabelsOf(old), params);
    // Without their marks the windows are never computed again from rows that are gone: their numbers stay as they are.
    const slots = `model = {model:String} AND slot < fromUnixTimestamp64Milli({before:Int64}, 'UTC')`;
    await this.delete('window_marks', slots, params);
    await this.delete('prediction_places', old, params);
    await this.delete('predictions', old, params);
    return n;
  }

  private delete(table: string, condition: string, params: Record<string, unknown>): Promise<void> {
    const sql = `ALTER TABLE ${table} DELETE WHERE ${condition} SETTINGS mutations_sync = 1`;
    return this.store.command({ name: `delete_from_${table}`, sql, params });
  }
}

/** Labels of the predictions that meet a condition; an id that another prediction shares keeps its labels. */
function onlyLabelsOf(condition: string): string {
  return `prediction_id IN (SELECT prediction_id FROM predictions WHERE ${condition})
    AND prediction_id NOT IN (SELECT prediction_id FROM predictions WHERE is_deleted = 0 AND NOT (${condition}))`;
}
