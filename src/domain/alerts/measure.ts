// Numbers that are a mean over rows, and so can be split over segments and shown by example rows.
import type { EffectiveConfig } from '../contract/models.js';

/** Of the task's rows with labels. */
const BINARY = ['accuracy', 'precision', 'recall', 'specificity', 'log_loss', 'brier'] as const;
const REGRESSION = ['mae', 'mse', 'mean_error'] as const;
export type RowMetric = (typeof BINARY)[number] | (typeof REGRESSION)[number] | 'error_rate';

/** Values of a field that count: the content of some bins. */
export interface BinContent {
  path: string;
  /** Intervals of numbers, open below and closed above; null: no bound. */
  ranges: { above: number | null; upTo: number | null }[];
  values: string[];
  /** Also values that are none of these; null: no others. */
  noneOf: string[] | null;
  missing: boolean;
  numeric: boolean;
}

/** Which metrics a model of this task can split over segments. */
export function rowMetrics(task: EffectiveConfig['task']): RowMetric[] {
  if (task === 'binary') return [...BINARY, 'error_rate'];
  if (task === 'multiclass') return ['accuracy', 'error_rate'];
  return task === 'regression' ? [...REGRESSION, 'error_rate'] : ['error_rate'];
}

/** The nearest metric that can be split: rmse moves with mse, a rank or macro score is told by accuracy; null where there is none. */
export function splittable(metric: string, task: EffectiveConfig['task']): RowMetric | null {
  const known = rowMetrics(task);
  const same = known.find((one) => one === metric);
  if (same !== undefined) return same;
  if (metric === 'error_count') return 'error_rate';
  const main = task === 'regression' ? 'mse' : 'accuracy';
  return known.find((one) => one === main) ?? null;
}

/** What is summed over rows: a metric of predictions and labels (`columns` null for one that needs none), or the share of rows in some bins. */
export type Measure =
  | {
      kind: 'metric';
      metric: RowMetric;
      task: EffectiveConfig['task'];
      columns: {
        prediction: string | null;
        score: string | null;
        truthKey: string;
        positive: string;
        threshold: number;
      } | null;
    }
  | { kind: 'bins'; content: BinContent };
