// Divergences of shares as scipy computes them, and counts of distinct values, for the numbers of other libraries.
import { sum } from 'simple-statistics';

/** Compensated sum; 0 of nothing. */
export function sumOf(values: readonly number[]): number {
  return sum([...values]);
}

/** Kullback-Leibler divergence in nats of two lists that are normalised first. Source: scipy.stats.entropy(p, q). */
export function entropy(p: readonly number[], q: readonly number[]): number {
  const [n, m] = [sumOf(p), sumOf(q)];
  return sumOf(
    p.map((value, i) => {
      const [share, other] = [value / n, (q[i] ?? 0) / m];
      return share === 0 ? 0 : share * Math.log(share / other);
    }),
  );
}

/** Jensen-Shannon distance in nats of two lists that are normalised first. Source: scipy.spatial.distance.jensenshannon(p, q). */
export function jensenShannon(p: readonly number[], q: readonly number[]): number {
  const [n, m] = [sumOf(p), sumOf(q)];
  const middle = p.map((value, i) => (value / n + (q[i] ?? 0) / m) / 2);
  return Math.sqrt(Math.max(0, (entropy(p, middle) + entropy(q, middle)) / 2));
}

/** Counts of each value that either side has, in the order of their appearance. */
export function valuesOf<T>(reference: readonly T[], current: readonly T[]): [number[], number[]] {
  const places = new Map<T, number>();
  for (const value of [...reference, ...current]) if (!places.has(value)) places.set(value, places.size);
  const count = (values: readonly T[]) => {
    const counts = new Array<number>(places.size).fill(0);
    for (const value of values) {
      const place = places.get(value) ?? -1;
      counts[place] = (counts[place] ?? 0) + 1;
    }
    return counts;
  };
  return [count(reference), count(current)];
}
