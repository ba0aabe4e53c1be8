// Small arithmetic on bin counts, shared by the drift scores.
import { sum } from 'simple-statistics';

/** Sum of counts or of summands; compensated (Kahan-Babuska), so that many small summands lose no digits. */
export function total(counts: readonly number[]): number {
  return sum(counts);
}

/** Pairs of counts, baseline first. @throws RangeError where the two sides do not have the same bins. */
export function pairs(b: readonly number[], c: readonly number[]): [number, number][] {
  if (b.length !== c.length) throw new RangeError(`baseline has ${b.length} bins, the window ${c.length}`);
  return b.map((n, i) => [n, c[i] ?? 0]);
}

/** Pairs of counts of the bins that hold anything on either side. @throws RangeError as `pairs`. */
export function occupied(b: readonly number[], c: readonly number[]): [number, number][] {
  return pairs(b, c).filter(([n, m]) => n + m > 0);
}
