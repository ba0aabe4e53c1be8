// Multiclass quality: scikit-learn's macro averages, undefined classes, per-class numbers.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConfusionCell, multiclassScores } from '../../../src/domain/quality/multiclass.js';

const cells = (...list: [string, string, number][]): ConfusionCell[] =>
  list.map(([truth, predicted, n]) => ({ truth, predicted, n }));
const byName = (scores: { metric: string; value: number | null }[] = []) =>
  Object.fromEntries(scores.map(({ metric, value }) => [metric, value]));

/** Class c is never predicted; e is hardly ever true. */
const example = cells(
  ['a', 'a', 50],
  ['a', 'b', 7],
  ['b', 'a', 4],
  ['b', 'b', 30],
  ['c', 'a', 2],
  ['c', 'b', 3],
  ['d', 'd', 11],
  ['d', 'e', 5],
  ['e', 'e', 1],
);

describe('multiclass quality', () => {
  it('agrees with scikit-learn, average="macro", zero_division=0', () => {
    const overall = byName(multiclassScores(example).overall);
    expect(overall.accuracy).toBeCloseTo(0.8141592920353983, 13);
    expect(overall.precision_macro).toBeCloseTo(0.5619047619047619, 13);
    expect(overall.recall_macro).toBeCloseTo(0.6894091847265222, 13);
    expect(overall.f1_macro).toBeCloseTo(0.5592591327104601, 13);
    const { a, d } = multiclassScores(example).perClass;
    expect(byName(a).precision).toBeCloseTo(0.8928571428571429, 13);
    expect(byName(a).recall).toBeCloseTo(0.8771929824561403, 13);
    expect(byName(d).f1).toBeCloseTo(0.8148148148148148, 13);
  });

  it('a class that is never predicted has no precision, and counts as 0 in the mean', () => {
    const { overall, perClass } = multiclassScores(cells(['a', 'a', 10], ['c', 'a', 10]));
    expect(byName(perClass.c)).toMatchObject({ precision: null, recall: 0, f1: 0 });
    expect(byName(overall).precision_macro).toBe(0.25);
  });

  it('a class that is only predicted has no recall, and belongs to the union', () => {
    const { overall, perClass } = multiclassScores(cells(['a', 'a', 10], ['a', 'x', 10]));
    expect(byName(perClass.x)).toMatchObject({ precision: 0, recall: null, f1: 0 });
    expect(byName(overall).recall_macro).toBe(0.25);
  });

  it('takes the mean of the AUCs, and none where a class has none', () => {
    const scored = {
      logLossN: 113,
      logLossSum: 113,
      logLossSumSq: 226,
      aucByClass: { a: 0.9, b: 0.8, c: 0.7, d: 1, e: 0.6 },
    };
    const { overall, perClass } = multiclassScores(example, scored);
    expect(byName(overall)).toMatchObject({ roc_auc_ovr_macro: 0.8, log_loss: 1 });
    const auc = perClass.a?.find(({ metric }) => metric === 'roc_auc');
    expect(auc).toMatchObject({ value: 0.9, method: 'hanley_mcneil', n: 113 });
    expect((auc?.lower ?? 1) < 0.9 && (auc?.upper ?? 0) > 0.9).toBe(true);
    const macro = overall.find(({ metric }) => metric === 'roc_auc_ovr_macro');
    const errors = 'abcde'.split('').map((name) => {
      const one = perClass[name]?.find(({ metric }) => metric === 'roc_auc');
      return one?.error ?? NaN;
    });
    expect(macro?.method).toBe('hanley_mcneil');
    expect(macro?.error).toBeCloseTo(errors.reduce((sum, error) => sum + error, 0) / 5, 12);
    const incomplete = multiclassScores(example, { ...scored, aucByClass: { a: 0.9, z: null } });
    expect(byName(incomplete.overall).roc_auc_ovr_macro).toBeNull();
  });

  it('gives no AUC interval where some labelled rows have no score: the class sizes are not those of the scored rows', () => {
    const { perClass } = multiclassScores(example, {
      logLossN: 50,
      logLossSum: 5,
      logLossSumSq: 1,
      aucByClass: { a: 0.9 },
    });
    expect(perClass.a?.find(({ metric }) => metric === 'roc_auc')).toMatchObject({
      value: 0.9,
      lower: null,
      upper: null,
      n: 50,
    });
  });

  it('is null without rows', () => {
    const { overall, perClass } = multiclassScores([]);
    expect(overall.map(({ metric, value }) => [metric, value])).toEqual(
      ['accuracy', 'precision_macro', 'recall_macro', 'f1_macro', 'roc_auc_ovr_macro', 'log_loss'].map((name) => [
        name,
        null,
      ]),
    );
    expect(perClass).toEqual({});
  });

  it('takes class names that objects know already', () => {
    const { perClass } = multiclassScores(cells(['__proto__', '__proto__', 3], ['constructor', '__proto__', 1]), {
      logLossN: 0,
      logLossSum: 0,
      logLossSumSq: 0,
      aucByClass: {},
    });
    expect(Object.keys(perClass).sort()).toEqual(['__proto__', 'constructor']);
    expect(byName(perClass.constructor as never)).toMatchObject({ roc_auc: null, recall: 0 });
  });

  it('keeps every number in 0..1 for any confusion, and does not depend on the order of its cells', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd');
    const cell = fc.record({ truth: name, predicted: name, n: fc.nat(1000) });
    fc.assert(
      fc.property(fc.array(cell), (confusion) => {
        const { overall, perClass } = multiclassScores(confusion);
        for (const { value, lower, upper } of [...overall, ...Object.values(perClass).flat()]) {
          for (const number of [value, lower, upper])
            expect(number === null || (number >= 0 && number <= 1)).toBe(true);
        }
        const reversed = byName(multiclassScores([...confusion].reverse()).overall);
        for (const { metric, value } of overall) expect(reversed[metric] ?? -1).toBeCloseTo(value ?? -1, 12);
      }),
    );
  });
});
