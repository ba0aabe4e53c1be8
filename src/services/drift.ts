// Drift of windows against their baseline: counts and tests come from the store, scores from the domain.
import type { MetricPoint, PointStatus } from '../domain/contract/metrics.js';
import type { EffectiveConfig } from '../domain/contract/models.js';
import type { Baseline, BaselineFieldProfile } from '../domain/drift/baseline.js';
import { binnedKs } from '../domain/drift/binned.js';
import { missingIndex } from '../domain/drift/bins.js';
import { psiChanceLimit } from '../domain/drift/psi.js';
import { driftedShare, scoreField, type Score } from '../domain/drift/score.js';
import type { GroupedRows, GroupKey, WindowSelection } from '../domain/selection.js';
import { binsOf } from './baselines.js';
import type { BinCounter, FieldSource, RowSelector } from './compute-ports.js';
import { keyOf, type BaselineSample, type Measured, type SampleTester, type WantedTests } from './drift-samples.js';
import type { StoredCounts } from './stored-profiles.js';

export interface DriftDependencies {
  rows: RowSelector;
  bins: BinCounter;
  samples: SampleTester;
  /** A baseline's rows, by its id. */
  baselineRows: (id: string) => FieldSource;
}

/** What of a computation is wanted: everything, only the ground truth, or also fewer of the tests on the samples, which take most of the time. */
export interface DriftPart {
  labelsOnly: boolean;
  tests: WantedTests;
}
export const WHOLE: DriftPart = { labelsOnly: false, tests: { ks: true, wasserstein: true } };
export const LABELS: DriftPart = { labelsOnly: true, tests: { ks: true, wasserstein: true } };

/** What a computation is given besides rows. */
export interface DriftExtras {
  /** The baseline's rows, where they are not stored under its id. */
  source?: FieldSource;
  /** Counts of windows whose rows are gone, or of the part of a window whose rows are. The baseline is in the same bins. */
  stored?: StoredCounts | null;
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
   * Every drift number of the selected windows, all of one version, against one baseline. Windows without rows get no_data points. `selection`
   * null: only what `extras.stored` has.
   */
  async compute(
    selection: WindowSelection | null,
    baseline: Baseline,
    config: EffectiveConfig,
    context: PointContext,
    part: DriftPart = WHOLE,
    extras: DriftExtras = {},
  ): Promise<DriftResult> {
    const held = extras.stored?.baseline ?? baseline;
    // A change of the field's configuration after the baseline was made can leave a field out, never change its bins.
    const fields = held.fields.filter(
      (field) => field.kind !== 'skipped' && config.features[field.path]?.ignore !== true,
    );
    const inputs = fields.filter((field) => !field.path.startsWith(TRUTH));
    const truths = fields.filter((field) => field.path.startsWith(TRUTH));
    const sample = { baseline: held, source: extras.source ?? this.deps.baselineRows(held.id) };
    const known = extras.stored ? this.deps.baselineRows(extras.stored.binsId) : sample.source;
    const measure = async (rows: Promise<GroupedRows> | null, of: BaselineFieldProfile[]) =>
      withStored(rows === null ? [] : await this.measure(await rows, of, sample, known, part.tests), of, extras.stored);
    const { rows } = this.deps;
    const [measured, labelled] = await Promise.all([
      part.labelsOnly ? [] : measure(selection && rows.predictions(selection), inputs),
      truths.length === 0 ? [] : measure(selection && rows.groundTruth(selection), truths),
    ]);
    const result: DriftResult = { points: [], profiles: [] };
    for (const group of measured) {
      const perField = this.score(group, inputs, config, inputs.length, extras);
      this.append(result, group, perField, config, context);
      const scores = [...perField.values()].map((field) => field.scores);
      result.points.push(toPoint({ ...driftedShare(scores, group.n), n: group.n }, '', group.group, config, context));
    }
    for (const group of labelled)
      this.append(result, group, this.score(group, truths, config, inputs.length, extras), config, context);
    if (!part.labelsOnly && selection !== null)
      result.points.push(...emptyWindows(selection, measured, inputs, context));
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
    config: EffectiveConfig,
    compared: number,
    extras: DriftExtras,
  ): Map<string, ScoredField> {
    const scored = new Map<string, ScoredField>();
    for (const field of fields) {
      const counts = group.counts.get(field.path) ?? emptyCounts(field, group.n);
      const distance = group.wasserstein.get(field.path);
      const scores = scoreField({
        bins: binsOf(field),
        baseline: field.counts,
        current: counts,
        threshold: config.driftThreshold,
        comparedFields: compared,
        ks: group.ks.get(field.path) ?? null,
        wasserstein: distance === undefined ? null : { ...distance, baselineStd: field.std },
      });
      const noise = psiChanceLimit(field.counts, counts, compared);
      scored.set(field.path, {
        counts,
        noise,
        scores: extras.stored?.rebinned === true ? scores.map(inOtherBins) : scores,
      });
    }
    return scored;
  }

