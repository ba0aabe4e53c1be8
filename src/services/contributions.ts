// Which segments a change comes from: a mean over rows in two periods, split into what their shares and what their own values did.
import { contributionsOf, withMissing, type Contributions, type SegmentSum } from '../domain/alerts/contribution.js';
import { rowMetrics, splittable, type BinContent, type Measure, type RowMetric } from '../domain/alerts/measure.js';
import type { EffectiveConfig } from '../domain/contract/models.js';
import { iso } from '../domain/contract/common.js';
import type { ContributionAnswer, ContributionQuery } from '../domain/contract/explanation.js';
import { InvalidInputError } from '../domain/errors.js';
import { nearest } from '../domain/nearest.js';
import type { GroupedRows, WindowSelection } from '../domain/selection.js';
import type { RowSelector } from './compute-ports.js';
import { columnsOf } from './quality.js';

export interface SegmentReader {
  sums(rows: GroupedRows, measure: Measure): Promise<{ segment: string; n: number; sum: number }[]>;
  examples(rows: GroupedRows, measure: Measure, limit: number): Promise<string[]>;
  dimensions(rows: GroupedRows, limit: number): Promise<string[]>;
}

export interface ContributionDependencies {
  rows: RowSelector;
  segments: SegmentReader;
  models: {
    requireModel(model: string): Promise<void>;
    effective(model: string): Promise<EffectiveConfig>;
  };
}

/** Rows of a model in a range of time; null means any. */
export interface RowRange {
  model: string;
  version: string | null;
  deployment: string | null;
  segment: string | null;
  from: number;
  to: number;
}

/** Paths that rows are divided by where the model's configuration names none. */
const MAX_DIMENSIONS = 6;
/** Segments of an answer at the most. */
const MAX_SEGMENTS = 200;

export class ContributionsService {
  constructor(private readonly deps: ContributionDependencies) {}

  /** `GET /v1/models/{model}/contributions`. @throws NotFoundError, InvalidInputError for a metric that is not a mean over rows. */
  async read(model: string, query: ContributionQuery): Promise<ContributionAnswer> {
    await this.deps.models.requireModel(model);
    const config = await this.deps.models.effective(model);
    const known = rowMetrics(config.task);
    const metric = known.find((one) => one === query.metric);
    if (metric === undefined) {
      const message = `${query.metric} of this model cannot be split over segments: did you mean ${nearest(query.metric, known) ?? 'error_rate'}? There are ${known.join(', ')}`;
      throw new InvalidInputError(`metric: ${message}.`, [{ code: 'unsupported_metric', path: 'metric', message }]);
    }
    const { from, to } = query;
    const before = { from: query.beforeFrom ?? from - (to - from), to: query.beforeTo ?? from };
    if (before.from >= before.to)
      throw new InvalidInputError('before_to must be after before_from.', [
        { code: 'invalid_value', path: 'before_to', message: 'must be after before_from' },
      ]);
    const measure = this.measureOf(metric, config);
    const range = { model, version: query.version, deployment: null, segment: null, from, to };
    const found =
      measure === null ? contributionsOf(new Map(), new Map()) : await this.split(config, measure, range, before);
    return {
      ...answerOf(metric, found),
      before_from: iso(before.from),
      before_to: iso(before.to),
      from: iso(from),
      to: iso(to),
    };
  }

  /** What moved a metric, or the nearest one that is a mean over rows; null where the model has none that can be computed. */
  async ofMetric(
    metric: string,
    range: RowRange,
    before: { from: number; to: number },
  ): Promise<{ metric: RowMetric; found: Contributions } | null> {
    const config = await this.deps.models.effective(range.model);
    const chosen = splittable(metric, config.task);
    const measure = chosen === null ? null : this.measureOf(chosen, config);
    if (chosen === null || measure === null) return null;
    return { metric: chosen, found: await this.split(config, measure, range, before) };
  }

  /** What moved the share of rows in some bins. */
  async ofBins(content: BinContent, range: RowRange, before: { from: number; to: number }): Promise<Contributions> {
    const config = await this.deps.models.effective(range.model);
    return this.split(config, { kind: 'bins', content }, range, before);
  }

  /** Ids of the rows that show it best: wrong ones, far ones, failed ones, or ones in the bins. */
  async examples(what: string | BinContent, range: RowRange, limit: number): Promise<string[]> {
    const config = await this.deps.models.effective(range.model);
    const chosen = typeof what === 'string' ? splittable(what, config.task) : null;
    const measure =
      typeof what !== 'string'
        ? { kind: 'bins' as const, content: what }
        : chosen === null
          ? null
          : this.measureOf(chosen, config);
    if (measure === null) return [];
    const rows = await this.deps.rows.predictions(selectionOf(range, range, []));
    return this.deps.segments.examples(rows, measure, limit);
  }

  /** null: what is predicted or what is true is not known. */
  private measureOf(metric: RowMetric, config: EffectiveConfig): Measure | null {
    const columns = columnsOf(config);
    if (columns === null && metric !== 'error_rate') return null;
    return { kind: 'metric', metric, task: config.task, columns };
  }

  private async split(
    config: EffectiveConfig,
    measure: Measure,
    range: RowRange,
    before: { from: number; to: number },
  ): Promise<Contributions> {
    const paths = await this.paths(config, measure, range);
    const sums = await Promise.all(
      [before, range].map(async (period): Promise<Map<string, SegmentSum>> => {
        const rows = await this.deps.rows.predictions(selectionOf(range, period, paths));
        const found = await this.deps.segments.sums(rows, measure);
        return withMissing(new Map(found.map(({ segment, n, sum }) => [segment, { n, sum }])), paths);
      }),
    );
    return contributionsOf(sums[0] ?? new Map(), sums[1] ?? new Map());
  }

  /** The model's segments, else tags and inputs with few values; never the field that the question is about. */
  private async paths(config: EffectiveConfig, measure: Measure, range: RowRange): Promise<string[]> {
    const own = measure.kind === 'bins' ? measure.content.path : null;
    const found =
      config.segments.length > 0
        ? config.segments
        : await this.deps.segments.dimensions(
            await this.deps.rows.predictions(selectionOf(range, range, [])),
            MAX_DIMENSIONS + 1,
          );
    return found.filter((path) => path !== own).slice(0, Math.max(MAX_DIMENSIONS, config.segments.length));
  }
}

/** Rows as one group, in the segments of some paths. Within one segment rows are not divided further. */
function selectionOf(
  { model, version, deployment, segment }: RowRange,
  { from, to }: { from: number; to: number },
  paths: readonly string[],
): WindowSelection {
  const only = segment === null || segment === '' ? null : segment;
  const segments = only === null ? paths : [];
  return { model, version, deployment, length: null, origin: 0, from, to, windows: null, segments, only, pooled: true };
}

/** Contributions as the contract has them. */
export function answerOf(metric: string, { before, after, change, segments }: Contributions) {
  return {
    metric,
    before,
    after,
    change,
    segments: segments.slice(0, MAX_SEGMENTS).map((one) => ({
      segment: one.segment,
      n_before: one.nBefore,
      n_after: one.nAfter,
      value_before: one.valueBefore,
      value_after: one.valueAfter,
      mix_effect: one.mixEffect,
      rate_effect: one.rateEffect,
    })),
  };
}
