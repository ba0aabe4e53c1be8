// Distances between two distributions over the same bins.
import { chiSquareQuantile } from './chi-square.js';
import { occupied, pairs, total } from './counts.js';
import { psiNoise99 } from './psi.js';

/** Share of the rows in one bin, 0..1; null where there are no rows. */
export function share(counts: readonly number[], index: number): number | null {
  const n = total(counts);
  return n === 0 ? null : (counts[index] ?? 0) / n;
}

/**
 * Jensen-Shannon distance of the plain shares, base 2: sqrt((KL(p, m) + KL(q, m)) / 2) with m = (p + q) / 2; 0..1.
 * Null where a side has no rows. Source: Lin (1991), Endres & Schindelin (2003); as scipy.spatial.distance.jensenshannon(base=2).
 * @throws RangeError where the two sides do not have the same bins.
 */
export function jsDistance(b: readonly number[], c: readonly number[]): number | null {
  const [n, m] = [total(b), total(c)];
  if (n === 0 || m === 0) return null;
  const summands = pairs(b, c).flatMap(([before, now]) => {
    const [p, q] = [before / n, now / m];
    return [relativeEntropy(p, (p + q) / 2), relativeEntropy(q, (p + q) / 2)];
  });
  const divergence = total(summands);
  // Rounding may leave the divergence a hair below 0 or above 2.
  return Math.sqrt(Math.min(Math.max(divergence / 2, 0), 1));
}

/**
 * The Jensen-Shannon distance that chance alone passes one time in a hundred. For shares near one another the divergence is PSI / (8 ln 2), so that its noise
 * follows from that of PSI. Null where a side has no rows. @throws RangeError as `jsDistance`.
 */
export function jsNoise99(b: readonly number[], c: readonly number[]): number | null {
  const noise = psiNoise99(b, c);
  return noise === null ? null : Math.min(1, Math.sqrt(noise / (8 * Math.LN2)));
}

/**
 * The largest difference of shares that chance alone passes at most one time in a hundred, over the k bins that hold anything together: of each the
 * 1 - 0.005 / k point of the normal distribution times the standard error of the difference of two shares (Bonferroni). Null where a side has no rows.
 * @throws RangeError as `jsDistance`.
 */
export function lInfinityNoise99(b: readonly number[], c: readonly number[]): number | null {
  const [n, m] = [total(b), total(c)];
  if (n === 0 || m === 0) return null;
  const used = occupied(b, c);
  const z = Math.sqrt(chiSquareQuantile(1 - 0.01 / used.length, 1));
  const errors = used.map(([before, now]) => {
    const share = (before + now) / (n + m);
    return Math.sqrt(share * (1 - share) * (1 / n + 1 / m));
  });
  return Math.min(1, z * Math.max(...errors));
}

/** One summand of the Kullback-Leibler divergence in bits; 0 log 0 is 0. */
function relativeEntropy(p: number, m: number): number {
  return p === 0 ? 0 : p * Math.log2(p / m);
}

/** Largest difference of shares over the bins, 0..1; null where a side has no rows. @throws RangeError as `jsDistance`. */
export function lInfinity(b: readonly number[], c: readonly number[]): number | null {
  const [n, m] = [total(b), total(c)];
  if (n === 0 || m === 0) return null;
  return pairs(b, c).reduce((max, [before, now]) => Math.max(max, Math.abs(before / n - now / m)), 0);
}
