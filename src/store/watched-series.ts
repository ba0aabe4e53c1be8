// Stored numbers as alert rules read them: what changed since a version, what a series reached at most, and whole series as arrays.
import { z } from 'zod';
import { COUNT_METRICS } from '../domain/alerts/metric-names.js';
import { POINT_STATUSES } from '../domain/contract/metrics.js';
import type {
  SeriesKey,
  SeriesScope,
  SeriesSummary,
  StoredSeries,
  WatchedField,
} from '../domain/alerts/watched-series.js';
import { Conditions } from './conditions.js';
import { SMALL_READ, type Store } from './store.js';

const KEYS = 'model, metric, feature, version, deployment, segment';
/** Statuses of windows without a number: they count for a rule's `no_data` policy. */
const MISSING = "(value IS NULL OR status IN ('no_data', 'no_labels'))";

const keyShape = {
  model: z.string(),
  metric: z.string(),
  feature: z.string(),
  version: z.string(),
  deployment: z.string(),
  segment: z.string(),
};

const summaryRow = z
  .object({
    ...keyShape,
    points: z.number(),
    newest_end: z.number(),
    next_end: z.number(),
    missing: z.number(),
    low: z.number().nullable(),
    high: z.number().nullable(),
  })
  .transform(({ points, newest_end, next_end, missing, low, high, ...key }): SeriesSummary => ({
    key,
    points,
    newestEnd: newest_end,
    nextEnd: next_end === 0 ? null : next_end,
    missing,
    low,
    high,
  }));

const peakRow = z.object({ ...keyShape, peak: z.number().nullable(), aligned: z.number() });

const windowTuple = z.tuple([
  z.number(),
  z.number(),
  z.number().nullable(),
  z.number().nullable(),
  z.number(),
  z.number().nullable(),
  z.enum(POINT_STATUSES),
]);
const seriesRow = z
  .object({ ...keyShape, baseline: z.string(), windows: z.array(windowTuple) })
  .transform(({ windows, baseline, ...key }): StoredSeries => ({
    key,
    baseline: baseline === '' ? null : baseline,
    windows: windows.map(([start, end, value, lower, n, coverage, status]) => ({
      start,
      end,
      value,
      lower,
      n,
      coverage,
      status,
    })),
  }));

/** Reads `metric_points` for alert rules. */
export class WatchedSeriesTable {
  /** `settle`: how far back changes are looked for again, because concurrent inserts of a server become visible in any order (microseconds). */
  constructor(
    private readonly store: Store,
    private readonly settle: number,
  ) {}

  /** Null on a server, where other processes write as well. */
  get writes(): number | null {
    return this.store.engine.writes;
  }

  async changedSince(version: number): Promise<{ model: string; version: number }[]> {
    const newest = (table: string) =>
      `SELECT model, max(row_version) AS version FROM ${table} WHERE row_version > {after:UInt64} GROUP BY model`;
    return this.store.query({
      name: 'changed_models',
      lane: 'jobs',
      sql: `SELECT model, max(version) AS version FROM (${newest('metric_points')} UNION ALL ${newest('aggregate_metrics')})
        GROUP BY model ${SMALL_READ}`,
      params: { after: Math.max(0, version - this.settle) },
      row: z.object({ model: z.string(), version: z.number() }),
    });
  }

  /** The features that have numbers of a metric in one of the models, '' for a model as a whole among them. */
  async features(models: readonly string[], metric: string): Promise<string[]> {
    const rows = await this.store.query({
      name: 'known_features',
      sql: 'SELECT DISTINCT feature FROM metric_points WHERE model IN {models:Array(String)} AND metric = {metric:String} ORDER BY feature LIMIT 10000',
      params: { models: [...models], metric },
      row: z.object({ feature: z.string() }),
    });
    return rows.map(({ feature }) => feature);
  }

  /** `custom.<key>` and `aggregate.<key>` that there are numbers of in one of the models. */
  async ownMetrics(models: readonly string[]): Promise<string[]> {
    const rows = await this.store.query({
      name: 'known_own_metrics',
      sql: `SELECT DISTINCT metric FROM (
          SELECT metric FROM metric_points WHERE model IN {models:Array(String)} AND startsWith(metric, 'custom.')
          UNION ALL SELECT concat('aggregate.', key) FROM aggregate_metrics WHERE model IN {models:Array(String)}
        ) ORDER BY metric LIMIT 10000`,
      params: { models: [...models] },
      row: z.object({ metric: z.string() }),
    });
    return rows.map(({ metric }) => metric);
  }

  /** What there are numbers of in one of the models. */
  async parts(models: readonly string[]): Promise<{ versions: string[]; deployments: string[]; segments: string[] }> {
    const part = (column: string) => `arraySort(groupUniqArray(10000)(${column})) AS ${column}s`;
    const [found] = await this.store.query({
      name: 'known_parts',
      sql: `SELECT ${['version', 'deployment', 'segment'].map(part).join(', ')} FROM (
          SELECT version, deployment, segment FROM metric_points WHERE model IN {models:Array(String)}
          UNION ALL SELECT version, deployment, '' AS segment FROM aggregate_metrics WHERE model IN {models:Array(String)})`,
      params: { models: [...models] },
      row: z.object({
        versions: z.array(z.string()),
        deployments: z.array(z.string()),
        segments: z.array(z.string()),
      }),
    });
    return found ?? { versions: [], deployments: [], segments: [] };
  }

