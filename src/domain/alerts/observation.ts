// One computed window as an alert rule sees it, and the verdict whether and how it counts.
import type { PointStatus } from '../contract/metrics.js';
import type { AlertRule, ThresholdContext } from './rule.js';

/** One window of one series (version, deployment, segment, feature) of the rule's metric. */
export interface Observation extends ThresholdContext {
  /** Epoch milliseconds. */
  windowStart: number;
  /** Epoch milliseconds, exclusive. */
  windowEnd: number;
  value: number | null;
  status: PointStatus;
  /** Rows behind the number. */
  n: number;
  /** Labelled share, or null for a metric that needs no labels. */
  coverage: number | null;
  noiseLimit: number | null;
  /** With `relative_to`: what the value is divided by, null where there is none. */
  reference?: number | null;
}

/** What the rule does not say itself. */
export interface FoldOptions {
  /** The model's `min_samples`, where the rule has none. */
  minSamples: number;
}

/** Why a window with a value cannot be compared. */
export type IncomparableReason = 'reference_missing' | 'reference_not_positive';

/** How a window counts. */
export type Verdict =
  /** Too little is known: it neither fires, nor resolves, nor breaks a streak. */
  | { kind: 'ignored' }
  /** No value, and the rule calls that an alert. */
  | { kind: 'missing' }
  /** No value, and the rule calls that fine. */
  | { kind: 'calm' }
  /** A value without a reference to divide it by. */
  | { kind: 'incomparable'; reason: IncomparableReason }
  /** The number to hold against the thresholds: the value, or its ratio to the reference. */
  | { kind: 'compared'; value: number };

const MISSING_BY_POLICY: Readonly<Record<AlertRule['no_data'], Verdict>> = {
  ok: { kind: 'calm' },
  keep: { kind: 'ignored' },
  alert: { kind: 'missing' },
};

/** Whether too few rows or labels stand behind the number for this rule. */
function isTooThin(rule: AlertRule, observation: Observation, options: FoldOptions): boolean {
  if (observation.n < (rule.min_samples ?? options.minSamples)) return true;
  if (rule.min_coverage === null) return false;
  if (observation.status === 'provisional') return true;
  return observation.coverage !== null && observation.coverage < rule.min_coverage;
}

/** What cannot be compared is an error that is shown, unless the rule calls it fine or an alert. */
function incomparable(rule: AlertRule, reason: IncomparableReason): Verdict {
  if (rule.on_error === 'keep') return { kind: 'incomparable', reason };
  return rule.on_error === 'ok' ? { kind: 'calm' } : { kind: 'missing' };
}

/**
 * How a window counts for a rule. A window without data or labels falls under the rule's `no_data` policy whatever its `n`;
 * a window with data has to be large and labelled enough first. A ratio needs a reference above 0: to anything else it says nothing.
 */
export function judge(rule: AlertRule, observation: Observation, options: FoldOptions): Verdict {
  const { status, value } = observation;
  if (status === 'insufficient_data') return { kind: 'ignored' };
  if (status === 'no_data' || status === 'no_labels') return MISSING_BY_POLICY[rule.no_data];
  if (isTooThin(rule, observation, options)) return { kind: 'ignored' };
  if (value === null || !Number.isFinite(value)) return MISSING_BY_POLICY[rule.no_data];
  if (rule.relative_to === null) return { kind: 'compared', value };
  const reference = observation.reference ?? null;
  if (reference === null || Number.isNaN(reference)) return incomparable(rule, 'reference_missing');
  if (reference <= 0) return incomparable(rule, 'reference_not_positive');
  return { kind: 'compared', value: value / reference };
}
