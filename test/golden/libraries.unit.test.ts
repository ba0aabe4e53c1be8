// The numbers that Evidently and NannyML give, reproduced by their own definitions: on California housing where the data lie beside the repository, and
// everywhere from the bin counts of the same columns.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { binnedScores, evidentlyCategorical, evidentlyNumeric } from '../../src/domain/compat/evidently.js';
import { doaneBins, doaneEdges, histogram, sturgesEdges } from '../../src/domain/compat/histogram.js';
import {
  calibrated,
  estimatePerformance,
  isotonicKnots,
  realisedThresholds,
} from '../../src/domain/compat/nannyml-cbpe.js';
import { continuousScores, nannymlCategorical, nannymlContinuous } from '../../src/domain/compat/nannyml.js';

type Numbers = Record<string, number>;
interface Column {
  evidently: Numbers;
  nannyml: Numbers;
}
type Comparison = Record<string, Column>;

/** What the libraries' files hold has eight digits. */
function expectClose(actual: number, wanted: number | undefined, what: string): void {
  expect(wanted, what).toBeDefined();
  expect(Math.abs(actual - (wanted ?? 0)), `${what}: ${actual} for ${wanted}`).toBeLessThanOrEqual(
    6e-8 * Math.abs(wanted ?? 0) + 1e-300,
  );
}

const EVIDENTLY = { bins: 'bins', psi: 'psi', kl: 'kl', js: 'js_nat', wassersteinNormed: 'wasserstein_norm', ksStatistic: 'ks_D', ksPValue: 'ks_p', chi2: 'chi2', chi2PValue: 'chi2_p' } as const; // prettier-ignore
const NANNYML = { bins: 'doane_bins', leftover: 'leftover', js: 'js_base2', hellinger: 'hellinger', ksStatistic: 'ks_D', wasserstein: 'wasserstein', lInfinity: 'l_infinity', chi2: 'chi2', chi2PValue: 'chi2_p' } as const; // prettier-ignore

function expectAll(found: object, wanted: Numbers, names: Record<string, string>, what: string): void {
  const given = new Set(Object.entries(found).map(([name]) => names[name]));
  expect([...given].sort(), `${what}: names`).toEqual(Object.keys(wanted).sort());
  for (const [name, value] of Object.entries(found) as [string, number][])
    expectClose(value, wanted[names[name] ?? ''], `${what} ${name}`);
}

const shared = new URL('../../../shared/', import.meta.url);
const FILES = [
  'golden/libraries_california.json',
  'data/california_housing_reference.csv',
  'data/california_housing_analysis.csv',
];
const absent = FILES.filter((name) => !existsSync(new URL(name, shared)));
if (absent.length > 0)
  process.stderr.write(`skipped: the libraries' numbers on raw data need ${absent.join(', ')} in ${shared.pathname}\n`);

const loadAll = () => {
  const rows = (name: string) => {
    const [header = '', ...lines] = readFileSync(new URL(name, shared), 'utf8').trim().split('\n');
    const columns = header.trim().split(',');
    return lines.map((line) =>
      Object.fromEntries(
        line
          .trim()
          .split(',')
          .map((cell, i) => [columns[i] ?? '', cell]),
      ),
    );
  };
  return {
    expected: JSON.parse(readFileSync(new URL(FILES[0] ?? '', shared), 'utf8')) as Record<string, Comparison>,
    reference: rows(FILES[1] ?? ''),
    analysis: rows(FILES[2] ?? ''),
  };
};

