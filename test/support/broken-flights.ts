// Twelve hours of a model whose US rows go wrong in the last three: the same rows, labels, baseline and rules for every test that asks what is said about them.
import { expect } from 'vitest';
import { call } from './http.js';
import { TEST_NOW, type TestService } from './service.js';

export const HOUR = 3_600_000;
export const HOURS = 12;
export const PER_HOUR = 200;
export const START = TEST_NOW - HOURS * HOUR;
/** The trouble begins with this hour. */
export const BROKEN = 9;

/** A number in 0..1 that is the same for the same row. */
function spread(i: number): number {
  return ((i * 2_654_435_761) % 4_294_967_296) / 4_294_967_296;
}

/** From hour 9 on, US rows travel far, and half of them are predicted wrong. */
function row(hour: number, i: number, deployment: string, mayBreak: boolean) {
  const region = i % 4 === 0 ? 'US' : 'EU';
  const broken = mayBreak && hour >= BROKEN && region === 'US';
  const distance = broken ? 5000 + i : Math.floor(spread(hour * PER_HOUR + i) * 1000);
  const truth = spread(hour * 7919 + i) < 0.5;
  const right = broken ? i % 8 === 0 : i % 10 !== 0;
  const prediction_id = `h${hour}-${i}${deployment === '' ? '' : `-${deployment}`}`;
  return {
    prediction: {
      model: 'flights',
      version: '2',
      deployment,
      prediction_id,
      timestamp: START + hour * HOUR + i * 1000,
      inputs: { distance },
      outputs: { label: right ? truth : !truth },
      tags: { region },
      status: mayBreak && hour === HOURS - 1 && i < 50 ? 'error' : 'ok',
    },
    truth: { prediction_id, values: { late: truth } },
  };
}

const RULES = {
  drift: { metric: 'psi', feature: 'inputs.distance', critical: 0.2 },
  quality: { metric: 'accuracy', op: '<', critical: 0.85 },
  errors: { metric: 'error_rate', critical: 0.1 },
};

/**
 * Rows, labels, configuration, the first nine hours as baseline, rules, and every job once. `channels`: of the rules; `calm`: a second deployment of
 * the name, on which nothing goes wrong; `rules`: more of them.
 */
export async function seedBrokenFlights(
  { app }: TestService,
  {
    channels = [],
    calm = null,
    segments = [],
    rules = {},
  }: { channels?: string[]; calm?: string | null; segments?: string[]; rules?: Record<string, object> } = {},
): Promise<void> {
  const flat = Array.from({ length: HOURS * PER_HOUR }, (_, at) => {
    const [hour, i] = [Math.floor(at / PER_HOUR), at % PER_HOUR];
    return calm === null ? [row(hour, i, '', true)] : [row(hour, i, '', true), row(hour, i, calm, false)];
  }).flat();
  await call(app, 'POST', '/v1/predictions', { body: flat.map(({ prediction }) => prediction) });
  await call(app, 'POST', '/v1/ground-truth', { body: flat.map(({ truth }) => truth) });
  await call(app, 'PUT', '/v1/models/flights', {
    body: { task: 'binary', prediction: 'outputs.label', ground_truth: 'late', segments },
  });
  const frozen = { name: 'train', from: START, to: START + BROKEN * HOUR };
  expect((await call(app, 'POST', '/v1/models/flights/baselines', { body: frozen })).status).toBe(201);
  for (const [name, rule] of Object.entries({ ...RULES, ...rules }))
    expect(
      (await call(app, 'PUT', `/v1/alert-rules/${name}`, { body: { model: 'flights', channels, ...rule } })).status,
    ).toBe(200);
  for (const job of ['drift', 'quality', 'operations', 'alerts'])
    expect((await call(app, 'POST', `/v1/jobs/${job}/run`, { body: {} })).json()).toMatchObject({ errors: [] });
}
