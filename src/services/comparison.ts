// Version against version over the same windows: differences of their numbers, and the drift of one's inputs against the other's.
import type { MetricFilter, MetricPoint, MetricPointJson } from '../domain/contract/metrics.js';
import type { EffectiveConfig } from '../domain/contract/models.js';
import { InvalidInputError, NotFoundError } from '../domain/errors.js';
import { formatDuration } from '../domain/duration.js';
import { isDriftMetric } from '../domain/metric-families.js';
import { independent, mcNemar, twoProportions, UNKNOWN, type Difference } from '../domain/quality/compare.js';
import { ratio } from '../domain/quality/score.js';
import type { WindowSelection } from '../domain/selection.js';
import { SLOT_MS } from '../domain/window.js';
import type { BaselinesService } from './baselines.js';
import type { BinCounter, CurveReader, PairedRow, RowSelector } from './compute-ports.js';
import { asks, type ComputedMetrics } from './computed-metrics.js';
import type { SeriesRange } from './distributions.js';
import { WHOLE, type DriftCalculator } from './drift.js';
import { range, selectWindows } from './metric-windows.js';
import { toJson } from './metric-json.js';
import type { ModelsService } from './models.js';
import { columnsOf } from './quality.js';

export interface ComparisonDependencies {
  models: Pick<ModelsService, 'effective'>;
  computed: ComputedMetrics;
  baselines: Pick<BaselinesService, 'sampled'>;
  drift: DriftCalculator;
  rows: RowSelector;
  bins: BinCounter;
  curves: CurveReader;
  series: (model: string) => Promise<SeriesRange[]>;
}

/** Windows whose inputs one question compares at the most: each makes bins of its own. */
const MAX_DRIFT_WINDOWS = 100;
/** Numbers that are shares of counted rows: Wilson's interval is theirs. */
const SHARES: ReadonlySet<string> = new Set([
  'accuracy',
  'precision',
  'recall',
  'specificity',
  'error_rate',
  'label_coverage',
]);

type Versions = { first: string; second: string };

export class VersionComparison {
  constructor(private readonly deps: ComparisonDependencies) {}

  /**
   * Numbers of `version` with their difference from those of `compare`, deployments of each together. Drift numbers are of `version`'s fields against
   * `compare`'s in the same window. @throws InvalidInputError, NotFoundError
   */
  async read(model: string, filter: MetricFilter): Promise<MetricPointJson[]> {
    const versions = requireTwo(filter);
    const config = await this.deps.models.effective(model);
    const series = (await this.deps.series(model)).filter((one) => Object.values(versions).includes(one.version));
    for (const version of Object.values(versions))
      if (!series.some((one) => one.version === version))
        throw new NotFoundError(
          `Model "${model}" has no predictions of version "${version}". GET /v1/models/{model}/versions lists its versions.`,
        );
    const from = filter.from ?? Math.min(...series.map((one) => one.firstSlot));
    const to = filter.to ?? Math.max(...series.map((one) => one.lastSlot)) + SLOT_MS;
    const window = filter.window ?? formatDuration(config.windowLength);
    const select = (version: string): WindowSelection => ({
      ...selectWindows(model, window, from, to, version, filter.segment, config.segments),
      pooled: true,
    });
    const points = [
      ...(await this.numbers(config, filter, versions, select)),
      ...(await this.drift(config, filter, versions, select(versions.first))),
    ];
    return points
      .filter((point) => isAsked(point, filter))
      .sort((a, b) => a.window_start.localeCompare(b.window_start));
  }

  private async numbers(
    config: EffectiveConfig,
    filter: MetricFilter,
    versions: Versions,
    select: (version: string) => WindowSelection,
  ): Promise<MetricPointJson[]> {
    const [first, second] = await Promise.all([
      this.deps.computed.others(config, filter, select(versions.first)),
      this.deps.computed.others(config, filter, select(versions.second)),
    ]);
    const others = new Map(second.map((point) => [keyOf(point), point]));
    const pairs = await this.pairs(config, filter, versions, select(versions.first));
    return first.map((point) => {
      const other = others.get(keyOf(point)) ?? null;
      const paired = point.metric === 'accuracy' ? pairs.get(windowKey(point.segment, point.windowStart)) : undefined;
      return withDifference(point, other, versions, other === null ? UNKNOWN : differenceOf(point, other, paired));
    });
  }

  /** Predictions that both versions made, where accuracy is asked for. */
  private async pairs(
    config: EffectiveConfig,
    filter: MetricFilter,
    { first, second }: Versions,
    selection: WindowSelection,
  ): Promise<Map<string, PairedRow>> {
    const columns = columnsOf(config);
    const classes = config.task === 'binary' || config.task === 'multiclass';
    if (columns === null || !classes || !asks(filter, (metric) => metric === 'accuracy')) return new Map();
    if (config.task === 'multiclass' && columns.prediction === null) return new Map();
    const rows = await this.deps.rows.predictions({ ...selection, version: null, pooled: false });
    const found = await this.deps.curves.paired(rows, columns, first, second, config.task === 'binary');
    return new Map(found.map((row) => [windowKey(row.segment, row.w), row]));
  }

