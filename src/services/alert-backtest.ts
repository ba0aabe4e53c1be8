// What a rule would have done: its fold over stored numbers, without writing anything.
import { matchesPattern, type AlertRule } from '../domain/alerts/rule.js';
import { isAlerting } from '../domain/alerts/state.js';
import { thresholdNumber } from '../domain/alerts/why.js';
import type { Backtest } from '../domain/contract/alerts.js';
import { iso } from '../domain/contract/common.js';
import { referenceOf, type HeldPeriod } from '../domain/registry/held.js';
import type { AlertPorts } from './alert-ports.js';
import type { RuleSeries } from './alert-series.js';
import { pastEpisodes, standingOf, type PastEpisode, type Standing } from './alert-reconcile.js';
import { SeriesReader } from './alert-reading.js';

type Fired = Backtest['fired'][number];

/** The rule over the windows that start at or after `from` and end by `to`; what fired, oldest first. */
export async function backtestRule(
  ports: AlertPorts,
  rule: AlertRule,
  range: { from: number; to: number },
): Promise<Backtest> {
  const models = rule.model.includes('*')
    ? (await ports.models.list()).filter((model) => matchesPattern(rule.model, model))
    : [rule.model];
  const standings = (await Promise.all(models.map((model) => standingsOf(ports, rule, model, range)))).flat();
  return {
    series: standings.length,
    windows: new Set(standings.flatMap(({ series }) => series.observations.map((window) => window.windowStart))).size,
    fired: standings.flatMap(firedOf).sort((a, b) => (a.fired_at < b.fired_at ? -1 : a.fired_at > b.fired_at ? 1 : 0)),
  };
}

async function standingsOf(
  ports: AlertPorts,
  rule: AlertRule,
  model: string,
  range: { from: number; to: number },
): Promise<Standing[]> {
  const [windowLength, minSamples] = await Promise.all([
    ports.models.windowLength(model),
    ports.models.minSamples(model),
  ]);
  const reader = new SeriesReader(ports);
  const reference = referenceOf(rule.version);
  const periods = reference === null ? null : await ports.registry.held(model, reference, range.from, range.to);
  const versions = periods === null ? [rule.version] : [...new Set(periods.map(({ version }) => version))];
  const requests = versions.map((version) => ({
    rule: { ...rule, version },
    model,
    windowLength,
    from: range.from,
    endingBy: range.to,
  }));
  const series = (await reader.load(await reader.plan(requests, null))).flat();
  return series
    .map((one) => (periods === null ? one : { ...one, observations: whileHeld(one, periods) }))
    .filter(({ observations }) => observations.length > 0)
    .map((one) => standingOf('', rule, one, minSamples));
}

/** The windows that would have been evaluated while the reference meant the version: those that ended then. */
function whileHeld({ key, observations }: RuleSeries, periods: readonly HeldPeriod[]): RuleSeries['observations'] {
  const held = periods.filter(({ version }) => version === key.version);
  return observations.filter(({ windowEnd }) => held.some(({ from, to }) => from <= windowEnd && windowEnd < to));
}

function firedOf(standing: Standing): Fired[] {
  const over = pastEpisodes(standing.state).map((episode) => toFired(standing, episode));
  const { state } = standing;
  const start = state.transitions.findLast((one) => isAlerting(one.to) && !isAlerting(one.from));
  if (!isAlerting(state.state) || start === undefined) return over;
  return [...over, toFired(standing, { fired: start, ended: null, severity: state.severity ?? 'warning' })];
}

function toFired(
  { series: { key } }: Standing,
  { fired, ended, severity }: Omit<PastEpisode, 'ended'> & { ended: PastEpisode['ended'] | null },
): Fired {
  const { version, deployment, feature, segment } = key;
  return {
    version,
    deployment,
    feature,
    segment,
    severity,
    since: iso(fired.episode ?? fired.windowStart),
    fired_at: iso(fired.windowEnd),
    resolved_at: ended === null ? null : iso(ended.windowEnd),
    value: fired.value,
    threshold: thresholdNumber(fired.threshold, fired.value),
  };
}
