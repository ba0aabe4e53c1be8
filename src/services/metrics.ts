// Reading computed numbers: as stored, merged to longer windows, over an exact range, and as distributions.
import { iso } from '../domain/contract/common.js';
import type {
  Calibration,
  Confusion,
  ConfusionQuery,
  CurveQuery,
  Distribution,
  DistributionQuery,
  MetricFilter,
  MetricPoint,
  MetricPointJson,
  Roc,
} from '../domain/contract/metrics.js';
import type { EffectiveConfig } from '../domain/contract/models.js';
import { parseDuration } from '../domain/duration.js';
import { InvalidInputError } from '../domain/errors.js';
import { isDriftMetric, isKsMetric, isQualityMetric, isWassersteinMetric } from '../domain/metric-families.js';
import type { WindowSelection } from '../domain/selection.js';
import { isValidWindowLength, windowsBetween } from '../domain/window.js';
import type { MetricsApi } from './api.js';
import type { BaselineChooser } from './automatic-baselines.js';
import { MAX_WINDOWS, type Distributions, type SeriesRange } from './distributions.js';
import type { DriftCalculator, PointContext } from './drift.js';
import type { ModelsService } from './models.js';
import type { OperationsCalculator } from './operations.js';
import { originOf } from './planning.js';
import type { PointStore } from './ports.js';
import type { QualityCalculator } from './quality.js';
import type { QualityCurves } from './quality-curves.js';

export interface MetricsDependencies {
  points: PointStore;
  models: Pick<ModelsService, 'requireModel' | 'effective' | 'windowLength'>;
  chooser: BaselineChooser;
  distributions: Distributions;
  curves: QualityCurves;
  drift: DriftCalculator;
  quality: QualityCalculator;
  operations: OperationsCalculator;
  series: (model: string) => Promise<SeriesRange[]>;
  clock: () => number;
}

/** Numbers that one answer holds at the most; beyond, the caller must narrow the question. */
export const MAX_POINTS = 200_000;
const AGGREGATE = 'aggregate.';

export class MetricsService implements MetricsApi {
  constructor(private readonly deps: MetricsDependencies) {}

  async read(model: string, filter: MetricFilter): Promise<MetricPointJson[]> {
    await this.deps.models.requireModel(model);
    const points =
      filter.window === null ? await this.stored(model, filter) : await this.computed(model, filter, filter.window);
    return points.sort(inTime).map(toJson);
  }

  distribution(model: string, query: DistributionQuery): Promise<Distribution> {
    return this.deps.distributions.read(model, query);
  }

  async calibration(model: string, query: CurveQuery): Promise<Calibration> {
    return this.deps.curves.calibration(model, await this.known(model), query);
  }

  async roc(model: string, query: CurveQuery): Promise<Roc> {
    return this.deps.curves.roc(model, await this.known(model), query);
  }

  async confusion(model: string, query: ConfusionQuery): Promise<Confusion> {
    const selection = { ...range(model, query.from, query.to, query.version, []), only: query.segment };
    return this.deps.quality.confusion(selection, await this.known(model));
  }

  /** @throws NotFoundError */
  private async known(model: string): Promise<EffectiveConfig> {
    await this.deps.models.requireModel(model);
    return this.deps.models.effective(model);
  }

  /** As stored, in windows of the model's present length: numbers of an earlier length are not of one series with them. */
  private async stored(model: string, filter: MetricFilter): Promise<MetricPoint[]> {
    const points = await this.deps.points.read({
      model,
      metrics: filter.metrics,
      features: filter.features.length === 0 ? null : filter.features,
      version: filter.version,
      deployment: filter.deployment,
      segment: filter.segment,
      from: filter.from,
      to: filter.to,
      endingBy: null,
      limit: MAX_POINTS + 1,
    });
    const length = await this.deps.models.windowLength(model);
    return bounded(points).filter(
      (point) => point.windowEnd - point.windowStart === length || point.metric.startsWith(AGGREGATE),
    );
  }

  /** Numbers that are not stored: computed now from the rows, for windows of another length or one exact range. */
  private async computed(model: string, filter: MetricFilter, window: string): Promise<MetricPoint[]> {
    const config = await this.deps.models.effective(model);
    const series = (await this.deps.series(model)).filter(
      (one) =>
        (filter.version === null || one.version === filter.version) &&
        (filter.deployment === null || one.deployment === filter.deployment),
    );
    if (series.length === 0) return [];
    const versions = [...new Set(series.map((one) => one.version))];
    const from = filter.from ?? Math.min(...series.map((one) => one.firstSlot));
    const to = filter.to ?? Math.max(...series.map((one) => one.lastSlot)) + 900_000;
    const points: MetricPoint[] = [];
    for (const version of versions)
      points.push(
        ...(await this.computeVersion(
          model,
          version,
          config,
          filter,
          selectWindows(model, window, from, to, version, filter.segment === '' ? [] : config.segments),
        )),
      );
    return bounded(points.filter((point) => wanted(point, filter)));
  }

