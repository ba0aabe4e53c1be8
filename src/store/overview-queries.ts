// Sums of stored numbers for overviews: rows stay in the engine, a few numbers a model and column come out.
import { z } from 'zod';
import { Conditions } from './conditions.js';
import type { Store } from './store.js';

/** Which numbers, in [from, to), cut into `columns` parts of equal length. Times in epoch ms. */
export interface OverviewRange {
  models: readonly string[];
  /** Of the windows of each model, ms. */
  lengths: readonly number[];
  from: number;
  to: number;
  columns: number;
}

const sumsRow = z
  .object({
    model: z.string(),
    version: z.string(),
    metric: z.string(),
    col: z.number(),
    windows: z.number(),
    total: z.number(),
    rows: z.number(),
    weighted: z.number(),
    variance: z.number(),
    with_interval: z.number(),
    largest: z.number().nullable(),
    computed_ms: z.number(),
  })
  .transform(({ col, rows, with_interval, computed_ms, ...row }) => ({
    ...row,
    column: col,
    n: rows,
    withInterval: with_interval,
    computedAt: computed_ms,
  }));
export type ColumnSums = z.output<typeof sumsRow>;

const driftRow = z.object({
  model: z.string(),
  version: z.string(),
  feature: z.string(),
  breaches: z.number(),
  last_ms: z.number(),
  last_value: z.number(),
  last_limit: z.number().nullable(),
  last_ok_ms: z.number().nullable(),
  first_breach_ms: z.number().nullable(),
  worst: z.number(),
  worst_limit: z.number().nullable(),
  worst_ms: z.number(),
});
export type FieldDrift = z.output<typeof driftRow>;

const cellRow = z.object({
  feature: z.string(),
  col: z.number(),
  largest: z.number().nullable(),
  lim: z.number().nullable(),
  breaches: z.number(),
  last_breach_ms: z.number().nullable(),
});
export type GridCell = z.output<typeof cellRow>;

const BREACH = 'value IS NOT NULL AND upper IS NOT NULL AND value > upper';

/** Reads over metric_points that answer a page at once, of windows of each model's present length. */
export class OverviewTable {
  constructor(private readonly store: Store) {}

  /** Sums a model, version, metric and column. Column -1: the range before, of the same length. */
  sums(range: OverviewRange, metrics: readonly string[]): Promise<ColumnSums[]> {
    const where = ofModels(range)
      .oneOf('metric', metrics)
      .equals('feature', '')
      .equals('segment', '')
      .time('window_start', '>=', 2 * range.from - range.to)
      .time('window_start', '<', range.to);
    const column = columnOf(where, range);
    return this.store.query({
      name: 'overview_sums',
      sql: `SELECT model, version, metric, if(${column} < 0, -1, ${column}) AS col,
          countIf(value IS NOT NULL) AS windows, ifNull(sum(value), 0) AS total, sumIf(n, value IS NOT NULL) AS rows,
          ifNull(sum(value * n), 0) AS weighted, ifNull(sum(pow((upper - lower) / 2 / 1.959964 * n, 2)), 0) AS variance,
          countIf(value IS NOT NULL AND lower IS NOT NULL AND upper IS NOT NULL) AS with_interval,
          max(value) AS largest, toUnixTimestamp64Milli(max(computed_at)) AS computed_ms
        FROM metric_points FINAL ${where.where()} GROUP BY model, version, metric, col ORDER BY model, version, metric, col`,
      params: where.params,
      row: sumsRow,
    });
  }

  /** PSI of every input over the range: its newest and its worst window, and how often it was beyond its limit. */
  drift(range: OverviewRange): Promise<FieldDrift[]> {
    const where = ofModels(range)
      .equals('metric', 'psi')
      .equals('segment', '')
      .time('window_start', '>=', range.from)
      .time('window_start', '<', range.to)
      .add("startsWith(feature, 'inputs.')")
      .add('value IS NOT NULL');
    return this.store.query({
      name: 'overview_drift',
      sql: `SELECT model, version, feature, countIf(${BREACH}) AS breaches,
          toUnixTimestamp64Milli(max(window_start)) AS last_ms,
          assumeNotNull(argMax(value, window_start)) AS last_value, tupleElement(argMax(tuple(upper), window_start), 1) AS last_limit,
          if(countIf(NOT (${BREACH})) = 0, NULL, toUnixTimestamp64Milli(maxIf(window_end, NOT (${BREACH})))) AS last_ok_ms,
          if(breaches = 0, NULL, toUnixTimestamp64Milli(minIf(window_start, ${BREACH}))) AS first_breach_ms,
          assumeNotNull(max(value)) AS worst, tupleElement(argMax(tuple(upper), value), 1) AS worst_limit,
          toUnixTimestamp64Milli(argMax(window_start, value)) AS worst_ms
        FROM metric_points FINAL ${where.where()} GROUP BY model, version, feature ORDER BY model, version, feature`,
      params: where.params,
      row: driftRow,
    });
  }

