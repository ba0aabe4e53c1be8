// A change split over segments: a worked example, and that nothing gets lost.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contributionsOf, withMissing, type SegmentSum } from '../../../src/domain/alerts/contribution.js';

const sums = (entries: Record<string, [number, number]>): Map<string, SegmentSum> =>
  new Map(Object.entries(entries).map(([name, [n, sum]]) => [name, { n, sum }]));

describe('a change split over segments', () => {
  it('tells a segment that grew from one that got worse', () => {
    // EU: 80 of 100 rows at 0.9, then 50 of 100 at 0.9. US: 20 rows at 0.5, then 50 at 0.4.
    const before = sums({ '': [100, 82], 'tags.region=EU': [80, 72], 'tags.region=US': [20, 10] });
    const after = sums({ '': [100, 65], 'tags.region=EU': [50, 45], 'tags.region=US': [50, 20] });
    const { change, segments } = contributionsOf(before, after);
    expect(change).toBeCloseTo(-0.17, 12);
    const [us, eu] = segments;
    expect(us?.segment).toBe('tags.region=US');
    // rate: (0.4 - 0.5) x (0.2 + 0.5)/2; mix: (0.5 - 0.2) x (0.45 - 0.735)
    expect(us?.rateEffect).toBeCloseTo(-0.035, 12);
    expect(us?.mixEffect).toBeCloseTo(-0.0855, 12);
    // EU got no worse, but there is less of it: (0.5 - 0.8) x (0.9 - 0.735)
    expect(eu?.rateEffect).toBeCloseTo(0, 12);
    expect(eu?.mixEffect).toBeCloseTo(-0.0495, 12);
  });

  it('splits nothing where a period is empty', () => {
    const after = sums({ '': [10, 5], 'tags.a=x': [10, 5] });
    const found = contributionsOf(new Map(), after);
    expect(found).toMatchObject({ before: null, after: 0.5, change: null });
    expect(found.segments).toMatchObject([{ mixEffect: null, rateEffect: null, valueBefore: null, valueAfter: 0.5 }]);
  });

  it('adds up to the change over the segments of each path, rows without the field included', () => {
    const row = fc.record({
      region: fc.constantFrom('EU', 'US', 'AP', null),
      tier: fc.constantFrom('a', 'b', null),
      value: fc.double({ min: -5, max: 5, noNaN: true }),
    });
    const rows = fc.array(row, { minLength: 1, maxLength: 60 });
    const summed = (given: readonly { region: string | null; tier: string | null; value: number }[]) => {
      const found = new Map<string, SegmentSum>();
      for (const { region, tier, value } of given)
        for (const name of [
          '',
          region === null ? null : `tags.region=${region}`,
          tier === null ? null : `tags.tier=${tier}`,
        ]) {
          if (name === null) continue;
          const known = found.get(name) ?? { n: 0, sum: 0 };
          found.set(name, { n: known.n + 1, sum: known.sum + value });
        }
      return withMissing(found, ['tags.region', 'tags.tier']);
    };
    fc.assert(
      fc.property(rows, rows, (before, after) => {
        const { change, segments } = contributionsOf(summed(before), summed(after));
        for (const path of ['tags.region=', 'tags.tier=']) {
          const mine = segments.filter(({ segment }) => segment.startsWith(path));
          const total = mine.reduce((sum, one) => sum + (one.mixEffect ?? NaN) + (one.rateEffect ?? NaN), 0);
          expect(total).toBeCloseTo(change ?? NaN, 9);
        }
      }),
    );
  });
});
