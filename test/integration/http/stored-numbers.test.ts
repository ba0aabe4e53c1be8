// What pages show by default comes from stored windows and is what counting every row gives: matrices, distributions, summaries.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Confusion, Distribution, MetricPointJson, RangeNumber } from '../../../src/domain/contract/metrics.js';
import type { FieldSummary } from '../../../src/domain/contract/models.js';
import type { Overview } from '../../../src/domain/contract/overview.js';
import { call } from '../../support/http.js';
import { startTestService, type TestService } from '../../support/service.js';

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 5);
const DAYS = 4;
const PER_DAY = 150;
const RANGE = `from=${START}&to=${START + DAYS * DAY}`;

let service: TestService;
const ask = async <T>(method: 'GET' | 'POST' | 'PUT', url: string, body?: unknown): Promise<T> => {
  const answer = await call(service.app, method, url, body === undefined ? {} : { body });
  expect({ url, status: answer.status, text: answer.text.slice(0, 300) }).toMatchObject({
    status: method === 'POST' && answer.status === 201 ? 201 : 200,
  });
  return JSON.parse(answer.text) as T;
};
const jobs = async () => {
  for (const job of ['operations', 'drift', 'quality'])
    await ask('POST', `/v1/jobs/${job}/run`, { now: START + 20 * DAY });
};

/** Truths and predictions that differ by day: on the last one nothing is positive, on the third nothing is predicted so. */
const rows = Array.from({ length: DAYS * PER_DAY }, (_, i) => {
  const day = Math.floor(i / PER_DAY);
  return {
    id: i,
    ts: START + day * DAY + (i % PER_DAY) * 60_000,
    truth: day === 3 ? false : (i * 7) % 11 < 4,
    label: day === 2 ? false : (i * 3) % 13 < 6,
    version: i % 3 === 0 ? '1' : '2',
  };
});

beforeAll(async () => {
  service = await startTestService();
  for (const [model, positive] of [
    ['yes', true],
    ['spam', 'spam'],
  ] as const) {
    const shown = (value: boolean) => (positive === true ? value : value ? 'spam' : 'ham');
    await ask('PUT', `/v1/models/${model}`, {
      task: 'binary',
      prediction: 'outputs.label',
      ground_truth: 'truth',
      positive_label: positive,
      window: '1d',
    });
    await ask(
      'POST',
      '/v1/predictions',
      rows.map(({ id, ts, label, version }) => ({
        model,
        version,
        prediction_id: `${model}-${id}`,
        timestamp: ts,
        inputs: { x: (id * 11) % 97, city: ['Rome', 'Oslo', 'Lima'][id % 3] },
        outputs: { label: shown(label) },
        latency_ms: id % 40,
      })),
    );
    await ask(
      'POST',
      '/v1/ground-truth',
      rows
        .filter(({ id }) => id % 5 !== 0)
        .map(({ id, truth }) => ({ prediction_id: `${model}-${id}`, values: { truth: shown(truth) } })),
    );
    await ask('POST', `/v1/models/${model}/baselines`, { name: 'first', from: START, to: START + DAY });
  }
  await jobs();
});
afterAll(() => service.close());

