// What each segment contributed to a change of a mean: by being a larger or smaller part of the rows (mix), and by its own change (rate).

/** A segment's rows in one period: how many count for the metric, and the sum over them. */
export interface SegmentSum {
  n: number;
  sum: number;
}

/** One segment before and after. `segment` is `path=value`; without a value it holds the rows that lack the field. */
export interface Contribution {
  segment: string;
  nBefore: number;
  nAfter: number;
  valueBefore: number | null;
  valueAfter: number | null;
  /** What came of the segment's share of the rows changing. */
  mixEffect: number | null;
  /** What came of the segment's own value changing. */
  rateEffect: number | null;
}

/** A mean before and after, and what the segments of each path contributed: over the segments of one path the effects add up to the change. */
export interface Contributions {
  before: number | null;
  after: number | null;
  change: number | null;
  /** Largest effect first. */
  segments: Contribution[];
}

const NOTHING: SegmentSum = { n: 0, sum: 0 };
const mean = ({ n, sum }: SegmentSum): number | null => (n === 0 ? null : sum / n);

/**
 * Splits the change of a mean over segments. With a segment's share of the rows `w` and its mean `v` before (0) and after (1), and the whole mean `V`:
 * mix = (w1 - w0) x ((v0 + v1)/2 - (V0 + V1)/2), rate = (v1 - v0) x (w0 + w1)/2. This is the symmetric form of the Oaxaca-Blinder (Kitagawa 1955)
 * decomposition, centred on the whole, so that a segment that grows counts as good or bad by being better or worse than the rest. A segment
 * that is empty in one period is given its value of the other there. Nothing is split where one of the periods has no rows.
 *
 * @param before sums by segment; `''` is the whole, the others are `path=value`.
 */
export function contributionsOf(
  before: ReadonlyMap<string, SegmentSum>,
  after: ReadonlyMap<string, SegmentSum>,
): Contributions {
  const whole = { before: before.get('') ?? NOTHING, after: after.get('') ?? NOTHING };
  const [total0, total1] = [mean(whole.before), mean(whole.after)];
  const names = [...new Set([...before.keys(), ...after.keys()])].filter((name) => name !== '');
  const segments = names.map((name): Contribution => {
    const [a, b] = [before.get(name) ?? NOTHING, after.get(name) ?? NOTHING];
    const known = { segment: name, nBefore: a.n, nAfter: b.n, valueBefore: mean(a), valueAfter: mean(b) };
    const [v0, v1] = [mean(a) ?? mean(b), mean(b) ?? mean(a)];
    if (total0 === null || total1 === null || v0 === null || v1 === null)
      return { ...known, mixEffect: null, rateEffect: null };
    const [w0, w1] = [a.n / whole.before.n, b.n / whole.after.n];
    return {
      ...known,
      mixEffect: (w1 - w0) * ((v0 + v1) / 2 - (total0 + total1) / 2),
      rateEffect: ((v1 - v0) * (w0 + w1)) / 2,
    };
  });
  const size = (one: Contribution): number => Math.abs((one.mixEffect ?? 0) + (one.rateEffect ?? 0));
  return {
    before: total0,
    after: total1,
    change: total0 === null || total1 === null ? null : total1 - total0,
    segments: segments.sort((a, b) => size(b) - size(a) || (a.segment < b.segment ? -1 : 1)),
  };
}

/** The rows of a path that lack the field, as a segment of their own (`path=`), so that the segments of each path are all rows. */
export function withMissing(sums: ReadonlyMap<string, SegmentSum>, paths: readonly string[]): Map<string, SegmentSum> {
  const whole = sums.get('') ?? NOTHING;
  const complete = new Map(sums);
  for (const path of paths) {
    const mine = [...sums].filter(([name]) => name.startsWith(`${path}=`)).map(([, one]) => one);
    const n = whole.n - mine.reduce((total, one) => total + one.n, 0);
    const sum = whole.sum - mine.reduce((total, one) => total + one.sum, 0);
    const name = `${path}=`;
    if (n > 0) complete.set(name, { n: n + (sums.get(name)?.n ?? 0), sum: sum + (sums.get(name)?.sum ?? 0) });
  }
  return complete;
}
