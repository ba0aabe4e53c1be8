// Bins: where a value falls, what the bins are called.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  binCount,
  binIndexNumeric,
  binLabels,
  CATEGORY_LIMIT,
  distinctEdges,
  type FieldBins,
  frequentCategories,
  missingIndex,
  type NumericBins,
  otherIndex,
  unseenIndex,
} from '../../../src/domain/drift/bins.js';

const numeric: NumericBins = { kind: 'numeric', edges: [196, 267, 1547] };
const categorical: FieldBins = { kind: 'categorical', categories: ['ORD', 'DFW'] };
const double = fc.double({ noNaN: true, noDefaultInfinity: true });

describe('bins', () => {
  it('end with MISSING; categorical ones have OTHER and UNSEEN before it', () => {
    expect([binCount(numeric), missingIndex(numeric), unseenIndex(numeric), otherIndex(numeric)]).toEqual([
      5,
      4,
      null,
      null,
    ]);
    expect([
      binCount(categorical),
      missingIndex(categorical),
      unseenIndex(categorical),
      otherIndex(categorical),
    ]).toEqual([5, 4, 3, 2]);
  });

  it('are right-closed and open at the ends', () => {
    const index = (value: number | null) => binIndexNumeric(numeric, value);
    expect([-1e300, 196, 196.0001, 267, 1547, 1547.1, 1e300].map(index)).toEqual([0, 0, 1, 1, 2, 3, 3]);
  });

  it('put null and what is not finite into MISSING', () => {
    expect([null, NaN, Infinity, -Infinity].map((value) => binIndexNumeric(numeric, value))).toEqual([4, 4, 4, 4]);
  });

  it('without edges hold every number in one bin', () => {
    const bins: NumericBins = { kind: 'numeric', edges: [] };
    expect([binIndexNumeric(bins, 5), binIndexNumeric(bins, null)]).toEqual([0, 1]);
    expect(binLabels(bins)).toEqual(['any number', 'missing']);
  });

  it('place every number so that its bin bounds hold it', () => {
    fc.assert(
      fc.property(fc.array(double, { maxLength: 9 }), double, (deciles, value) => {
        const edges = distinctEdges(deciles);
        const index = binIndexNumeric({ kind: 'numeric', edges }, value);
        expect(value).toBeLessThanOrEqual(edges[index] ?? Infinity);
        expect(value).toBeGreaterThanOrEqual(edges[index - 1] ?? -Infinity);
        expect(value === edges[index - 1]).toBe(false);
      }),
    );
  });
});

describe('edges', () => {
  it('are ascending, distinct and finite', () => {
    expect(distinctEdges([3, 1, 1, NaN, 2, 3, Infinity])).toEqual([1, 2, 3]);
    expect(distinctEdges([])).toEqual([]);
  });
});

describe('categories of a baseline', () => {
  it('are the most frequent first, ties by name as bytes sort', () => {
    const counts = new Map([
      ['b', 2],
      ['a', 2],
      ['z', 9],
      ['\u{1F600}', 2],
      ['\uFF5E', 2],
      ['B', 2],
      ['aa', 2],
    ]);
    expect(frequentCategories(counts)).toEqual(['z', 'B', 'a', 'aa', 'b', '\uFF5E', '\u{1F600}']);
  });

  it('are at most fifty', () => {
    const counts = new Map(Array.from({ length: 80 }, (_, i) => [`c${i}`, 80 - i]));
    const top = frequentCategories(counts);
    expect([top.length, top[0], top[49]]).toEqual([CATEGORY_LIMIT, 'c0', 'c49']);
  });
});

describe('labels', () => {
  it('are readable', () => {
    expect(binLabels(numeric)).toEqual(['<= 196', '196 - 267', '267 - 1547', '> 1547', 'missing']);
    expect(binLabels(categorical)).toEqual(['ORD', 'DFW', 'other', 'unseen', 'missing']);
  });

  it('join a negative bound by a word', () => {
    expect(binLabels({ kind: 'numeric', edges: [-122.4, -118.25, 3] })).toEqual([
      '<= -122.4',
      '-122.4 to -118.25',
      '-118.25 to 3',
      '> 3',
      'missing',
    ]);
  });

  it('take as many digits as keep close edges apart', () => {
    expect(binLabels({ kind: 'numeric', edges: [0.12556544132669448, 0.2] })[0]).toBe('<= 0.125565');
    expect(binLabels({ kind: 'numeric', edges: [1.00000001, 1.00000002] })).toContain('1.00000001 - 1.00000002');
  });

  it('quote a category that is called like one of our own bins', () => {
    expect(binLabels({ kind: 'categorical', categories: ['other', '', 'missing'] })).toEqual([
      '"other"',
      '""',
      '"missing"',
      'other',
      'unseen',
      'missing',
    ]);
  });

  it('are one a bin, none twice', () => {
    const edges = fc
      .array(double, { maxLength: 9 })
      .map((deciles): FieldBins => ({ kind: 'numeric', edges: distinctEdges(deciles) }));
    fc.assert(
      fc.property(edges, (bins) => {
        expect(new Set(binLabels(bins)).size).toBe(binCount(bins));
      }),
    );
  });
});
