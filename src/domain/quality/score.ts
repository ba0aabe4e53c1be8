// How a quality number is put together: value, interval, method, rows.
import type { Score } from '../drift/score.js';
import { type Interval, wilsonInterval } from './intervals.js';

/** A quotient, or null where the denominator is 0 or the result is not finite. */
export function ratio(numerator: number, denominator: number): number | null {
  return denominator === 0 ? null : finite(numerator / denominator);
}

/** Null for what is not finite. */
export function finite(value: number | null | undefined): number | null {
  return value !== null && value !== undefined && Number.isFinite(value) ? value : null;
}

/** A number with an interval and the method that gave it; without a value or a finite interval the method is `exact`. */
export function withInterval(
  metric: string,
  value: number | null,
  interval: Interval | null,
  method: string,
  n: number,
): Score {
  const isFinite = interval !== null && Number.isFinite(interval.upper - interval.lower);
  if (finite(value) === null || !isFinite) return plain(metric, value, n);
  const { lower, upper, error } = interval;
  return { metric, value, lower, upper, method, n, ...(error === undefined ? {} : { error }) };
}

/** A number without an interval. */
export function plain(metric: string, value: number | null, n: number): Score {
  return { metric, value: finite(value), lower: null, upper: null, method: 'exact', n };
}

/** A share k / of with Wilson's interval; `n` is the denominator: the rows that the share is about. */
export function shareScore(metric: string, k: number, of: number): Score {
  return withInterval(metric, ratio(k, of), wilsonInterval(k, of), 'wilson', of);
}
