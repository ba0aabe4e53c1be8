// What the log has to learn: where a series stands now, held against the newest line of its alerts.
import { isDeepStrictEqual } from 'node:util';
import { v5 as uuidv5 } from 'uuid';
import { z } from 'zod';
import { isExact } from '../domain/alerts/metric-names.js';
import type { FoldOptions } from '../domain/alerts/observation.js';
import type { AlertRule } from '../domain/alerts/rule.js';
import { foldSeries, isAlerting, type SeriesState, type Transition } from '../domain/alerts/state.js';
import { closedWhy, openWhy, thresholdNumber, whyFacts, type EndedAlert, type WhyFacts } from '../domain/alerts/why.js';
import type { Alert } from '../domain/contract/alerts.js';
import { iso } from '../domain/contract/common.js';
import { seriesText, type RuleSeries } from './alert-series.js';
import type { AlertEvent } from './ports.js';

/** The namespace of alert ids. Never change it: a recomputation must find the same alerts. */
const ALERT_NAMESPACE = '0b6f7a4e-3c52-5e0b-9d8f-4a1c7e2b6d90';
const extent = z.tuple([z.number(), z.number()]);

/** A series under a rule: its windows folded, and what to say about it. */
export interface Standing {
  ruleName: string;
  rule: AlertRule;
  series: RuleSeries;
  state: SeriesState;
  facts: WhyFacts;
}

/** Fold a series. `minSamples`: the model's. */
export function standingOf(ruleName: string, rule: AlertRule, series: RuleSeries, minSamples: number): Standing {
  const options: FoldOptions = { minSamples: isExact(rule.metric) ? 0 : minSamples };
  const state = foldSeries(rule, series.observations, options);
  return { ruleName, rule, series, state, facts: whyFacts(rule, state, series.observations, options, series.problem) };
}

export interface ReconcileContext {
  now: number;
  /** Start of the look-back: what lies before it is taken from the log. */
  from: number;
  /** When the rule was last written: episodes that were over by then are not its business. */
  ruleSince: number;
}

/** Whether an alert is one that is not over. */
export function isOpen(alert: Alert): boolean {
  return alert.state !== 'resolved';
}

/** Whether an alert is, or has been, more than pending or an error. */
function isTold(alert: Alert): boolean {
  return alert.state === 'firing' || alert.state === 'acknowledged' || alert.state === 'no_data';
}

/** The events that bring the log up to date with a series. `logged`: the newest line of each of its alerts, newest first. */
export function reconcile(standing: Standing, logged: readonly AlertEvent[], context: ReconcileContext): AlertEvent[] {
  const { state } = standing;
  const open = logged.filter(({ alert }) => isOpen(alert));
  const kept = state.state === 'ok' ? undefined : open.find(({ alert }) => isSameAlert(alert, state));
  const closed = open.filter((event) => event !== kept).map((event) => closing(standing, event, context.now));
  const current = state.state === 'ok' ? [] : opening(standing, kept ?? null, logged, context);
  return [...missedEpisodes(standing, logged, context), ...closed, ...current];
}

/** Whether the open alert in the log is what the series is in now, and not an earlier one that ended in between. */
function isSameAlert(alert: Alert, state: SeriesState): boolean {
  const lastSeen = Date.parse(alert.window_start);
  if (isAlerting(state.state)) {
    if (isTold(alert)) return (state.firedAt?.start ?? Infinity) <= lastSeen;
    return alert.state === 'pending' && (state.episode ?? Infinity) <= lastSeen;
  }
  return alert.state === state.state && (state.since ?? Infinity) <= lastSeen;
}

