// Histograms as numpy makes them: the bins of Sturges and Doane, closed on the left, the last one on both sides.
import { mean, standardDeviation } from 'simple-statistics';

/** Equal-width edges by Sturges' rule: ceil(range / (range / (log2 n + 1))) bins. A constant gets one bin of width 1 around it. */
export function sturgesEdges(values: readonly number[]): number[] {
  return equalWidthEdges(values, Math.log2(values.length) + 1);
}

/** Equal-width edges by Doane's rule, which widens Sturges' by the skewness. Source: numpy.histogram_bin_edges(bins='doane'). */
export function doaneEdges(values: readonly number[]): number[] {
  const n = values.length;
  const spread = n > 2 ? standardDeviation([...values]) : 0;
  if (!(spread > 0)) return equalWidthEdges(values, 0);
  const centre = mean([...values]);
  const skewness = mean(values.map((value) => ((value - centre) / spread) ** 3));
  return equalWidthEdges(values, doaneBins(n, skewness));
}

/** How many bins Doane's rule asks for, before rounding up. */
export function doaneBins(n: number, skewness: number): number {
  const error = Math.sqrt((6 * (n - 2)) / ((n + 1) * (n + 3)));
  return 1 + Math.log2(n) + Math.log2(1 + Math.abs(skewness) / error);
}

/** `bins` or the next whole number of them, from the smallest to the largest value. */
function equalWidthEdges(values: readonly number[], bins: number): number[] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (low === high) return [low - 0.5, high + 0.5];
  const width = (high - low) / bins;
  const count = width > 0 && Number.isFinite(width) ? Math.ceil((high - low) / width) : 1;
  const step = (high - low) / count;
  return [...Array.from({ length: count }, (_, i) => i * step + low), high];
}

/** Values in each bin of ascending edges; what lies outside is in none. */
export function histogram(values: readonly number[], edges: readonly number[]): number[] {
  const counts = new Array<number>(Math.max(0, edges.length - 1)).fill(0);
  const last = edges[edges.length - 1] ?? Number.NaN;
  for (const value of values) {
    if (!(value >= (edges[0] ?? Number.NaN) && value <= last)) continue;
    let [below, above] = [0, edges.length - 1];
    while (above - below > 1) {
      const middle = (below + above) >> 1;
      if (value >= (edges[middle] ?? Number.NaN)) below = middle;
      else above = middle;
    }
    counts[below] = (counts[below] ?? 0) + 1;
  }
  return counts;
}
