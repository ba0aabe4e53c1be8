// Laws of the counting in the engine: any split of a window merges to the same profile, and fine bins hold the exact distances between their bounds.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Baseline, BaselineFieldProfile } from '../../src/domain/drift/baseline.js';
import type { NumericBins } from '../../src/domain/drift/bins.js';
import { ksStatistic } from '../../src/domain/drift/kolmogorov.js';
import { SampleTester, type Measured } from '../../src/services/drift-samples.js';
import { openTestContainer, type TestContainer } from '../support/container.js';
import { countNumeric, numericBins, wassersteinDistance } from '../support/reference-statistics.js';

const QUARTER = 900_000;
const DAY = 86_400_000;
/** Of an interpolation between numbers up to 100. */
const ROUNDING = 1e-10;
const START = Date.UTC(2026, 0, 5);

let test: TestContainer;
let number = 0;
beforeAll(async () => {
  test = await openTestContainer({ now: START + 10 * DAY });
});
afterAll(() => test.close());

const value = fc.option(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ min: -100, max: 100, noNaN: true })), {
  freq: 5,
});
const row = fc.record({ x: value, c: fc.constantFrom('a', 'b', 'c', 'new'), at: fc.integer({ min: 0, max: DAY - 1 }) });

async function prepare(
  baseline: readonly { x: number | null; c: string }[],
  rows: readonly { x: number | null; c: string; at: number }[],
) {
  const model = `law${number++}`;
  const services = test.container.services;
  const inputs = ({ x, c }: { x: number | null; c: string }) => ({ c, ...(x === null ? {} : { x }) });
  await services.baselines.fromRows(
    model,
    { name: 'base', version: null },
    baseline.map((one) => ({ inputs: inputs(one) })),
  );
  const items = rows.map((one, i) => ({
    model,
    version: '1',
    prediction_id: `${model}-${i}`,
    timestamp: START + one.at,
    inputs: inputs(one),
  }));
  expect((await services.ingest.predictions(items, null)).errors).toBeUndefined();
  const [stored] = await test.container.tables.baselines.list(model);
  return { model, baseline: stored as Baseline };
}

function selection(model: string, length: number | null) {
  return { model, length, origin: 0, from: START, to: START + DAY, windows: null, version: null, segments: [] };
}

/**
 * The stored bins of a numeric field, after a look that they are cut at the deciles. The engine interpolates in another order than numpy, so a decile may
 * differ in its last digits, and a value of 1e-223 lie on its other side: rows are counted between the edges that were frozen.
 */
function frozenBins(field: BaselineFieldProfile | undefined, base: readonly { x: number | null }[]): NumericBins {
  const edges = field?.edges ?? [];
  const deciles = numericBins(base.map((one) => one.x)).edges;
  const apart = (from: readonly number[], to: readonly number[]) =>
    from.filter((edge) => !to.some((other) => Math.abs(edge - other) <= ROUNDING));
  expect([...apart(edges, deciles), ...apart(deciles, edges)]).toEqual([]);
  return { kind: 'numeric', edges };
}

describe('profiles', () => {
  it('of any split of a day add up to the profile of the day, which is that of the raw rows', async () => {
    const { tables } = test.container;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ x: value, c: fc.constantFrom('a', 'b', 'c') }), { minLength: 3, maxLength: 30 }),
        fc.array(row, { minLength: 1, maxLength: 60 }),
        async (base, rows) => {
          const { model, baseline } = await prepare(base, rows);
          const fields = baseline.fields.filter((field) => field.kind !== 'skipped');
          const known = tables.baselines.rowsOf(baseline.id);
          const totals = async (length: number | null) => {
            const groups = await tables.bins.count(
              await tables.rows.predictions(selection(model, length)),
              fields,
              known,
            );
            return fields.map((field) =>
              field.counts.map((_, bin) =>
                groups.reduce((sum, group) => sum + (group.counts.get(field.path)?.[bin] ?? 0), 0),
              ),
            );
          };
          const whole = await totals(null);
          for (const length of [QUARTER, 4 * QUARTER, 24 * QUARTER]) expect(await totals(length)).toEqual(whole);
          const x = fields.findIndex((field) => field.path === 'inputs.x');
          if (x >= 0)
            expect(whole[x]).toEqual(
              countNumeric(
                frozenBins(fields[x], base),
                rows.map(({ x }) => x),
              ),
            );
        },
      ),
      { numRuns: 12 },
    );
  });
});

describe('samples too large for one place', () => {
  it('have bounds that hold the exact distances, near them where bins are many', async () => {
    const { tables } = test.container;
    const base = Array.from({ length: 400 }, (_, i) => ({ x: Math.sin(i) * 10 + (i % 7), c: 'a' }));
    const rows = Array.from({ length: 300 }, (_, i) => ({
      x: i % 13 === 0 ? null : Math.cos(i) * 12,
      c: 'b',
      at: i * 1000,
    }));
    const { model, baseline } = await prepare(base, rows);
    const tester = new SampleTester(tables.twoSample, tables.fineBins, { ks: 0, wasserstein: 0 });
    const fields = baseline.fields.filter((field) => field.path === 'inputs.x');
    const source = tables.baselines.rowsOf(baseline.id);
    const selected = await tables.rows.predictions(selection(model, null));
    const counted = await tables.bins.count(selected, fields, source);
    const measured = counted.map((group): Measured => ({ ...group, ks: new Map(), wasserstein: new Map() }));
    await tester.test(selected, measured, fields, { baseline, source }, { ks: true, wasserstein: true });
    const [x, y] = [base.map((one) => one.x), rows.flatMap((one) => (one.x === null ? [] : [one.x]))];
    const [ks, distance] = [measured[0]?.ks.get('inputs.x'), measured[0]?.wasserstein.get('inputs.x')];
    const [exactKs, exactW] = [ksStatistic(x, y) ?? NaN, wassersteinDistance(x, y)];
    expect(ks?.bounds?.lower).toBeLessThanOrEqual(exactKs + 1e-12);
    expect(ks?.bounds?.upper).toBeGreaterThanOrEqual(exactKs - 1e-12);
    expect((ks?.bounds?.upper ?? 1) - (ks?.bounds?.lower ?? 0)).toBeLessThan(0.02);
    expect(distance?.bounds?.lower).toBeLessThanOrEqual(exactW + 1e-9);
    expect(distance?.bounds?.upper).toBeGreaterThanOrEqual(exactW - 1e-9);
    expect(distance?.value).toBeCloseTo(exactW, 1);
  });
});
