// Why an alert is what it is, as one plain sentence with its numbers.
import { referencePhrase } from './baseline-reference.js';
import { judge, type FoldOptions, type Observation } from './observation.js';
import { breaches, effectiveThreshold, lowestLevel, type AlertRule, type Severity, type Threshold } from './rule.js';
import type { SeriesState } from './state.js';
import { formatNumber, formatTime, formatValue, metricName } from './wording.js';

/** What a sentence is made of: the rule, where the series stands, its last window that counted and the breaches among the last ones. */
export interface WhyFacts {
  rule: AlertRule;
  state: SeriesState;
  last: Observation | null;
  breaching: number;
  counted: number;
  /** Why there is nothing to compare with, where that is known. */
  problem: string | null;
}

/** The facts of a folded series. */
export function whyFacts(
  rule: AlertRule,
  state: SeriesState,
  observations: readonly Observation[],
  options: FoldOptions,
  problem: string | null = null,
): WhyFacts {
  const counted = observations
    .map((window) => ({ window, verdict: judge(rule, window, options) }))
    .filter(({ verdict }) => verdict.kind === 'compared' || verdict.kind === 'calm')
    .slice(-rule.of);
  const breaching = counted.filter(({ window, verdict }) => {
    const limit = effectiveThreshold(rule, lowestLevel(rule), window);
    return verdict.kind === 'compared' && limit !== null && breaches(rule.op, verdict.value, limit);
  });
  const last = observations.find((window) => window.windowStart === state.windowStart) ?? null;
  return { rule, state, last, breaching: breaching.length, counted: counted.length, problem };
}

/** The side of a threshold that a value is past, or the nearer one: an `outside` threshold has two. */
export function thresholdNumber(threshold: Threshold | null, value: number | null): number | null {
  if (threshold === null || typeof threshold === 'number') return threshold;
  const [low, high] = threshold;
  if (value === null) return high;
  return Math.abs(value - low) < Math.abs(value - high) ? low : high;
}

const WORDS: Readonly<Record<AlertRule['op'], string>> = {
  '>': 'above',
  '>=': 'at or above',
  '<': 'below',
  '<=': 'at or below',
  outside: 'outside',
};

function shown(rule: AlertRule, value: number | null): string {
  return rule.relative_to === null ? formatValue(rule.metric, value) : formatNumber(value);
}

function limitText(rule: AlertRule, threshold: Threshold | null): string {
  if (threshold === null) return '-';
  if (typeof threshold === 'number') return shown(rule, threshold);
  return `${shown(rule, threshold[0])} to ${shown(rule, threshold[1])}`;
}

/** `PSI 0.412`, or for a relative rule `accuracy at 0.91 times its value of 7d before`. */
function valueText(facts: WhyFacts): string {
  const { rule, state } = facts;
  const name = metricName(rule.metric);
  if (rule.relative_to === null) return `${name} ${shown(rule, state.value)}`;
  const reference = referencePhrase(rule.metric, rule.relative_to, facts.last?.reference ?? null);
  return `${name} at ${shown(rule, state.value)} times ${reference}`;
}

function noiseText({ rule, last }: WhyFacts, threshold: Threshold): string {
  const noise = last?.noiseLimit ?? null;
  if (rule.metric !== 'psi' || noise === null || rule.relative_to !== null) return '';
  return threshold === noise ? ', its noise limit,' : ` (noise limit ${formatNumber(noise)})`;
}

function rowsText({ last }: WhyFacts): string {
  return last === null ? '' : `, n = ${formatNumber(last.n)}`;
}

function sinceText({ state }: WhyFacts): string {
  return state.since === null ? '' : `; since ${formatTime(state.since)}`;
}

/** The highest threshold that the last value is past; null where it is past none. */
function passedThreshold({ rule, state, last }: WhyFacts): Threshold | null {
  if (last === null || state.value === null) return null;
  for (const level of ['critical', 'warning'] satisfies Severity[]) {
    const threshold = effectiveThreshold(rule, level, last);
    if (threshold !== null && breaches(rule.op, state.value, threshold)) return threshold;
  }
  return null;
}

function windowsText({ rule, breaching, counted }: WhyFacts): string {
  return rule.of === 1 ? 'in the last window' : `in ${breaching} of the last ${counted} windows`;
}

