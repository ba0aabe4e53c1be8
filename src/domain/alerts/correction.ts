// Many tests at once: p-values adjusted so that a rule over many fields is wrong as seldom as a rule over one.
import type { Observation } from './observation.js';

/**
 * Benjamini-Hochberg (1995): the adjusted p-value of the i-th smallest of m is the smallest p(j) x m / j over j >= i, at most 1. A rule that fires
 * below q is then wrong in at most a share q of what it finds, on average. In the order given.
 */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  const order = pValues.map((p, index) => ({ p, index })).sort((a, b) => b.p - a.p);
  const adjusted = new Array<number>(pValues.length).fill(1);
  let least = 1;
  order.forEach(({ p, index }, position) => {
    const rank = pValues.length - position;
    least = Math.min(least, p * (pValues.length / rank));
    adjusted[index] = least;
  });
  return adjusted;
}

/** The observations of several fields with the p-values of each window adjusted together; what cannot be judged is not among the tests. */
export function adjustTogether(series: readonly (readonly Observation[])[]): Observation[][] {
  const byWindow = new Map<number, { field: number; at: number; p: number }[]>();
  series.forEach((observations, field) =>
    observations.forEach(({ windowStart, value, status }, at) => {
      if (value === null || status !== 'ok') return;
      byWindow.set(windowStart, [...(byWindow.get(windowStart) ?? []), { field, at, p: value }]);
    }),
  );
  const adjusted = series.map((observations) => [...observations]);
  for (const tests of byWindow.values()) {
    const values = benjaminiHochberg(tests.map(({ p }) => p));
    tests.forEach(({ field, at }, index) => {
      const known = adjusted[field]?.[at];
      if (known !== undefined) adjusted[field]?.splice(at, 1, { ...known, value: values[index] ?? 1 });
    });
  }
  return adjusted;
}