describe.skipIf(absent.length > 0)('the libraries on California housing', () => {
  it.each([
    ['ref_vs_analysis', ''],
    ['ref_vs_2021-10', '2021-10'],
  ])(
    '%s: every number of both',
    (name, month) => {
      const { expected, reference, analysis } = loadAll();
      const current = analysis.filter((row) => (row.timestamp ?? '').startsWith(month));
      for (const [column, wanted] of Object.entries(expected[name] ?? {})) {
        const path = column.replace('(cat)', '');
        const texts = (some: Record<string, string>[]) => some.map((row) => row[path] ?? '');
        if (column !== path) {
          const [b, c] = [texts(reference), texts(current)];
          expectAll(evidentlyCategorical(b, c), wanted.evidently, EVIDENTLY, `Evidently ${name} ${column}`);
          expectAll(nannymlCategorical(b, c), wanted.nannyml, NANNYML, `NannyML ${name} ${column}`);
          continue;
        }
        const [b, c] = [texts(reference).map(Number), texts(current).map(Number)];
        expectAll(evidentlyNumeric(b, c), wanted.evidently, EVIDENTLY, `Evidently ${name} ${column}`);
        expectAll(nannymlContinuous(b, c), wanted.nannyml, NANNYML, `NannyML ${name} ${column}`);
      }
    },
    60_000,
  );
});

interface Cbpe {
  threshold_acc: number[];
  threshold_auc: number[];
  chunks: { period: string; chunk: string; n: number; est_acc: number; est_auc: number; est_f1: number; est_ap: number; real_acc: number; real_auc: number }[];
  isotonic_knots: [number[], number[], number];
} // prettier-ignore

describe.skipIf(absent.length > 0)('NannyML without labels, on California housing', () => {
  it('estimates accuracy, F1, AUC and average precision of every month as it does, from the same knots', () => {
    const { expected, reference, analysis } = loadAll();
    const { cbpe } = expected as unknown as { cbpe: Cbpe };
    const rowsOf = (some: Record<string, string>[]) =>
      some.map((row) => ({
        score: Number(row.y_pred_proba),
        predicted: row.y_pred === '1',
        truth: row.clf_target === '1',
        month: (row.timestamp ?? '').slice(0, 7),
      }));
    const [labelled, chunks] = [rowsOf(reference), rowsOf([...reference, ...analysis])];
    const knots = isotonicKnots(labelled);
    const [scores, probabilities, count] = cbpe.isotonic_knots;
    expect(knots.scores).toHaveLength(count);
    scores.forEach((score, i) => expectClose(knots.scores[i] ?? NaN, score, `knot ${i}`));
    probabilities.forEach((probability, i) => expectClose(knots.probabilities[i] ?? NaN, probability, `level ${i}`));
    for (const chunk of cbpe.chunks) {
      const found = estimatePerformance(
        chunks.filter((row) => row.month === chunk.chunk),
        knots,
      );
      expectClose(found.accuracy, chunk.est_acc, `${chunk.chunk} accuracy`);
      expectClose(found.f1, chunk.est_f1, `${chunk.chunk} f1`);
      expectClose(found.rocAuc, chunk.est_auc, `${chunk.chunk} auc`);
      expectClose(found.averagePrecision, chunk.est_ap, `${chunk.chunk} ap`);
    }
    const realised = cbpe.chunks.filter((chunk) => chunk.period === 'reference');
    const accuracy = realisedThresholds(realised.map((chunk) => chunk.real_acc));
    const auc = realisedThresholds(realised.map((chunk) => chunk.real_auc));
    [accuracy.lower, accuracy.upper].forEach((value, i) => expect(value).toBeCloseTo(cbpe.threshold_acc[i] ?? NaN, 6));
    [auc.lower, auc.upper].forEach((value, i) => expect(value).toBeCloseTo(cbpe.threshold_auc[i] ?? NaN, 6));
  });
});

