// What a rule with `relative_to: baseline` divides by: the baseline's own number, or why it has none.
import type { BaselineFieldProfile } from '../drift/baseline.js';
import { formatNumber, formatValue, metricName } from './wording.js';

/** The number, or why there is none, as the end of "it cannot be compared: ...". */
export type BaselineReference = { value: number; problem: null } | { value: null; problem: string };

/** Drift scores that are 0 (or a p-value that is 1) for the baseline against itself, and have no noise of their own to be held against. */
const WITHOUT_RATIO: ReadonlySet<string> = new Set([
  'psi_noise_99',
  'psi_limit',
  'ks_statistic',
  'ks_p_value',
  'js_distance',
  'wasserstein',
  'wasserstein_normed',
  'chi2_p_value',
  'l_infinity',
  'unseen_share',
  'drifted_share',
]);

/** Why no rule on this metric can be relative to the baseline, or null. */
export function baselineRatioProblem(metric: string): string | null {
  if (!WITHOUT_RATIO.has(metric)) return null;
  const own = metric.endsWith('p_value') ? '1' : '0';
  const what = metric.startsWith('psi_') ? 'a limit, not a score' : `${own} for the baseline against itself`;
  return `${metric} is ${what}: there is no ratio to it. Leave \`relative_to\` out, name an age such as "7d", or watch psi, whose ratio is to its noise`;
}

/** Whether a metric's reference is the noise of each window: PSI of the baseline against itself is 0, and chance alone gives more. */
export function isRelativeToNoise(metric: string): boolean {
  return metric === 'psi';
}

/** What a relative value is compared with: `the baseline's 91 %`, `what chance alone gives (0.031)`, `its value of 7d before`. */
export function referencePhrase(metric: string, relativeTo: string, reference: number | null): string {
  if (relativeTo !== 'baseline') return `its value of ${relativeTo} before`;
  if (isRelativeToNoise(metric)) return `what chance alone gives (${formatNumber(reference)})`;
  return reference === null ? "the baseline's" : `the baseline's ${formatValue(metric, reference)}`;
}

export function knownReference(value: number): BaselineReference {
  return { value, problem: null };
}

export function noReference(problem: string): BaselineReference {
  return { value: null, problem };
}

/** The share of missing values among a baseline's rows. `name`: the baseline's. */
export function missingReference(
  field: BaselineFieldProfile | undefined,
  path: string,
  name: string,
): BaselineReference {
  if (field === undefined) return noReference(`the baseline ${name} has no field ${path}`);
  if (field.kind === 'skipped')
    return noReference(`the baseline ${name} does not compare ${path}: ${field.reason ?? ''}`);
  const rows = field.counts.reduce((sum, count) => sum + count, 0);
  // MISSING is always the last bin.
  return rows === 0
    ? noReference(`the baseline ${name} has no rows`)
    : knownReference((field.counts.at(-1) ?? 0) / rows);
}

/** What was computed of the labelled rows of a baseline. */
export interface BaselineQuality {
  name: string;
  rows: number;
  labelled: number;
  /** By metric and feature ('' is the whole, else a class), as `qualityKey` writes them; null where the denominator is 0. */
  values: ReadonlyMap<string, { value: number | null; n: number }>;
}

export function qualityKey(metric: string, feature: string): string {
  return JSON.stringify([metric, feature]);
}

/** The quality of a baseline's own rows. With fewer labelled rows than `minSamples` a number is no evidence, here as in a window. */
export function qualityReference(
  quality: BaselineQuality,
  metric: string,
  feature: string,
  minSamples: number,
): BaselineReference {
  const { name, rows, labelled, values } = quality;
  if (rows === 0) return noReference(`the baseline ${name} has no rows there`);
  if (metric === 'label_coverage') return knownReference(labelled / rows);
  if (labelled === 0)
    return noReference(`the baseline ${name} has no labelled rows, so its ${metricName(metric)} is not known`);
  const found = values.get(qualityKey(metric, feature));
  if (found === undefined || found.value === null)
    return noReference(`the baseline ${name} gives no ${metricName(metric)}`);
  if (found.n < minSamples)
    return noReference(
      `${found.n} rows of the baseline ${name} have a label and a prediction, fewer than min_samples (${minSamples})`,
    );
  return knownReference(found.value);
}
