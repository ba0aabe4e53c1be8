// A year of hourly windows of fifty features with planted drift: every event is told once and soon, and chance hardly ever pages.
import { expect, it } from 'vitest';
import { decideNotification, type FiringAlert, type PreviousNotification } from '../../../src/domain/alerts/notify.js';
import { alertRuleSchema } from '../../../src/domain/alerts/rule.js';
import { foldSeries, isAlerting, type Observation, type SeriesState } from '../../../src/domain/alerts/state.js';
import { chiSquareQuantile } from '../../../src/domain/drift/chi-square.js';
import { HOUR_MS } from '../../../src/domain/duration.js';

const HOURS = 365 * 24;
const FEATURES = 50;
const START = Date.parse('2025-01-01T00:00:00Z');
/** Rows of the baseline and of an hour; bins of a field. */
const [BASELINE, ROWS, BINS] = [5000, 100, 10];
const SCALE = 1 / BASELINE + 1 / ROWS;
const LIMIT = SCALE * chiSquareQuantile(1 - 0.001 / FEATURES, BINS - 1);
const rule = alertRuleSchema.parse({ model: 'm', metric: 'psi', warning: 0.1, critical: 0.2, for: 2, of: 2 });

/** Numbers in 0..1 that are the same in every run (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What chance alone gives: (1/N + 1/M) times a chi-square of nine degrees, as the sum of nine squared normals. */
function chance(next: () => number): number {
  let sum = 0;
  for (let i = 0; i < BINS - 1; i++)
    sum += (Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())) ** 2;
  return SCALE * sum;
}

/** Drift that was planted: features from one to another, from one hour for so many. */
const EVENTS = Array.from({ length: 24 }, (_, i) => ({
  first: (i * 7) % 45,
  count: 1 + (i % 5),
  from: 200 + i * 350,
  hours: 6 + (i % 4) * 20,
}));

function seriesOf(feature: number): SeriesState {
  const next = random(feature + 1);
  const observations = Array.from({ length: HOURS }, (_, hour): Observation => {
    const planted = EVENTS.some(
      ({ first, count, from, hours }) =>
        feature >= first && feature < first + count && hour >= from && hour < from + hours,
    );
    const windowStart = START + hour * HOUR_MS;
    const value = chance(next) + (planted ? 0.7 : 0);
    return {
      windowStart,
      windowEnd: windowStart + HOUR_MS,
      value,
      status: 'ok',
      n: ROWS,
      coverage: null,
      noiseLimit: LIMIT,
    };
  });
  return foldSeries(rule, observations, { minSamples: 30 });
}

/** The hours in which a series alerts, as intervals [from, to) with the start of the episode. */
function episodes({ transitions }: SeriesState) {
  const found: { from: number; to: number; episode: number }[] = [];
  for (const { from, to, windowEnd, episode } of transitions) {
    if (!isAlerting(from) && isAlerting(to))
      found.push({ from: windowEnd, to: Infinity, episode: episode ?? windowEnd });
    const last = found.at(-1);
    if (isAlerting(from) && !isAlerting(to) && last !== undefined) last.to = windowEnd;
  }
  return found;
}

it('tells every planted event once within two windows, and at most one false page a month', () => {
  const all = Array.from({ length: FEATURES }, (_, feature) => episodes(seriesOf(feature)));
  const sent: { at: number; kind: string; reason: string; features: number[] }[] = [];
  let previous: PreviousNotification | null = null;
  for (let hour = 1; hour <= HOURS; hour++) {
    const now = START + hour * HOUR_MS;
    const firing = all.flatMap((mine, feature): FiringAlert[] =>
      mine
        .filter(({ from, to }) => from <= now && now < to)
        .map(({ episode }) => ({ alertId: String(feature), severity: 'critical', episode })),
    );
    const decision = decideNotification({
      firing,
      previous,
      silenced: false,
      acknowledgedIds: new Set(),
      now,
      repeatEveryMs: null,
    });
    if (!decision.send) continue;
    const features = decision.firing.map(({ alertId }) => Number(alertId));
    sent.push({ at: hour, kind: decision.kind, reason: decision.reason, features });
    previous = { at: now, firing: decision.kind === 'resolved' ? [] : decision.firing };
  }
  const pages = sent.filter(({ kind }) => kind !== 'resolved');
  const isPlanted = (feature: number, hour: number): boolean =>
    EVENTS.some(
      ({ first, count, from, hours }) =>
        feature >= first && feature < first + count && hour > from && hour <= from + hours + 2,
    );
  for (const { first, count, from, hours } of EVENTS) {
    const about = pages.filter(
      ({ at, features }) => at > from && at <= from + hours && features.some((f) => f >= first && f < first + count),
    );
    // Two windows must breach, so the end of the second is the earliest moment there is. One mail, however many features.
    expect(about.map(({ at }) => at - from)).toEqual([2]);
    expect(about[0]?.features.filter((f) => f >= first && f < first + count)).toHaveLength(count);
  }
  const falsePages = pages.filter(({ at, features }) => !features.some((feature) => isPlanted(feature, at)));
  expect(falsePages.length).toBeLessThanOrEqual(12);
  // Every incident is closed, once.
  expect(sent.filter(({ kind }) => kind === 'resolved')).toHaveLength(
    sent.filter(({ reason }) => reason === 'first').length,
  );
  const limitAlone = all.flat().length;
  expect(limitAlone).toBeGreaterThanOrEqual(EVENTS.reduce((sum, { count }) => sum + count, 0));
});
