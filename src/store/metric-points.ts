// Every computed number: one row per series and window; writing again replaces.
import { z } from 'zod';
import { POINT_STATUSES, type MetricPoint } from '../domain/contract/metrics.js';
import type { PointQuery } from '../domain/stored.js';
import { Conditions } from './conditions.js';
import type { Store } from './store.js';

const SERIES = ['model', 'version', 'deployment', 'segment', 'feature', 'metric'] as const;
const COLUMNS = [
  ...SERIES,
  'window_start',
  'window_end',
  'value',
  'lower',
  'upper',
  'n',
  'coverage',
  'baseline',
  'status',
  'method',
  'computed_at',
  'row_version',
  'is_deleted',
];

const pointRow = z
  .object({
    model: z.string(),
    version: z.string(),
    deployment: z.string(),
    segment: z.string(),
    feature: z.string(),
    metric: z.string(),
    window_start_ms: z.number(),
    window_end_ms: z.number(),
    value: z.number().nullable(),
    lower: z.number().nullable(),
    upper: z.number().nullable(),
    n: z.number(),
    coverage: z.number().nullable(),
    baseline: z.string(),
    status: z.enum(POINT_STATUSES),
    method: z.string(),
    computed_ms: z.number(),
  })
  .transform((row): MetricPoint => ({
    model: row.model,
    version: row.version,
    deployment: row.deployment,
    segment: row.segment,
    feature: row.feature,
    metric: row.metric,
    windowStart: row.window_start_ms,
    windowEnd: row.window_end_ms,
    value: row.value,
    lower: row.lower,
    upper: row.upper,
    n: row.n,
    coverage: row.coverage,
    baseline: row.baseline === '' ? null : row.baseline,
    status: row.status,
    method: row.method,
    computedAt: row.computed_ms,
  }));

/** One window of one series of predictions. */
export interface WindowOfSeries {
  version: string;
  deployment: string;
  start: number;
  end: number;
}

export class MetricPointTable {
  constructor(private readonly store: Store) {}

  read(filter: PointQuery): Promise<MetricPoint[]> {
    const where = new Conditions()
      .equals('model', filter.model)
      .oneOf('metric', filter.metrics.length === 0 ? null : filter.metrics)
      .oneOf('feature', filter.features)
      .equals('version', filter.version)
      .equals('deployment', filter.deployment)
      .equals('segment', filter.segment)
      .time('window_start', '>=', filter.from)
      .time('window_start', '<', filter.to)
      .time('window_end', '<=', filter.endingBy);
    const limit = filter.limit === null ? '' : `LIMIT ${where.bind(filter.limit, 'UInt32')}`;
    return this.store.query({
      name: 'read_metric_points',
      sql: `SELECT ${SERIES.join(', ')},
          toUnixTimestamp64Milli(window_start) AS window_start_ms, toUnixTimestamp64Milli(window_end) AS window_end_ms,
          value, lower, upper, n, coverage, baseline, status, method, toUnixTimestamp64Milli(computed_at) AS computed_ms
        FROM metric_points FINAL ${where.where()}
        ORDER BY window_start, ${SERIES.join(', ')} ${limit}`,
      params: where.params,
      row: pointRow,
    });
  }

  async write(points: readonly MetricPoint[]): Promise<void> {
    const version = this.store.versions.next();
    await this.store.insert(
      'metric_points',
      COLUMNS,
      points.map((point) => encode(point, version)),
    );
  }

  /**
   * Store points. Numbers of `windows` whose metric `owns` accepts and that are not in `points` any more are deleted, so that a window
   * recomputed without a field does not keep that field's old numbers.
   */
  async replace(
    model: string,
    windows: readonly WindowOfSeries[],
    owns: (metric: string, feature: string) => boolean,
    points: readonly MetricPoint[],
  ): Promise<void> {
    const stale = (await this.stored(model, windows, points)).filter((point) => owns(point.metric, point.feature));
    const version = this.store.versions.next();
    await this.store.insert('metric_points', COLUMNS, [
      ...stale.map((point) => ({ ...encode(point, version), is_deleted: 1 })),
      ...points.map((point) => encode(point, version)),
    ]);
  }

  /** What is stored of these windows and not among the new points. */
  private async stored(
    model: string,
    windows: readonly WindowOfSeries[],
    points: readonly MetricPoint[],
  ): Promise<MetricPoint[]> {
    if (windows.length === 0) return [];
    const key = (p: Pick<MetricPoint, 'version' | 'deployment' | 'windowStart' | 'windowEnd'>) =>
      JSON.stringify([p.version, p.deployment, p.windowStart, p.windowEnd]);
    const seriesKey = (p: MetricPoint) => `${key(p)}${JSON.stringify([p.segment, p.feature, p.metric])}`;
    const wanted = new Set(
      windows.map((w) => key({ version: w.version, deployment: w.deployment, windowStart: w.start, windowEnd: w.end })),
    );
    const fresh = new Set(points.map(seriesKey));
    const stored = await this.read({
      model,
      metrics: [],
      features: null,
      version: null,
      deployment: null,
      segment: null,
      from: Math.min(...windows.map((w) => w.start)),
      to: Math.max(...windows.map((w) => w.start)) + 1,
      endingBy: null,
      limit: null,
    });
    return stored.filter((point) => wanted.has(key(point)) && !fresh.has(seriesKey(point)));
  }
}

function encode(point: MetricPoint, version: number): Record<string, unknown> {
  return {
    model: point.model,
    version: point.version,
    deployment: point.deployment,
    segment: point.segment,
    feature: point.feature,
    metric: point.metric,
    window_start: point.windowStart,
    window_end: point.windowEnd,
    value: point.value,
    lower: point.lower,
    upper: point.upper,
    n: point.n,
    coverage: point.coverage,
    baseline: point.baseline ?? '',
    status: point.status,
    method: point.method,
    computed_at: point.computedAt,
    row_version: version,
    is_deleted: 0,
  };
}
