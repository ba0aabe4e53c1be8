// Random bin counts for property tests.
import fc from 'fast-check';

const count = fc.oneof(fc.constant(0), fc.nat(20), fc.nat(5_000_000));

/** Counts of a baseline and of a window over the same bins; either may be empty. */
export const countPairs = fc.integer({ min: 1, max: 54 }).chain((bins) => fc.tuple(countsOf(bins), countsOf(bins)));

/** As `countPairs`, with rows on both sides. */
export const filledCountPairs = countPairs.filter(([b, c]) => b.some((n) => n > 0) && c.some((n) => n > 0));

function countsOf(bins: number) {
  return fc.array(count, { minLength: bins, maxLength: bins });
}

/** A permutation of bins, as a function that reorders counts. */
export function reordered(counts: readonly number[], seed: number): number[] {
  return counts
    .map((n, i) => ({ n, key: Math.sin(seed + i * 7919) }))
    .sort((a, b) => a.key - b.key)
    .map(({ n }) => n);
}

/** Uniform numbers in [0, 1) from a seed (mulberry32), for simulations that must repeat. */
export function uniforms(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
