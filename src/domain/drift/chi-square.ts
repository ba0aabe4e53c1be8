// Chi-square: the test of two count vectors, and the distribution's quantile.
import gammainc from '@stdlib/math-base-special-gammainc';
import gammaincinv from '@stdlib/math-base-special-gammaincinv';
import { occupied, total } from './counts.js';

/** Result of the test; null where a side has no rows. */
export interface ChiSquareResult {
  statistic: number | null;
  degrees: number;
  pValue: number | null;
}

/**
 * Pearson's chi-square test of homogeneity on the 2 x k table of counts, bins empty on both sides left out, no Yates
 * correction. One bin in use: statistic 0, p 1. As scipy.stats.chi2_contingency(correction=False).
 * @throws RangeError where the two sides do not have the same bins.
 */
export function chiSquareTest(b: readonly number[], c: readonly number[]): ChiSquareResult {
  const [n, m] = [total(b), total(c)];
  if (n === 0 || m === 0) return { statistic: null, degrees: 0, pValue: null };
  const table = occupied(b, c);
  const degrees = table.length - 1;
  if (degrees === 0) return { statistic: 0, degrees, pValue: 1 };
  let statistic = 0;
  for (const [before, now] of table) {
    const expectedBefore = ((before + now) * n) / (n + m);
    const expectedNow = ((before + now) * m) / (n + m);
    statistic += (before - expectedBefore) ** 2 / expectedBefore + (now - expectedNow) ** 2 / expectedNow;
  }
  return { statistic, degrees, pValue: chiSquareUpperTail(statistic, degrees) };
}

/** Probability that chi-square with `degrees` passes `x`: the upper regularized gamma function, so that tiny values keep their digits. */
export function chiSquareUpperTail(x: number, degrees: number): number {
  return gammainc(x / 2, degrees / 2, true, true);
}

/** The point that chi-square with `degrees` (up to 1,500) stays below with probability `p` in (0, 1); agrees with scipy to 1e-12. */
export function chiSquareQuantile(p: number, degrees: number): number {
  return 2 * gammaincinv(p, degrees / 2);
}
