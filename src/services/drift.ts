// Drift of windows against their baseline: counts and tests come from the store, scores from the domain.
import type { MetricPoint, PointStatus } from '../domain/contract/metrics.js';
import type { EffectiveConfig } from '../domain/contract/models.js';
import type { Baseline, BaselineFieldProfile } from '../domain/drift/baseline.js';
import { missingIndex } from '../domain/drift/bins.js';
import { total } from '../domain/drift/counts.js';
import { EXACT_KS_LIMIT } from '../domain/drift/kolmogorov.js';
import { psiChanceLimit } from '../domain/drift/psi.js';
import { driftedShare, scoreField, type Score } from '../domain/drift/score.js';
import type { GroupedRows, GroupKey, WindowSelection } from '../domain/selection.js';
import { binsOf } from './baselines.js';
import type { BinCounter, GroupCounts, RowSelector, TwoSampleTests } from './compute-ports.js';

/** Wasserstein needs both samples sorted in one place; beyond this many rows of baseline and window together it is left out. */
export const WASSERSTEIN_LIMIT = 400_000;
/** Values that one two-sample query may read from the baseline: windows are tested together up to here. */
const VALUES_PER_QUERY = 20_000_000;

export interface DriftDependencies {
  rows: RowSelector;
  bins: BinCounter;
  tests: TwoSampleTests;
}

/** Counts of one field in one window, to be stored as its profile. */
export interface WindowProfile {
  group: GroupKey;
  feature: string;
  counts: number[];
  n: number;
}

export interface DriftResult {
  points: MetricPoint[];
  profiles: WindowProfile[];
}

/** What the points of one computation share. */
export interface PointContext {
  model: string;
  computedAt: number;
  /** End of the window that starts at w. */
  endOf: (w: number) => number;
  baseline: string | null;
}

/** How the fields of the ground truth begin. */
export const TRUTH = 'values.';

export class DriftCalculator {
  constructor(private readonly deps: DriftDependencies) {}

  /**
   * Every drift number of the selected windows, all of one version, against one baseline; with `labels` only those of the ground
   * truth, with `counts` without those that compare the samples themselves, which take most of the time. Windows without rows get no_data points.
   */
  async compute(
    selection: WindowSelection,
    baseline: Baseline,
    config: EffectiveConfig,
    context: PointContext,
    part: 'all' | 'labels' | 'counts' = 'all',
  ): Promise<DriftResult> {
    // A change of the field's configuration after the baseline was made can leave a field out, never change its bins.
    const fields = baseline.fields.filter(
      (field) => field.kind !== 'skipped' && config.features[field.path]?.ignore !== true,
    );
    const inputs = fields.filter((field) => !field.path.startsWith(TRUTH));
    const truths = fields.filter((field) => field.path.startsWith(TRUTH));
    const [measured, labelled] = await Promise.all([
      part === 'labels' ? [] : this.measure(await this.deps.rows.predictions(selection), inputs, baseline, part),
      truths.length === 0 ? [] : this.measure(await this.deps.rows.groundTruth(selection), truths, baseline, part),
    ]);
    const result: DriftResult = { points: [], profiles: [] };
    for (const group of measured) {
      const perField = this.score(group, inputs, baseline, config, inputs.length);
      this.append(result, group, perField, config, context);
      const scores = [...perField.values()].map((field) => field.scores);
      result.points.push(toPoint({ ...driftedShare(scores, group.n), n: group.n }, '', group.group, config, context));
    }
    for (const group of labelled)
      this.append(result, group, this.score(group, truths, baseline, config, inputs.length), config, context);
    if (part !== 'labels') result.points.push(...emptyWindows(selection, measured, inputs, context));
    return result;
  }

  private append(
    result: DriftResult,
    group: Measured,
    perField: Map<string, ScoredField>,
    config: EffectiveConfig,
    context: PointContext,
  ): void {
    for (const [path, { scores, noise, counts }] of perField) {
      result.profiles.push({ group: group.group, feature: path, counts, n: group.n });
      for (const score of scores) {
        const point = toPoint(score, path, group.group, config, context);
        // The chance part of the limit on its own: an alert rule compares with its own threshold or this, whichever is higher.
        result.points.push(score.metric === 'psi_limit' ? { ...point, lower: noise } : point);
      }
    }
  }

  private score(
    group: Measured,
    fields: readonly BaselineFieldProfile[],
    baseline: Baseline,
    config: EffectiveConfig,
    compared: number,
  ): Map<string, ScoredField> {
    const scored = new Map<string, ScoredField>();
    for (const field of fields) {
      const counts = group.counts.get(field.path) ?? emptyCounts(field, group.n);
      const scores = scoreField({
        bins: binsOf(field),
        baseline: field.counts,
        current: counts,
        threshold: config.driftThreshold,
        comparedFields: compared,
        ks: group.ks.get(field.path) ?? null,
        wasserstein: withSpread(group.wasserstein.get(field.path), field.std),
      });
      const tooLarge = baseline.rows + group.n > WASSERSTEIN_LIMIT;
      scored.set(field.path, {
        counts,
        noise: psiChanceLimit(field.counts, counts, compared),
        scores: tooLarge
          ? scores.map((score) =>
              score.metric.startsWith('wasserstein') ? { ...score, method: 'left_out_too_large' } : score,
            )
          : scores,
      });
    }
    return scored;
  }