  /** Each window of the first version against the second's rows in it, in bins made of these. */
  private async drift(
    config: EffectiveConfig,
    filter: MetricFilter,
    versions: Versions,
    selection: WindowSelection,
  ): Promise<MetricPointJson[]> {
    if (!asks(filter, isDriftMetric)) return [];
    const { length, from, to } = selection;
    const starts = length === null ? [from] : Array.from({ length: (to - from) / length }, (_, i) => from + i * length);
    if (starts.length > MAX_DRIFT_WINDOWS)
      throw new InvalidInputError(
        `Drift between versions is computed for at most ${MAX_DRIFT_WINDOWS} windows a question, these are ${starts.length}: take window=range, a shorter range, or name other metrics.`,
      );
    const points: MetricPointJson[] = [];
    for (const start of starts) {
      const end = length === null ? to : start + length;
      points.push(
        ...(await this.driftOf(config, versions, { ...selection, length: null, from: start, to: end }, filter)),
      );
    }
    return points;
  }

  private async driftOf(
    config: EffectiveConfig,
    { first, second }: Versions,
    selection: WindowSelection,
    filter: MetricFilter,
  ): Promise<MetricPointJson[]> {
    const { model, from, to } = selection;
    const whole = { ...range(model, from, to, second, filter.segment ?? ''), pooled: true };
    const rows = await this.deps.rows.predictions(whole, 'b');
    const source = { from: rows.from(['num', 'str', 'flag']), params: rows.params };
    const [counted] = await this.deps.bins.count(rows, [], source);
    if (counted === undefined) return [];
    const baseline = await this.deps.baselines.sampled(model, `version ${second}`, second, source, counted.n);
    const mine = { ...whole, version: first };
    const context = { ...this.deps.computed.context(mine), baseline: baseline.name };
    const { points } = await this.deps.drift.compute(mine, baseline, config, context, WHOLE, { source });
    const tests = new Map(points.map((point) => [`${point.feature} ${point.metric}`, point]));
    return points.map((point) => {
      const ks = tests.get(`${point.feature} ks_p_value`);
      const test = ks ?? tests.get(`${point.feature} chi2_p_value`);
      const difference: Difference = { ...UNKNOWN, pValue: test?.value ?? null };
      const json = withDifference({ ...point, version: first }, null, { first, second }, difference);
      return {
        ...json,
        test: (test?.value ?? null) === null ? null : ks === undefined ? 'chi_square' : 'kolmogorov_smirnov',
      };
    });
  }
}

/** A difference with what is known of both numbers. */
function differenceOf(point: MetricPoint, other: MetricPoint, paired: PairedRow | undefined): Difference {
  if (point.value === null || other.value === null) return UNKNOWN;
  if (SHARES.has(point.metric) && point.method === 'wilson' && other.method === 'wilson') {
    const pairs = paired === undefined ? 0 : paired.both + paired.firstOnly + paired.secondOnly + paired.neither;
    // The same predictions under both versions: what chance does to both alike falls out.
    if (paired !== undefined && 2 * pairs >= Math.min(point.n, other.n)) return mcNemar(paired);
    return twoProportions(hits(point), point.n, hits(other), other.n);
  }
  const of = ({ value, error }: MetricPoint) => ({ value: value ?? 0, error: error ?? null });
  return independent(of(point), of(other));
}

/** The share's count of rows. */
function hits(point: MetricPoint): number {
  return Math.round((point.value ?? 0) * point.n);
}

function withDifference(
  point: MetricPoint,
  other: MetricPoint | null,
  versions: Versions,
  found: Difference,
): MetricPointJson {
  const thin = other !== null && point.status === 'ok' && other.status !== 'ok';
  return {
    ...toJson({ ...point, version: versions.first }),
    ...(thin ? { status: other.status } : {}),
    compare: versions.second,
    compare_value: other?.value ?? null,
    compare_n: other?.n ?? null,
    ratio: other === null || other.value === null || point.value === null ? null : ratio(point.value, other.value),
    difference: found.difference,
    difference_lower: found.lower,
    difference_upper: found.upper,
    p_value: found.pValue,
    test: found.test,
    pairs: found.pairs,
  };
}

function requireTwo(filter: MetricFilter): Versions {
  const { version: first, compare: second = null } = filter;
  if (first === null || second === null)
    throw new InvalidInputError('compare needs version: the one whose numbers are held against the other.', [
      { code: 'required', path: 'version', message: 'is required with compare' },
    ]);
  if (first === second)
    throw new InvalidInputError('version and compare are the same: name two versions.', [
      { code: 'invalid_value', path: 'compare', message: 'must be another version' },
    ]);
  return { first, second };
}

function isAsked(point: MetricPointJson, filter: MetricFilter): boolean {
  return (
    (filter.metrics.length === 0 || filter.metrics.includes(point.metric)) &&
    (filter.features.length === 0 || filter.features.includes(point.feature)) &&
    (filter.segment === null || filter.segment === point.segment)
  );
}

function keyOf(point: MetricPoint): string {
  return JSON.stringify([point.segment, point.feature, point.metric, point.windowStart]);
}

function windowKey(segment: string, w: number): string {
  return JSON.stringify([segment, w]);
}