  /** Counts and two-sample results of every group. */
  private async measure(
    rows: GroupedRows,
    fields: readonly BaselineFieldProfile[],
    sample: BaselineSample,
    known: FieldSource,
    tests: WantedTests,
  ): Promise<Measured[]> {
    const counted = await this.deps.bins.count(rows, fields, known);
    const measured = counted.map((group): Measured => ({ ...group, ks: new Map(), wasserstein: new Map() }));
    if (tests.ks || tests.wasserstein) await this.deps.samples.test(rows, measured, fields, sample, tests);
    return measured;
  }
}

interface ScoredField {
  scores: Score[];
  counts: number[];
  /** The chance part of psi_limit. */
  noise: number | null;
}

/**
 * Counts of rows and counts of what was kept, together. Where any of a window is kept counts, its samples are known up to the bins: the
 * Kolmogorov-Smirnov statistic has bounds, the Wasserstein distance is unknown.
 */
function withStored(
  measured: readonly Measured[],
  fields: readonly BaselineFieldProfile[],
  stored: StoredCounts | null | undefined,
): Measured[] {
  if (stored === null || stored === undefined) return [...measured];
  const groups = new Map(measured.map((group) => [keyOf(group.group), group]));
  for (const [key, group] of groups) {
    const counts = fields.map((field): [string, number[]] => [
      field.path,
      stored.adjust(group.counts.get(field.path) ?? emptyCounts(field, group.n), field),
    ]);
    groups.set(key, { ...group, counts: new Map(counts) });
  }
  for (const kept of stored.groups) {
    const mine = fields.filter((field) => kept.counts.has(field.path));
    if (mine.length === 0) continue;
    const found = groups.get(keyOf(kept.group));
    const merged: Measured = {
      group: kept.group,
      n: kept.n + (found?.n ?? 0),
      counts: new Map(),
      ks: new Map(),
      wasserstein: new Map(),
    };
    for (const field of mine) {
      const [before, now] = [kept.counts.get(field.path) ?? [], found?.counts.get(field.path) ?? []];
      const counts = before.map((count, bin) => count + (now[bin] ?? 0));
      merged.counts.set(field.path, counts);
      const bounds = field.kind === 'numeric' ? binnedKs(field.counts.slice(0, -1), counts.slice(0, -1)) : null;
      if (bounds !== null) merged.ks.set(field.path, { statistic: bounds.value, pValue: null, bounds });
    }
    groups.set(keyOf(kept.group), merged);
  }
  return [...groups.values()];
}

/** In the bins of another baseline: `method` says so, and what this one had not seen cannot be told. */
function inOtherBins(score: Score): Score {
  if (score.metric === 'unseen_share') return { ...score, value: null, lower: null, upper: null, method: 'rebinned' };
  return score.method === 'exact' ? { ...score, method: 'rebinned' } : score;
}

/** A field that no row of the window has: everything is missing. */
function emptyCounts(field: BaselineFieldProfile, n: number): number[] {
  const counts = new Array<number>(field.counts.length).fill(0);
  counts[missingIndex(binsOf(field))] = n;
  return counts;
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
    ...(score.error === undefined ? {} : { error: score.error }),
  };
}
