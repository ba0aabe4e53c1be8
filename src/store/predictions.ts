// Reading predictions, with the ground truth that is known of them.
import { z } from 'zod';
import { DEFAULT_VERSION, type StoredPrediction } from '../domain/contract/tracking.js';
import { iso, isoOrNull } from '../domain/contract/common.js';
import { unflatten, type FieldColumns } from '../domain/fields.js';
import { Conditions } from './conditions.js';
import type { GroundTruthTable } from './ground-truth.js';
import { segmentCondition } from './segments.js';
import type { Store } from './store.js';

/** Which predictions; null means any. `segment` is `path=value`. */
export interface PredictionRange {
  model: string;
  version: string | null;
  deployment: string | null;
  from: number | null;
  to: number | null;
  segment: string | null;
  labelled: boolean | null;
}

/** Where a page begins: after this prediction. */
export interface PageKey {
  ts: number;
  id: string;
  version: string;
  deployment: string;
}

/** Oldest or newest first. */
export type PageOrder = 'asc' | 'desc';

const numberMap = z.record(z.string(), z.number());
const textMap = z.record(z.string(), z.string());
const predictionRow = z.object({
  id: z.string(),
  external_id: z.string(),
  model: z.string(),
  version: z.string(),
  deployment: z.string(),
  ts_ms: z.number(),
  num: numberMap,
  str: textMap,
  flag: z.record(z.string(), z.boolean()),
  json: textMap,
  metrics: numberMap,
  tags: textMap,
  latency_ms: z.number().nullable(),
  status: z.string(),
  error: z.string(),
  request_bytes: z.number().nullable(),
  response_bytes: z.number().nullable(),
  cpu_ms: z.number().nullable(),
  memory_bytes: z.number().nullable(),
  replica: z.string(),
  received_ms: z.number(),
});
type PredictionRow = z.output<typeof predictionRow>;

const SELECTED = `toString(prediction_id) AS id, external_id, model, version, deployment, toUnixTimestamp64Milli(ts) AS ts_ms, num, str, flag, json, metrics, tags,
  latency_ms, status, error, request_bytes, response_bytes, cpu_ms, memory_bytes, replica, toUnixTimestamp64Milli(received_at) AS received_ms`;

/** Hour first: the order is the same, and the engine can stop reading after the hours that fill the page. */
const PAGE_KEY = ['toStartOfHour(ts)', 'ts', 'prediction_id', 'version', 'deployment'];

/** The conditions of a range over the predictions table. */
export function rangeConditions(range: PredictionRange): Conditions {
  const where = new Conditions()
    .equals('model', range.model)
    .equals('version', range.version)
    .equals('deployment', range.deployment)
    .time('ts', '>=', range.from)
    .time('ts', '<', range.to);
  // The sort key starts with the hour: without this the engine would read every hour of the model.
  if (range.from !== null)
    where.add(
      `toStartOfHour(ts) >= toStartOfHour(fromUnixTimestamp64Milli(${where.bind(range.from, 'Int64')}, 'UTC'))`,
    );
  if (range.to !== null)
    where.add(`toStartOfHour(ts) <= toStartOfHour(fromUnixTimestamp64Milli(${where.bind(range.to, 'Int64')}, 'UTC'))`);
  if (range.segment !== null) segmentCondition(where, range.segment);
  if (range.labelled !== null) {
    const known = `prediction_id IN (SELECT prediction_id FROM ground_truth FINAL WHERE kind != 'null')`;
    where.add(range.labelled ? known : `NOT (${known})`);
  }
  return where;
}

export class PredictionTable {
  constructor(
    private readonly store: Store,
    private readonly groundTruth: GroundTruthTable,
  ) {}

  /** One page by time. */
  async page(
    range: PredictionRange,
    limit: number,
    after: PageKey | null,
    order: PageOrder = 'asc',
  ): Promise<StoredPrediction[]> {
    const beyond = order === 'asc' ? '>' : '<';
    const where = rangeConditions(range);
    if (after !== null) {
      const ts = `fromUnixTimestamp64Milli(${where.bind(after.ts, 'Int64')}, 'UTC')`;
      where.add(`toStartOfHour(ts) ${beyond}= toStartOfHour(${ts})`);
      where.add(
        `(ts, prediction_id, version, deployment) ${beyond} (${ts}, ${where.bind(after.id, 'UUID')}, ${where.bind(after.version, 'String')}, ${where.bind(after.deployment, 'String')})`,
      );
    }
    const rows = await this.store.query({
      name: 'page_of_predictions',
      sql: `SELECT ${SELECTED} FROM predictions FINAL ${where.where()}
        ORDER BY ${PAGE_KEY.map((key) => `${key} ${order}`).join(', ')} LIMIT ${where.bind(limit, 'UInt32')}`,
      params: where.params,
      row: predictionRow,
    });
    return this.withGroundTruth(rows);
  }

  /** Every prediction with an id (one a version and deployment), the newest first. */
  async byId(id: string): Promise<StoredPrediction[]> {
    const rows = await this.store.query({
      name: 'prediction_by_id',
      sql: `SELECT ${SELECTED} FROM predictions FINAL
        WHERE prediction_id = {id:UUID} AND (model, toStartOfHour(ts)) IN (SELECT model, toStartOfHour(slot) FROM prediction_places WHERE prediction_id = {id:UUID})
        ORDER BY row_version DESC`,
      params: { id },
      row: predictionRow,
    });
    return this.withGroundTruth(rows);
  }

  private async withGroundTruth(rows: PredictionRow[]): Promise<StoredPrediction[]> {
    const known = await this.groundTruth.byIds([...new Set(rows.map((row) => row.id))]);
    return rows.map((row) => toStored(row, known.get(row.id) ?? null));
  }
}

function toStored(row: PredictionRow, truth: { values: Record<string, unknown>; at: number } | null): StoredPrediction {
  const columns: FieldColumns = row;
  return {
    prediction_id: row.id,
    external_id: row.external_id === '' ? null : row.external_id,
    model: row.model,
    version: row.version === '' ? DEFAULT_VERSION : row.version,
    deployment: row.deployment,
    timestamp: iso(row.ts_ms),
    inputs: unflatten('inputs', columns) as Record<string, unknown>,
    outputs: unflatten('outputs', columns),
    metrics: row.metrics,
    tags: row.tags,
    ground_truth: truth === null ? null : truth.values,
    ground_truth_at: isoOrNull(truth === null ? null : truth.at),
    latency_ms: row.latency_ms,
    status: row.status,
    error: row.error === '' ? null : row.error,
    request_bytes: row.request_bytes,
    response_bytes: row.response_bytes,
    cpu_ms: row.cpu_ms,
    memory_bytes: row.memory_bytes,
    replica: row.replica === '' ? null : row.replica,
    received_at: iso(row.received_ms),
  };
}
