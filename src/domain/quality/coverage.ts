// What share of labels a window of some age usually has, from earlier windows of its series, and whether one has fewer.
import { wilsonInterval } from './intervals.js';

/** What is known of the labels of an earlier window: its coverage (0..1), and how long they took, in seconds. */
export interface PastCoverage {
  start: number;
  coverage: number;
  lag50: number;
  lag90: number;
  lag99: number;
}

/** Earlier windows that are looked at, and how many of them there must be. */
export const LOOKBACK_WINDOWS = 30;
export const MIN_WINDOWS = 5;

/**
 * The share of labels that windows of this age (ms since their end) usually have: of each earlier window its coverage times the share of its labels that had
 * come by then (half from its median lag on, 0.9 from its 90 % lag on, ...); of these the median. Null for fewer than five windows.
 */
export function usualCoverage(past: readonly PastCoverage[], start: number, age: number): number | null {
  const earlier = past
    .filter((window) => window.start < start)
    .sort((a, b) => b.start - a.start)
    .slice(0, LOOKBACK_WINDOWS);
  if (earlier.length < MIN_WINDOWS) return null;
  const seconds = age / 1000;
  const shares = earlier
    .map(({ coverage, lag50, lag90, lag99 }) => coverage * arrived(seconds, [lag99, 0.99], [lag90, 0.9], [lag50, 0.5]))
    .sort((a, b) => a - b);
  // Of an even number the lower one: a window is not held back on a doubt.
  return shares[Math.floor((shares.length - 1) / 2)] ?? null;
}

function arrived(age: number, ...steps: [lag: number, share: number][]): number {
  return steps.find(([lag]) => age >= lag)?.[1] ?? 0;
}

/** Whether a window with so many labels of `n` has fewer than usual, more clearly than chance explains (the upper end of Wilson's interval). */
export function isBelowUsual(labelled: number, n: number, usual: number | null): boolean {
  const interval = wilsonInterval(labelled, n);
  return usual !== null && interval !== null && interval.upper < usual;
}
