// What a model is compared with: the baseline in force, those that could be, and in words what a headline number is held against.
import type { BaselineHeadJson, OverviewModel } from '../../../src/domain/contract/overview.js';
import { day, estimate, limitValue, metricValue, versionName, type Zone } from './format.js';

/** Where a baseline came from, in words. */
const SOURCES: Record<string, string> = {
  upload: 'uploaded',
  window: 'a window of production',
  previous_version: 'the version before, frozen automatically',
  first_window: 'its own first window, frozen automatically',
};

/** `uploaded, 18,240 rows, for v2`. */
export function baselineFacts(baseline: BaselineHeadJson): string {
  const whose = baseline.version === null ? 'for every version' : `for ${versionName(baseline.version)}`;
  return `${SOURCES[baseline.source] ?? baseline.source}, ${baseline.rows.toLocaleString('en-US')} rows, ${whose}`;
}

/** Two baselines may have one name, for two versions. */
export function isSame(a: BaselineHeadJson | null, b: BaselineHeadJson | null): boolean {
  return a?.name === b?.name && a?.version === b?.version;
}

/** Baselines that activating would put in force for the version: one of its own goes before those of every version. */
export function switchable(model: Pick<OverviewModel, 'version' | 'baseline' | 'baselines'>): BaselineHeadJson[] {
  const own = model.baselines.filter((one) => one.version === model.version);
  const chosen = model.baseline !== null && model.baseline.version === model.version && isByHand(model.baseline);
  return chosen ? own : model.baselines.filter((one) => one.version === model.version || one.version === null);
}

/** Whether a person put it there; what is frozen automatically ranks behind. */
function isByHand({ source }: BaselineHeadJson): boolean {
  return source === 'upload' || source === 'window';
}

type Quality = NonNullable<OverviewModel['quality']>;

/** `against 90 % ±2.9 in the baseline training (n = 400)`; empty where there is nothing to hold it against. */
export function referencePhrase(quality: Quality, version: string | null, zone: Zone): string {
  const { metric, reference, reference_lower: lower, reference_upper: upper } = quality;
  if (reference === null) return '';
  const shown = estimate(metric, reference, lower, upper);
  const value = `${shown.value} ${shown.spread}`.trim();
  if (quality.reference_kind === 'baseline')
    return `against ${value} in the baseline ${quality.reference_name ?? ''} (n = ${(quality.reference_n ?? 0).toLocaleString('en-US')})`;
  if (quality.reference_kind === 'stated')
    return `against ${limitValue(metric, reference)}, stated in the configuration`;
  const whose = version === null ? '' : ` of ${versionName(version)}`;
  return `against ${value} in the first window${whose}, ${day(quality.reference_time, zone, false)}: the baseline has no quality of its own`;
}

/** The name of the line on a chart. */
export function referenceLine(quality: Quality, version: string | null): string {
  const value = metricValue(quality.metric, quality.reference);
  return `${referenceName(quality, version)} ${value}`;
}

/** `baseline training`, `stated`, `first window of v2`. */
export function referenceName(quality: Quality, version: string | null): string {
  if (quality.reference_kind === 'baseline') return `baseline ${quality.reference_name ?? ''}`;
  return quality.reference_kind === 'stated' ? 'stated' : `first window of ${versionName(version ?? '')}`;
}