  /** Counts and two-sample results of every group. */
  private async measure(
    rows: GroupedRows,
    fields: readonly BaselineFieldProfile[],
    baseline: Baseline,
    part: 'all' | 'labels' | 'counts',
  ): Promise<Measured[]> {
    const counted = await this.deps.bins.count(rows, fields, baseline.id);
    const measured = new Map(
      counted.map((group): [string, Measured] => [
        keyOf(group.group),
        { ...group, ks: new Map(), wasserstein: new Map() },
      ]),
    );
    const numeric = fields.filter((field) => field.kind === 'numeric' && field.present > 0);
    if (numeric.length === 0 || part === 'counts') return [...measured.values()];
    for (const batch of testBatches(counted, numeric, baseline)) {
      for (const found of await this.deps.tests.compare(rows, batch.groups, batch.paths, baseline.id, batch)) {
        const target = measured.get(keyOf(found.group));
        if (found.d !== null) target?.ks.set(found.path, { statistic: found.d, pValue: found.pValue });
        if (found.distance !== null) target?.wasserstein.set(found.path, found.distance);
      }
    }
    return [...measured.values()];
  }
}

interface Measured extends GroupCounts {
  ks: Map<string, { statistic: number; pValue: number | null }>;
  wasserstein: Map<string, number>;
}

interface ScoredField {
  scores: Score[];
  counts: number[];
  /** The chance part of psi_limit. */
  noise: number | null;
}

interface TestBatch {
  groups: GroupKey[];
  paths: string[];
  exact: boolean;
  distance: boolean;
}

/** Which groups and fields are tested together: exact p-values where the product of both sizes allows it, otherwise only the statistic. */
function testBatches(
  counted: readonly GroupCounts[],
  fields: readonly BaselineFieldProfile[],
  baseline: Baseline,
): TestBatch[] {
  const batches = new Map<string, TestBatch>();
  for (const group of counted) {
    for (const exact of [true, false]) {
      const paths = fields
        .filter((field) => field.present * present(group, field) <= EXACT_KS_LIMIT === exact)
        .map((field) => field.path);
      if (paths.length === 0) continue;
      const distance = baseline.rows + group.n <= WASSERSTEIN_LIMIT;
      const name = JSON.stringify([exact, distance, paths]);
      const batch = batches.get(name) ?? { groups: [], paths, exact, distance };
      batch.groups.push(group.group);
      batches.set(name, batch);
    }
  }
  return [...batches.values()].flatMap((batch) =>
    chunks(batch.groups, perQuery(baseline, batch.paths.length)).map((groups) => ({ ...batch, groups })),
  );
}

function present(group: GroupCounts, field: BaselineFieldProfile): number {
  const counts = group.counts.get(field.path) ?? [];
  return total(counts) - (counts[missingIndex(binsOf(field))] ?? 0);
}

function perQuery(baseline: Baseline, paths: number): number {
  return Math.max(1, Math.floor(VALUES_PER_QUERY / Math.max(1, baseline.rows * paths)));
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let start = 0; start < items.length; start += size) parts.push(items.slice(start, start + size));
  return parts;
}

function withSpread(value: number | undefined, std: number | null): { value: number; baselineStd: number } | null {
  return value === undefined || std === null ? null : { value, baselineStd: std };
}

/** A field that no row of the window has: everything is missing. */
function emptyCounts(field: BaselineFieldProfile, n: number): number[] {
  const counts = new Array<number>(field.counts.length).fill(0);
  counts[missingIndex(binsOf(field))] = n;
  return counts;
}

export function keyOf(group: GroupKey): string {
  return JSON.stringify([group.version, group.deployment, group.segment, group.w]);
}

/** Windows that were asked for and have no rows: their numbers are unknown, and say so. */
function emptyWindows(
  selection: WindowSelection,
  measured: readonly Measured[],
  fields: readonly BaselineFieldProfile[],
  context: PointContext,
): MetricPoint[] {
  const seen = new Set(measured.map((group) => keyOf(group.group)));
  const empty = (selection.windows ?? [])
    .map((window) => ({ version: window.version, deployment: window.deployment, segment: '', w: window.start }))
    .filter((group) => !seen.has(keyOf(group)));
  return empty.flatMap((group) => [
    ...fields.flatMap((field) => metricsOf(field).map((metric) => noData(metric, field.path, group, context))),
    noData('drifted_share', '', group, context),
  ]);
}

/** The numbers of a field, for windows in which none can be computed. */
function metricsOf(field: BaselineFieldProfile): string[] {
  const nothing = emptyCounts(field, 0);
  const scores = scoreField({
    bins: binsOf(field),
    baseline: nothing,
    current: nothing,
    threshold: 0,
    comparedFields: 1,
  });
  return scores.map((score) => score.metric);
}

/** A point that says there were no rows. */
export function noData(metric: string, feature: string, group: GroupKey, context: PointContext): MetricPoint {
  const score = { metric, value: null, lower: null, upper: null, method: 'exact', n: 0 };
  return { ...pointOf(score, feature, group, context), status: 'no_data' };
}

function toPoint(
  score: Score,
  feature: string,
  group: GroupKey,
  config: EffectiveConfig,
  context: PointContext,
): MetricPoint {
  const status: PointStatus =
    score.n === 0 && score.value === null ? 'no_data' : score.n < config.minSamples ? 'insufficient_data' : 'ok';
  return { ...pointOf(score, feature, group, context), status };
}

/** A score as a point, with status ok and no coverage. */
export function pointOf(score: Score, feature: string, group: GroupKey, context: PointContext): MetricPoint {
  return {
    model: context.model,
    version: group.version,
    deployment: group.deployment,
    segment: group.segment,
    feature,
    metric: score.metric,
    windowStart: group.w,
    windowEnd: context.endOf(group.w),
    value: score.value,
    lower: score.lower,
    upper: score.upper,
    n: score.n,
    coverage: null,
    baseline: context.baseline,
    status: 'ok',
    method: score.method,
    computedAt: context.computedAt,
  };
}
