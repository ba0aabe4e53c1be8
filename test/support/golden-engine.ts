// Compares the service's numbers with reference files, to the stated tolerances.
import { expect } from 'vitest';
import type { MetricPointJson } from '../../src/domain/contract/metrics.js';

export interface GoldenField {
  edges?: number[];
  categories?: string[];
  baseline_counts: number[];
  counts: number[];
  n: number;
  n_baseline: number;
  [metric: string]: unknown;
}
export interface GoldenWindow {
  n: number;
  drift: Record<string, GoldenField>;
  quality: Record<string, unknown>;
}

/** Numbers by `feature|metric`. */
export function indexPoints(points: readonly MetricPointJson[]): Map<string, MetricPointJson> {
  return new Map(points.map((point) => [`${point.feature}|${point.metric}`, point]));
}

/** Counts, D and distances agree to 1e-9; p-values above 1e-12 to 1e-6 where exact and to 1e-4 where asymptotic. */
function tolerance(metric: string, asymptotic: boolean): number {
  if (metric === 'ks_p_value') return asymptotic ? 1e-4 : 1e-6;
  return metric === 'chi2_p_value' ? 1e-6 : 1e-9;
}

function close(actual: number | null | undefined, expected: number, relative: number, what: string): void {
  expect(actual, what).toBeTypeOf('number');
  expect(Math.abs((actual ?? Number.NaN) - expected), `${what}: ${actual} for ${expected}`).toBeLessThanOrEqual(
    relative * Math.max(Math.abs(expected), 1e-12),
  );
}

/** Every drift number of every field; returns how many were compared. `names` maps a field to its path where that is not an input. */
export function compareDrift(
  points: Map<string, MetricPointJson>,
  drift: Record<string, GoldenField>,
  names: Record<string, string>,
): number {
  const metrics = [
    'psi',
    'psi_noise_99',
    'js_distance',
    'ks_statistic',
    'ks_p_value',
    'wasserstein',
    'wasserstein_normed',
    'chi2_p_value',
    'l_infinity',
  ];
  let compared = 0;
  for (const [field, expected] of Object.entries(drift)) {
    for (const metric of metrics) {
      const reference = expected[metric];
      if (typeof reference !== 'number') continue;
      const point = points.get(`${names[field] ?? `inputs.${field}`}|${metric}`);
      if (metric.endsWith('p_value') && reference <= 1e-12)
        expect(point?.value ?? 1, `${field} ${metric}`).toBeLessThanOrEqual(1e-11);
      else close(point?.value, reference, tolerance(metric, point?.method === 'asymptotic'), `${field} ${metric}`);
      compared++;
    }
  }
  return compared;
}

/** Every quality number, the accuracy's interval included. */
export function compareQuality(points: Map<string, MetricPointJson>, quality: Record<string, unknown>): void {
  for (const metric of [
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
  ]) {
    const reference = quality[metric];
    const point = points.get(`|${metric}`);
    if (typeof reference === 'number') close(point?.value, reference, 1e-9, metric);
    else expect(point?.value ?? null, metric).toBeNull();
  }
  const [lower, upper] = quality.accuracy_interval as [number, number];
  const accuracy = points.get('|accuracy');
  close(accuracy?.lower, lower, 1e-9, 'lower');
  close(accuracy?.upper, upper, 1e-9, 'upper');
  expect(accuracy?.n).toBe(quality.n);
}
