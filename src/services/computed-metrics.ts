// Numbers that are not stored: computed on request from the rows, and from kept counts where the rows are gone.
import type { MetricFilter, MetricPoint } from '../domain/contract/metrics.js';
import type { EffectiveConfig } from '../domain/contract/models.js';
import { isDriftMetric, isKsMetric, isLabelMetric, isWassersteinMetric } from '../domain/metric-families.js';
import type { WindowSelection } from '../domain/selection.js';
import { formatDuration } from '../domain/duration.js';
import { SLOT_MS } from '../domain/window.js';
import type { BaselineChooser } from './automatic-baselines.js';
import type { BaselinesService } from './baselines.js';
import type { SeriesRange } from './distributions.js';
import type { DriftCalculator, PointContext } from './drift.js';
import { selectWindows } from './metric-windows.js';
import type { ModelsService } from './models.js';
import type { OperationsCalculator } from './operations.js';
import type { QualityCalculator } from './quality.js';
import { rowsFrom, type StoredProfiles } from './stored-profiles.js';

export interface ComputedDependencies {
  models: Pick<ModelsService, 'effective'>;
  chooser: BaselineChooser;
  baselines: Pick<BaselinesService, 'named'>;
  drift: DriftCalculator;
  quality: QualityCalculator;
  operations: OperationsCalculator;
  stored: StoredProfiles;
  series: (model: string) => Promise<SeriesRange[]>;
  clock: () => number;
}

const AGGREGATE = 'aggregate.';

/** Whether a question asks for any number that a family owns. */
export function asks(filter: MetricFilter, owns: (metric: string) => boolean): boolean {
  return filter.metrics.length === 0 || filter.metrics.some(owns);
}

export class ComputedMetrics {
  constructor(private readonly deps: ComputedDependencies) {}

  /** Each version over the windows that the filter names. @throws NotFoundError for a baseline that is not there; InvalidInputError */
  async read(model: string, filter: MetricFilter): Promise<MetricPoint[]> {
    const config = await this.deps.models.effective(model);
    const series = await this.series(model, config);
    const mine = series.filter(
      (one) =>
        (filter.version === null || one.version === filter.version) &&
        (filter.deployment === null || one.deployment === filter.deployment || one.deployment === ANY),
    );
    if (mine.length === 0) return [];
    const from = filter.from ?? Math.min(...mine.map((one) => one.firstSlot));
    const to = filter.to ?? Math.max(...mine.map((one) => one.lastSlot)) + SLOT_MS;
    const window = filter.window ?? formatDuration(config.windowLength);
    const points: MetricPoint[] = [];
    for (const version of new Set(mine.map((one) => one.version))) {
      const selection = selectWindows(model, window, from, to, version, filter.segment, config.segments);
      points.push(...(await this.drift(model, version, config, filter, selection, series)));
      points.push(...(await this.others(config, filter, selection)));
    }
    return points.filter((point) => isWanted(point, filter));
  }

  /** Quality and technical numbers. */
  async others(config: EffectiveConfig, filter: MetricFilter, selection: WindowSelection): Promise<MetricPoint[]> {
    const context = this.context(selection);
    const points: MetricPoint[] = [];
    if ((filter.baseline ?? null) === null && asks(filter, isLabelMetric))
      points.push(...(await this.deps.quality.compute(selection, config, context.computedAt, context)));
    const isTechnical = (metric: string) =>
      !isDriftMetric(metric) && !isLabelMetric(metric) && !metric.startsWith(AGGREGATE);
    if ((filter.baseline ?? null) === null && asks(filter, isTechnical))
      points.push(...(await this.deps.operations.compute(selection, config, context)));
    return points;
  }

  /** What the points of a selection share. */
  context(selection: WindowSelection): PointContext {
    const { length, to } = selection;
    return {
      model: selection.model,
      computedAt: this.deps.clock(),
      endOf: (start) => (length === null ? to : start + length),
      baseline: null,
    };
  }

  private async drift(
    model: string,
    version: string,
    config: EffectiveConfig,
    filter: MetricFilter,
    selection: WindowSelection,
    series: readonly SeriesRange[],
  ): Promise<MetricPoint[]> {
    if (!asks(filter, isDriftMetric)) return [];
    const now = this.deps.clock();
    const baseline =
      (filter.baseline ?? null) === null
        ? await this.deps.chooser.choose(model, version, config, now)
        : await this.deps.baselines.named(model, filter.baseline ?? '', version);
    if (baseline === null) return [];
    const context = { ...this.context(selection), baseline: baseline.name };
    const tests = { ks: asks(filter, isKsMetric), wasserstein: asks(filter, isWassersteinMetric) };
    const part = { labelsOnly: false, tests };
    const boundary = rowsFrom(
      config,
      now,
      series.filter((one) => one.deployment !== ANY),
    );
    const stored =
      selection.from >= boundary
        ? null
        : await this.deps.stored.counts(
            {
              model,
              features: filter.features.length === 0 ? null : filter.features,
              version,
              deployment: filter.deployment,
              segment: filter.segment,
              from: selection.from,
              to: Math.min(selection.to, boundary),
              length: config.windowLength,
            },
            baseline,
            selection,
          );
    if (stored === null) return (await this.deps.drift.compute(selection, baseline, config, context, part)).points;
    const rest = selection.to <= boundary ? null : { ...selection, from: boundary, start: selection.from };
    return (await this.deps.drift.compute(rest, baseline, config, context, part, { stored })).points;
  }

  /** Series with rows, and those of which only counts are left, whose deployment stands for any. */
  private async series(model: string, config: EffectiveConfig): Promise<SeriesRange[]> {
    const live = await this.deps.series(model);
    if (config.retentionDays === null && live.length > 0) return live;
    const kept = await this.deps.stored.versions(model);
    return [
      ...live,
      ...kept.map(({ version, first, last }) => ({
        version,
        deployment: ANY,
        firstSlot: first,
        lastSlot: last - SLOT_MS,
      })),
    ];
  }
}

/** No name of a deployment: it is longer than one may be. */
const ANY = '*'.repeat(201);

export function isWanted(point: MetricPoint, filter: MetricFilter): boolean {
  return (
    (filter.metrics.length === 0 || filter.metrics.includes(point.metric)) &&
    (filter.features.length === 0 || filter.features.includes(point.feature)) &&
    (filter.deployment === null || filter.deployment === point.deployment) &&
    (filter.segment === null || filter.segment === point.segment)
  );
}
