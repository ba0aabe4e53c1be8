// Population stability index, and what chance alone gives for it.
import { binLabels, type FieldBins } from './bins.js';
import { chiSquareQuantile } from './chi-square.js';
import { occupied, pairs, total } from './counts.js';

/** Added to every count, so that an empty bin gives a large number and not an infinite one. */
export const PSI_SMOOTHING = 0.5;

/** How often chance alone may pass `psi_limit` in one window, over all its fields together. */
const WINDOW_ALARM_RATE = 0.001;

/**
 * PSI of window counts `c` against baseline counts `b`: p = (b + 0.5) / (N + 0.5 d), q = (c + 0.5) / (M + 0.5 d),
 * sum (p - q) ln(p / q). 0 where all rows of both sides share one bin; null where a side has no rows.
 * Source: Yurdakul & Naranjo, "Statistical properties of the population stability index" (2020); smoothing as Jeffreys' prior.
 * @throws RangeError where the two sides do not have the same bins.
 */
export function psi(b: readonly number[], c: readonly number[]): number | null {
  const parts = psiContributions(b, c);
  return parts === null ? null : total(parts);
}

/** The summands of `psi`, one a bin, none negative; null where a side has no rows. */
export function psiContributions(b: readonly number[], c: readonly number[]): number[] | null {
  const [n, m] = [total(b), total(c)];
  if (n === 0 || m === 0) return null;
  // With one bin in use the shares are equal; smoothing two totals that differ would say otherwise.
  if (occupied(b, c).length === 1) return b.map(() => 0);
  const added = PSI_SMOOTHING * b.length;
  return pairs(b, c).map(([before, now]) => {
    const p = (before + PSI_SMOOTHING) / (n + added);
    const q = (now + PSI_SMOOTHING) / (m + added);
    return (p - q) * Math.log(p / q);
  });
}

/**
 * The PSI that chance alone passes one time in a hundred: (1/N + 1/M) x the 99 % point of chi-square with k - 1 degrees
 * (at least 1), k = bins that hold anything on either side. Null where a side has no rows. Source: as `psi`.
 */
export function psiNoise99(b: readonly number[], c: readonly number[]): number | null {
  return chanceLevel(b, c, 0.01);
}

/**
 * The PSI that chance alone passes in one window of a thousand, over all its compared fields together: as `psiNoise99`
 * at 1 - 0.001 / comparedFields (Bonferroni). Null where a side has no rows.
 */
export function psiChanceLimit(b: readonly number[], c: readonly number[], comparedFields: number): number | null {
  return chanceLevel(b, c, WINDOW_ALARM_RATE / Math.max(1, comparedFields));
}

/** Above this PSI a field counts as drifted: the larger of the threshold and `psiChanceLimit`. Null where a side has no rows. */
export function psiLimit(
  b: readonly number[],
  c: readonly number[],
  threshold: number,
  comparedFields: number,
): number | null {
  const chance = psiChanceLimit(b, c, comparedFields);
  return chance === null ? null : Math.max(threshold, chance);
}

function chanceLevel(b: readonly number[], c: readonly number[], upperTail: number): number | null {
  const [n, m] = [total(b), total(c)];
  if (n === 0 || m === 0) return null;
  const degrees = Math.max(occupied(b, c).length - 1, 1);
  return (1 / n + 1 / m) * chiSquareQuantile(1 - upperTail, degrees);
}

/** A bin and how its share of the rows moved. */
export interface MovedBin {
  label: string;
  baselineShare: number;
  currentShare: number;
}

/**
 * The bins that make up most of the PSI, the largest contribution first (ties in bin order); bins that add nothing are left out.
 * Shares are plain, without smoothing. Empty where a side has no rows.
 */
export function movedBins(bins: FieldBins, b: readonly number[], c: readonly number[], limit = 3): MovedBin[] {
  const parts = psiContributions(b, c);
  if (parts === null) return [];
  const [n, m] = [total(b), total(c)];
  const labels = binLabels(bins);
  return parts
    .map((part, i) => ({ part, label: labels[i] ?? '', baselineShare: (b[i] ?? 0) / n, currentShare: (c[i] ?? 0) / m }))
    .filter(({ part }) => part > 0)
    .sort((x, y) => y.part - x.part)
    .slice(0, limit)
    .map(({ label, baselineShare, currentShare }) => ({ label, baselineShare, currentShare }));
}
