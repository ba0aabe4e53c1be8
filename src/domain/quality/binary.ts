// Quality of a binary classifier, from its confusion counts and from sums over its scores.
import type { Score } from '../drift/score.js';
import {
  averagePrecisionInterval,
  countsInterval,
  hanleyMcNeilInterval,
  nonNegativeMeanInterval,
} from './intervals.js';
import { plain, ratio, shareScore, withInterval } from './score.js';

/** What the store summed over the labelled rows that have a score. */
export interface ScoredRows {
  n: number;
  /** Rows whose ground truth is the positive class. */
  positives: number;
  /** Over the raw scores, ties as scikit-learn; null with one class. */
  rocAuc: number | null;
  averagePrecision: number | null;
  /** Sum, and sum of squares, of -ln of the probability given to the truth, scores clipped to [1e-15, 1 - 1e-15]. */
  logLossSum: number;
  logLossSumSq: number;
  /** Sum of (score - truth)^2, and of its square. */
  brierSum: number;
  brierSumSq: number;
  /** Ten bins of equal count by score; means of score and of truth (0 or 1) in each. */
  calibration: readonly CalibrationBin[];
}

/** One bin of the calibration curve. */
export interface CalibrationBin {
  n: number;
  meanScore: number;
  meanTruth: number;
}

/** Counts over the labelled rows that have a prediction; `scored` is null where the model has no score. */
export interface BinaryCounts {
  n: number;
  tp: number;
  fp: number;
  fn: number;
  tn: number;
  scored: ScoredRows | null;
}

/**
 * accuracy, precision, recall, specificity, f1, mcc, and, with scores, roc_auc, average_precision, log_loss, brier,
 * calibration_error: scikit-learn's definitions, null where the denominator is 0. The list is always the same.
 */
export function binaryScores(counts: BinaryCounts): Score[] {
  const { n, tp, fp, fn, tn, scored } = counts;
  const cells = [tp, fp, fn, tn];
  return [
    shareScore('accuracy', tp + tn, n),
    shareScore('precision', tp, tp + fp),
    shareScore('recall', tp, tp + fn),
    shareScore('specificity', tn, tn + fp),
    withInterval(
      'f1',
      f1Of(counts),
      countsInterval(cells, (c) => f1Of(named(c))),
      'delta',
      n,
    ),
    withInterval(
      'mcc',
      matthews(counts),
      countsInterval(cells, (c) => matthews(named(c)), -1),
      'delta',
      n,
    ),
    ...scoredScores(scored ?? NOTHING_SCORED),
  ];
}

type Cells = Pick<BinaryCounts, 'tp' | 'fp' | 'fn' | 'tn'>;

function named([tp = 0, fp = 0, fn = 0, tn = 0]: readonly number[]): Cells {
  return { tp, fp, fn, tn };
}

function f1Of({ tp, fp, fn }: Cells): number | null {
  return ratio(2 * tp, 2 * tp + fp + fn);
}

const NOTHING_SCORED: ScoredRows = {
  n: 0,
  positives: 0,
  rocAuc: null,
  averagePrecision: null,
  logLossSum: 0,
  logLossSumSq: 0,
  brierSum: 0,
  brierSumSq: 0,
  calibration: [],
};

function scoredScores(scored: ScoredRows): Score[] {
  const { n, positives, logLossSum, logLossSumSq, brierSum, brierSumSq } = scored;
  const negatives = n - positives;
  const bothClasses = positives > 0 && negatives > 0;
  const rocAuc = bothClasses ? scored.rocAuc : null;
  const precision = bothClasses ? scored.averagePrecision : null;
  const precisionInterval = precision === null ? null : averagePrecisionInterval(precision, positives);
  const aucInterval = rocAuc === null ? null : hanleyMcNeilInterval(rocAuc, positives, negatives);
  return [
    withInterval('roc_auc', rocAuc, aucInterval, 'hanley_mcneil', n),
    withInterval('average_precision', precision, precisionInterval, 'logit', n),
    withInterval('log_loss', ratio(logLossSum, n), nonNegativeMeanInterval(n, logLossSum, logLossSumSq), 'normal', n),
    withInterval('brier', ratio(brierSum, n), nonNegativeMeanInterval(n, brierSum, brierSumSq), 'normal', n),
    plain('calibration_error', calibrationError(scored.calibration), n),
    plain('calibration_noise_95', calibrationNoise(scored.calibration), n),
  ];
}

/**
 * The calibration error that honest scores pass one time in twenty, because each bin's share of true rows scatters by chance: each bin's gap is half normal with
 * sqrt(m (1 - m) / n), m its mean score; their weighted sum is taken as normal. Null without rows, and for scores outside of 0..1, which are no probabilities.
 */
export function calibrationNoise(bins: readonly CalibrationBin[]): number | null {
  const rows = bins.reduce((sum, bin) => sum + bin.n, 0);
  let [mean, variance] = [0, 0];
  for (const bin of bins.filter(({ n }) => n > 0)) {
    const spread = (bin.meanScore * (1 - bin.meanScore)) / bin.n;
    if (!(spread >= 0)) return null;
    mean += (bin.n / rows) * Math.sqrt((spread * 2) / Math.PI);
    variance += (bin.n / rows) ** 2 * spread * (1 - 2 / Math.PI);
  }
  return rows === 0 ? null : mean + Z_ONE_SIDED * Math.sqrt(variance);
}

/** The 95 % point of the standard normal distribution. */
const Z_ONE_SIDED = 1.6448536269514722;

/**
 * Matthews correlation coefficient, -1..1; null where a class never occurs or is never predicted (scikit-learn says 0 there).
 * Source: Matthews (1975).
 */
export function matthews({ tp, fp, fn, tn }: Cells): number | null {
  // Roots before the product: four counts of millions would otherwise lose digits.
  const scale = Math.sqrt(tp + fp) * Math.sqrt(tp + fn) * Math.sqrt(tn + fp) * Math.sqrt(tn + fn);
  const value = ratio(tp * tn - fp * fn, scale);
  return value === null ? null : Math.min(1, Math.max(-1, value));
}

/**
 * Expected calibration error: the mean over the rows of |mean score - mean truth| of the row's bin; null without rows.
 * Source: Naeini, Cooper & Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning" (2015), equal-count bins.
 */
export function calibrationError(bins: readonly CalibrationBin[]): number | null {
  const rows = bins.reduce((sum, bin) => sum + bin.n, 0);
  const gaps = bins.reduce(
    (sum, bin) => (bin.n === 0 ? sum : sum + bin.n * Math.abs(bin.meanScore - bin.meanTruth)),
    0,
  );
  return ratio(gaps, rows);
}
