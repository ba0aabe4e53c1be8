// Rows generated inside the engine, for what is measured on stored rows: faster than sending them.
import type { Container } from '../src/container.js';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** When the generated history begins. */
export const START = Date.UTC(2025, 0, 1);
export const MODEL = 'bench';

/** What to generate. Times in epoch ms; the rows are spread evenly over [from, to). */
export interface Generated {
  rows: number;
  from: number;
  to: number;
  /** How far every second feature is moved, in standard deviations. */
  shift: number;
  version?: string;
}

export const FEATURES = 20;

/** Predictions of 20 numbers, normally distributed, and a score in 0..1. Their row versions are of the time that they are dated: a history came bit by bit. */
export async function generatePredictions(container: Container, given: Generated): Promise<void> {
  const names = Array.from({ length: FEATURES }, (_, index) => `'inputs.feature_${index}'`);
  const values = names.map((_, index) => `randNormal(${index % 2 === 0 ? given.shift : 0}, 1, ${index})`);
  const pairs = `mapFromArrays([${[...names, "'outputs.score'"].join(', ')}], [${[...values, 'randUniform(0, 1, 100)'].join(', ')}])`;
  await container.tables.store.command({
    name: 'bench_predictions',
    sql: `INSERT INTO predictions (model, version, prediction_id, ts, num, status, latency_ms, received_at, row_version)
      SELECT '${MODEL}', '${given.version ?? '1'}', generateUUIDv4(number),
        fromUnixTimestamp64Milli(toInt64({from:Int64} + intDiv(number * ({to:Int64} - {from:Int64}), {rows:UInt64})), 'UTC'),
        CAST(${pairs} AS Map(LowCardinality(String), Float64)), 'ok', randExponential(0.05, 101), fromUnixTimestamp64Milli({to:Int64}, 'UTC'), ({from:UInt64} + intDiv(number * ({to:UInt64} - {from:UInt64}), {rows:UInt64})) * 1000 + 2 * (number % 500)
      FROM numbers({rows:UInt64})`,
    params: { from: given.from, to: given.to, rows: given.rows },
  });
}

/** A label `late` for each prediction of the model: true as often as its score says. */
export async function generateLabels(container: Container): Promise<void> {
  await container.tables.store.command({
    name: 'bench_labels',
    sql: `INSERT INTO ground_truth (prediction_id, key, kind, number, text, ts, received_at, row_version)
      SELECT prediction_id, 'late', 'boolean', late, if(late, 'true', 'false'), ts + toIntervalHour(1), received_at, toUnixTimestamp64Milli(ts + toIntervalHour(1)) * 1000 + 2 * (rowNumberInAllBlocks() % 500)
      FROM (SELECT prediction_id, ts, received_at, randUniform(0, 1) < num['outputs.score'] AS late FROM predictions WHERE model = '${MODEL}')`,
  });
}

/** Merge what was inserted: a table that has rested. */
export async function settle(container: Container, tables: readonly string[]): Promise<void> {
  for (const table of tables)
    await container.tables.store.command({ name: 'bench_settle', sql: `OPTIMIZE TABLE ${table} FINAL` });
}

/** The numbers of exactly [from, to), as GET /v1/models/{model}/metrics?window=range computes them. */
export function readRange(container: Container, metrics: string[], from: number, to: number) {
  return container.services.metrics.read(MODEL, {
    metrics,
    features: [],
    version: null,
    deployment: null,
    segment: '',
    from,
    to,
    window: 'range',
  });
}