describe('isotonic knots', () => {
  it('pool what falls, leave out what lies within a level, and interpolate between', () => {
    const row = (score: number, truth: boolean) => ({ score, predicted: score >= 0.5, truth });
    const knots = isotonicKnots([row(0.1, false), row(0.3, true), row(0.4, false), row(0.4, false), row(0.9, true)]);
    expect(knots).toEqual({ scores: [0.1, 0.3, 0.4, 0.9], probabilities: [0, 1 / 3, 1 / 3, 1] });
    expect(calibrated(knots, 0.05)).toBe(0);
    expect(calibrated(knots, 0.2)).toBeCloseTo(1 / 6, 12);
    expect(calibrated(knots, 0.35)).toBeCloseTo(1 / 3, 12);
    expect(calibrated(knots, 2)).toBe(1);
    expect(() => isotonicKnots([])).toThrow(RangeError);
  });
});

interface Vectors {
  evidently: { column: string; n: number; m: number; low: number; high: number; b: number[]; c: number[]; psi: number; kl: number; js_nat: number; bins: number }[];
  nannyml: { column: string; n: number; m: number; skewness: number; b: number[]; c: number[]; leftover: number; js_base2: number; hellinger: number; doane_bins: number }[];
  categorical: { b: Record<string, number>; c: Record<string, number>; evidently: Numbers; nannyml: Numbers }[];
} // prettier-ignore

describe('the libraries from bin counts of the same columns', () => {
  const vectors = JSON.parse(readFileSync(new URL('libraries_vectors.json', import.meta.url), 'utf8')) as Vectors;

  it.each(vectors.evidently)("Evidently's scores of $column, and how many bins it makes", (vector) => {
    const { psi, kl, js } = binnedScores(vector.b, vector.n, vector.c, vector.m);
    expectClose(psi, vector.psi, 'psi');
    expectClose(kl, vector.kl, 'kl');
    expectClose(js, vector.js_nat, 'js');
    const all = new Array<number>(vector.n + vector.m).fill(vector.low);
    all[0] = vector.high;
    expect(sturgesEdges(all)).toHaveLength(vector.bins + 1);
  });

  it.each(vectors.nannyml)("NannyML's scores of $column, and how many bins it makes", (vector) => {
    const { leftover, js, hellinger } = continuousScores(vector.b, vector.n, vector.c, vector.m);
    expectClose(leftover, vector.leftover, 'leftover');
    expectClose(js, vector.js_base2, 'js');
    expectClose(hellinger, vector.hellinger, 'hellinger');
    expect(Math.ceil(doaneBins(vector.n, vector.skewness))).toBe(vector.doane_bins);
  });

  it.each(vectors.categorical)('the categorical column %#', ({ b, c, evidently, nannyml }) => {
    const rows = (counts: Record<string, number>) =>
      Object.entries(counts).flatMap(([value, n]) => new Array<string>(n).fill(value));
    expectAll(evidentlyCategorical(rows(b), rows(c)), evidently, EVIDENTLY, 'Evidently');
    expectAll(nannymlCategorical(rows(b), rows(c)), nannyml, NANNYML, 'NannyML');
  });
});

describe('histograms as numpy makes them', () => {
  it('bins are closed on the left, the last one on both sides, and what lies outside is in none', () => {
    expect(histogram([-1, 0, 0.5, 1, 1, 2, 2.1, Number.NaN], [0, 1, 2])).toEqual([2, 3]);
    expect(histogram([], [0, 1])).toEqual([0]);
  });

  it('a constant has one bin around it', () => {
    expect(sturgesEdges([3, 3, 3])).toEqual([2.5, 3.5]);
    expect(doaneEdges([3, 3, 3])).toEqual([2.5, 3.5]);
  });

  it("edges by both rules: numpy's on 0..9 and on squares", () => {
    // numpy.histogram_bin_edges(range(10), 'sturges'): ceil(log2 10 + 1) = 5 bins of 1.8.
    expect(sturgesEdges([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])).toEqual([0, 1.8, 3.6, 5.4, 7.2, 9]);
    // Without skewness Doane asks for as many as Sturges.
    expect(doaneEdges([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])).toEqual([0, 1.8, 3.6, 5.4, 7.2, 9]);
  });
});
