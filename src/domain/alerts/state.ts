// The state of one alert series: a pure fold over its computed windows, the same whatever order they were computed in.
import type { Window } from '../window.js';
import { countWindow, firstBreach, newCounter, type LevelCounter } from './level.js';
import { judge, type FoldOptions, type IncomparableReason, type Observation } from './observation.js';
import {
  breaches,
  effectiveThreshold,
  lowestLevel,
  nearestBound,
  recoveryThreshold,
  type AlertRule,
  type Severity,
  type Threshold,
} from './rule.js';

export type { FoldOptions, Observation } from './observation.js';

/**
 * `pending`: some of the last `of` windows breach, not enough to fire. `no_data`: no value comes and the rule calls that an
 * alert. `error`: the newest value cannot be compared (see `relative_to`), so the rule protects nobody. `firing` and
 * `no_data` alert; an alert is ended only by windows that can be compared, never by `error`.
 */
export type AlertState = 'ok' | 'pending' | 'firing' | 'no_data' | 'error';

/** Why a series changed. `recovered` and `data_returned` end an alerting episode, `fired` and `no_data` start one. */
export type TransitionReason =
  | 'pending'
  | 'calmed'
  | 'fired'
  | 'severity_raised'
  | 'severity_lowered'
  | 'recovered'
  | 'no_data'
  | 'data_returned'
  | 'comparable_again'
  | IncomparableReason;

/** A change of state, or of severity within one state. */
export interface Transition {
  from: AlertState;
  to: AlertState;
  /** The severity after the change; null unless `to` alerts. */
  severity: Severity | null;
  /** The episode that starts, goes on or ends here; null outside any. */
  episode: number | null;
  windowStart: number;
  windowEnd: number;
  value: number | null;
  /** What the value was held against; of `[low, high]` the bound it is past or nearest to. */
  threshold: number | null;
  reason: TransitionReason;
}

/** Where a series stands after its last window, and how it got there. Times are epoch milliseconds. */
export interface SeriesState {
  state: AlertState;
  /** Null unless `firing` or `no_data`. */
  severity: Severity | null;
  /** Start of the first window of the present trouble: the oldest breach while pending or firing, the first window without data or comparison. */
  since: number | null;
  /** Names the alerting episode, unlike any other of the series: start of the first breach among the windows that fired it. */
  episode: number | null;
  /** The window that started the present episode. */
  firedAt: Window | null;
  /** The window that ended the latest episode; null during one, and before the first. */
  resolvedAt: Window | null;
  /** Of the last window that counted; a ratio where the rule is relative. */
  value: number | null;
  /** What `value` was held against: the threshold of the present severity, else of the lowest level; of `[low, high]` the nearest bound. */
  threshold: number | null;
  windowStart: number | null;
  windowEnd: number | null;
  transitions: Transition[];
}

/** Whether a state is one that people are told about. */
export function isAlerting(state: AlertState): boolean {
  return state === 'firing' || state === 'no_data';
}

/** A series on its way through its windows. */
interface Fold {
  rule: AlertRule;
  series: SeriesState;
  /** The level that a value reaches first; it decides whether the series fires. */
  lowest: LevelCounter;
  /** Counts `critical` where the rule has both levels; never active unless `lowest` is. */
  critical: LevelCounter;
}

const initialState = (): SeriesState => ({
  state: 'ok',
  severity: null,
  since: null,
  episode: null,
  firedAt: null,
  resolvedAt: null,
  value: null,
  threshold: null,
  windowStart: null,
  windowEnd: null,
  transitions: [],
});

function sortedByWindow(observations: readonly Observation[]): Observation[] {
  const sorted = [...observations].sort((a, b) => a.windowStart - b.windowStart);
  sorted.forEach((one, i) => {
    if (one.windowStart === sorted[i - 1]?.windowStart) {
      throw new RangeError(`Two observations of the window that starts at ${new Date(one.windowStart).toISOString()}.`);
    }
  });
  return sorted;
}

/** What a change brings with it besides the new state. */
interface Change {
  severity?: Severity;
  episode?: number | null;
  threshold?: number | null;
}

/** Moves the series to `to` and writes the transition; every field that belongs to an episode follows from the two states. */
function change(fold: Fold, to: AlertState, reason: TransitionReason, window: Observation, details: Change = {}): void {
  const { series } = fold;
  const { state: from, episode: before, value } = series;
  const severity = details.severity ?? null;
  const episode = isAlerting(to) ? (details.episode ?? before) : null;
  const at: Window = { start: window.windowStart, end: window.windowEnd };
  const threshold = details.threshold !== undefined ? details.threshold : series.threshold;
  if (isAlerting(to) && !isAlerting(from)) Object.assign(series, { firedAt: at, resolvedAt: null });
  if (isAlerting(from) && !isAlerting(to)) Object.assign(series, { firedAt: null, resolvedAt: at });
  Object.assign(series, { state: to, severity, episode });
  series.transitions.push({
    from,
    to,
    severity,
    episode: episode ?? before,
    windowStart: at.start,
    windowEnd: at.end,
    value,
    threshold,
    reason,
  });
}