  private async computeVersion(
    model: string,
    version: string,
    config: EffectiveConfig,
    filter: MetricFilter,
    selection: WindowSelection,
  ): Promise<MetricPoint[]> {
    const now = this.deps.clock();
    const length = selection.length;
    const context: PointContext = {
      model,
      computedAt: now,
      endOf: (start) => (length === null ? selection.to : start + length),
      baseline: null,
    };
    const asks = (owns: (metric: string) => boolean) => filter.metrics.length === 0 || filter.metrics.some(owns);
    const points: MetricPoint[] = [];
    if (asks(isDriftMetric)) {
      const baseline = await this.deps.chooser.choose(model, version, config, now);
      const part = { labelsOnly: false, tests: { ks: asks(isKsMetric), wasserstein: asks(isWassersteinMetric) } };
      if (baseline !== null) {
        const named = { ...context, baseline: baseline.name };
        points.push(...(await this.deps.drift.compute(selection, baseline, config, named, part)).points);
      }
    }
    if (asks(isQualityMetric)) points.push(...(await this.deps.quality.compute(selection, config, now, context)));
    if (asks((metric) => !isDriftMetric(metric) && !isQualityMetric(metric) && !metric.startsWith(AGGREGATE)))
      points.push(...(await this.deps.operations.compute(selection, config, context)));
    return points;
  }
}

function range(
  model: string,
  from: number,
  to: number,
  version: string | null,
  segments: readonly string[],
): WindowSelection {
  return { model, length: null, origin: 0, from, to, windows: null, version, segments };
}

function selectWindows(
  model: string,
  window: string,
  from: number,
  to: number,
  version: string,
  segments: readonly string[],
): WindowSelection {
  if (window === 'range') return range(model, from, to, version, segments);
  const length = parsedWindow(window);
  const windows = windowsBetween(from, to, length);
  if (windows.length > MAX_WINDOWS)
    throw new InvalidInputError(
      `That is ${windows.length} windows; ask for at most ${MAX_WINDOWS}: a shorter range or a longer window.`,
    );
  return {
    ...range(model, windows[0]?.start ?? from, windows[windows.length - 1]?.end ?? to, version, segments),
    length,
    origin: originOf(length),
  };
}

function parsedWindow(window: string): number {
  const problem = {
    code: 'invalid_value',
    path: 'window',
    message: 'expected "range" or a multiple of 15 minutes up to 30 days, such as 7d',
  };
  try {
    const length = parseDuration(window);
    if (isValidWindowLength(length)) return length;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new InvalidInputError(
    `window=${window} is not a window: use "range", or a multiple of 15 minutes up to 30 days, such as 7d.`,
    [problem],
  );
}

function wanted(point: MetricPoint, filter: MetricFilter): boolean {
  return (
    (filter.metrics.length === 0 || filter.metrics.includes(point.metric)) &&
    (filter.features.length === 0 || filter.features.includes(point.feature)) &&
    (filter.deployment === null || filter.deployment === point.deployment) &&
    (filter.segment === null || filter.segment === point.segment)
  );
}

function bounded(points: MetricPoint[]): MetricPoint[] {
  if (points.length > MAX_POINTS)
    throw new InvalidInputError(
      `The answer would hold more than ${MAX_POINTS} numbers: narrow it with from, to, metric, feature or version.`,
    );
  return points;
}

function inTime(a: MetricPoint, b: MetricPoint): number {
  return a.windowStart - b.windowStart;
}

/** A point as the contract has it. */
export function toJson(point: MetricPoint): MetricPointJson {
  return {
    time: iso(point.windowStart),
    window_start: iso(point.windowStart),
    window_end: iso(point.windowEnd),
    model: point.model,
    version: point.version,
    deployment: point.deployment,
    segment: point.segment,
    feature: point.feature,
    metric: point.metric,
    value: point.value,
    lower: point.lower,
    upper: point.upper,
    status: point.status,
    n: point.n,
    coverage: point.coverage,
    baseline: point.baseline,
    method: point.method,
    computed_at: iso(point.computedAt),
  };
}
