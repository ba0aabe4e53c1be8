// Every worked example of docs/statistics.md is computed and compared, and every number has one.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { FieldBins } from '../../src/domain/drift/bins.js';
import { binnedKs, binnedWasserstein, type FineCounts } from '../../src/domain/drift/binned.js';
import { ksStatistic } from '../../src/domain/drift/kolmogorov.js';
import { driftedShare, type Score, scoreField } from '../../src/domain/drift/score.js';
import { binaryScores } from '../../src/domain/quality/binary.js';
import { mcNemar, twoProportions, type Difference } from '../../src/domain/quality/compare.js';
import { multiclassScores } from '../../src/domain/quality/multiclass.js';
import { regressionScores } from '../../src/domain/quality/regression.js';
import { plain, shareScore } from '../../src/domain/quality/score.js';
import * as reference from '../support/reference-statistics.js';

const text = readFileSync(new URL('../../docs/statistics.md', import.meta.url), 'utf8');
const numbers = z.array(z.number());

const inputs = [
  z
    .strictObject({
      kind: z.enum(['numeric', 'categorical']),
      baseline: numbers,
      current: numbers,
      threshold: z.number().default(0.2),
      compared_fields: z.number().default(10),
    })
    .transform(binned),
  z.strictObject({ baseline_values: numbers, current_values: numbers }).transform(raw),
  z
    .strictObject({ ks_statistic: z.number(), baseline_numbers: z.number(), current_numbers: z.number() })
    .transform(largeSamples),
  z
    .strictObject({ fields: z.array(z.strictObject({ psi: z.number().nullable(), psi_limit: z.number().nullable() })) })
    .transform(drifted),
  z
    .strictObject({ tp: z.number(), fp: z.number(), fn: z.number(), tn: z.number() })
    .transform((c) => binaryScores({ ...c, n: c.tp + c.fp + c.fn + c.tn, scored: null })),
  z.strictObject({ rows: z.array(z.tuple([z.number(), z.number()])) }).transform(scored),
  z
    .strictObject({
      calibration: z.array(z.strictObject({ n: z.number(), mean_score: z.number(), mean_truth: z.number() })),
    })
    .transform(calibrated),
  z
    .strictObject({
      confusion: z.array(z.tuple([z.string(), z.string(), z.number()])),
      class: z.string().optional(),
      auc_by_class: z.record(z.string(), z.number().nullable()).optional(),
    })
    .transform(multiclass),
  z
    .strictObject({ pairs: z.array(z.tuple([z.number(), z.number()])) })
    .transform(({ pairs }) =>
      regressionScores(reference.regressionSums(pairs.map(([truth, predicted]) => ({ truth, predicted })))),
    ),
  z
    .strictObject({ fine_baseline: numbers, fine_current: numbers })
    .transform((given) => [boundedScore('ks_statistic', binnedKs(given.fine_baseline, given.fine_current))]),
  z
    .strictObject({ edges: numbers, baseline_values: numbers, current_values: numbers })
    .transform(({ edges, baseline_values, current_values }) => [
      boundedScore('wasserstein', binnedWasserstein(edges, fine(baseline_values, edges), fine(current_values, edges))),
    ]),
  z
    .strictObject({ two_proportions: z.tuple([z.number(), z.number(), z.number(), z.number()]) })
    .transform(({ two_proportions }) => differences(twoProportions(...two_proportions))),
  z
    .strictObject({
      pairs: z.strictObject({ both: z.number(), first_only: z.number(), second_only: z.number(), neither: z.number() }),
    })
    .transform(({ pairs: { both, first_only, second_only, neither } }) =>
      differences(mcNemar({ both, firstOnly: first_only, secondOnly: second_only, neither })),
    ),
  z
    .strictObject({ labelled: z.number(), all: z.number() })
    .transform(({ labelled, all }) => [shareScore('label_coverage', labelled, all)]),
  z
    .strictObject({ lags: numbers })
    .transform(({ lags }) =>
      [0.5, 0.9, 0.99].map((q) => plain(`label_lag_p${q * 100}`, reference.quantile(lags, q), lags.length)),
    ),
] as const;

const exampleSchema = z.strictObject({
  metric: z.string(),
  input: z.union(inputs),
  expected: z
    .strictObject({
      value: z.number().nullable(),
      lower: z.number().nullable(),
      upper: z.number().nullable(),
      n: z.number(),
    })
    .partial(),
});
const sources = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, source = '']) => source);
const examples = sources.map((source) => exampleSchema.parse(JSON.parse(source)));

