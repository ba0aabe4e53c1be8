// The statements of an explanation, run: they give the alert's own number, on its deployment and in its segment and nowhere else.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOUR, seedBrokenFlights } from '../../support/broken-flights.js';
import { call } from '../../support/http.js';
import { startTestService, TEST_NOW, type TestService } from '../../support/service.js';

interface Question {
  about: string;
  sql: string;
  params: Record<string, unknown>;
}
interface Explained {
  rule: string;
  value: number;
  window_start: string;
  window_end: string;
  examples: string[];
  segments: { segment: string; n_before: number; n_after: number; mix_effect: number; rate_effect: number }[];
  contributions: { before: number; after: number; change: number } | null;
  sql: Question[];
}

let service: TestService;
const found = new Map<string, Explained>();

beforeAll(async () => {
  service = await startTestService();
  const late = Array.from({ length: 300 }, (_, i) => ({
    prediction: {
      model: 'prices',
      prediction_id: `p${i}`,
      timestamp: TEST_NOW - HOUR + i * 1000,
      inputs: { x: i },
      outputs: i / 7,
    },
    truth: { prediction_id: `p${i}`, values: i / 7 + (i % 3) },
  }));
  await call(service.app, 'POST', '/v1/predictions', { body: late.map(({ prediction }) => prediction) });
  await call(service.app, 'POST', '/v1/ground-truth', { body: late.map(({ truth }) => truth) });
  await call(service.app, 'PUT', '/v1/models/prices', { body: { task: 'regression', prediction: 'outputs.value' } });
  for (const metric of ['mae', 'mse', 'rmse', 'mean_error'])
    await call(service.app, 'PUT', `/v1/alert-rules/prices ${metric}`, {
      body: { model: 'prices', metric, critical: metric === 'mean_error' ? -100 : 0.001 },
    });
  await seedBrokenFlights(service, {
    calm: 'calm',
    segments: ['tags.region'],
    rules: {
      'quality of US': { metric: 'accuracy', segment: 'tags.region=US', op: '<', critical: 0.7 },
      'drift of US': { metric: 'psi', segment: 'tags.region=US', feature: 'inputs.distance', critical: 0.2 },
      'errors of US': { metric: 'error_rate', segment: 'tags.region=US', critical: 0.1 },
      counts: { metric: 'prediction_count', deployment: '', critical: 10 },
    },
  });
  const alerts = (await call(service.app, 'GET', '/v1/alerts?state=firing')).json() as unknown as { id: string }[];
  for (const { id } of alerts) {
    const explained = (await call(service.app, 'GET', `/v1/alerts/${id}`)).json() as unknown as Explained;
    expect(found.has(explained.rule)).toBe(false);
    found.set(explained.rule, explained);
  }
}, 60_000);

afterAll(() => service.close());

const explained = (rule: string): Explained => {
  const one = found.get(rule);
  if (one === undefined) throw new Error(`no alert of ${rule}: ${[...found.keys()].join(', ')}`);
  return one;
};

async function run({ sql, params }: Question) {
  const answer = await call(service.app, 'POST', '/v1/query', { body: { sql, params } });
  expect({ status: answer.status, text: answer.text.slice(0, 300) }).toMatchObject({ status: 200 });
  return answer.json() as unknown as Record<string, unknown>[];
}

const question = (rule: string, about: RegExp): Question => {
  const one = explained(rule).sql.find((each) => about.test(each.about));
  if (one === undefined) throw new Error(`${rule} has no such question`);
  return one;
};

describe('the statements', () => {
  it.each([
    'quality',
    'errors',
    'quality of US',
    'errors of US',
    'counts',
    'prices mae',
    'prices mse',
    'prices rmse',
    'prices mean_error',
  ])('of %s count the number again from the predictions', async (rule) => {
    const rows = await run(question(rule, /^the number, from the predictions themselves$/));
    expect(rows).toHaveLength(1);
    expect(rows[0]?.['value']).toBeCloseTo(explained(rule).value, 10);
  });

  it.each(['drift', 'drift of US'])('of %s compute its PSI again from the bins', async (rule) => {
    const rows = await run(question(rule, /^the counts of the bins/));
    expect(rows).toHaveLength(1);
    expect(rows[0]?.['psi']).toBeCloseTo(explained(rule).value, 10);
  });

  it('give the stored number of the alert’s window for every alert', async () => {
    expect(found.size).toBe(11);
    for (const { value, window_start, sql } of found.values()) {
      const [first] = sql;
      if (first === undefined) throw new Error('no statement');
      const newest = (await run(first)).at(-1);
      expect(newest?.['value']).toBe(value);
      expect(Date.parse(`${String(newest?.['window_start']).replace(' ', 'T').replace(/Z?$/, 'Z')}`)).toBe(
        Date.parse(window_start),
      );
    }
  });

  it('all run, and find something', async () => {
    for (const { sql, rule } of found.values())
      for (const one of sql)
        expect({ rule, about: one.about, rows: (await run(one)).length > 0 }).toMatchObject({ rows: true });
  });
});

describe('the examples', () => {
  it.each(['quality', 'drift', 'errors', 'quality of US', 'drift of US', 'errors of US'])(
    'of %s are of its deployment and segment, at most twenty',
    async (rule) => {
      const { examples } = explained(rule);
      expect(examples.length).toBeGreaterThan(0);
      expect(examples.length).toBeLessThanOrEqual(20);
      for (const id of examples) {
        const row = (await call(service.app, 'GET', `/v1/predictions/${id}`)).json();
        expect(row['deployment']).toBe('');
        if (rule.endsWith('of US')) expect(row['tags']).toEqual({ region: 'US' });
        const time = Date.parse(String(row['timestamp']));
        expect(time).toBeGreaterThanOrEqual(Date.parse(explained(rule).window_start));
        expect(time).toBeLessThan(Date.parse(explained(rule).window_end));
      }
    },
  );
});

describe('the segments', () => {
  it('are those of the alert’s deployment, mix and rate adding up to its change', () => {
    const { segments, contributions } = explained('quality');
    const regions = segments.filter(({ segment }) => segment.startsWith('tags.region='));
    expect(regions.map(({ segment, n_after }) => [segment, n_after]).sort()).toEqual([
      ['tags.region=EU', 450],
      ['tags.region=US', 150],
    ]);
    const total = regions.reduce((sum, one) => sum + one.mix_effect + one.rate_effect, 0);
    expect(total).toBeCloseTo(contributions?.change ?? NaN, 10);
  });
});
