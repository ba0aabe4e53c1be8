// Which values a metric can take: a threshold that no value is past makes a rule that never fires, one that all are past a rule that always does.
import type { AlertRule, Threshold } from './rule.js';

const SHARES = [
  'accuracy', 'precision', 'recall', 'specificity', 'f1', 'roc_auc', 'average_precision', 'brier', 'calibration_error', 'f1_macro',
  'precision_macro', 'recall_macro', 'roc_auc_ovr_macro', 'ks_statistic', 'ks_p_value', 'chi2_p_value', 'js_distance', 'l_infinity',
  'missing_share', 'unseen_share', 'drifted_share', 'label_coverage', 'error_rate',
]; // prettier-ignore
const POSITIVE = [
  'psi', 'psi_noise_99', 'psi_limit', 'wasserstein', 'wasserstein_normed', 'log_loss', 'mae', 'mse', 'rmse', 'mape', 'prediction_count',
  'requests_per_second', 'error_count', 'latency_p50', 'latency_p95', 'latency_p99', 'request_bytes_mean', 'response_bytes_mean',
  'cpu_ms_mean', 'memory_bytes_max',
]; // prettier-ignore

/** The smallest and largest value of a metric; null where there is no such bound. */
export function rangeOf(metric: string): { min: number | null; max: number | null } {
  if (SHARES.includes(metric)) return { min: 0, max: 1 };
  if (metric === 'mcc') return { min: -1, max: 1 };
  if (metric === 'r2') return { min: null, max: 1 };
  return { min: POSITIVE.includes(metric) ? 0 : null, max: null };
}

type Watched = Pick<AlertRule, 'metric' | 'op' | 'relative_to'>;

/** What a rule's values can be, and what they are called. Ratios (`relative_to`) can be anything above 0. */
function valuesOf({ metric, relative_to }: Watched) {
  return relative_to === null
    ? { ...rangeOf(metric), what: metric }
    : { min: 0, max: null as number | null, what: 'a ratio' };
}

/** Why no value of the metric is past the threshold, or null. */
export function unreachable(rule: Watched, threshold: Threshold): string | null {
  const { op } = rule;
  const { min, max, what } = valuesOf(rule);
  const never = (why: string): string => `never fires: ${what} ${why}`;
  if (typeof threshold !== 'number') {
    const [low, high] = threshold;
    const below = min !== null && low <= min;
    const above = max !== null && high >= max;
    return below && above ? never(`lies always within ${min} and ${max}`) : null;
  }
  if (max !== null && ((op === '>' && threshold >= max) || (op === '>=' && threshold > max)))
    return never(`is at most ${max}`);
  if (min !== null && ((op === '<' && threshold <= min) || (op === '<=' && threshold < min)))
    return never(`is at least ${min}`);
  return null;
}

/** Why every value of the metric is past the threshold, or null. A low threshold of `psi` is raised to what chance explains, so it is none. */
export function inescapable(rule: Watched, threshold: Threshold): string | null {
  const { op, metric } = rule;
  const { min, max, what } = valuesOf(rule);
  const always = (why: string): string => `fires in every window: ${what} ${why}`;
  const [low, high] = typeof threshold === 'number' ? [threshold, threshold] : threshold;
  const outside = op === 'outside';
  const below = max !== null && ((op === '<=' && low >= max) || ((op === '<' || outside) && low > max));
  if (below) return always(`is at most ${max}`);
  if (metric === 'psi') return null;
  const above = min !== null && ((op === '>=' && high <= min) || ((op === '>' || outside) && high < min));
  return above ? always(`is at least ${min}`) : null;
}
