// Distances of two samples from counts in fine bins: bounds that hold whatever lies within a bin.

/** A number known up to its bins: the exact one lies in [lower, upper]. */
export interface Bounded {
  value: number;
  lower: number;
  upper: number;
}

/** One sample in bins that are cut at `edges`: bin 0 below the first edge, bin i from edge i - 1 on, the last one open. */
export interface FineCounts {
  counts: number[];
  /** Sum of the values in each bin. */
  sums: number[];
  /** Smallest and largest value of the sample; null where it is empty. */
  min: number | null;
  max: number | null;
}

/** Cumulative shares before the first bin, after it, ..., after the last one; null for an empty sample. */
function cumulative(counts: readonly number[]): number[] | null {
  const n = counts.reduce((sum, count) => sum + count, 0);
  if (n === 0) return null;
  const shares = [0];
  let sum = 0;
  for (const count of counts) shares.push((sum += count) / n);
  return shares;
}

/**
 * The two-sample Kolmogorov-Smirnov statistic from counts over the same bins. At the edges both distribution functions are known exactly: `value` is
 * the largest distance there. Within a bin they rise from one edge's value to the next one's, so no distance in it exceeds the rise of the one beyond the
 * start of the other: `upper`. Null where a sample is empty.
 * @throws RangeError where the two sides do not have the same bins.
 */
export function binnedKs(b: readonly number[], c: readonly number[]): Bounded | null {
  if (b.length !== c.length) throw new RangeError(`baseline has ${b.length} bins, the window ${c.length}`);
  const [f, g] = [cumulative(b), cumulative(c)];
  if (f === null || g === null) return null;
  let [value, upper] = [0, 0];
  for (let i = 1; i < f.length; i++) {
    const [f0 = 0, f1 = 0, g0 = 0, g1 = 0] = [f[i - 1], f[i], g[i - 1], g[i]];
    value = Math.max(value, Math.abs(f1 - g1));
    upper = Math.max(upper, f1 - g0, g1 - f0);
  }
  return { value, lower: value, upper: Math.max(value, upper) };
}

/**
 * W1 of two samples from counts and sums over the same bins. The integral of the difference of both distribution functions over a bin follows exactly from
 * count and sum: where one function stays above the other, that is the bin's part. Where they may cross, it is at least that much (`lower`, which is `value`)
 * and at most what the functions' values at both edges allow (`upper`). Null where a sample is empty.
 * @throws RangeError where counts and edges do not fit.
 */
export function binnedWasserstein(edges: readonly number[], b: FineCounts, c: FineCounts): Bounded | null {
  if (b.counts.length !== edges.length + 1 || c.counts.length !== edges.length + 1)
    throw new RangeError(`${edges.length} edges make ${edges.length + 1} bins`);
  const [f, g] = [cumulative(b.counts), cumulative(c.counts)];
  if (f === null || g === null || b.min === null || c.min === null || b.max === null || c.max === null) return null;
  const [n, m] = [total(b.counts), total(c.counts)];
  const low = Math.min(b.min, c.min, edges[0] ?? Number.POSITIVE_INFINITY);
  const high = Math.max(b.max, c.max, edges[edges.length - 1] ?? Number.NEGATIVE_INFINITY);
  let [lower, upper] = [0, 0];
  for (let i = 0; i <= edges.length; i++) {
    const [start, end] = [edges[i - 1] ?? low, edges[i] ?? high];
    const [f0 = 0, f1 = 0, g0 = 0, g1 = 0] = [f[i], f[i + 1], g[i], g[i + 1]];
    // By parts: the integral of F over the bin is F1 end - F0 start - the sum of its values / n. Written by what lies above each value, so that nothing large cancels.
    const over =
      integral(end, end - start, f0, b.counts[i] ?? 0, b.sums[i] ?? 0, n) -
      integral(end, end - start, g0, c.counts[i] ?? 0, c.sums[i] ?? 0, m);
    const [above, below] = [Math.max(0, f1 - g0), Math.max(0, g1 - f0)].map((height) => height * (end - start));
    const least = Math.abs(over);
    const most = Math.min(
      (end - start) * Math.max(f1 - g0, g1 - f0, 0),
      over + 2 * (below ?? 0),
      2 * (above ?? 0) - over,
    );
    lower += least;
    upper += Math.max(least, most);
  }
  return { value: lower, lower, upper };
}

/** The integral of a distribution function over a bin of some width that ends at `end`, `share` of the rows below it, `count` in it. */
function integral(end: number, width: number, share: number, count: number, sum: number, n: number): number {
  return share * width + (count * end - sum) / n;
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
