// Sums of many windows turned into one number with its interval, and what they say of a model together.
import type { ModelState } from './contract/overview.js';

/** Half the width of a 95 % interval is this many standard errors. */
const Z95 = 1.959964;

/** Windows of one metric added up. `weighted`: sum of n x value; `variance`: sum of (n x standard error)^2. */
export interface WindowSums {
  windows: number;
  total: number;
  n: number;
  weighted: number;
  variance: number;
  /** Windows whose value has an interval. */
  withInterval: number;
  largest: number | null;
}

/** How windows of a metric become one number: counts are added, shares and means weighted by their rows, maxima kept. */
export type Pooling = 'sum' | 'mean' | 'max';

const ADDED = new Set(['prediction_count', 'error_count']);

/** How windows of a metric become one number. */
export function poolingOf(metric: string): Pooling {
  if (ADDED.has(metric)) return 'sum';
  return metric.endsWith('_max') ? 'max' : 'mean';
}

/** One number for several windows. */
export interface Pooled {
  value: number | null;
  lower: number | null;
  upper: number | null;
  n: number;
}

/** Add sums of parts of a range. */
export function addSums(parts: readonly WindowSums[]): WindowSums {
  const sum = (pick: (part: WindowSums) => number) => parts.reduce((all, part) => all + pick(part), 0);
  const largest = parts.flatMap((part) => part.largest ?? []);
  return {
    windows: sum((part) => part.windows),
    total: sum((part) => part.total),
    n: sum((part) => part.n),
    weighted: sum((part) => part.weighted),
    variance: sum((part) => part.variance),
    withInterval: sum((part) => part.withInterval),
    largest: largest.length === 0 ? null : Math.max(...largest),
  };
}

/**
 * One number for all windows. A mean weighted by n is exact for shares such as accuracy; for others it is the mean of the windows' values. Its interval
 * comes from the windows' own, whose errors are independent: variances add.
 */
export function pool(sums: WindowSums, pooling: Pooling): Pooled {
  const { windows, n } = sums;
  if (windows === 0) return { value: null, lower: null, upper: null, n: 0 };
  if (pooling === 'sum') return { value: sums.total, lower: null, upper: null, n };
  if (pooling === 'max') return { value: sums.largest, lower: null, upper: null, n };
  if (n === 0) return { value: sums.total / windows, lower: null, upper: null, n };
  const value = sums.weighted / n;
  if (sums.withInterval < windows) return { value, lower: null, upper: null, n };
  const half = (Z95 * Math.sqrt(sums.variance)) / n;
  return { value, lower: value - half, upper: value + half, n };
}

/** What decides the state of a model. Times in epoch ms. */
export interface StateFacts {
  critical: number;
  warning: number;
  /** When the oldest of the firing alerts began. */
  alertsSince: number | null;
  drifted: number;
  compared: number;
  driftSince: number | null;
  predictions: number;
  /** Predictions have come in the range, whether or not a window of it is computed. */
  received: boolean;
  /** Rows with a label behind the quality number; null where no labels are expected. */
  labelled: number | null;
  minSamples: number;
}

/** The state in a word, the reason in a sentence, and since when. The worst that holds. */
export function stateOf(facts: StateFacts): { state: ModelState; why: string; since: number | null } {
  const { critical, warning, drifted, compared } = facts;
  const inputs = `${drifted} of ${compared} inputs beyond ${drifted === 1 ? 'its' : 'their'} PSI limit in the newest window`;
  if (critical > 0)
    return { state: 'critical', why: `${count(critical, 'critical alert')} firing`, since: facts.alertsSince };
  if (warning > 0) return { state: 'watch', why: `${count(warning, 'warning')} firing`, since: facts.alertsSince };
  if (drifted > 0) return { state: 'watch', why: inputs, since: facts.driftSince };
  if (facts.predictions === 0) {
    const why = facts.received ? 'no window of this range is computed yet' : 'no predictions in this range';
    return { state: 'no_data', why, since: null };
  }
  if (facts.predictions < facts.minSamples)
    return {
      state: 'insufficient_data',
      why: `${facts.predictions} predictions, fewer than the ${facts.minSamples} a number needs`,
      since: null,
    };
  if (facts.labelled === 0) return { state: 'waiting_for_labels', why: 'no labels in this range yet', since: null };
  return { state: 'ok', why: 'no alert, no input beyond its limit', since: null };
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
