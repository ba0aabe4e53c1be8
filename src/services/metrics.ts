// Reading computed numbers: as stored, merged to longer windows, over an exact range, and as distributions.
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
  RangeNumber,
  Roc,
  SummaryQuery,
} from '../domain/contract/metrics.js';
import type { EffectiveConfig } from '../domain/contract/models.js';
import { InvalidInputError } from '../domain/errors.js';
import type { MetricsApi } from './api.js';
import type { VersionComparison } from './comparison.js';
import type { ComputedMetrics } from './computed-metrics.js';
import type { Distributions } from './distributions.js';
import { toJson } from './metric-json.js';
import { range } from './metric-windows.js';
import type { ModelsService } from './models.js';
import { ORPHAN_LABELS, type OrphanPoints } from './orphan-points.js';
import type { PointStore } from './ports.js';
import type { QualityCalculator } from './quality.js';
import type { QualityCurves } from './quality-curves.js';
import type { RangeSummaries } from './range-summaries.js';

export interface MetricsDependencies {
  points: PointStore;
  models: Pick<ModelsService, 'requireModel' | 'effective' | 'windowLength'>;
  computed: ComputedMetrics;
  comparison: VersionComparison;
  distributions: Distributions;
  orphans: Pick<OrphanPoints, 'read'>;
  curves: QualityCurves;
  quality: QualityCalculator;
  summaries: RangeSummaries;
}

/** Numbers that one answer holds at the most; beyond, the caller must narrow the question. */
export const MAX_POINTS = 200_000;
const AGGREGATE = 'aggregate.';

export class MetricsService implements MetricsApi {
  constructor(private readonly deps: MetricsDependencies) {}

  async read(model: string, filter: MetricFilter): Promise<MetricPointJson[]> {
    await this.deps.models.requireModel(model);
    if ((filter.compare ?? null) !== null) return this.deps.comparison.read(model, filter);
    const points = [...(await this.ofPredictions(model, filter)), ...(await this.orphans(model, filter))];
    return bounded(points).sort(inTime).map(toJson);
  }

  /** Labels without a prediction, for those who ask for them by name: it takes a pass over all labels. */
  private async orphans(model: string, filter: MetricFilter): Promise<MetricPoint[]> {
    if (!filter.metrics.includes(ORPHAN_LABELS)) return [];
    return this.deps.orphans.read(model, filter, MAX_POINTS + 1);
  }

  private async ofPredictions(model: string, filter: MetricFilter): Promise<MetricPoint[]> {
    const metrics = filter.metrics.filter((metric) => metric !== ORPHAN_LABELS);
    if (metrics.length === 0 && filter.metrics.length > 0) return [];
    const isStored = filter.window === null && (filter.baseline ?? null) === null;
    const asked = { ...filter, metrics };
    return isStored ? this.stored(model, asked) : this.deps.computed.read(model, asked);
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

  async summary(model: string, query: SummaryQuery): Promise<RangeNumber[]> {
    await this.known(model);
    return this.deps.summaries.read(model, query);
  }

  async confusion(model: string, query: ConfusionQuery): Promise<Confusion> {
    const config = await this.known(model);
    if (query.stored === true && config.task === 'binary' && (query.segment ?? '') === '')
      return this.deps.summaries.confusion(model, config, query);
    const selection = range(model, query.from, query.to, query.version, query.segment);
    return this.deps.quality.confusion(selection, config);
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
