// Windows whose rows have expired: merged, drawn and scored against another baseline from what was kept of them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MetricPointJson } from '../../src/domain/contract/metrics.js';
import { psi } from '../../src/domain/drift/psi.js';
import { openTestContainer, type TestContainer } from '../support/container.js';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 5, 1);
const START = NOW - 56 * DAY;
const PER_DAY = 30;
/** Rows of the days from 28 days ago on stay. */
const KEPT_FROM = NOW - 28 * DAY;
const FEATURES = ['inputs.x', 'inputs.c'];

const rows = Array.from({ length: 56 * PER_DAY }, (_, i) => {
  const day = Math.floor(i / PER_DAY);
  return {
    ts: START + day * DAY + (i % PER_DAY) * 60_000,
    x: ((i * 7919) % 1000) / 10 + (day > 40 ? 30 : 0),
    c: ['a', 'b', 'b', 'c'][(i * 31) % 4] ?? 'a',
    missing: i % 11 === 0,
    region: i % 3 === 0 ? 'US' : 'EU',
  };
});

let test: TestContainer;
const services = () => test.container.services;
const read = (
  extra: { window: string | null; from: number; to: number; baseline?: string; segment?: string },
  metrics: string[],
) =>
  services().metrics.read('m', {
    metrics,
    features: FEATURES,
    version: '1',
    deployment: null,
    segment: extra.segment ?? '',
    ...extra,
  });
const distribution = (overTime: boolean) =>
  services().metrics.distribution('m', {
    feature: 'inputs.x',
    from: START,
    to: NOW,
    version: '1',
    segment: null,
    overTime,
  });
const key = (point: MetricPointJson) =>
  [point.window_start, point.window_end, point.segment, point.feature, point.metric].join(' ');
const values = (points: MetricPointJson[]) => new Map(points.map((point) => [key(point), point.value]));
const COUNTED = ['psi', 'psi_limit', 'js_distance', 'missing_share', 'chi2_p_value', 'unseen_share'];
const runDrift = () => services().jobs.run('drift', { model: 'm', from: null, to: null, now: NOW }, 'api');

const before = {
  weeks: new Map<string, number | null>(),
  range: new Map<string, number | null>(),
  segment: new Map<string, number | null>(),
  ks: [] as MetricPointJson[],
  drawn: {} as Awaited<ReturnType<typeof distribution>>,
};

beforeAll(async () => {
  test = await openTestContainer({ now: NOW });
  const config = { task: 'none' as const, window: '1d', segments: ['tags.region'], min_samples: 10 };
  await services().models.configure('m', config);
  const items = rows.map(({ ts, x, c, missing, region }, i) => ({
    model: 'm', version: '1', prediction_id: `p${i}`, timestamp: ts, inputs: { c, ...(missing ? {} : { x }) }, tags: { region },
  })); // prettier-ignore
  expect((await services().ingest.predictions(items, null)).errors).toBeUndefined();
  await services().baselines.freeze('m', { name: 'later', from: NOW - 14 * DAY, to: NOW, version: undefined });
  await services().baselines.freeze('m', { name: 'train', from: START, to: START + 10 * DAY, version: undefined });
  expect(await runDrift()).toMatchObject({ status: 'ok', windows: 56 });
  before.weeks = values(await read({ window: '7d', from: START, to: NOW }, COUNTED));
  before.range = values(await read({ window: 'range', from: START, to: NOW }, COUNTED));
  before.segment = values(await read({ window: 'range', from: START, to: NOW, segment: 'tags.region=US' }, COUNTED));
  before.ks = await read({ window: 'range', from: START, to: NOW }, ['ks_statistic']);
  before.drawn = await distribution(true);
  await services().models.configure('m', { ...config, retention_days: 28 });
  await services().jobs.run('retention', { model: null, from: null, to: null, now: NOW }, 'api');
  const left = await services().predictions.list(
    { model: 'm', version: null, deployment: null, from: null, to: KEPT_FROM, segment: null, labelled: null },
    { limit: 1, cursor: null },
  );
  expect(left.predictions).toEqual([]);
}, 60_000);
afterAll(() => test.close());

