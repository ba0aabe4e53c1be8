// Reading computed numbers: as stored, merged to longer windows, over an exact range, and as distributions.
import { iso } from '../domain/contract/common.js';
import type {
  Confusion,
  Distribution,
  MetricFilter,
  MetricPoint,
  MetricPointJson,
} from '../domain/contract/metrics.js';
import type { EffectiveConfig } from '../domain/contract/models.js';
import type { BaselineFieldProfile, Baseline } from '../domain/drift/baseline.js';
import { binLabels, missingIndex, unseenIndex } from '../domain/drift/bins.js';
import { parseDuration } from '../domain/duration.js';
import { InvalidInputError, NotFoundError } from '../domain/errors.js';
import { isDriftMetric, isQualityMetric, isSampleMetric } from '../domain/metric-families.js';
import type { WindowSelection } from '../domain/selection.js';
import { isValidWindowLength, windowsBetween } from '../domain/window.js';
import type { MetricsApi } from './api.js';
import type { BaselineChooser } from './automatic-baselines.js';
import { binsOf } from './baselines.js';
import type { BinCounter, RowSelector } from './compute-ports.js';
import type { DriftCalculator, PointContext } from './drift.js';
import type { ModelsService } from './models.js';
import type { OperationsCalculator } from './operations.js';
import { originOf } from './planning.js';
import type { PointStore } from './ports.js';
import type { QualityCalculator } from './quality.js';

export interface ProfileReader {
  sum(query: {
    model: string;
    feature: string;
    version: string | null;
    deployment: string | null;
    segment: string;
    from: number;
    to: number;
    length: number;
  }): Promise<{ baseline_id: string; total: number[]; rows: number }[]>;
}

export interface MetricsDependencies {
  points: PointStore;
  profiles: ProfileReader;
  models: Pick<ModelsService, 'requireModel' | 'effective' | 'windowLength'>;
  chooser: BaselineChooser;
  rows: RowSelector;
  bins: BinCounter;
  drift: DriftCalculator;
  quality: QualityCalculator;
  operations: OperationsCalculator;
  series: (model: string) => Promise<{ version: string; deployment: string; firstSlot: number; lastSlot: number }[]>;
  clock: () => number;
}

/** Numbers that one answer holds at the most; beyond, the caller must narrow the question. */
export const MAX_POINTS = 200_000;
/** Windows that one request computes at the most. */
const MAX_WINDOWS = 2000;
const AGGREGATE = 'aggregate.';

export class MetricsService implements MetricsApi {
  constructor(private readonly deps: MetricsDependencies) {}

  async read(model: string, filter: MetricFilter): Promise<MetricPointJson[]> {
    await this.deps.models.requireModel(model);
    const points =
      filter.window === null ? await this.stored(model, filter) : await this.computed(model, filter, filter.window);
    return points.sort(inTime).map(toJson);
  }

  /** Baseline and current counts of a field over [from, to): from the rows, or from stored profiles where the rows are gone. */
  async distribution(
    model: string,
    query: { feature: string; from: number; to: number; version: string | null },
  ): Promise<Distribution> {
    const config = await this.deps.models.effective(model);
    const version = query.version ?? (await this.newestVersion(model, query.from, query.to));
    const baseline =
      version === null ? null : await this.deps.chooser.choose(model, version, config, this.deps.clock());
    if (version === null || baseline === null)
      throw new NotFoundError(`Model "${model}" has no predictions to compare in that range.`);
    const field = baseline.fields.find((candidate) => candidate.path === query.feature && candidate.kind !== 'skipped');
    if (field === undefined) {
      const known = baseline.fields
        .filter((candidate) => candidate.kind !== 'skipped')
        .map((candidate) => candidate.path);
      throw new NotFoundError(
        `Baseline "${baseline.name}" does not compare a field "${query.feature}". It compares: ${known.slice(0, 50).join(', ')}.`,
      );
    }
    const current = await this.currentCounts(model, baseline, field, version, query);
    const bins = binsOf(field);
    const missing = missingIndex(bins);
    const unseen = unseenIndex(bins);
    return {
      feature: field.path,
      kind: bins.kind,
      version,
      baseline_name: baseline.name,
      edges: bins.kind === 'numeric' ? bins.edges : null,
      categories: bins.kind === 'categorical' ? bins.categories : null,
      labels: binLabels(bins),
      baseline: field.counts,
      current,
      missing: { baseline: field.counts[missing] ?? 0, current: current[missing] ?? 0 },
      unseen: unseen === null ? null : (current[unseen] ?? 0),
    };
  }

  async confusion(model: string, query: { from: number; to: number; version: string | null }): Promise<Confusion> {
    await this.deps.models.requireModel(model);
    const config = await this.deps.models.effective(model);
    return this.deps.quality.confusion(range(model, query.from, query.to, query.version, []), config);
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
      const part = asks(isSampleMetric) ? 'all' : 'counts';
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

  private async currentCounts(
    model: string,
    baseline: Baseline,
    field: BaselineFieldProfile,
    version: string,
    query: { from: number; to: number },
  ): Promise<number[]> {
    const selection = range(model, query.from, query.to, version, []);
    const rows = field.path.startsWith('values.')
      ? await this.deps.rows.groundTruth(selection)
      : await this.deps.rows.predictions(selection);
    const counted = await this.deps.bins.count(rows, [field], baseline.id);
    const current = new Array<number>(field.counts.length).fill(0);
    for (const group of counted)
      group.counts.get(field.path)?.forEach((count, bin) => (current[bin] = (current[bin] ?? 0) + count));
    if (counted.length > 0) return current;
    const stored = await this.deps.profiles.sum({
      model,
      feature: field.path,
      version,
      deployment: null,
      segment: '',
      from: query.from,
      to: query.to,
      length: await this.deps.models.windowLength(model),
    });
    return stored.find((row) => row.baseline_id === baseline.id)?.total ?? current;
  }

  private async newestVersion(model: string, from: number, to: number): Promise<string | null> {
    await this.deps.models.requireModel(model);
    const active = (await this.deps.series(model)).filter((one) => one.firstSlot < to && one.lastSlot + 900_000 > from);
    return active.sort((a, b) => b.firstSlot - a.firstSlot || (b.version > a.version ? 1 : -1))[0]?.version ?? null;
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