  async summaries(scope: SeriesScope, metrics: readonly string[]): Promise<SeriesSummary[]> {
    const where = scoped(scope, { ...scope, endingBy: null }).oneOf('metric', metrics);
    const seen = `window_end <= fromUnixTimestamp64Milli(${where.bind(scope.endingBy, 'Int64')}, 'UTC')`;
    // A number that its job calls too thin is never held against a threshold, unless it is a count.
    const exact = where.bind([...COUNT_METRICS], 'Array(String)');
    const counts = `${seen} AND (status != 'insufficient_data' OR metric IN ${exact})`;
    const summaries = await this.store.query({
      name: 'watched_summaries',
      lane: 'jobs',
      sql: `SELECT ${KEYS}, countIf(${seen}) AS points, toUnixTimestamp64Milli(maxIf(window_end, ${seen})) AS newest_end,
          toUnixTimestamp64Milli(minIf(window_end, NOT (${seen}))) AS next_end, countIf(${seen} AND ${MISSING}) AS missing,
          minIf(value, ${counts}) AS low, maxIf(value, ${counts}) AS high
        FROM metric_points FINAL ${where.where()} GROUP BY ${KEYS}`,
      params: where.params,
      row: summaryRow,
    });
    return metrics.includes('psi') ? this.withoutNoise(scope, summaries) : summaries;
  }

  /** The highest PSI of each series among the windows where it is beyond what chance explains. */
  private async withoutNoise(scope: SeriesScope, summaries: SeriesSummary[]): Promise<SeriesSummary[]> {
    const where = scoped(scope, scope).oneOf('metric', ['psi', 'psi_limit']);
    const peaks = await this.store.query({
      name: 'watched_psi_peaks',
      lane: 'jobs',
      // Both metrics come in the same windows, so their sorted arrays lie side by side; where they do not, the plain maximum stands.
      sql: `SELECT model, 'psi' AS metric, feature, version, deployment, segment, aligned,
          if(aligned, arrayMax(arrayMap((v, l) -> if(v.2 >= l.2, v.2, 0), scores, limits)), NULL) AS peak
        FROM (SELECT model, feature, version, deployment, segment,
            arraySort(groupArrayIf((window_start, ifNull(value, 0)), metric = 'psi')) AS scores,
            arraySort(groupArrayIf((window_start, ifNull(lower, 0)), metric = 'psi_limit')) AS limits,
            scores.1 = limits.1 AS aligned
          FROM metric_points FINAL ${where.where()} GROUP BY model, feature, version, deployment, segment
          HAVING notEmpty(scores))`,
      params: where.params,
      row: peakRow,
    });
    const text = (key: SeriesKey) => JSON.stringify([key.model, key.feature, key.version, key.deployment, key.segment]);
    const aligned = new Map(peaks.filter((row) => row.aligned === 1).map((row) => [text(row), row.peak]));
    return summaries.map((summary) => {
      const peak = summary.key.metric === 'psi' ? aligned.get(text(summary.key)) : undefined;
      return peak === undefined ? summary : { ...summary, high: peak };
    });
  }

  series(scope: SeriesScope, fields: readonly WatchedField[]): Promise<StoredSeries[]> {
    const where = scoped({ ...scope, models: [...new Set(fields.map(({ model }) => model))] }, scope);
    among(where, fields);
    return this.store.query({
      name: 'watched_series',
      lane: 'jobs',
      sql: `SELECT ${KEYS}, argMax(baseline, window_start) AS baseline,
          arraySort(groupArray((toUnixTimestamp64Milli(window_start), toUnixTimestamp64Milli(window_end), value, lower, n, coverage, toString(status)))) AS windows
        FROM metric_points FINAL ${where.where()} GROUP BY ${KEYS} ORDER BY ${KEYS}`,
      params: where.params,
      row: seriesRow,
    });
  }

  /** Percentiles 1, 50 and 99 of the numbers of each metric that are not in doubt, of the whole model and its fields. */
  history(scope: SeriesScope, metrics: readonly string[]) {
    const where = scoped(scope, scope).oneOf('metric', metrics).equals('segment', '');
    return this.store.query({
      name: 'metric_history',
      sql: `SELECT metric, uniqExact(window_start) AS points, q[1] AS low, q[2] AS median, q[3] AS high, toUnixTimestamp64Milli(max(window_end)) AS newest_end,
          quantilesExactInclusive(0.01, 0.5, 0.99)(assumeNotNull(value)) AS q
        FROM metric_points FINAL ${where.where()} AND status = 'ok' AND value IS NOT NULL GROUP BY metric`,
      params: where.params,
      row: z
        .object({
          metric: z.string(),
          points: z.number(),
          low: z.number(),
          median: z.number(),
          high: z.number(),
          newest_end: z.number(),
        })
        .transform(({ newest_end, ...rest }) => ({ ...rest, newestEnd: newest_end })),
    });
  }
}

/** Only these fields. Tuples cannot be bound, so their parts are bound as lists. */
function among(where: Conditions, fields: readonly WatchedField[]): void {
  const lists = [
    fields.map(({ model }) => model),
    fields.map(({ metric }) => metric),
    fields.map(({ feature }) => feature),
  ].map((list) => where.bind(list, 'Array(String)'));
  where.add(
    `(model, metric, feature) IN (SELECT field.1, field.2, field.3 FROM (SELECT arrayJoin(arrayZip(${lists.join(', ')})) AS field))`,
  );
}

/** Windows of the scope: of its models and length, between its times. */
function scoped(
  { models, length }: { models: readonly string[]; length: number },
  { from, endingBy }: { from: number | null; endingBy: number | null },
): Conditions {
  const where = new Conditions()
    .oneOf('model', models)
    .time('window_start', '>=', from)
    .time('window_end', '<=', endingBy);
  where.add(`window_end = addMilliseconds(window_start, ${where.bind(length, 'Int64')})`);
  return where;
}