  /** The worst value of each field in each column, with the limit it was held against (null where the metric has none). */
  grid(range: OverviewRange, metric: string, version: string | null, segment: string): Promise<GridCell[]> {
    const where = ofModels(range)
      .equals('metric', metric)
      .equals('version', version)
      .equals('segment', segment)
      .time('window_start', '>=', range.from)
      .time('window_start', '<', range.to)
      .add("feature != ''");
    const column = columnOf(where, range);
    return this.store.query({
      name: 'overview_grid',
      sql: `SELECT feature, ${column} AS col, max(value) AS largest, tupleElement(argMax(tuple(upper), ifNull(value, -1)), 1) AS lim,
          countIf(${BREACH}) AS breaches,
          if(breaches = 0, NULL, toUnixTimestamp64Milli(maxIf(window_start, ${BREACH}))) AS last_breach_ms
        FROM metric_points FINAL ${where.where()} GROUP BY feature, col ORDER BY feature, col`,
      params: where.params,
      row: cellRow,
    });
  }

  /** First usable value of a metric of each version: what later ones are seen against. */
  async firstValues(range: Pick<OverviewRange, 'models' | 'lengths'>, metrics: readonly string[]) {
    const where = ofModels(range)
      .oneOf('metric', metrics)
      .equals('feature', '')
      .equals('segment', '')
      .equals('status', 'ok')
      .add('value IS NOT NULL');
    return this.store.query({
      name: 'overview_first_values',
      sql: `SELECT model, version, metric, assumeNotNull(argMin(value, window_start)) AS first, toUnixTimestamp64Milli(min(window_start)) AS first_ms
        FROM metric_points FINAL ${where.where()} GROUP BY model, version, metric`,
      params: where.params,
      row: z.object({
        model: z.string(),
        version: z.string(),
        metric: z.string(),
        first: z.number(),
        first_ms: z.number(),
      }),
    });
  }

  /** First and last slot of 15 minutes of every version, epoch ms; without counting predictions. */
  versions() {
    return this.store.query({
      name: 'overview_versions',
      sql: `SELECT model, version, toUnixTimestamp(min(slot)) * 1000 AS first_ms, toUnixTimestamp(max(slot)) * 1000 AS last_ms
        FROM window_marks WHERE cause = 'prediction' GROUP BY model, version ORDER BY model, last_ms DESC, version DESC`,
      row: z.object({ model: z.string(), version: z.string(), first_ms: z.number(), last_ms: z.number() }),
    });
  }
}

/** Windows of these models, of the length that each has now. */
function ofModels({ models, lengths }: Pick<OverviewRange, 'models' | 'lengths'>): Conditions {
  const where = new Conditions().oneOf('model', models);
  const length = 'toUnixTimestamp64Milli(window_end) - toUnixTimestamp64Milli(window_start)';
  const [only] = lengths;
  if (only === undefined) return where;
  if (new Set(lengths).size === 1) return where.add(`${length} = ${where.bind(only, 'Int64')}`);
  const wanted = `transform(model, ${where.bind([...models], 'Array(String)')}, ${where.bind([...lengths], 'Array(Int64)')}, 0)`;
  return where.add(`${length} = ${wanted}`);
}

/** Which column a window starts in. */
function columnOf(where: Conditions, { from, to, columns }: OverviewRange): string {
  const start = where.bind(from, 'Int64');
  const step = where.bind(Math.max(1, Math.ceil((to - from) / columns)), 'Int64');
  return `toInt64(floor((toUnixTimestamp64Milli(window_start) - ${start}) / ${step}))`;
}
