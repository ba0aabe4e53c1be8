// A small seeded random generator: the demo is the same on every run and every machine.

/**
 * Make a generator of uniform numbers in [0, 1) from a 32-bit seed.
 * Source: mulberry32 by Tommy Ettinger (public domain).
 */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A generator of its own for one item of one purpose, so that a draw does not depend on the order of the items. */
export function randomFor(purpose: number, item: number): () => number {
  return mulberry32(Math.imul(purpose + 1, 0x9e3779b1) ^ Math.imul(item + 1, 0x85ebca6b));
}

/** A shuffled copy (Fisher-Yates). */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const copy = [...items];
  for (let last = copy.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [copy[last], copy[other]] = [copy[other] as T, copy[last] as T];
  }
  return copy;
}
