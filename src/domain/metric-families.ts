// Which job a metric belongs to.
import { DRIFT_METRICS, QUALITY_METRICS } from './alerts/metric-names.js';

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
export function isQualityMetric(metric: string): boolean {
  return QUALITY.has(metric);
}
