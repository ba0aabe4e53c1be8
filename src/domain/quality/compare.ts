// Two versions over the same window: the difference of a number, its 95 % interval, and how easily chance makes one as large.
import betainc from '@stdlib/math-base-special-betainc';
import { chiSquareUpperTail } from '../drift/chi-square.js';
import { wilsonInterval, Z95 } from './intervals.js';

/** A difference, first minus second. Null where it cannot be told. `test`: what gave the p-value. */
export interface Difference {
  difference: number | null;
  lower: number | null;
  upper: number | null;
  pValue: number | null;
  test: 'mcnemar' | 'two_proportion' | 'z' | null;
  /** Predictions that both versions made, where the test is about these. */
  pairs: number | null;
}

/** Predictions that both versions made, by who was right. */
export interface PairedOutcomes {
  both: number;
  firstOnly: number;
  secondOnly: number;
  neither: number;
}

/** Nothing can be said. */
export const UNKNOWN: Difference = {
  difference: null,
  lower: null,
  upper: null,
  pValue: null,
  test: null,
  pairs: null,
};

/**
 * Two shares of different rows, k1 of n1 and k2 of n2. Interval: Newcombe's, from both Wilson intervals ("Interval estimation for the difference between
 * independent proportions", 1998, method 10); p-value: the two-sided z test with the pooled share. Null where a side has no rows.
 */
export function twoProportions(k1: number, n1: number, k2: number, n2: number): Difference {
  const [first, second] = [wilsonInterval(k1, n1), wilsonInterval(k2, n2)];
  if (first === null || second === null) return UNKNOWN;
  const [p1, p2] = [k1 / n1, k2 / n2];
  const difference = p1 - p2;
  const pooled = (k1 + k2) / (n1 + n2);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2));
  return {
    difference,
    lower: Math.max(-1, difference - Math.hypot(p1 - first.lower, second.upper - p2)),
    upper: Math.min(1, difference + Math.hypot(first.upper - p1, p2 - second.lower)),
    // Both sides all right, or all wrong: the shares are equal, and nothing speaks against chance.
    pValue: error === 0 ? 1 : normalTwoSided(difference / error),
    test: 'two_proportion',
    pairs: null,
  };
}

/**
 * Two versions' shares of right predictions over the same predictions. p-value: McNemar's test in its exact form, the two-sided binomial test of those
 * that only one got right; interval: Wald's with half a row added to each of the four cells (Agresti & Min, "Simple improved confidence intervals for
 * comparing matched proportions", 2005). Null without pairs.
 */
export function mcNemar({ both, firstOnly, secondOnly, neither }: PairedOutcomes): Difference {
  const pairs = both + firstOnly + secondOnly + neither;
  if (pairs === 0) return UNKNOWN;
  const [b, c, n] = [firstOnly + 0.5, secondOnly + 0.5, pairs + 2];
  const centre = (b - c) / n;
  const half = (Z95 * Math.sqrt(b + c - (b - c) ** 2 / n)) / n;
  const difference = (firstOnly - secondOnly) / pairs;
  return {
    difference,
    lower: Math.max(-1, Math.min(difference, centre - half)),
    upper: Math.min(1, Math.max(difference, centre + half)),
    pValue: binomialTwoSided(Math.min(firstOnly, secondOnly), firstOnly + secondOnly),
    test: 'mcnemar',
    pairs,
  };
}

/**
 * Two numbers with standard errors, of different rows: difference +- 1.96 sqrt(e1^2 + e2^2), and the two-sided z test. Where both versions scored
 * the same rows the interval is on the safe side. Without both standard errors only the difference.
 */
export function independent(
  first: { value: number; error: number | null },
  second: { value: number; error: number | null },
): Difference {
  const difference = first.value - second.value;
  if (first.error === null || second.error === null) return { ...UNKNOWN, difference };
  const error = Math.hypot(first.error, second.error);
  return {
    difference,
    lower: difference - Z95 * error,
    upper: difference + Z95 * error,
    pValue: error === 0 ? (difference === 0 ? 1 : 0) : normalTwoSided(difference / error),
    test: 'z',
    pairs: null,
  };
}

/** P(|Z| >= |z|) of the standard normal distribution. */
export function normalTwoSided(z: number): number {
  return chiSquareUpperTail(z * z, 1);
}

/** Twice the chance of `k` or fewer of `n` by tosses of a fair coin, at most 1; `k` is the smaller side. */
export function binomialTwoSided(k: number, n: number): number {
  if (n === 0 || 2 * k >= n) return 1;
  // P(X <= k) is the regularized incomplete beta function at 1/2.
  return Math.min(1, 2 * betainc(0.5, n - k, k + 1));
}
