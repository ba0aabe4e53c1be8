// Families of metrics: which job computes one, which are shares, which are better when they are lower. The service and the dashboard read the same lists.
import { DRIFT_METRICS, QUALITY_METRICS } from './alerts/metric-names.js';

export { WATCHED_METRICS } from './alerts/metric-names.js';

const DRIFT: ReadonlySet<string> = new Set<string>(DRIFT_METRICS);
const QUALITY: ReadonlySet<string> = new Set<string>([
  ...QUALITY_METRICS,
  'label_coverage',
  'label_lag_p50',
  'label_lag_p90',
  'label_lag_p99',
]);

/** Computed from both samples themselves, as the Wasserstein distances; the other drift numbers are computed from bin counts. */
export function isKsMetric(metric: string): boolean {
  return metric === 'ks_statistic' || metric === 'ks_p_value';
}

export function isWassersteinMetric(metric: string): boolean {
  return metric === 'wasserstein' || metric === 'wasserstein_normed';
}

/** Computed by the drift job: compares with a baseline. */
export function isDriftMetric(metric: string): boolean {
  return DRIFT.has(metric);
}

/** Computed by the quality job: needs the ground truth. */
export function isLabelMetric(metric: string): boolean {
  return QUALITY.has(metric);
}

/** Shares in 0..1 that people read as percentages. `share` itself is that of rows in the bins that moved, in the evidence of an alert. */
const SHARES: ReadonlySet<string> = new Set([
  'accuracy', 'precision', 'recall', 'specificity', 'f1', 'f1_macro', 'precision_macro', 'recall_macro', 'missing_share', 'unseen_share',
  'drifted_share', 'error_rate', 'label_coverage', 'mape', 'share',
]); // prettier-ignore

/** Of these less is better. */
const LOWER_IS_BETTER: ReadonlySet<string> = new Set([
  'mae', 'mse', 'rmse', 'mape', 'log_loss', 'brier', 'calibration_error', 'error_rate',
]); // prettier-ignore

/** Errors of calibration are amounts: they begin at 0, as other scores need not. */
const AMOUNTS: ReadonlySet<string> = new Set(['calibration_error', 'calibration_noise_95']);
const SCORES: ReadonlySet<string> = new Set<string>(QUALITY_METRICS.filter((metric) => !AMOUNTS.has(metric)));

/** Whether a metric is a share in 0..1. */
export function isShare(metric: string): boolean {
  return SHARES.has(metric);
}

/** Whether a larger value is a better one. */
export function betterIs(metric: string): 'higher' | 'lower' {
  return LOWER_IS_BETTER.has(metric) ? 'lower' : 'higher';
}

/** Whether a metric says how good the predictions are: of those the change matters, not the distance from 0. */
export function isScore(metric: string): boolean {
  return SCORES.has(metric);
}
