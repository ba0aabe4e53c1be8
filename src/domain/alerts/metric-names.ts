// The metrics that can be read, and which of them a rule can watch.
import { nearest } from '../nearest.js';

/** Drift of inputs, outputs and the ground truth against the baseline. */
export const DRIFT_METRICS = [
  'psi',
  'psi_noise_99',
  'psi_limit',
  'ks_statistic',
  'ks_p_value',
  'js_distance',
  'wasserstein',
  'wasserstein_normed',
  'chi2_p_value',
  'l_infinity',
  'missing_share',
  'unseen_share',
  'drifted_share',
] as const;

/** Quality: predictions against the ground truth. */
export const QUALITY_METRICS = [
  'accuracy',
  'precision',
  'recall',
  'specificity',
  'f1',
  'mcc',
  'roc_auc',
  'average_precision',
  'log_loss',
  'brier',
  'calibration_error',
  'calibration_noise_95',
  'f1_macro',
  'precision_macro',
  'recall_macro',
  'roc_auc_ovr_macro',
  'mae',
  'mse',
  'rmse',
  'mape',
  'r2',
  'mean_error',
] as const;

/** Labels themselves, and what the service that predicts does. */
const OTHER_METRICS = [
  'label_coverage',
  'label_lag_p50',
  'label_lag_p90',
  'label_lag_p99',
  'prediction_count',
  'requests_per_second',
  'error_count',
  'error_rate',
  'latency_p50',
  'latency_p95',
  'latency_p99',
  'request_bytes_mean',
  'response_bytes_mean',
  'cpu_ms_mean',
  'memory_bytes_max',
  'request_count',
  'failed_request_count',
  'dropped_count',
  'replica_count',
  'replica_cpu_cores',
  'replica_memory_bytes',
] as const;

/** Counted when they are asked for, and never stored; with what to watch instead. A rule reads stored numbers. */
const READ_ONLY: ReadonlyMap<string, string> = new Map([
  [
    'orphan_labels',
    'orphan_labels is counted when it is read, and a rule reads stored numbers: watch the gauge driftline_orphan_labels at GET /metrics instead',
  ],
]);

/** Stored numbers: what a rule can watch, beside the model's own. */
export const WATCHED_METRICS: readonly string[] = [...DRIFT_METRICS, ...QUALITY_METRICS, ...OTHER_METRICS];

const ALL: ReadonlySet<string> = new Set<string>([...WATCHED_METRICS, ...READ_ONLY.keys()]);
const QUALITY: ReadonlySet<string> = new Set<string>(QUALITY_METRICS);
/** `custom.<key>` and `aggregate.<key>`: the keys are the model's own. */
const OWN = /^(custom|aggregate)\../;

/** Whether a metric compares predictions with the ground truth. */
export function isQualityMetric(metric: string): boolean {
  return QUALITY.has(metric);
}

/** Counts: exact however few they count, and as true at 0. */
export const COUNT_METRICS: readonly string[] = [
  'prediction_count',
  'requests_per_second',
  'error_count',
  'request_count',
  'failed_request_count',
  'dropped_count',
  'replica_count',
  'replica_cpu_cores',
  'replica_memory_bytes',
];

/** Whether a metric is a count, or a number that the client vouches for: no minimum of rows applies unless a rule sets one. */
export function isExact(metric: string): boolean {
  return COUNT_METRICS.includes(metric) || metric.startsWith('aggregate.');
}

/** What is wrong with a metric's name, with the nearest right one; null where nothing is. */
export function metricNameProblem(metric: string): string | null {
  if (ALL.has(metric) || OWN.test(metric)) return null;
  return `there is no metric "${metric}": did you mean "${nearest(metric, ALL) ?? 'psi'}"? A value that the model tracks is custom.<key>, one that it sends is aggregate.<key>`;
}

/** What is wrong with a metric that a rule names: there is none, or it can only be read; null where nothing is. */
export function ruleMetricProblem(metric: string): string | null {
  return READ_ONLY.get(metric) ?? metricNameProblem(metric);
}