describe('after the rows have expired', () => {
  it('windows of a week, and one range over both sides of the cut, are what they were', async () => {
    expect(values(await read({ window: '7d', from: START, to: NOW }, COUNTED))).toEqual(before.weeks);
    expect(values(await read({ window: 'range', from: START, to: NOW }, COUNTED))).toEqual(before.range);
    expect(values(await read({ window: 'range', from: START, to: NOW, segment: 'tags.region=US' }, COUNTED))).toEqual(
      before.segment,
    );
  });

  it('the distribution is what it was, window by window', async () => {
    expect(await distribution(true)).toEqual(before.drawn);
    expect((await distribution(false)).current).toEqual(before.drawn.current);
  });

  it('the Kolmogorov-Smirnov statistic is known up to the bins, and says so', async () => {
    const [now] = await read({ window: 'range', from: START, to: NOW }, ['ks_statistic']);
    const exact = before.ks[0]?.value ?? Number.NaN;
    expect(now).toMatchObject({ method: 'binned' });
    expect(now?.lower).toBeLessThanOrEqual(exact);
    expect(now?.upper).toBeGreaterThanOrEqual(exact);
  });

  it('another baseline is counted in the bins that the windows were kept in', async () => {
    const [point] = await read({ window: 'range', from: START, to: START + 28 * DAY, baseline: 'later' }, ['psi']).then(
      (points) => points.filter(({ feature }) => feature === 'inputs.x'),
    );
    const edges = before.drawn.edges ?? [];
    const count = (some: typeof rows) => {
      const counts = new Array<number>(edges.length + 2).fill(0);
      for (const row of some) {
        const at = row.missing ? edges.length + 1 : edges.findIndex((edge) => row.x <= edge);
        const bin = at === -1 ? edges.length : at;
        counts[bin] = (counts[bin] ?? 0) + 1;
      }
      return counts;
    };
    const later = count(rows.filter((row) => row.ts >= NOW - 14 * DAY));
    const old = count(rows.filter((row) => row.ts < START + 28 * DAY));
    expect(point).toMatchObject({ baseline: 'later', method: 'rebinned', n: 28 * PER_DAY });
    expect(point?.value).toBeCloseTo(psi(later, old) ?? Number.NaN, 12);
    await expect(read({ window: 'range', from: START, to: NOW, baseline: 'nothing' }, ['psi'])).rejects.toMatchObject({
      status: 404,
    });
  });

  it('a switch of the baseline scores the whole history again in one run that shows how far it is', async () => {
    await runDrift();
    await services().baselines.activate('m', 'later', null);
    const run = await runDrift();
    expect(run).toMatchObject({ status: 'ok', windows: 56 });
    const [row] = await services().jobs.runs({ job: 'drift', limit: 1 });
    expect(row).toMatchObject({
      windows: 56,
      windows_total: 56,
      about: 're-scoring 56 windows of m against baseline "later"',
    });
    const stored = (await read({ window: null, from: START, to: NOW }, ['psi'])).filter(
      ({ feature }) => feature === 'inputs.x',
    );
    expect(stored.map(({ baseline }) => baseline)).toEqual(stored.map(() => 'later'));
    expect(new Set(stored.slice(0, 28).map(({ method }) => method))).toEqual(new Set(['rebinned']));
    expect(stored).toHaveLength(56);
    expect(new Set(stored.slice(28).map(({ method }) => method))).toEqual(new Set(['exact']));
    // Nothing is left to do.
    expect(await runDrift()).toMatchObject({ windows: 0 });
    // And back again: what was counted in the bins of the first baseline is exact.
    await services().baselines.activate('m', 'train', null);
    await runDrift();
    const back = (await read({ window: null, from: START, to: NOW }, ['psi'])).filter(
      ({ feature }) => feature === 'inputs.x',
    );
    expect(new Set(back.map(({ method }) => method))).toEqual(new Set(['exact']));
  });
});
