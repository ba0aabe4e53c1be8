// Drift as NannyML computes it, for people who move over and want to find their numbers again. Its definitions: nothing here is used elsewhere.
import { chiSquareUpperTail } from '../drift/chi-square.js';
import { ksStatistic } from '../drift/kolmogorov.js';
import { jensenShannon, sumOf, valuesOf } from './divergences.js';
import { doaneEdges, histogram } from './histogram.js';
import { wassersteinDistance } from './samples.js';

/** NannyML's numbers of a continuous column. `js` is the base-2 distance; `leftover` the share of the chunk outside the reference's bins. */
export interface NannymlContinuous {
  bins: number;
  leftover: number;
  js: number;
  hellinger: number;
  ksStatistic: number;
  wasserstein: number;
}

export interface NannymlCategorical {
  leftover: number;
  js: number;
  hellinger: number;
  lInfinity: number;
  chi2: number;
  chi2PValue: number;
}

/**
 * A continuous column: equal-width bins by Doane over the reference, one more for what lies outside. References of fewer than 10,000 rows; for larger ones
 * NannyML approximates the two last numbers from 10,000 equal-width bins, which these, computed from the samples, are not.
 */
export function nannymlContinuous(reference: readonly number[], chunk: readonly number[]): NannymlContinuous {
  const edges = doaneEdges(reference);
  const [b, c] = [histogram(reference, edges), histogram(chunk, edges)];
  const scores = continuousScores(b, reference.length, c, chunk.length);
  return {
    bins: b.length,
    ...scores,
    ksStatistic: ksStatistic(reference, chunk) ?? Number.NaN,
    wasserstein: wassersteinDistance(reference, chunk),
  };
}

/** Jensen-Shannon and Hellinger of counts in the same bins; rows in none of them are one more bin, empty in the reference. */
export function continuousScores(b: readonly number[], n: number, c: readonly number[], m: number) {
  const [p, q] = [b.map((count) => count / n), c.map((count) => count / m)];
  const outside = m - sumOf(c);
  const leftover = outside / m;
  if (outside > 0) {
    p.push(0);
    q.push(leftover);
  }
  return { leftover, js: jensenShannon(p, q) / Math.sqrt(Math.LN2), hellinger: hellinger(p, q) };
}

/** A categorical column: the reference's categories, one more bin for all others. The test is of the 2 x k table, by Yates where k = 2. */
export function nannymlCategorical(reference: readonly string[], chunk: readonly string[]): NannymlCategorical {
  const known = new Set(reference);
  const unseen = chunk.filter((value) => !known.has(value)).length;
  const [b, c] = valuesOf(
    reference,
    chunk.filter((value) => known.has(value)),
  );
  if (unseen > 0) {
    b.push(0);
    c.push(unseen);
  }
  const [p, q] = [b.map((count) => count / reference.length), c.map((count) => count / chunk.length)];
  const { chi2, pValue } = contingency(b, c);
  return {
    leftover: unseen / chunk.length,
    js: jensenShannon(p, q) / Math.sqrt(Math.LN2),
    hellinger: hellinger(p, q),
    lInfinity: p.reduce((most, share, i) => Math.max(most, Math.abs(share - (q[i] ?? 0))), 0),
    chi2,
    chi2PValue: pValue,
  };
}

function hellinger(p: readonly number[], q: readonly number[]): number {
  return Math.sqrt(sumOf(p.map((share, i) => (Math.sqrt(share) - Math.sqrt(q[i] ?? 0)) ** 2)) / 2);
}

/** Pearson's test of the 2 x k table; with one degree of freedom each difference is made smaller by up to a half (Yates). */
function contingency(b: readonly number[], c: readonly number[]): { chi2: number; pValue: number } {
  const [n, m] = [sumOf(b), sumOf(c)];
  const degrees = b.length - 1;
  if (degrees === 0) return { chi2: 0, pValue: 1 };
  let chi2 = 0;
  b.forEach((count, i) => {
    const both = count + (c[i] ?? 0);
    for (const [seen, size] of [
      [count, n],
      [c[i] ?? 0, m],
    ] as const) {
      const expected = (both * size) / (n + m);
      const gap = Math.abs(seen - expected);
      chi2 += (degrees === 1 ? gap - Math.min(0.5, gap) : gap) ** 2 / expected;
    }
  });
  return { chi2, pValue: chiSquareUpperTail(chi2, degrees) };
}
