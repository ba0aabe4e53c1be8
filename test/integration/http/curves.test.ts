// Calibration and ROC curves, distributions by segment and over time, and what is reported of fields, over HTTP.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Calibration, Distribution, Roc } from '../../../src/domain/contract/metrics.js';
import type { FieldSummary } from '../../../src/domain/contract/models.js';
import { call, expectProblem } from '../../support/http.js';
import { startTestService, type TestService } from '../../support/service.js';

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 5);
const DAYS = 3;
const PER_DAY = 200;

/** Two thirds of the rows in region EU; a score, and a truth that follows it. */
const rows = Array.from({ length: DAYS * PER_DAY }, (_, i) => {
  const score = ((i * 37) % 100) / 100;
  return {
    id: `r${i}`,
    ts: START + Math.floor(i / PER_DAY) * DAY + (i % PER_DAY) * 60_000,
    score,
    late: (i * 53) % 100 < score * 100,
    region: i % 3 === 0 ? 'US' : 'EU',
  };
});

let service: TestService;
const get = async <T>(url: string): Promise<T> => {
  const answer = await call(service.app, 'GET', url);
  expect({ status: answer.status, text: answer.text.slice(0, 300) }).toMatchObject({ status: 200 });
  return JSON.parse(answer.text) as T;
};
const RANGE = `from=${START}&to=${START + DAYS * DAY}`;

beforeAll(async () => {
  service = await startTestService();
  const { app } = service;
  await call(app, 'PUT', '/v1/models/m', {
    body: { task: 'binary', score: 'outputs.p', ground_truth: 'late', window: '1d', segments: ['tags.region'] },
  });
  const predictions = rows.map(({ id, ts, score, region }, i) => ({
    model: 'm',
    version: i % 2 === 0 ? '1' : '2',
    prediction_id: id,
    timestamp: ts,
    inputs: {
      x: i,
      note: `text ${i}`,
      ...(ts < START + 2 * DAY ? { gone: 1 } : { fresh: 1 }),
      turned: ts < START + 2 * DAY ? 1 : 'a',
    },
    outputs: { p: score },
    tags: { region },
  }));
  expect((await call(app, 'POST', '/v1/predictions', { body: predictions })).status).toBe(201);
  const labels = rows.map(({ id, late }) => ({ prediction_id: id, values: { late } }));
  expect((await call(app, 'POST', '/v1/ground-truth', { body: labels })).status).toBe(201);
  await call(app, 'POST', '/v1/models/m/baselines', { body: { name: 'first', from: START, to: START + DAY } });
});
afterAll(() => service.close());

describe('GET calibration', () => {
  it('cuts the rows by score into ten bins of equal count, with what came true in each and its interval', async () => {
    const answer = await get<Calibration>(`/v1/models/m/calibration?${RANGE}`);
    expect(answer).toMatchObject({ n: rows.length, coverage: 1, status: 'ok' });
    expect(answer.bins.map((bin) => bin.n)).toEqual(Array.from({ length: 10 }, () => rows.length / 10));
    let gap = 0;
    for (const [i, bin] of answer.bins.entries()) {
      const mine = rows.filter((row) => row.score >= i / 10 - 1e-9 && row.score < (i + 1) / 10 - 1e-9);
      expect(bin.lower).toBe(i / 10);
      expect(bin.observed).toBeCloseTo(mine.filter((row) => row.late).length / mine.length, 12);
      expect(bin.observed_lower).toBeLessThanOrEqual(bin.observed);
      expect(bin.observed_upper).toBeGreaterThanOrEqual(bin.observed);
      gap += (bin.n / rows.length) * Math.abs(bin.mean_score - bin.observed);
    }
    expect(answer.calibration_error).toBeCloseTo(gap, 12);
  });

  it('takes one version and one segment', async () => {
    const one = await get<Calibration>(`/v1/models/m/calibration?${RANGE}&version=1`);
    expect(one.n).toBe(rows.length / 2);
    const us = await get<Calibration>(`/v1/models/m/calibration?${RANGE}&segment=tags.region%3DUS`);
    expect(us.n).toBe(rows.filter((row) => row.region === 'US').length);
    const none = await get<Calibration>(`/v1/models/m/calibration?${RANGE}&segment=tags.region%3DMARS`);
    expect(none).toEqual({ bins: [], n: 0, coverage: null, calibration_error: null, status: 'no_data' });
  });
});