/** The present alert's line, unless the log has the same already. */
function opening(
  standing: Standing,
  kept: AlertEvent | null,
  logged: readonly AlertEvent[],
  context: ReconcileContext,
): AlertEvent[] {
  const { state, facts, series, rule } = standing;
  const start = state.episode ?? state.since;
  if (start === null || state.windowStart === null || state.windowEnd === null) return [];
  const loggedSince = kept === null ? null : Date.parse(kept.alert.since);
  const since = loggedSince !== null && loggedSince < context.from ? loggedSince : (state.since ?? start);
  const acknowledged = kept?.alert.state === 'acknowledged' && isAlerting(state.state);
  const alert: Alert = {
    ...identity(standing, kept?.alert.id ?? alertId(standing, start, state.state === 'error' ? 'error' : 'alert')),
    state: acknowledged ? 'acknowledged' : (state.state as Exclude<SeriesState['state'], 'ok'>),
    severity: state.severity,
    value: state.value,
    threshold: thresholdNumber(state.threshold, state.value),
    since: iso(since),
    window_start: iso(state.windowStart),
    window_end: iso(state.windowEnd),
    why: openWhy({ ...facts, state: { ...state, since } }),
    updated_at: iso(context.now),
  };
  if (kept !== null && isSameLine(kept.alert, alert)) return [];
  const detail = {
    ...(acknowledged ? { acknowledged_by: kept?.detail['acknowledged_by'] ?? null } : {}),
    reason: state.transitions.at(-1)?.reason ?? null,
    episode: start,
    covers: covered(alert, logged.find((event) => event.alert.id === alert.id) ?? null),
    noise_limit: facts.last?.noiseLimit ?? null,
    n: facts.last?.n ?? null,
    coverage: facts.last?.coverage ?? null,
    reference: facts.last?.reference ?? null,
    relative_to: rule.relative_to,
    baseline: series.baseline,
  };
  return [{ alert, detail, at: context.now }];
}

function identity({ ruleName, series: { key } }: Standing, id: string) {
  const { model, version, deployment, feature, segment, metric } = key;
  return { id, rule: ruleName, model, version, deployment, feature, segment, metric };
}

/** The id of an alert: the same whenever the same windows are folded again. Trouble with the rule itself has ids of its own. */
function alertId({ ruleName, series }: Standing, start: number, kind: 'alert' | 'error' = 'alert'): string {
  return uuidv5(JSON.stringify([ruleName, seriesText(series.key), start, kind]), ALERT_NAMESPACE);
}

function isSameLine(logged: Alert, present: Alert): boolean {
  return isDeepStrictEqual({ ...logged, updated_at: '' }, { ...present, updated_at: '' });
}

/** The end of an alert whose series stands otherwise now. */
function closing(standing: Standing, event: AlertEvent, now: number): AlertEvent {
  const { state, series } = standing;
  const { alert } = event;
  const end = endAfter(state, Date.parse(alert.window_start));
  // Where it ended in a window of its own, the numbers are that window's: the series may be in its next episode by now.
  const at = end ?? state;
  const last = series.observations.find((window) => window.windowStart === at.windowStart) ?? null;
  const facts = { ...standing.facts, last, state: { ...state, value: at.value, threshold: at.threshold } };
  const recomputed = isTold(alert) && end === null;
  const until = end?.windowStart ?? Date.parse(alert.window_end);
  const ended: EndedAlert = { was: formerState(alert), since: Date.parse(alert.since), until, recomputed };
  return {
    alert: {
      ...alert,
      state: 'resolved',
      value: at.value,
      threshold: thresholdNumber(at.threshold, at.value),
      window_start: at.windowStart === null ? alert.window_start : iso(at.windowStart),
      window_end: at.windowEnd === null ? alert.window_end : iso(at.windowEnd),
      why:
        recomputed && state.state !== 'ok'
          ? 'late labels or corrected data moved it: what is open now is another alert'
          : closedWhy(facts, ended),
      updated_at: iso(now),
    },
    detail: {
      ...event.detail,
      covers: covered(
        { since: alert.since, window_start: at.windowStart === null ? alert.window_start : iso(at.windowStart) },
        event,
      ),
      reason: recomputed ? 'recomputed' : 'recovered',
      n: last?.n ?? null,
      noise_limit: last?.noiseLimit ?? null,
    },
    at: now,
  };
}