describe('docs/statistics.md', () => {
  it.each(examples.map((example, i) => [i + 1, example.metric, example] as const))(
    'example %i, %s, is what the code computes',
    (_, metric, { input, expected }) => {
      const score = input.find((one) => one.metric === metric);
      expect(score).toBeDefined();
      expect(Object.keys(expected)).toContain('value');
      for (const [name, wanted] of Object.entries(expected)) {
        const actual = score?.[name as 'value'] ?? null;
        if (wanted === null || actual === null) expect(actual, name).toBe(wanted);
        // The page shows seven digits.
        else expect(Math.abs(actual - wanted), `${name}: ${actual}`).toBeLessThanOrEqual(5.1e-7 * Math.abs(wanted));
      }
    },
  );

  it('describes every number that the code gives, with an example', () => {
    const computed = [
      ...binned({ kind: 'numeric', baseline: [1, 1], current: [1, 1], threshold: 0.2, compared_fields: 1 }),
      ...binned({ kind: 'categorical', baseline: [1, 1, 1], current: [1, 1, 1], threshold: 0.2, compared_fields: 1 }),
      ...binaryScores(reference.binaryCounts([])),
      ...multiclassScores([]).overall,
      ...regressionScores(reference.regressionSums([])),
    ].map(({ metric }) => metric);
    const described = new Set(examples.map(({ metric }) => metric));
    expect([...new Set(computed)].filter((metric) => !described.has(metric))).toEqual([]);
    const headings = new Set(
      [...text.matchAll(/^### (.*)$/gm)].flatMap(([, line = '']) => line.match(/[a-z][a-z0-9_]+/g) ?? []),
    );
    expect([...described].filter((metric) => !headings.has(metric))).toEqual([]);
  });
});

function binned(input: {
  kind: 'numeric' | 'categorical';
  baseline: number[];
  current: number[];
  threshold: number;
  compared_fields: number;
}): Score[] {
  const { kind, baseline, current, threshold, compared_fields: comparedFields } = input;
  const inner = Array.from({ length: baseline.length - (kind === 'numeric' ? 2 : 3) }, (_, i) => i);
  const bins: FieldBins = kind === 'numeric' ? { kind, edges: inner } : { kind, categories: inner.map(String) };
  return scoreField({ bins, baseline, current, threshold, comparedFields });
}

function boundedScore(metric: string, found: { value: number; lower: number; upper: number } | null): Score {
  return { ...plain(metric, found?.value ?? null, 0), lower: found?.lower ?? null, upper: found?.upper ?? null };
}

function fine(values: readonly number[], edges: readonly number[]): FineCounts {
  const bin = (value: number) => edges.filter((edge) => edge <= value).length;
  const inBin = Array.from({ length: edges.length + 1 }, (_, i) => values.filter((value) => bin(value) === i));
  return {
    counts: inBin.map((some) => some.length),
    sums: inBin.map((some) => reference.sum(some)),
    min: Math.min(...values),
    max: Math.max(...values),
  };
}

function differences({ difference, lower, upper, pValue }: Difference): Score[] {
  return [{ ...plain('difference', difference, 0), lower, upper }, plain('p_value', pValue, 0)];
}

function raw({
  baseline_values: x,
  current_values: y,
}: {
  baseline_values: number[];
  current_values: number[];
}): Score[] {
  const bins = reference.numericBins(x);
  const statistic = ksStatistic(x, y) ?? NaN;
  const ks = { statistic, pValue: reference.exactKsPValue(statistic, x.length, y.length) };
  const wasserstein = {
    value: reference.wassersteinDistance(x, y),
    baselineStd: Math.sqrt(reference.populationVariance(x)),
  };
  const [baseline, current] = [reference.countNumeric(bins, x), reference.countNumeric(bins, y)];
  return scoreField({ bins, baseline, current, threshold: 0.2, comparedFields: 1, ks, wasserstein });
}

function largeSamples(input: { ks_statistic: number; baseline_numbers: number; current_numbers: number }): Score[] {
  const ks = { statistic: input.ks_statistic, pValue: null };
  const [baseline, current] = [
    [input.baseline_numbers, 0],
    [input.current_numbers, 0],
  ];
  return scoreField({ bins: { kind: 'numeric', edges: [] }, baseline, current, threshold: 0.2, comparedFields: 1, ks });
}

function drifted({ fields }: { fields: { psi: number | null; psi_limit: number | null }[] }): Score[] {
  return [
    driftedShare(
      fields.map((field) => [{ ...plain('psi', field.psi, 100), upper: field.psi_limit }]),
      100,
    ),
  ];
}

function scored({ rows }: { rows: [number, number][] }): Score[] {
  return binaryScores(
    reference.binaryCounts(rows.map(([truth, score]) => ({ truth: truth === 1, predicted: score >= 0.5, score }))),
  );
}

function calibrated({
  calibration,
}: {
  calibration: { n: number; mean_score: number; mean_truth: number }[];
}): Score[] {
  const bins = calibration.map(({ n, mean_score, mean_truth }) => ({
    n,
    meanScore: mean_score,
    meanTruth: mean_truth,
  }));
  const rows = reference.binaryCounts([]).scored;
  const n = reference.sum(bins.map((bin) => bin.n));
  return binaryScores({ n, tp: 0, fp: 0, fn: 0, tn: n, scored: rows && { ...rows, n, calibration: bins } });
}

function multiclass(input: {
  confusion: [string, string, number][];
  class?: string | undefined;
  auc_by_class?: Record<string, number | null> | undefined;
}): Score[] {
  const cells = input.confusion.map(([truth, predicted, n]) => ({ truth, predicted, n }));
  const logLossN = reference.sum(cells.map(({ n }) => n));
  const { overall, perClass } = multiclassScores(cells, {
    logLossN,
    logLossSum: 0,
    logLossSumSq: 0,
    aucByClass: input.auc_by_class ?? {},
  });
  return input.class === undefined ? overall : (perClass[input.class] ?? []);
}
