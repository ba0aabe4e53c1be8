// Two versions over one window: differences with intervals and tests, and drift of one's inputs against the other's.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MetricPointJson } from '../../src/domain/contract/metrics.js';
import { openTestContainer, type TestContainer } from '../support/container.js';

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 5);
const N = 400;

let test: TestContainer;
const services = () => test.container.services;
const compared = (model: string, metrics: string[], extra: { segment?: string; window?: string } = {}) =>
  services().metrics.read(model, {
    metrics,
    features: [],
    version: '1',
    compare: '2',
    deployment: null,
    segment: extra.segment ?? '',
    from: START,
    to: START + DAY,
    window: extra.window ?? 'range',
  });
const only = (points: MetricPointJson[]): MetricPointJson => {
  expect(points).toHaveLength(1);
  return points[0] as MetricPointJson;
};

/** Version 1 is right on even rows and on every tenth odd one, version 2 on even rows but every eighth. */
const right = (version: string, i: number): boolean =>
  version === '1' ? i % 2 === 0 || i % 20 === 1 : i % 2 === 0 && i % 16 !== 0;
const prediction = (model: string, version: string, id: string, i: number) => ({
  model,
  version,
  deployment: version === '1' ? 'live' : 'shadow',
  prediction_id: id,
  timestamp: START + i * 1000,
  inputs: { x: version === '1' ? i : i + 100, c: i % 3 === 0 ? 'a' : 'b' },
  outputs: { label: right(version, i) ? i % 4 === 0 : i % 4 !== 0 },
  tags: { region: i % 5 === 0 ? 'US' : 'EU' },
});

beforeAll(async () => {
  test = await openTestContainer({ now: START + 10 * DAY });
  for (const model of ['shadow', 'canary']) {
    await services().models.configure(model, {
      task: 'binary',
      prediction: 'outputs.label',
      ground_truth: 'y',
      window: '1d',
      min_samples: 10,
      segments: ['tags.region'],
    });
    const items = ['1', '2'].flatMap((version) =>
      Array.from({ length: N }, (_, i) =>
        prediction(model, version, model === 'shadow' ? `${model}-${i}` : `${model}-${version}-${i}`, i),
      ),
    );
    expect((await services().ingest.predictions(items, null)).errors).toBeUndefined();
    const ids = [...new Set(items.map((item) => item.prediction_id))];
    const labels = ids.map((id) => ({ prediction_id: id, values: { y: Number(id.split('-').at(-1)) % 4 === 0 } }));
    await services().ingest.groundTruth(labels, null);
  }
});
afterAll(() => test.close());

const counts = { first: 0, second: 0, both: 0, firstOnly: 0, secondOnly: 0 };
for (let i = 0; i < N; i++) {
  const [a, b] = [right('1', i), right('2', i)];
  counts.first += Number(a);
  counts.second += Number(b);
  counts.both += Number(a && b);
  counts.firstOnly += Number(a && !b);
  counts.secondOnly += Number(!a && b);
}

describe('compare', () => {
  it('is McNemar over the predictions that both versions made', async () => {
    const point = only(await compared('shadow', ['accuracy']));
    const { firstOnly, secondOnly } = counts;
    expect(point).toMatchObject({
      version: '1',
      compare: '2',
      test: 'mcnemar',
      pairs: N,
      value: counts.first / N,
      compare_value: counts.second / N,
    });
    expect(point.difference).toBeCloseTo((firstOnly - secondOnly) / N, 12);
    // The exact two-sided binomial test of the discordant pairs, summed term by term.
    const tosses = firstOnly + secondOnly;
    let [term, tail] = [2 ** -tosses, 0];
    for (let k = 0; k <= Math.min(firstOnly, secondOnly); k++) {
      tail += term;
      term *= (tosses - k) / (k + 1);
    }
    expect(point.p_value).toBeCloseTo(Math.min(1, 2 * tail), 12);
    expect(point.difference_lower).toBeLessThan(point.difference ?? 0);
    expect(point.difference_upper).toBeGreaterThan(point.difference ?? 0);
  });

  it('is the test of two proportions where no prediction is shared', async () => {
    const point = only(await compared('canary', ['accuracy']));
    expect(point).toMatchObject({ test: 'two_proportion', pairs: null });
    const [p1, p2] = [counts.first / N, counts.second / N];
    expect(point.difference).toBeCloseTo(p1 - p2, 12);
    const pooled = (p1 + p2) / 2;
    const z = (p1 - p2) / Math.sqrt(pooled * (1 - pooled) * (2 / N));
    // Phi by its series, to hold the p-value against another way of computing it.
    let [sum, term] = [z, z];
    for (let k = 1; k < 100; k++) sum += term *= (z * z) / (2 * k + 1);
    expect(point.p_value).toBeCloseTo(1 - (2 * sum * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI), 10);
  });

  it('gives other numbers a difference from their standard errors, and every segment its own', async () => {
    const points = await compared('canary', ['f1', 'mcc', 'precision', 'accuracy']);
    expect(points.map((point) => [point.metric, point.test])).toEqual([
      ['accuracy', 'two_proportion'],
      ['precision', 'two_proportion'],
      ['f1', 'z'],
      ['mcc', 'z'],
    ]);
    for (const point of points) {
      expect(point.difference).toBeCloseTo((point.value ?? 0) - (point.compare_value ?? 0), 12);
      expect(point.ratio).toBeCloseTo((point.value ?? 0) / (point.compare_value ?? 1), 12);
      expect(point.difference_lower).toBeLessThan(point.difference ?? 0);
      expect(point.p_value).toBeGreaterThanOrEqual(0);
    }
    const eu = only(await compared('canary', ['accuracy'], { segment: 'tags.region=EU' }));
    expect(eu).toMatchObject({ segment: 'tags.region=EU', n: (N * 4) / 5, compare_n: (N * 4) / 5 });
  });

  it("holds the one version's inputs against the other's", async () => {
    const points = await compared('canary', ['ks_statistic', 'psi', 'l_infinity', 'missing_share']);
    const of = (feature: string, metric: string) =>
      points.find((point) => point.feature === feature && point.metric === metric);
    expect(of('inputs.x', 'ks_statistic')).toMatchObject({
      value: expect.closeTo(0.25, 12) as number,
      baseline: 'version 2',
      test: 'kolmogorov_smirnov',
      compare: '2',
    });
    expect(of('inputs.x', 'ks_statistic')?.p_value).toBeLessThan(1e-6);
    expect(of('inputs.x', 'psi')?.value).toBeGreaterThan(0.2);
    expect(of('inputs.c', 'l_infinity')).toMatchObject({ value: 0, test: 'chi_square', p_value: 1 });
  });

  it('compares window by window, and says what it needs', async () => {
    const points = await compared('canary', ['accuracy', 'psi'], { window: '1d' });
    expect(new Set(points.map((point) => point.window_start))).toEqual(new Set(['2026-01-05T00:00:00.000Z']));
    const base = {
      metrics: [],
      features: [],
      deployment: null,
      segment: '',
      from: START,
      to: START + DAY,
      window: 'range',
    };
    const read = (version: string | null, compare: string) =>
      services().metrics.read('canary', { ...base, version, compare });
    await expect(read(null, '2')).rejects.toThrow(/needs version/);
    await expect(read('1', '1')).rejects.toThrow(/two versions/);
    await expect(read('1', '3')).rejects.toThrow(/no predictions of version "3"/);
  });
});