function breachText(facts: WhyFacts, threshold: Threshold, addition: string): string {
  const { rule } = facts;
  return `${valueText(facts)} is ${WORDS[rule.op]} ${limitText(rule, threshold)}${noiseText(facts, threshold)} ${windowsText(facts)}${addition}${rowsText(facts)}${sinceText(facts)}`;
}

function firingText(facts: WhyFacts): string {
  const threshold = passedThreshold(facts);
  if (threshold !== null) return breachText(facts, threshold, '');
  const { rule } = facts;
  const recovery = limitText(rule, rule.recover_threshold ?? rule[lowestLevel(rule)]);
  const times = rule.recover_after === 1 ? 'a window' : `${rule.recover_after} windows in a row`;
  return `${valueText(facts)} has not recovered yet: that takes ${times} no longer ${WORDS[rule.op]} ${recovery}${rowsText(facts)}${sinceText(facts)}`;
}

function pendingText(facts: WhyFacts): string {
  const threshold = passedThreshold(facts);
  if (threshold !== null) return breachText(facts, threshold, ` (fires at ${facts.rule.for})`);
  return `${valueText(facts)} is fine now, but ${facts.breaching} of the last ${facts.counted} windows were not (fires at ${facts.rule.for})${rowsText(facts)}${sinceText(facts)}`;
}

function noDataText(facts: WhyFacts): string {
  const { rule, last, state } = facts;
  // A number without anything to compare it with, where the rule calls that an alert.
  if (rule.relative_to !== null && last !== null && last.value !== null) return errorText(facts);
  const what = last?.status === 'no_labels' ? 'because no labels are in' : 'because there are no data';
  const window = last === null ? '' : ` for the window from ${formatTime(last.windowStart)}`;
  return `there is no ${metricName(rule.metric)}${window} ${what}${state.since === null ? '' : `; since ${formatTime(state.since)}`}`;
}

function errorText(facts: WhyFacts): string {
  const { rule, state, problem } = facts;
  const notPositive = state.transitions.at(-1)?.reason === 'reference_not_positive';
  const name = metricName(rule.metric);
  if (problem !== null && !notPositive)
    return `${name} cannot be compared with the baseline: ${problem}${sinceText(facts)}`;
  const reference =
    rule.relative_to === 'baseline' ? 'a number of the baseline' : `a value of ${rule.relative_to ?? ''} before`;
  return `${name} cannot be compared: ${notPositive ? `${reference} that is above 0 is needed for a ratio` : `there is no ${reference.replace(/^a /, '')}`}${sinceText(facts)}`;
}

/** Why a series is pending, firing, without data or not comparable. */
export function openWhy(facts: WhyFacts): string {
  switch (facts.state.state) {
    case 'firing':
      return firingText(facts);
    case 'pending':
      return pendingText(facts);
    case 'no_data':
      return noDataText(facts);
    case 'error':
      return errorText(facts);
    case 'ok':
      return `${valueText(facts)} is within its limit${rowsText(facts)}`;
  }
}

/** What an alert was, and the time it spans. `recomputed`: the windows it fired on have other numbers now. */
export interface EndedAlert {
  was: 'pending' | 'firing' | 'no_data' | 'error';
  since: number;
  until: number;
  recomputed: boolean;
}

/** Why an alert is over. */
export function closedWhy(facts: WhyFacts, ended: EndedAlert): string {
  const { rule, state } = facts;
  const span = `from ${formatTime(ended.since)} to ${formatTime(ended.until)}`;
  const now = `${valueText(facts)}${rowsText(facts)}`;
  const within =
    state.threshold === null
      ? 'no longer past its limit'
      : `no longer ${WORDS[rule.op]} ${limitText(rule, state.threshold)}`;
  if (ended.was === 'no_data') return `there are data again: ${now}; there were none ${span}`;
  if (ended.was === 'error') return `it can be compared again: ${now}; it could not ${span}`;
  if (ended.was === 'pending')
    return `${metricName(rule.metric)} calmed down before the alert fired; it was pending ${span}`;
  const what = state.value === null ? `${metricName(rule.metric)} is` : `${valueText(facts)} is`;
  if (ended.recomputed)
    return `late labels or corrected data repaired it: ${what} ${within}${rowsText(facts)}; it had fired ${span}`;
  return `${what} ${within}${rowsText(facts)}; it lasted ${span}`;
}
