// A series as a rule folds it: stored windows turned into observations, with the noise limit and the reference of each.
import { isRelativeToNoise, type BaselineReference } from '../domain/alerts/baseline-reference.js';
import { isExact } from '../domain/alerts/metric-names.js';
import type { Observation } from '../domain/alerts/observation.js';
import { breaches, lowestLevel, matchesPattern, type AlertRule, type Threshold } from '../domain/alerts/rule.js';
import type { SeriesKey, SeriesSummary, StoredSeries, StoredWindow } from '../domain/alerts/watched-series.js';
import { parseDuration } from '../domain/duration.js';
import { windowOf } from '../domain/window.js';

/** How many windows back a rule looks: more than any rule counts, few enough to read each time. What is older is taken from the log. */
export const LOOKBACK_WINDOWS = 400;

/** A series that a rule watches, with its windows in order. */
export interface RuleSeries {
  key: SeriesKey;
  observations: Observation[];
  /** The baseline of the newest window. */
  baseline: string | null;
  /** Of a rule relative to the baseline: why there is nothing to compare with. */
  problem: string | null;
}

/** A text that names a series, the same for equal ones only; without the metric where that does not matter. */
export function seriesText(key: SeriesKey, metric = key.metric): string {
  return JSON.stringify([key.model, key.version, key.deployment, key.segment, key.feature, metric]);
}

/** Whether a rule watches a series, apart from the model. */
export function isWatched(rule: AlertRule, key: Omit<SeriesKey, 'model'>): boolean {
  return (
    key.metric === rule.metric &&
    matchesPattern(rule.version, key.version) &&
    matchesPattern(rule.deployment, key.deployment) &&
    matchesPattern(rule.segment, key.segment) &&
    matchesPattern(rule.feature, key.feature)
  );
}

/** How far before a window its reference lies, ms; null where the rule compares with none or with the baseline. */
export function ageOf(rule: AlertRule): number | null {
  return rule.relative_to === null || rule.relative_to === 'baseline' ? null : parseDuration(rule.relative_to);
}

/**
 * Whether the rule may find anything in a series that reached no more than this: false only where the fold of its windows ends, and stays
 * all the way, in the state `ok`.
 */
export function mayMatter(rule: AlertRule, { low, high, missing }: SeriesSummary): boolean {
  if (rule.relative_to !== null) return true;
  if (rule.no_data === 'alert' && missing > 0) return true;
  const threshold: Threshold | null = rule[lowestLevel(rule)];
  if (threshold === null) return false;
  return [low, high].some((value) => value !== null && breaches(rule.op, value, threshold));
}

/**
 * Series of versions that still have windows: a version that ended longer ago than the rule counts, while another one of its deployment went on,
 * has been replaced, and its last window is not the state of anything. Values that clients send have no such windows.
 */
export function withoutReplaced(
  series: readonly SeriesSummary[],
  rule: AlertRule,
  windowLength: number,
): SeriesSummary[] {
  if (rule.metric.startsWith('aggregate.')) return [...series];
  const newest = new Map<string, number>();
  const names = ({ key }: SeriesSummary) =>
    [JSON.stringify([key.deployment]), JSON.stringify([key.deployment, key.version])] as const;
  for (const one of series)
    for (const name of names(one)) newest.set(name, Math.max(one.newestEnd, newest.get(name) ?? 0));
  return series.filter((one) => {
    const [deployment, version] = names(one).map((name) => newest.get(name) ?? 0);
    return (deployment ?? 0) - (version ?? 0) <= rule.of * windowLength;
  });
}

/** What the windows of a series are held against besides the rule. */
export interface SeriesContext {
  rule: AlertRule;
  windowLength: number;
  /** Observations start here; windows before it are references only. */
  from: number;
  /** Of a rule on `psi`: the series' limits. */
  limits: StoredSeries | null;
  /** Of a rule relative to the baseline: what the series is compared with. Null where the rule is not, or where the noise of each window is. */
  reference: BaselineReference | null;
}

/** A stored series as the rule sees it. */
export function ruleSeries(stored: StoredSeries, context: SeriesContext): RuleSeries {
  const { rule, windowLength, from, limits } = context;
  const age = ageOf(rule);
  const byStart = new Map(stored.windows.map((window) => [window.start, window]));
  const noise = new Map(limits?.windows.map((window) => [window.start, window.lower]));
  const toNoise = rule.relative_to === 'baseline' && isRelativeToNoise(rule.metric);
  const reference = (window: StoredWindow): number | null => {
    if (toNoise) return noise.get(window.start) ?? null;
    if (age === null) return context.reference?.value ?? null;
    return usableValue(byStart.get(windowOf(window.start - age, windowLength).start));
  };
  const observations = [...byStart.values()]
    .filter((window) => window.start >= from)
    .map((window) => observation(stored.key.metric, window, noise.get(window.start) ?? null, reference(window)));
  return { key: stored.key, observations, baseline: stored.baseline, problem: context.reference?.problem ?? null };
}

function usableValue(window: StoredWindow | undefined): number | null {
  return window?.status === 'ok' ? window.value : null;
}

function observation(
  metric: string,
  { start, end, value, n, coverage, status }: StoredWindow,
  noiseLimit: number | null,
  reference: number | null,
): Observation {
  return {
    windowStart: start,
    windowEnd: end,
    value,
    // A count of 0 is a number: "fewer than 10 predictions" must fire in a window without any.
    status: isExact(metric) && value !== null ? 'ok' : status,
    n,
    coverage,
    noiseLimit: metric === 'psi' ? noiseLimit : null,
    reference,
  };
}