describe('GET roc', () => {
  it('gives points of the curve whose area is the AUC', async () => {
    const answer = await get<Roc>(`/v1/models/m/roc?${RANGE}`);
    expect(answer.points[0]).toEqual({ threshold: null, fpr: 0, tpr: 0 });
    expect(answer.points.at(-1)).toMatchObject({ fpr: 1, tpr: 1 });
    const positives = rows.filter((row) => row.late).length;
    const at = answer.points[40];
    expect(at?.tpr).toBeCloseTo(
      rows.filter((row) => row.late && row.score >= (at?.threshold ?? 2)).length / positives,
      12,
    );
    let area = 0;
    for (const [i, point] of answer.points.entries()) {
      const before = answer.points[i - 1] ?? point;
      area += ((point.fpr - before.fpr) * (point.tpr + before.tpr)) / 2;
    }
    // 100 distinct scores: all of them are points, so the trapezoids give the AUC itself.
    expect(answer.points).toHaveLength(101);
    expect(answer.auc).toBeCloseTo(area, 12);
    expect(answer.lower).toBeLessThan(area);
  });

  it('says what is missing where there is no score, and which class a model of several classes needs', async () => {
    await call(service.app, 'PUT', '/v1/models/r', {
      body: { task: 'regression', prediction: 'outputs.y', ground_truth: 'y' },
    });
    expectProblem(await call(service.app, 'GET', `/v1/models/r/roc?${RANGE}`), 400, 'no_score');
    await call(service.app, 'PUT', '/v1/models/c', {
      body: { task: 'multiclass', score: 'outputs.p', ground_truth: 'y' },
    });
    expectProblem(await call(service.app, 'GET', `/v1/models/c/calibration?${RANGE}`), 400, 'invalid_input');
    expectProblem(await call(service.app, 'GET', `/v1/models/none/roc?${RANGE}`), 404, 'not_found');
    expectProblem(await call(service.app, 'GET', `/v1/models/m/roc?${RANGE}&segment=nonsense`), 400, 'invalid_input');
  });
});

describe('GET distribution', () => {
  const ask = (rest: string) =>
    get<Distribution>(`/v1/models/m/distribution?feature=inputs.x&version=1&${RANGE}${rest}`);

  it('over time gives the counts of each window, which add up to the whole', async () => {
    const whole = await ask('');
    expect(whole.windows).toBeUndefined();
    const answer = await ask('&over=time');
    expect(answer.windows?.map((window) => [window.window_start.slice(0, 10), window.n])).toEqual([
      ['2026-01-05', 100],
      ['2026-01-06', 100],
      ['2026-01-07', 100],
    ]);
    const sums = whole.current.map((_, bin) =>
      answer.windows?.reduce((sum, window) => sum + (window.counts[bin] ?? 0), 0),
    );
    expect(sums).toEqual(whole.current);
  });

  it('of a segment counts its rows only, and the segments add up', async () => {
    const [whole, eu, us] = [
      await ask(''),
      await ask('&segment=tags.region%3DEU'),
      await ask('&segment=tags.region%3DUS'),
    ];
    expect(whole.current.map((_, bin) => (eu.current[bin] ?? 0) + (us.current[bin] ?? 0))).toEqual(whole.current);
  });
});

describe('GET fields', () => {
  it('reports what appeared, what disappeared, what turned into another type, and what is not compared', async () => {
    const fields = await get<FieldSummary[]>('/v1/models/m/fields');
    const of = (path: string) => fields.find((field) => field.path === path);
    expect(of('inputs.x')).toMatchObject({ compared: true, reason: null, change: null, changed_at: null });
    expect(of('inputs.note')).toMatchObject({ compared: false, change: null });
    expect(of('inputs.note')?.reason).toMatch(/distinct/);
    expect(of('inputs.fresh')).toMatchObject({ change: 'appeared', changed_at: '2026-01-07T00:00:00.000Z' });
    expect(of('inputs.gone')).toMatchObject({ change: 'disappeared', changed_at: '2026-01-06T03:19:00.000Z' });
    expect(of('inputs.turned')).toMatchObject({ change: 'type_changed', changed_at: '2026-01-07T00:00:00.000Z' });
  });
});
