// Intervals do what they promise: over many samples of one distribution about 95 in a hundred hold its true number.
import { describe, expect, it } from 'vitest';
import { mulberry32 } from '../../../demo/random.js';
import { psi } from '../../../src/domain/drift/psi.js';
import { jsDistance, jsNoise99, lInfinity, lInfinityNoise99 } from '../../../src/domain/drift/distances.js';
import { binaryScores, calibrationError, calibrationNoise } from '../../../src/domain/quality/binary.js';
import { mcNemar, twoProportions } from '../../../src/domain/quality/compare.js';
import { multiclassScores } from '../../../src/domain/quality/multiclass.js';
import { regressionScores } from '../../../src/domain/quality/regression.js';
import type { Score } from '../../../src/domain/drift/score.js';
import { regressionSums } from '../../support/reference-statistics.js';

const SAMPLES = 400;

function draw(weights: readonly number[], n: number, random: () => number): number[] {
  const counts = new Array<number>(weights.length).fill(0);
  const sum = weights.reduce((a, b) => a + b, 0);
  for (let i = 0; i < n; i++) {
    let at = random() * sum;
    const bin = weights.findIndex((weight) => (at -= weight) < 0);
    counts[bin < 0 ? weights.length - 1 : bin]! += 1;
  }
  return counts;
}

/** The share of samples in which the interval of each metric holds the number of the whole distribution. */
function coverage(truth: readonly Score[], sample: () => readonly Score[]): Map<string, number> {
  const held = new Map<string, number>();
  for (let i = 0; i < SAMPLES; i++) {
    for (const { metric, lower, upper } of sample()) {
      const value = truth.find((score) => score.metric === metric)?.value ?? null;
      if (value === null || lower === null || upper === null) continue;
      held.set(metric, (held.get(metric) ?? 0) + Number(lower <= value && value <= upper) / SAMPLES);
    }
  }
  return held;
}

/** Chance moves the share of 400 samples by about 0.02. */
function expectAbout95(held: Map<string, number>, metrics: readonly string[]): void {
  for (const metric of metrics) {
    expect(held.get(metric), metric).toBeGreaterThan(0.91);
    expect(held.get(metric), metric).toBeLessThanOrEqual(1);
  }
}

describe('intervals of quality', () => {
  it('hold the true number of a binary classifier', () => {
    const random = mulberry32(1);
    const cells = [0.3, 0.1, 0.15, 0.45];
    const of = ([tp = 0, fp = 0, fn = 0, tn = 0]: number[]) =>
      binaryScores({ n: tp + fp + fn + tn, tp, fp, fn, tn, scored: null });
    const held = coverage(of(cells.map((cell) => cell * 1e6)), () => of(draw(cells, 300, random)));
    expectAbout95(held, ['accuracy', 'precision', 'recall', 'specificity', 'f1', 'mcc']);
  });

  it('hold the true means over several classes', () => {
    const random = mulberry32(2);
    const names = ['cat', 'dog', 'fox'];
    const weights = [0.3, 0.05, 0.02, 0.06, 0.25, 0.03, 0.04, 0.05, 0.2];
    const of = (counts: number[]) =>
      multiclassScores(
        counts.map((n, i) => ({ truth: names[Math.floor(i / 3)] ?? '', predicted: names[i % 3] ?? '', n })),
      ).overall;
    const held = coverage(of(weights.map((weight) => weight * 1e6)), () => of(draw(weights, 300, random)));
    expectAbout95(held, ['precision_macro', 'recall_macro', 'f1_macro']);
  });

  it('hold the true numbers of a regression', () => {
    const random = mulberry32(3);
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const rows = (n: number) =>
      Array.from({ length: n }, () => {
        const truth = 10 + 2 * normal();
        return { truth, predicted: truth + 0.3 + normal() };
      });
    const of = (n: number) => regressionScores(regressionSums(rows(n)));
    expectAbout95(
      coverage(of(200_000), () => of(200)),
      ['mae', 'mse', 'rmse', 'mape', 'r2', 'mean_error'],
    );
  });

  it('differences of two versions: equal ones are told apart one time in twenty', () => {
    const random = mulberry32(4);
    let [apart, paired] = [0, 0];
    for (let i = 0; i < SAMPLES; i++) {
      const [a = 0, b = 0] = [draw([0.8, 0.2], 300, random)[0], draw([0.8, 0.2], 400, random)[0]];
      const found = twoProportions(a, 300, b, 400);
      expect((found.pValue ?? 1) < 0.05 || ((found.lower ?? 1) <= 0 && (found.upper ?? -1) >= 0)).toBe(true);
      apart += Number((found.pValue ?? 1) < 0.05);
      const [both = 0, firstOnly = 0, secondOnly = 0, neither = 0] = draw([0.7, 0.1, 0.1, 0.1], 300, random);
      paired += Number((mcNemar({ both, firstOnly, secondOnly, neither }).pValue ?? 1) < 0.05);
    }
    expect(apart / SAMPLES).toBeLessThan(0.09);
    // The exact test errs to the safe side.
    expect(paired / SAMPLES).toBeLessThan(0.07);
  });
});

describe('noise levels', () => {
  it('of drift are passed by chance about one time in a hundred', () => {
    const random = mulberry32(5);
    const weights = [5, 4, 3, 3, 2, 2, 1, 1, 1, 0.5];
    const passed = { js: 0, l: 0 };
    for (let i = 0; i < SAMPLES; i++) {
      const [b, c] = [draw(weights, 2000, random), draw(weights, 300, random)];
      passed.js += Number((jsDistance(b, c) ?? 0) > (jsNoise99(b, c) ?? 1));
      passed.l += Number((lInfinity(b, c) ?? 0) > (lInfinityNoise99(b, c) ?? 1));
    }
    expect(passed.js / SAMPLES).toBeLessThan(0.03);
    expect(passed.l / SAMPLES).toBeLessThan(0.03);
    expect(lInfinityNoise99([0, 0], [1, 0])).toBeNull();
    expect(psi([1, 0], [1, 0])).toBe(0);
  });

  it('of calibration are passed by honest scores about one time in twenty', () => {
    const random = mulberry32(6);
    let passed = 0;
    for (let i = 0; i < SAMPLES; i++) {
      const bins = Array.from({ length: 10 }, (_, bin) => {
        const meanScore = 0.05 + bin / 10;
        return { n: 50, meanScore, meanTruth: (draw([meanScore, 1 - meanScore], 50, random)[0] ?? 0) / 50 };
      });
      passed += Number((calibrationError(bins) ?? 0) > (calibrationNoise(bins) ?? 1));
    }
    expect(passed / SAMPLES).toBeGreaterThan(0.02);
    expect(passed / SAMPLES).toBeLessThan(0.09);
  });
});