/** The end of the first episode of the series that ended in a window after the one the log last saw, or null. */
function endAfter(state: SeriesState, windowStart: number): Transition | null {
  return (
    state.transitions.find((one) => isAlerting(one.from) && !isAlerting(one.to) && one.windowStart > windowStart) ??
    null
  );
}

function formerState(alert: Alert): EndedAlert['was'] {
  return alert.state === 'pending' || alert.state === 'no_data' || alert.state === 'error' ? alert.state : 'firing';
}

/** The end of an alert for a reason outside its numbers: nobody is told by mail, the log says why. */
export function closedBecause(event: AlertEvent, why: string, now: number): AlertEvent {
  return {
    alert: { ...event.alert, state: 'resolved', why, updated_at: iso(now) },
    detail: { ...event.detail, reason: 'withdrawn' },
    at: now,
  };
}

/** An alerting episode that is over. */
export interface PastEpisode {
  fired: Transition;
  ended: Transition;
  severity: 'warning' | 'critical';
}

/** The episodes of a series that have ended, in order. */
export function pastEpisodes(state: SeriesState): PastEpisode[] {
  const past: PastEpisode[] = [];
  let fired: Transition | null = null;
  let critical = false;
  for (const one of state.transitions) {
    if (isAlerting(one.to) && !isAlerting(one.from)) [fired, critical] = [one, false];
    if (one.severity === 'critical') critical = true;
    if (fired !== null && isAlerting(one.from) && !isAlerting(one.to)) {
      past.push({ fired, ended: one, severity: critical ? 'critical' : 'warning' });
      fired = null;
    }
  }
  return past;
}

/** Episodes that fired and ended between two evaluations, such as over a night in which the service was down: for the log, not for mail. */
function missedEpisodes(standing: Standing, logged: readonly AlertEvent[], context: ReconcileContext): AlertEvent[] {
  return (
    pastEpisodes(standing.state)
      .filter(({ ended }) => ended.windowEnd > context.ruleSince)
      // One that the log knows by its name was not missed, whatever became of it since.
      .filter(({ fired }) => {
        const id = alertId(standing, fired.episode ?? fired.windowStart);
        return !logged.some(({ alert }) => alert.id === id);
      })
      .filter(
        ({ fired, ended }) =>
          !logged.some((event) => overlaps(event, fired.episode ?? fired.windowStart, ended.windowStart)),
      )
      .flatMap((episode) => missedLines(standing, episode, context.now))
  );
}

function overlaps(event: AlertEvent, start: number, end: number): boolean {
  const [from, to] = extentOf(event);
  return from <= end && to >= start;
}

/** From where to where an alert has ever reached, by window starts: what is recomputed may move it, and where it was is no episode that was missed. */
function covered(alert: Pick<Alert, 'since' | 'window_start'>, before: AlertEvent | null): [number, number] {
  const [from, to] = before === null ? [Infinity, -Infinity] : extentOf(before);
  return [Math.min(from, Date.parse(alert.since)), Math.max(to, Date.parse(alert.window_start))];
}

function extentOf({ alert, detail }: AlertEvent): [number, number] {
  const known = extent.safeParse(detail['covers']);
  return known.success ? known.data : [Date.parse(alert.since), Date.parse(alert.window_start)];
}

function missedLines(standing: Standing, { fired, ended, severity }: PastEpisode, now: number): AlertEvent[] {
  const start = fired.episode ?? fired.windowStart;
  const why = 'it fired and was over between two evaluations; no notification was sent';
  const line = (state: 'firing' | 'resolved', at: Transition): AlertEvent => ({
    alert: {
      ...identity(standing, alertId(standing, start)),
      state,
      severity,
      value: at.value,
      threshold: thresholdNumber(at.threshold, at.value),
      since: iso(start),
      window_start: iso(at.windowStart),
      window_end: iso(at.windowEnd),
      why,
      updated_at: iso(now),
    },
    detail: { reason: 'missed', episode: start },
    at: now,
  });
  return [line('firing', fired), line('resolved', ended)];
}
