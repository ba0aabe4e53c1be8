// 95 % intervals: Wilson for shares, Hanley-McNeil for AUC, the normal approximation for means.

/** The 97.5 % point of the standard normal distribution. */
export const Z95 = 1.959963984540054;

/** A 95 % interval. `error`: the standard error behind it, where there is one. */
export interface Interval {
  lower: number;
  upper: number;
  error?: number;
}

/**
 * Wilson's score interval for the share k / n, within [0, 1]; null for n = 0. Good at any n and at shares of 0 and 1.
 * Source: Wilson, "Probable inference, the law of succession, and statistical inference" (1927).
 */
export function wilsonInterval(k: number, n: number): Interval | null {
  if (n <= 0) return null;
  const p = k / n;
  const z2 = Z95 * Z95;
  const scale = 1 + z2 / n;
  const centre = (p + z2 / (2 * n)) / scale;
  const half = (Z95 * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n))) / scale;
  // Rounding must not push the bound past the share itself at 0 and 1.
  return { lower: Math.max(0, Math.min(p, centre - half)), upper: Math.min(1, Math.max(p, centre + half)) };
}

/**
 * Interval of an area under the ROC curve from the numbers of positive and negative rows, within [0, 1]; null where a class is empty.
 * Source: Hanley & McNeil, "The meaning and use of the area under a receiver operating characteristic curve" (1982).
 */
export function hanleyMcNeilInterval(auc: number, positives: number, negatives: number): Interval | null {
  if (positives <= 0 || negatives <= 0) return null;
  const q1 = auc / (2 - auc);
  const q2 = (2 * auc * auc) / (1 + auc);
  const spread = auc * (1 - auc) + (positives - 1) * (q1 - auc * auc) + (negatives - 1) * (q2 - auc * auc);
  const error = Math.sqrt(Math.max(0, spread) / (positives * negatives));
  return { lower: Math.max(0, auc - Z95 * error), upper: Math.min(1, auc + Z95 * error), error };
}

/**
 * Interval of the mean of several shares from their standard errors, which come from the same rows: whatever the correlation between them, the
 * standard error of their mean is at most the mean of theirs (Cauchy-Schwarz), so the interval is never too narrow. Null where one has none.
 */
export function meanOfIntervals(parts: readonly { value: number | null; error: number | null }[]): Interval | null {
  let [value, error] = [0, 0];
  for (const part of parts) {
    if (part.value === null || part.error === null) return null;
    value += part.value / parts.length;
    error += part.error / parts.length;
  }
  if (parts.length === 0) return null;
  return { lower: Math.max(0, value - Z95 * error), upper: Math.min(1, value + Z95 * error), error };
}

/**
 * Interval of an average precision on the logit scale, from the number of positive rows, within (0, 1); null at 0 and 1, where that scale has no point, and
 * without positive rows. Source: Boyd, Eng & Page, "Area under the precision-recall curve: point estimates and confidence intervals" (2013).
 */
export function averagePrecisionInterval(value: number, positives: number): Interval | null {
  if (positives <= 0 || value <= 0 || value >= 1) return null;
  const logit = Math.log(value / (1 - value));
  const spread = 1 / Math.sqrt(positives * value * (1 - value));
  const back = (x: number) => 1 / (1 + Math.exp(-x));
  // The delta method back from the logit scale: its slope is value (1 - value).
  const error = spread * value * (1 - value);
  return { lower: back(logit - Z95 * spread), upper: back(logit + Z95 * spread), error };
}

/** Cells of a table up to which `countsInterval` is computed: its cost grows with their square. */
const MAX_CELLS = 900;
/** Step of the derivative, as a share of the rows. */
const STEP = 1e-6;

/**
 * Interval of a number that is computed from the counts of a table, such as f1 or mcc of a confusion matrix: the delta method over a multinomial distribution of
 * the rows, with the derivative by differences. Cut to [least, 1]. Null where the number is not known, for fewer than two rows, and for more than 900 cells.
 */
export function countsInterval(
  counts: readonly number[],
  value: (counts: readonly number[]) => number | null,
  least: 0 | -1 = 0,
): Interval | null {
  const n = counts.reduce((sum, count) => sum + count, 0);
  const centre = value(counts);
  if (n < 2 || centre === null || counts.length > MAX_CELLS) return null;
  let [mean, square] = [0, 0];
  for (const [i, count] of counts.entries()) {
    if (count === 0) continue;
    const moved = (by: number) => value(counts.map((other, j) => (i === j ? other + by * n : other)));
    const [above, below] = [moved(STEP), moved(-Math.min(STEP, count / n / 2))];
    if (above === null || below === null) return null;
    const slope = (above - below) / (STEP + Math.min(STEP, count / n / 2));
    mean += (count / n) * slope;
    square += (count / n) * slope * slope;
  }
  const error = Math.sqrt(Math.max(0, square - mean * mean) / n);
  return { lower: Math.max(least, centre - Z95 * error), upper: Math.min(1, centre + Z95 * error), error };
}

/** Standard error of a mean from n, the sum and the sum of squares (sample variance, n - 1); null for n < 2. */
export function standardError(n: number, sum: number, sumOfSquares: number): number | null {
  if (n < 2) return null;
  const variance = (sumOfSquares - (sum * sum) / n) / (n - 1);
  return Math.sqrt(Math.max(0, variance) / n);
}

/** Normal interval of a mean from n, the sum and the sum of squares: mean +- 1.96 standard errors; null for n < 2. */
export function meanInterval(n: number, sum: number, sumOfSquares: number): Interval | null {
  const error = standardError(n, sum, sumOfSquares);
  return error === null ? null : around(sum / n, error);
}

/** As `meanInterval`, from the mean and the sample variance: keeps its digits where the values are large and lie close together. */
export function varianceInterval(n: number, mean: number, variance: number): Interval | null {
  return n < 2 ? null : around(mean, Math.sqrt(variance / n));
}

function around(mean: number, error: number): Interval {
  return { lower: mean - Z95 * error, upper: mean + Z95 * error, error };
}

/** As `meanInterval` for a mean that cannot be negative: the lower bound stops at 0. */
export function nonNegativeMeanInterval(n: number, sum: number, sumOfSquares: number): Interval | null {
  const interval = meanInterval(n, sum, sumOfSquares);
  return interval && { ...interval, lower: Math.max(0, interval.lower) };
}

/**
 * Delta-method interval of the square root of a mean square: its standard error is that of the mean square over twice the root.
 * From n, the sum of squares and the sum of fourth powers; the lower bound stops at 0; null for n < 2.
 */
export function rootMeanSquareInterval(n: number, sumOfSquares: number, sumOfFourths: number): Interval | null {
  const error = standardError(n, sumOfSquares, sumOfFourths);
  if (error === null) return null;
  const root = Math.sqrt(sumOfSquares / n);
  const ofRoot = root === 0 ? 0 : error / (2 * root);
  return { lower: Math.max(0, root - Z95 * ofRoot), upper: root + Z95 * ofRoot, error: ofRoot };
}
