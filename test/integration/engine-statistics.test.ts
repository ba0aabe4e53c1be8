// The statistics that the design leaves to the engine, against brute force and known values: ROC AUC, average precision, quantiles, Kolmogorov-Smirnov, Wasserstein.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { BaselineTable } from '../../src/store/baselines.js';
import { PredictionWriter } from '../../src/store/prediction-writer.js';
import { TwoSampleQueries } from '../../src/store/two-sample.js';
import { WindowRows } from '../../src/store/window-rows.js';
import { aPrediction, STORE_NOW } from '../support/store-rows.js';
import { openTestStore, type TestStore } from '../support/test-store.js';
import { uuid } from '../support/upload-cases.js';

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened.close());

/** One number (or null) of the engine. */
async function compute(expression: string, params: Record<string, unknown>): Promise<number | null> {
  const { x } = await opened.store.one({
    name: 'compute',
    sql: `SELECT ${expression} AS x`,
    params,
    row: z.object({ x: z.number().nullable() }),
  });
  return x;
}

/** Scores on a coarse grid, so that ties are the rule. */
const scored = fc.array(fc.record({ score: fc.nat(6).map((n) => n / 6), label: fc.nat(1) }), {
  minLength: 2,
  maxLength: 40,
});

describe('arrayROCAUC and arrayPRAUC', () => {
  const area = (name: string, pairs: readonly { score: number; label: number }[]) =>
    compute(`${name}({scores:Array(Float64)}, {labels:Array(UInt8)})`, {
      scores: pairs.map((p) => p.score),
      labels: pairs.map((p) => p.label),
    });

  test('ROC AUC is the share of pairs in the right order, ties counted half', async () => {
    await fc.assert(
      fc.asyncProperty(scored, async (pairs) => {
        const positive = pairs.filter((p) => p.label === 1);
        const negative = pairs.filter((p) => p.label === 0);
        const wins = positive.map((p) =>
          negative.reduce((sum, n) => sum + (p.score > n.score ? 1 : p.score === n.score ? 0.5 : 0), 0),
        );
        const found = await area('arrayROCAUC', pairs);
        if (positive.length === 0 || negative.length === 0) expect(found).toBeNull();
        else expect(found).toBeCloseTo(wins.reduce((a, b) => a + b, 0) / (positive.length * negative.length), 12);
      }),
      { numRuns: 40 },
    );
  });

  test('PR AUC is average precision: the precision at each threshold, weighted by the recall it adds', async () => {
    await fc.assert(
      fc.asyncProperty(
        scored.filter((pairs) => pairs.some((p) => p.label === 1)),
        async (pairs) => {
          const positives = pairs.filter((p) => p.label === 1).length;
          let sum = 0;
          for (const threshold of new Set(pairs.map((p) => p.score))) {
            const above = pairs.filter((p) => p.score >= threshold);
            const added = pairs.filter((p) => p.score === threshold && p.label === 1).length;
            sum += (above.filter((p) => p.label === 1).length / above.length) * (added / positives);
          }
          expect(await area('arrayPRAUC', pairs)).toBeCloseTo(sum, 12);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('known values of scikit-learn', async () => {
    const pairs = [0.1, 0.4, 0.35, 0.8].map((score, n) => ({ score, label: n > 1 ? 1 : 0 }));
    expect(await area('arrayROCAUC', pairs)).toBe(0.75);
    expect(await area('arrayPRAUC', pairs)).toBeCloseTo(0.8333333333333333, 15);
  });
});

test('quantilesExactInclusive interpolates linearly between order statistics, as numpy does by default', async () => {
  const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(values, async (given) => {
      const sorted = [...given].sort((a, b) => a - b);
      const levels = [0, 0.1, 0.25, 0.5, 0.9, 1];
      const expected = levels.map((level) => {
        const at = level * (sorted.length - 1);
        const low = sorted[Math.floor(at)] ?? 0;
        return low + (at - Math.floor(at)) * ((sorted[Math.ceil(at)] ?? 0) - low);
      });
      const sql = `SELECT quantilesExactInclusive(${levels.join(', ')})(arrayJoin({given:Array(Float64)})) AS q`;
      const { q } = await opened.store.one({
        name: 'quantiles',
        sql,
        params: { given },
        row: z.object({ q: z.array(z.number()) }),
      });
      q.forEach((value, index) => expect(value).toBeCloseTo(expected[index] ?? Number.NaN, 6));
    }),
    { numRuns: 40 },
  );
});

/** The largest distance between both empirical distribution functions. */
function distance(a: readonly number[], b: readonly number[]): number {
  const share = (sample: readonly number[], x: number) => sample.filter((v) => v <= x).length / sample.length;
  return Math.max(...[...a, ...b].map((x) => Math.abs(share(a, x) - share(b, x))));
}

/** The share of all ways to split the pooled values that are at least as far apart: the exact p-value without ties. */
function exactP(a: readonly number[], b: readonly number[]): number {
  const pooled = [...a, ...b];
  const observed = distance(a, b);
  let total = 0;
  let extreme = 0;
  for (let mask = 0; mask < 2 ** pooled.length; mask++) {
    const left = pooled.filter((_, index) => (mask >> index) & 1);
    if (left.length !== a.length) continue;
    total++;
    if (
      distance(
        left,
        pooled.filter((_, index) => !((mask >> index) & 1)),
      ) >=
      observed - 1e-12
    )
      extreme++;
  }
  return extreme / total;
}

describe('the two-sample tests of the store', () => {
  let model = 0;
  /** Both samples stored as a baseline and a window, and tested there. */
  async function run(
    baseline: readonly Record<string, unknown>[],
    window: readonly Record<string, unknown>[],
    paths: string[],
    exact = true,
    distance = true,
  ) {
    const name = `m${model++}`;
    const id = uuid(model);
    await new BaselineTable(opened.store, opened.engine).loadRows(
      id,
      baseline.map((inputs) => ({ inputs })),
      (row) => row,
    );
    const writer = new PredictionWriter(opened.store, {
      limits: { maxRows: 1000, maxPendingBytes: 1e8 },
      flushed: () => undefined,
    });
    await writer.write(
      window.map((inputs, n) => writer.encode(aPrediction(uuid(model * 1000 + n), { model: name, inputs }), false)),
    );
    const selection = {
      model: name,
      length: null,
      origin: 0,
      from: 0,
      to: STORE_NOW * 2,
      windows: null,
      version: null,
      segments: [],
    };
    const rows = await new WindowRows(opened.store).predictions(selection);
    const groups = [{ version: '1', deployment: '', segment: '', w: 0 }];
    const sample = new BaselineTable(opened.store, opened.store.engine).rowsOf(id);
    return new TwoSampleQueries(opened.store).compare(rows, groups, paths, sample, { exact, distance });
  }
  const column = (values: readonly number[]) => values.map((x) => ({ x }));
  const distinct = fc.uniqueArray(fc.integer({ min: -50, max: 50 }), { minLength: 6, maxLength: 10 });

  test('D and the exact p-value agree with the enumeration of all splits', async () => {
    const split = distinct.chain((values) =>
      fc.record({ values: fc.constant(values), at: fc.integer({ min: 1, max: values.length - 1 }) }),
    );
    await fc.assert(
      fc.asyncProperty(split, async ({ values, at }) => {
        const [a, b] = [values.slice(0, at), values.slice(at)];
        const [found] = await run(column(a), column(b), ['inputs.x']);
        expect(found?.d).toBeCloseTo(distance(a, b), 12);
        expect(found?.pValue).toBeCloseTo(exactP(a, b), 9);
      }),
      { numRuns: 10 },
    );
  });

  test('of the 20 ways to split six numbers, two are as far apart as 1 2 3 and 4 5 6', async () => {
    const found = await run(column([1, 2, 3]), column([4, 5, 6]), ['inputs.x']);
    expect(found).toMatchObject([
      { path: 'inputs.x', d: 1, pValue: expect.closeTo(2 / 20, 12) as number, distance: 3 },
    ]);
  });

  test('D counts ties once, and without `exact` there is no p-value', async () => {
    const a = [1, 1, 1, 2, 3];
    const b = [1, 2, 2, 2, 3, 3];
    expect(await run(column(a), column(b), ['inputs.x'], false)).toMatchObject([
      { d: expect.closeTo(distance(a, b), 12) as number, pValue: null },
    ]);
  });

  test('D agrees with the definition on ties, constants and samples of one row', async () => {
    const tied = fc.array(fc.constantFrom(-1, 0, 0, 2, 1e300), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(tied, tied, fc.boolean(), async (a, b, exact) => {
        const [found] = await run(column(a), column(b), ['inputs.x'], exact);
        expect(found?.d).toBeCloseTo(distance(a, b), 12);
      }),
      { numRuns: 12 },
    );
  });

  test('the unit of the values does not matter: tiny ones are told apart, distances of huge ones are known', async () => {
    const [a, b] = [
      [1, 2, 3, 4],
      [3, 4, 5, 6],
    ];
    for (const unit of [1, 2 ** -50, 2 ** -400, 2 ** 490])
      for (const exact of [true, false]) {
        const [found] = await run(column(a.map((x) => x * unit)), column(b.map((x) => x * unit)), ['inputs.x'], exact);
        expect(found?.d).toBeCloseTo(0.5, 12);
        expect((found?.distance ?? 0) / unit).toBeCloseTo(2, 12);
        const [large] = await run(
          column(a.map((x) => x * unit)),
          column(b.map((x) => x * unit)),
          ['inputs.x'],
          false,
          false,
        );
        expect(large).toMatchObject({ d: expect.closeTo(0.5, 12) as number, distance: null });
      }
    const huge = [1e308, 9e307, 8e307, 7e307];
    const [found] = await run(column(huge), column([0, 0, 0, 0]), ['inputs.x']);
    expect((found?.distance ?? 0) / 1e307).toBeCloseTo(8.5, 9);
  });

  test('the Wasserstein distance is the mean gap of the sorted values, for samples of one size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })), {
          minLength: 2,
          maxLength: 9,
        }),
        async (pairs) => {
          const sorted = (index: 0 | 1) => pairs.map((pair) => pair[index]).sort((x, y) => x - y);
          const gaps = sorted(0).map((value, n) => Math.abs(value - (sorted(1)[n] ?? 0)));
          const [found] = await run(column(sorted(0)), column(sorted(1)), ['inputs.x']);
          expect(found?.distance).toBeCloseTo(gaps.reduce((x, y) => x + y, 0) / gaps.length, 12);
        },
      ),
      { numRuns: 10 },
    );
  });

  test('a field that one side lacks is left out, and the other fields keep their numbers', async () => {
    const baseline = [1, 2, 3].map((x) => ({ x, gone: x }));
    const window = [2, 3, 4].map((x) => ({ x, fresh: x }));
    const paths = ['inputs.x', 'inputs.gone', 'inputs.fresh', 'inputs.never'];
    for (const exact of [true, false]) {
      expect(await run(baseline, window, paths, exact)).toMatchObject([
        { path: 'inputs.x', d: expect.closeTo(1 / 3, 12) as number, distance: 1 },
      ]);
    }
  });

  test('as an aggregate the engine’s test fails a whole statement when one group lacks a side, whatever HAVING says', async () => {
    const samples = `(SELECT arrayJoin([('a', 1., 0), ('a', 2., 1), ('b', 1., 0)]) AS e, e.1 AS path, e.2 AS v, e.3 AS side)`;
    const sql = `SELECT path, kolmogorovSmirnovTest('two-sided')(v, side) FROM ${samples} GROUP BY path HAVING max(side) = 1`;
    await expect(opened.store.command({ name: 'one_sided', sql })).rejects.toMatchObject({
      engineCode: 'BAD_ARGUMENTS',
    });
  });
});
