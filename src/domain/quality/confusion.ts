// Counts of a confusion matrix from its shares.

/** A share as counts: `hits` of `n`. */
export interface Share {
  hits: number;
  n: number;
}

/**
 * The matrix behind precision (tp of tp + fp), recall (tp of tp + fn) and specificity (tn of tn + fp). A share whose denominator is 0 is not
 * known, and its counts are 0: where nothing was positive, recall is of 0 rows, and every prediction of the positive class was wrong.
 */
export function confusionFromShares(
  precision: Share,
  recall: Share,
  specificity: Share,
): { tp: number; fp: number; fn: number; tn: number } {
  const tp = recall.n > 0 ? recall.hits : precision.hits;
  const fp = specificity.n > 0 ? specificity.n - specificity.hits : precision.n - tp;
  return { tp, fp, fn: recall.n - recall.hits, tn: specificity.hits };
}
