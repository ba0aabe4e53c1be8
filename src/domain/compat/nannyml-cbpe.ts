// Performance without labels as NannyML estimates it (CBPE), for people who move over and want to find their numbers again. Nothing here is used elsewhere.
import { sumOf } from './divergences.js';

/** A labelled or unlabelled prediction: its score, its predicted class, and its class where it is known. */
export interface ScoredPrediction {
  score: number;
  predicted: boolean;
  truth?: boolean;
}

/** Scores and the probabilities that they stand for, ascending in both; between two of them the probability is interpolated. */
export interface IsotonicKnots {
  scores: number[];
  probabilities: number[];
}

/** What CBPE estimates of a chunk. */
export interface EstimatedPerformance {
  accuracy: number;
  f1: number;
  rocAuc: number;
  averagePrecision: number;
}

/**
 * Isotonic regression of truth on score: rows of one score are averaged, then neighbours that fall are pooled (pool adjacent violators). Points inside a level are left
 * out, as scikit-learn does. @throws RangeError without labelled rows.
 */
export function isotonicKnots(reference: readonly ScoredPrediction[]): IsotonicKnots {
  const byScore = new Map<number, { sum: number; n: number }>();
  for (const { score, truth } of reference) {
    const found = byScore.get(score) ?? { sum: 0, n: 0 };
    byScore.set(score, { sum: found.sum + Number(truth === true), n: found.n + 1 });
  }
  if (byScore.size === 0) throw new RangeError('isotonic regression needs rows');
  const blocks: { sum: number; n: number; scores: number[] }[] = [];
  for (const [score, { sum, n }] of [...byScore].sort(([a], [b]) => a - b)) {
    let block = { sum, n, scores: [score] };
    for (
      let last = blocks.at(-1);
      last !== undefined && last.sum / last.n >= block.sum / block.n;
      last = blocks.at(-1)
    ) {
      blocks.pop();
      block = { sum: last.sum + block.sum, n: last.n + block.n, scores: [...last.scores, ...block.scores] };
    }
    blocks.push(block);
  }
  const ends = blocks.flatMap(({ sum, n, scores }) => {
    const [first = 0, last = 0] = [scores[0], scores.at(-1)];
    return (first === last ? [first] : [first, last]).map((score) => [score, sum / n] as const);
  });
  return { scores: ends.map(([score]) => score), probabilities: ends.map(([, probability]) => probability) };
}

/** The probability that a score stands for; outside of the knots the nearest one's. */
export function calibrated({ scores, probabilities }: IsotonicKnots, score: number): number {
  const above = scores.findIndex((knot) => knot >= score);
  if (above === -1) return probabilities.at(-1) ?? Number.NaN;
  const [x1 = 0, y1 = 0] = [scores[above], probabilities[above]];
  if (above === 0 || x1 === score) return y1;
  const [x0 = 0, y0 = 0] = [scores[above - 1], probabilities[above - 1]];
  return y0 + ((y1 - y0) / (x1 - x0)) * (score - x0);
}

/** Expected performance of a chunk, from the probability of each of its predictions to be positive. */
export function estimatePerformance(chunk: readonly ScoredPrediction[], knots: IsotonicKnots): EstimatedPerformance {
  const rows = chunk
    .map(({ score, predicted }) => ({ score, predicted, p: calibrated(knots, score) }))
    .sort((a, b) => b.score - a.score);
  const expected = (predicted: boolean, of: (p: number) => number) =>
    sumOf(rows.filter((row) => row.predicted === predicted).map((row) => of(row.p)));
  const [tp, fp] = [expected(true, (p) => p), expected(true, (p) => 1 - p)];
  const [fn, tn] = [expected(false, (p) => p), expected(false, (p) => 1 - p)];
  return {
    accuracy: (tp + tn) / rows.length,
    f1: tp + 0.5 * (fp + fn) === 0 ? 0 : tp / (tp + 0.5 * (fp + fn)),
    ...ranked(rows.map((row) => row.p)),
  };
}

/** ROC AUC and average precision over probabilities in the order of falling scores; ties are not grouped, cumulative sums are rounded to five places. */
function ranked(probabilities: readonly number[]): { rocAuc: number; averagePrecision: number } {
  const rounded = (value: number) => Math.round(value * 1e5) / 1e5;
  let [positives, area, precision] = [0, 0, 0];
  const curve = probabilities.map((p, i) => {
    positives += p;
    precision += p * (positives / (i + 1));
    return [rounded(i + 1 - positives), rounded(positives)] as const;
  });
  const [lastX, lastY] = curve.at(-1) ?? [Number.NaN, Number.NaN];
  let [x0, y0] = [0, 0];
  for (const [x, y] of curve) {
    area += ((x / lastX - x0) * (y / lastY + y0)) / 2;
    [x0, y0] = [x / lastX, y / lastY];
  }
  return { rocAuc: area, averagePrecision: precision / positives };
}

/** The thresholds of a metric: mean and three standard deviations of what it was in each chunk of the reference, cut to 0..1. */
export function realisedThresholds(values: readonly number[]): { lower: number; upper: number } {
  const mean = sumOf(values) / values.length;
  const spread = Math.sqrt(sumOf(values.map((value) => (value - mean) ** 2)) / values.length);
  return { lower: Math.max(0, mean - 3 * spread), upper: Math.min(1, mean + 3 * spread) };
}