/** Remembers the window as the last one that counted. */
function evaluated(fold: Fold, window: Observation, value: number | null): void {
  const threshold = nearestBound(effectiveThreshold(fold.rule, lowestLevel(fold.rule), window), value);
  const { windowStart, windowEnd } = window;
  Object.assign(fold.series, { value, threshold, windowStart, windowEnd });
}

/** No value under the policy `alert`. A firing alert stays as it is: people already know, and nothing says that it is over. */
function onMissing(fold: Fold, window: Observation): void {
  const { series } = fold;
  if (series.state === 'firing') return;
  evaluated(fold, window, null);
  if (series.state === 'no_data') return;
  change(fold, 'no_data', 'no_data', window, { severity: 'warning', episode: window.windowStart });
  series.since = window.windowStart;
}

function onIncomparable(fold: Fold, window: Observation, reason: IncomparableReason): void {
  const { series } = fold;
  if (isAlerting(series.state)) return;
  evaluated(fold, window, null);
  if (series.state === 'error') return;
  change(fold, 'error', reason, window);
  series.since = window.windowStart;
}

/** Counts the window on each level. A null value is one that the policy `ok` calls fine. */
function countLevels(fold: Fold, window: Observation, value: number | null): void {
  const { rule, lowest, critical } = fold;
  const isPast = (limit: Threshold | null): boolean =>
    value !== null && limit !== null && breaches(rule.op, value, limit);
  const limit = lowest.active ? recoveryThreshold(rule, window) : effectiveThreshold(rule, lowestLevel(rule), window);
  const wasActive = lowest.active;
  countWindow(lowest, rule, window.windowStart, isPast(limit));
  if (rule.warning === null) return;
  countWindow(critical, rule, window.windowStart, isPast(effectiveThreshold(rule, 'critical', window)));
  if (wasActive && !lowest.active) fold.critical = newCounter();
}

function presentSeverity(fold: Fold): Severity {
  return fold.critical.active ? 'critical' : lowestLevel(fold.rule);
}

/** The series is over its level after this window: it fires, or goes on firing with more or less severity. */
function onActive(fold: Fold, window: Observation): void {
  const { series, rule } = fold;
  const severity = presentSeverity(fold);
  series.threshold = nearestBound(effectiveThreshold(rule, severity, window), series.value);
  if (series.state !== 'firing') {
    const episode = firstBreach(fold.lowest);
    change(fold, 'firing', 'fired', window, { severity, episode });
    series.since = episode;
  } else if (severity !== series.severity) {
    change(fold, 'firing', severity === 'critical' ? 'severity_raised' : 'severity_lowered', window, { severity });
  }
}

function onQuiet(fold: Fold, window: Observation): void {
  const { series } = fold;
  const since = firstBreach(fold.lowest);
  const to: AlertState = since === null ? 'ok' : 'pending';
  if (series.state === 'firing') {
    change(fold, to, 'recovered', window, {
      threshold: nearestBound(recoveryThreshold(fold.rule, window), series.value),
    });
  } else if (series.state === 'error') {
    change(fold, to, 'comparable_again', window);
  } else if (series.state !== to) {
    change(fold, to, to === 'pending' ? 'pending' : 'calmed', window);
  }
  series.since = since;
}

/** A window that counts. It first ends a stretch without data, so that every episode has exactly one start and one end. */
function onCounted(fold: Fold, window: Observation, value: number | null): void {
  evaluated(fold, window, value);
  if (fold.series.state === 'no_data') change(fold, 'ok', 'data_returned', window);
  countLevels(fold, window, value);
  if (fold.lowest.active) onActive(fold, window);
  else onQuiet(fold, window);
}

/**
 * Folds the windows of one series into its state under a rule.
 *
 * A level fires when `for` of the last `of` windows that count breach it and the newest does; it recovers after `recover_after`
 * windows in a row that do not (past `recover_threshold`, if set). `critical` is such a level of its own within the episode,
 * so that one wild window raises the severity only where one window may fire. The breaches of an ended episode do not
 * count towards the next.
 *
 * The fold starts from `ok`: give it the history from before the first window that may still matter, at best all of it. It depends
 * on the data only, so after a correction of old windows fold again.
 * @throws RangeError where two observations are of the same window.
 */
export function foldSeries(rule: AlertRule, observations: readonly Observation[], options: FoldOptions): SeriesState {
  const fold: Fold = { rule, series: initialState(), lowest: newCounter(), critical: newCounter() };
  for (const window of sortedByWindow(observations)) {
    const verdict = judge(rule, window, options);
    if (verdict.kind === 'missing') onMissing(fold, window);
    else if (verdict.kind === 'incomparable') onIncomparable(fold, window, verdict.reason);
    else if (verdict.kind === 'calm') onCounted(fold, window, null);
    else if (verdict.kind === 'compared') onCounted(fold, window, verdict.value);
  }
  return fold.series;
}