describe('counts=stored', () => {
  it.each(['', '&version=1', '&version=2'])('gives the confusion matrix of the rows%s', async (version) => {
    const counted = await ask<Confusion>('GET', `/v1/models/yes/confusion?${RANGE}${version}`);
    const stored = await ask<Confusion>('GET', `/v1/models/yes/confusion?${RANGE}${version}&counts=stored`);
    expect(stored).toEqual(counted);
    expect(counted.counts.flat().every((n) => n > 0)).toBe(true);
  });

  it('names the other class by what it is not, where only the positive one is configured', async () => {
    const counted = await ask<Confusion>('GET', `/v1/models/spam/confusion?${RANGE}`);
    const stored = await ask<Confusion>('GET', `/v1/models/spam/confusion?${RANGE}&counts=stored`);
    expect(counted.labels).toEqual(['ham', 'spam']);
    expect(stored.labels).toEqual(['not spam', 'spam']);
    expect(stored.counts).toEqual(counted.counts);
  });

  it('is empty where no window is labelled', async () => {
    const later = `from=${START + 10 * DAY}&to=${START + 11 * DAY}`;
    expect(await ask('GET', `/v1/models/yes/confusion?${later}&counts=stored`)).toEqual({
      labels: [],
      counts: [],
      n: 0,
      coverage: null,
    });
  });

  it.each(['inputs.x', 'inputs.city', 'outputs.label'])('gives the distribution of the rows of %s', async (feature) => {
    const url = `/v1/models/yes/distribution?feature=${feature}&${RANGE}&over=time&version=2`;
    const counted = await ask<Distribution>('GET', url);
    const stored = await ask<Distribution>('GET', `${url}&counts=stored`);
    expect(stored).toEqual({ ...counted, counts: 'stored' });
    expect(counted.counts).toBe('rows');
    expect(counted.windows).toHaveLength(DAYS);
  });

  it('counts rows of a field where nothing is kept of it yet', async () => {
    await ask('POST', '/v1/predictions', [
      { model: 'fresh', prediction_id: 'a', timestamp: START, inputs: { x: 1 }, outputs: { y: 1 } },
    ]);
    await ask('POST', '/v1/models/fresh/baselines?name=b', [{ inputs: { x: 1 } }, { inputs: { x: 2 } }]);
    const url = `/v1/models/fresh/distribution?feature=inputs.x&${RANGE}&counts=stored`;
    const answer = await ask<Distribution>('GET', url);
    expect(answer.counts).toBe('rows');
    expect(answer.current.reduce((a, b) => a + b, 0)).toBe(1);
  });
});

describe('GET summary', () => {
  const metrics = ['accuracy', 'precision', 'recall', 'specificity', 'prediction_count', 'label_coverage'];
  const named = metrics.map((metric) => `metric=${metric}`).join('&');

  it('is what counting the range gives, for counts and shares, of each version', async () => {
    const summary = await ask<RangeNumber[]>('GET', `/v1/models/yes/summary?${named}&${RANGE}`);
    expect(summary.map((one) => one.version).sort()).toEqual(metrics.map(() => '1').concat(metrics.map(() => '2')));
    for (const one of summary) {
      const [exact] = await ask<MetricPointJson[]>(
        'GET',
        `/v1/models/yes/metrics?metric=${one.metric}&version=${one.version}&${RANGE}&window=range&segment=`,
      );
      expect(one.value, `${one.metric} of ${one.version}`).toBeCloseTo(exact?.value ?? Number.NaN, 12);
      expect(one.n).toBe(exact?.n);
    }
    const before = await ask<RangeNumber[]>(
      'GET',
      `/v1/models/yes/summary?metric=prediction_count&version=1&from=${START + 2 * DAY}&to=${START + 4 * DAY}`,
    );
    expect(before).toMatchObject([{ windows: 2, previous: (PER_DAY * 2) / 3 }]);
  });

  it('refuses a metric that does not exist, and a question about none', async () => {
    for (const query of ['metric=weirdness', ''])
      expect((await call(service.app, 'GET', `/v1/models/yes/summary?${RANGE}&${query}`)).status).toBe(400);
    expect((await call(service.app, 'GET', `/v1/models/none/summary?metric=accuracy&${RANGE}`)).status).toBe(404);
  });
});

describe('after the length of the windows has changed', () => {
  it('numbers of the earlier length are not added to the others', async () => {
    const count = async () =>
      (await ask<Overview>('GET', `/v1/overview?model=yes&${RANGE}&version=1`)).models[0]?.predictions.value;
    const before = await count();
    expect(before).toBe((DAYS * PER_DAY) / 3);
    await ask('PUT', '/v1/models/yes', {
      task: 'binary',
      prediction: 'outputs.label',
      ground_truth: 'truth',
      window: '12h',
    });
    await jobs();
    expect(await count()).toBe(before);
  });
});

describe('GET fields', () => {
  it('holds fields against the baseline that the newest predictions are compared with, not against one of another version', async () => {
    await ask('POST', '/v1/models/spam/baselines?name=other&version=9', [{ inputs: { z: 1 } }, { inputs: { z: 2 } }]);
    const fields = await ask<FieldSummary[]>('GET', '/v1/models/spam/fields');
    expect(fields.find((field) => field.path === 'inputs.x')).toMatchObject({ change: null, compared: true });
    expect(fields.some((field) => field.path === 'inputs.z')).toBe(false);
  });
});
