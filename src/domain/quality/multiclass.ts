// Quality of a classifier of several classes, from its confusion counts and from sums over its scores.
import type { Score } from '../drift/score.js';
import {
  countsInterval,
  hanleyMcNeilInterval,
  meanOfIntervals,
  nonNegativeMeanInterval,
  type Interval,
} from './intervals.js';
import { ratio, shareScore, withInterval } from './score.js';

/** Labelled rows of one truth and one predicted class. */
export interface ConfusionCell {
  truth: string;
  predicted: string;
  n: number;
}

/** What the store summed over the labelled rows that have a score for every class. */
export interface MulticlassScoredRows {
  logLossN: number;
  /** Sum, and sum of squares, of -ln of the probability given to the truth, scores clipped to [1e-15, 1 - 1e-15]. */
  logLossSum: number;
  logLossSumSq: number;
  /** AUC of each scored class against the rest; null where the rows are all, or none, of that class. */
  aucByClass: Readonly<Record<string, number | null>>;
}

/** Numbers of the whole window, and of each class (the union of true and predicted ones). */
export interface MulticlassScores {
  overall: Score[];
  perClass: Record<string, Score[]>;
}

interface ClassCounts {
  /** Predicted and true. */
  hits: number;
  predicted: number;
  actual: number;
}

/**
 * accuracy, precision_macro, recall_macro, f1_macro, roc_auc_ovr_macro, log_loss; per class precision, recall, f1, roc_auc.
 * As scikit-learn with average='macro', zero_division=0 over the union of true and predicted labels: a class whose own value
 * is undefined has null there and counts as 0 in the mean. The lists are always the same.
 */
export function multiclassScores(
  confusion: readonly ConfusionCell[],
  scored: MulticlassScoredRows | null = null,
): MulticlassScores {
  const classes = countClasses(confusion);
  const counts = [...classes.values()];
  const n = confusion.reduce((sum, cell) => sum + cell.n, 0);
  const hits = counts.reduce((sum, one) => sum + one.hits, 0);
  const lossN = scored?.logLossN ?? 0;
  const lossSum = scored?.logLossSum ?? 0;
  const lossInterval = nonNegativeMeanInterval(lossN, lossSum, scored?.logLossSumSq ?? 0);
  const cells = confusion.filter((cell) => cell.n > 0);
  const macro = (metric: string, of: (one: ClassCounts) => number | null) => {
    const value = (moved: readonly ConfusionCell[]) => mean([...countClasses(moved).values()].map(of));
    const interval = countsInterval(
      cells.map((cell) => cell.n),
      (ns) => value(cells.map((cell, i) => ({ ...cell, n: ns[i] ?? 0 }))),
    );
    return withInterval(metric, value(cells), interval, 'delta', n);
  };
  const overall = [
    shareScore('accuracy', hits, n),
    macro('precision_macro', precision),
    macro('recall_macro', recall),
    macro('f1_macro', f1),
    withInterval('roc_auc_ovr_macro', macroAuc(scored), macroAucInterval(scored, classes, n), 'hanley_mcneil', lossN),
    withInterval('log_loss', ratio(lossSum, lossN), lossInterval, 'normal', lossN),
  ];
  return {
    overall,
    perClass: Object.fromEntries([...classes].map(([name, one]) => [name, classScores(name, one, n, scored)])),
  };
}

function classScores(name: string, one: ClassCounts, n: number, scored: MulticlassScoredRows | null): Score[] {
  const auc = scored !== null && Object.hasOwn(scored.aucByClass, name) ? (scored.aucByClass[name] ?? null) : null;
  // The interval needs the class sizes of the scored rows; they are known where every labelled row is scored.
  const sameRows = scored?.logLossN === n;
  const interval = auc !== null && sameRows ? hanleyMcNeilInterval(auc, one.actual, n - one.actual) : null;
  return [
    shareScore('precision', one.hits, one.predicted),
    shareScore('recall', one.hits, one.actual),
    f1Score(one, n),
    withInterval('roc_auc', auc, interval, 'hanley_mcneil', scored?.logLossN ?? 0),
  ];
}

/** One class against the rest, with the interval of the four counts. */
function f1Score(one: ClassCounts, n: number): Score {
  const rest = [one.hits, one.predicted - one.hits, one.actual - one.hits, n - one.predicted - one.actual + one.hits];
  const interval = countsInterval(rest, ([hits = 0, wrong = 0, missed = 0]) =>
    ratio(2 * hits, 2 * hits + wrong + missed),
  );
  return withInterval('f1', f1(one), interval, 'delta', n);
}

function countClasses(confusion: readonly ConfusionCell[]): Map<string, ClassCounts> {
  const classes = new Map<string, ClassCounts>();
  const of = (name: string) => {
    const known = classes.get(name) ?? { hits: 0, predicted: 0, actual: 0 };
    classes.set(name, known);
    return known;
  };
  for (const { truth, predicted, n } of confusion) {
    if (n <= 0) continue;
    of(truth).actual += n;
    of(predicted).predicted += n;
    if (truth === predicted) of(truth).hits += n;
  }
  return classes;
}

const precision = (one: ClassCounts) => ratio(one.hits, one.predicted);
const recall = (one: ClassCounts) => ratio(one.hits, one.actual);
const f1 = (one: ClassCounts) => ratio(2 * one.hits, one.predicted + one.actual);

/** Mean over the classes, an undefined value counting as 0; null without classes. */
function mean(values: readonly (number | null)[]): number | null {
  return ratio(
    values.reduce<number>((sum, value) => sum + (value ?? 0), 0),
    values.length,
  );
}

/** Unweighted mean over the scored classes; null where one of them has no AUC, as scikit-learn refuses it: a mean over fewer classes is another number. */
function macroAuc(scored: MulticlassScoredRows | null): number | null {
  const values = Object.values(scored?.aucByClass ?? {});
  return values.includes(null) ? null : mean(values);
}

/** From the classes' own standard errors; null where one of them has none, or the sizes of the classes among the scored rows are not known. */
function macroAucInterval(
  scored: MulticlassScoredRows | null,
  classes: ReadonlyMap<string, ClassCounts>,
  n: number,
): Interval | null {
  if (scored === null || scored.logLossN !== n) return null;
  return meanOfIntervals(
    Object.entries(scored.aucByClass).map(([name, auc]) => {
      const actual = classes.get(name)?.actual ?? 0;
      const interval = auc === null ? null : hanleyMcNeilInterval(auc, actual, n - actual);
      return { value: auc, error: interval?.error ?? null };
    }),
  );
}
