// The quality of a baseline's own rows: what it is valid for, and when it may be compared with.
import type { EffectiveConfig } from '../contract/models.js';
import type { BaselineHead } from '../drift/baseline.js';

/** A metric over the labelled rows of a baseline, with its 95 % interval; `n` are the rows it is about. */
export interface OwnNumber {
  metric: string;
  value: number;
  lower: number | null;
  upper: number | null;
  n: number;
}

/** `settings`: by what they were computed, from `settingsOf`. `computedAt`: epoch ms. */
export interface BaselineQuality {
  id: string;
  settings: string;
  numbers: readonly OwnNumber[];
  computedAt: number;
}

/** Everything that quality depends on besides the rows, as text; their number stands for the rows, which only ever become fewer. */
export function settingsOf(baseline: Pick<BaselineHead, 'rows'>, config: EffectiveConfig): string {
  const { task, prediction, score, groundTruth, positiveLabel, threshold } = config;
  return JSON.stringify([baseline.rows, task, prediction, score, groundTruth, positiveLabel, threshold]);
}

/** Whether a person made the baseline. What was frozen automatically had few of its labels yet, and is compared with by its windows. */
export function hasOwnQuality({ source }: Pick<BaselineHead, 'source'>): boolean {
  return source === 'upload' || source === 'window';
}

/** The number of a metric that production may be held against; null: none, of another configuration, or of too few rows. */
export function ownNumber(
  baseline: BaselineHead | null,
  stored: readonly BaselineQuality[],
  config: EffectiveConfig,
  metric: string,
): OwnNumber | null {
  if (baseline === null || !hasOwnQuality(baseline)) return null;
  const found = stored.find((one) => one.id === baseline.id && one.settings === settingsOf(baseline, config));
  const number = found?.numbers.find((one) => one.metric === metric);
  return number === undefined || number.n < config.minSamples ? null : number;
}
