// The nearest of some names to a misspelt one, for "did you mean".

/** Levenshtein distance: how many characters to insert, delete or replace. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/** The name nearest to `given`, the first of equals; null where there are no names. Case does not count. */
export function nearest(given: string, names: Iterable<string>): string | null {
  const wanted = given.slice(0, 200).toLowerCase();
  let best: { name: string; distance: number } | null = null;
  for (const name of names) {
    const distance = editDistance(wanted, name.slice(0, 200).toLowerCase());
    if (best === null || distance < best.distance) best = { name, distance };
  }
  return best?.name ?? null;
}
