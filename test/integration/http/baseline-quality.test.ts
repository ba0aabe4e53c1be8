// What quality is held against: the labelled rows of the baseline in force, or the version's first window where the baseline has none.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BaselineDetail } from '../../../src/domain/contract/models.js';
import type { Overview } from '../../../src/domain/contract/overview.js';
import { call } from '../../support/http.js';
import { startTestService, type TestService } from '../../support/service.js';

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 5);
const ROWS = 400;

let service: TestService;
const ask = async <T>(method: 'GET' | 'POST' | 'PUT', url: string, body?: unknown): Promise<T> => {
  const answer = await call(service.app, method, url, body === undefined ? {} : { body });
  expect({ url, status: answer.status, text: answer.text.slice(0, 300) }).toMatchObject({
    status: method === 'POST' && answer.status === 201 ? 201 : 200,
  });
  return JSON.parse(answer.text) as T;
};
const quality = async (model: string) => {
  const { models } = await ask<Overview>('GET', `/v1/overview?model=${model}`);
  return models[0];
};
const job = () => ask('POST', '/v1/jobs/quality/run', { now: START + 10 * DAY });

/** Nine of ten right in training, seven of ten in production. */
const right = (i: number, of: number): boolean => i % 10 < of;
const training = (kind: 'boolean' | 'text' | 'number') =>
  Array.from({ length: ROWS }, (_, i) => {
    const truth = i % 2 === 0;
    const said = right(i, 9) ? truth : !truth;
    const shown = (value: boolean) =>
      kind === 'boolean' ? value : kind === 'number' ? Number(value) : value ? 'a' : 'b';
    return {
      inputs: { x: i % 7 },
      outputs: { label: shown(said), p: said ? 0.8 : 0.3 },
      values: { late: shown(truth) },
    };
  });

beforeAll(async () => {
  service = await startTestService();
  for (const model of ['m', 'bare']) {
    await ask('PUT', `/v1/models/${model}`, {
      task: 'binary',
      prediction: 'outputs.label',
      score: 'outputs.p',
      ground_truth: 'late',
      window: '1d',
    });
    const items = Array.from({ length: 2 * ROWS }, (_, i) => ({
      model,
      version: '2',
      prediction_id: `${model}-${i}`,
      timestamp: START + Math.floor(i / ROWS) * DAY + (i % ROWS) * 1000,
      inputs: { x: i % 7 },
      outputs: { label: right(i, 7) === (i % 2 === 0), p: 0.5 + (i % 5) / 20 },
    }));
    await ask('POST', '/v1/predictions', items);
    const labels = items.map((item, i) => ({ prediction_id: item.prediction_id, values: { late: i % 2 === 0 } }));
    await ask('POST', '/v1/ground-truth', labels);
  }
  await ask('POST', '/v1/models/m/baselines?name=training', training('boolean'));
  await ask(
    'POST',
    '/v1/models/bare/baselines?name=unlabelled',
    training('boolean').map(({ inputs }) => ({ inputs })),
  );
  await job();
});
afterAll(() => service.close());

describe('quality against the baseline', () => {
  it('is held against the labelled rows of the baseline in force, with their interval and number', async () => {
    const row = await quality('m');
    expect(row?.baseline).toMatchObject({ name: 'training', version: null, source: 'upload', rows: ROWS });
    expect(row?.quality).toMatchObject({
      metric: 'accuracy',
      value: 0.7,
      reference: 0.9,
      reference_kind: 'baseline',
      reference_name: 'training',
      reference_n: ROWS,
    });
    const { reference_lower: lower = null, reference_upper: upper = null } = row?.quality ?? {};
    expect(lower).toBeGreaterThan(0.86);
    expect(upper).toBeLessThan(0.93);
  });

  it('names every number in the detail of the baseline', async () => {
    const detail = await ask<BaselineDetail>('GET', '/v1/models/m/baselines/training');
    const named = new Map(detail.quality.map((one) => [one.metric, one.value]));
    expect(named.get('accuracy')).toBe(0.9);
    expect(named.get('recall')).toBe(1);
    expect(named.get('specificity')).toBe(0.8);
    expect(named.get('roc_auc')).toBeCloseTo(0.9, 12);
  });

  it('is held against the first window where the rows of the baseline have no ground truth', async () => {
    expect((await quality('bare'))?.quality).toMatchObject({
      reference: 0.7,
      reference_kind: 'first_window',
      reference_name: null,
      reference_time: new Date(START).toISOString(),
    });
  });

  it('follows the baseline that is activated, its own texts and numbers as classes, and forgets what other settings gave', async () => {
    await ask('POST', '/v1/models/m/baselines?name=numbers', training('number').slice(0, 200));
    await job();
    expect((await quality('m'))?.quality).toMatchObject({
      reference: 0.9,
      reference_name: 'numbers',
      reference_n: 200,
    });
    await ask('POST', '/v1/models/m/baselines/training/activate');
    expect((await quality('m'))?.quality).toMatchObject({ reference_name: 'training' });
    // Another threshold, another meaning: what was computed before does not count any more.
    await ask('PUT', '/v1/models/m', {
      task: 'binary',
      score: 'outputs.p',
      threshold: 0.9,
      ground_truth: 'late',
      window: '1d',
    });
    expect((await quality('m'))?.quality?.reference_kind).not.toBe('baseline');
    await job();
    expect((await quality('m'))?.quality).toMatchObject({ reference: 0.5, reference_kind: 'baseline' });
  });

  it('is held against what the configuration states, where it states it', async () => {
    await ask('PUT', '/v1/models/m', {
      task: 'binary',
      prediction: 'outputs.label',
      ground_truth: 'late',
      window: '1d',
      baseline_metrics: { accuracy: 0.97 },
    });
    await job();
    expect((await quality('m'))?.quality).toMatchObject({
      reference: 0.97,
      reference_kind: 'stated',
      reference_n: null,
    });
  });

  it('counts labels of a frozen window that came after it was frozen', async () => {
    const freeze = { name: 'frozen', from: START, to: START + DAY };
    const items = Array.from({ length: ROWS }, (_, i) => ({
      model: 'late',
      version: '1',
      prediction_id: `late-${i}`,
      timestamp: START + i * 1000,
      inputs: { x: i % 7 },
      outputs: { label: right(i, 8) === (i % 2 === 0) },
    }));
    await ask('PUT', '/v1/models/late', {
      task: 'binary',
      prediction: 'outputs.label',
      ground_truth: 'late',
      window: '1d',
    });
    await ask('POST', '/v1/predictions', items);
    await ask('POST', '/v1/models/late/baselines', freeze);
    await job();
    expect((await quality('late'))?.quality).toBeNull();
    const labels = items.map((item, i) => ({ prediction_id: item.prediction_id, values: { late: i % 2 === 0 } }));
    await ask('POST', '/v1/ground-truth', labels);
    service.clock.set(service.clock.now() + DAY);
    await job();
    expect((await quality('late'))?.quality).toMatchObject({
      reference: 0.8,
      reference_kind: 'baseline',
      reference_n: ROWS,
    });
  });
});
