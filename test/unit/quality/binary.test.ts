// Binary quality: edge cases, and what must hold for any counts.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binaryScores, calibrationError, matthews, type ScoredRows } from '../../../src/domain/quality/binary.js';
import { type BinaryRow, binaryCounts } from '../../support/reference-statistics.js';

const NAMES = [
  'accuracy',
  'precision',
  'recall',
  'specificity',
  'f1',
  'mcc',
  'roc_auc',
  'average_precision',
  'log_loss',
  'brier',
  'calibration_error',
  'calibration_noise_95',
];
const byName = (input: Parameters<typeof binaryScores>[0]) =>
  Object.fromEntries(binaryScores(input).map((score) => [score.metric, score]));
const row: fc.Arbitrary<BinaryRow> = fc.record({
  truth: fc.boolean(),
  predicted: fc.boolean(),
  score: fc.oneof(fc.constantFrom(0, 0.5, 1), fc.double({ min: 0, max: 1, noNaN: true })),
});

describe('binary quality', () => {
  it('always gives the same numbers', () => {
    expect(binaryScores({ n: 0, tp: 0, fp: 0, fn: 0, tn: 0, scored: null }).map(({ metric }) => metric)).toEqual(NAMES);
    expect(Object.keys(byName(binaryCounts([{ truth: true, predicted: true, score: 1 }])))).toEqual(NAMES);
  });

  it('is null, not 0, without rows', () => {
    for (const score of binaryScores({ n: 0, tp: 0, fp: 0, fn: 0, tn: 0, scored: null })) {
      expect(score).toMatchObject({ value: null, lower: null, upper: null, n: 0 });
    }
  });

  it('is null where the denominator is 0: nothing predicted positive, nothing positive', () => {
    const noPositives = byName({ n: 10, tp: 0, fp: 0, fn: 0, tn: 10, scored: null });
    expect([noPositives.precision, noPositives.recall, noPositives.f1, noPositives.mcc].map((s) => s?.value)).toEqual([
      null,
      null,
      null,
      null,
    ]);
    expect([noPositives.accuracy?.value, noPositives.specificity?.value]).toEqual([1, 1]);
    const missedAll = byName({ n: 10, tp: 0, fp: 0, fn: 4, tn: 6, scored: null });
    expect([missedAll.precision?.value, missedAll.recall?.value, missedAll.f1?.value, missedAll.mcc?.value]).toEqual([
      null,
      0,
      0,
      null,
    ]);
  });

  it('counts the rows of a share: precision is about what was predicted positive', () => {
    const { accuracy, precision, recall, specificity } = byName({ n: 100, tp: 3, fp: 1, fn: 7, tn: 89, scored: null });
    expect([accuracy?.n, precision?.n, recall?.n, specificity?.n]).toEqual([100, 4, 10, 90]);
  });

  it('with one class has no AUC and no average precision, but a loss', () => {
    const scores = byName(binaryCounts([0.2, 0.3].map((score) => ({ truth: false, predicted: false, score }))));
    expect([scores.roc_auc?.value, scores.average_precision?.value]).toEqual([null, null]);
    expect(scores.log_loss?.value).toBeCloseTo(-(Math.log(0.8) + Math.log(0.7)) / 2, 12);
  });

  it('ignores an area that was computed over one class', () => {
    const scored: ScoredRows = {
      ...(binaryCounts([]).scored as ScoredRows),
      n: 5,
      positives: 5,
      rocAuc: NaN,
      averagePrecision: 1,
    };
    const scores = byName({ n: 5, tp: 5, fp: 0, fn: 0, tn: 0, scored });
    expect([scores.roc_auc?.value, scores.average_precision?.value]).toEqual([null, null]);
  });

  it('names the interval it gives', () => {
    const scores = byName(
      binaryCounts([0.2, 0.9, 0.4, 0.8].map((score, i) => ({ truth: i % 2 === 1, predicted: score > 0.5, score }))),
    );
    const methods = Object.fromEntries(Object.entries(scores).map(([name, { method }]) => [name, method]));
    expect(methods).toEqual({
      accuracy: 'wilson',
      precision: 'wilson',
      recall: 'wilson',
      specificity: 'wilson',
      f1: 'delta',
      mcc: 'delta',
      roc_auc: 'hanley_mcneil',
      average_precision: 'exact',
      log_loss: 'normal',
      brier: 'normal',
      calibration_error: 'exact',
      calibration_noise_95: 'exact',
    });
  });

  it('keeps every number finite, in its range and inside its interval, for any rows', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), (rows) => {
        for (const { metric, value, lower, upper } of binaryScores(binaryCounts(rows))) {
          if (value === null) {
            expect([lower, upper]).toEqual([null, null]);
            continue;
          }
          expect(Number.isFinite(value)).toBe(true);
          expect(value).toBeGreaterThanOrEqual(metric === 'mcc' ? -1 : 0);
          if (metric !== 'log_loss') expect(value).toBeLessThanOrEqual(1);
          if (lower !== null) expect(lower).toBeLessThanOrEqual(value);
          if (upper !== null) expect(upper).toBeGreaterThanOrEqual(value);
        }
      }),
    );
  });

  it('does not change with the order of the rows', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 9 }), (rows) => {
        const [forward, backward] = [binaryScores(binaryCounts(rows)), binaryScores(binaryCounts([...rows].reverse()))];
        // Tied scores may fall into either calibration bin; the store breaks such ties by prediction id.
        forward.forEach((score, i) => {
          if (score.metric !== 'calibration_error') expect(backward[i]?.value ?? -9).toBeCloseTo(score.value ?? -9, 10);
        });
      }),
    );
  });
});

describe('Matthews correlation', () => {
  it('agrees with scikit-learn', () =>
    expect(matthews({ tp: 40, fn: 10, fp: 5, tn: 45 })).toBeCloseTo(0.7035264706814484, 13));

  it('is 1 for a perfect, -1 for an inverted classifier, at any size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: 1e9 }), (a, b) => {
        expect(matthews({ tp: a, fp: 0, fn: 0, tn: b })).toBeCloseTo(1, 12);
        expect(matthews({ tp: 0, fp: a, fn: b, tn: 0 })).toBeCloseTo(-1, 12);
      }),
    );
  });
});

describe('calibration error', () => {
  it('weights the gap of each bin by its rows', () => {
    const bins = [
      { n: 30, meanScore: 0.2, meanTruth: 0.1 },
      { n: 10, meanScore: 0.8, meanTruth: 1 },
      { n: 0, meanScore: NaN, meanTruth: NaN },
    ];
    expect(calibrationError(bins)).toBeCloseTo((30 * 0.1 + 10 * 0.2) / 40, 14);
  });

  it('is null without rows', () => expect(calibrationError([])).toBeNull());
});
