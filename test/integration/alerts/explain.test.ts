// What explains an alert: numbers, bins, segments, rows and the statements behind them, on real predictions with planted trouble.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOUR, HOURS, seedBrokenFlights, START } from '../../support/broken-flights.js';
import { call, expectProblem } from '../../support/http.js';
import { startTestService, TEST_NOW, type TestService } from '../../support/service.js';

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
  await seedBrokenFlights(service);
}, 60_000);

afterAll(() => service.close());

async function explained(rule: string) {
  const alerts = (await call(service.app, 'GET', '/v1/alerts')).json() as unknown as { id: string; rule: string }[];
  const alert = alerts.find((one) => one.rule === rule);
  const answer = await call(service.app, 'GET', `/v1/alerts/${alert?.id ?? ''}`);
  expect(answer.status).toBe(200);
  return answer.json() as unknown as {
    state: string;
    numbers: { value: number; window_start: string; noise_limit: number | null; threshold: number }[];
    bins: { label: string; baseline_share: number; current_share: number }[];
    contributions: { about: string; metric: string; before: number; after: number; change: number };
    segments: { segment: string; mix_effect: number; rate_effect: number; n_after: number; value_after: number }[];
    examples: string[];
    quality: { text: string; coverage: number }[];
    history: { state: string }[];
    sql: { about: string; sql: string; params: Record<string, unknown> }[];
  };
}

async function rowsOf(question: { sql: string; params: Record<string, unknown> } | undefined) {
  const answer = await call(service.app, 'POST', '/v1/query', {
    body: { sql: question?.sql, params: question?.params },
  });
  expect({ status: answer.status, text: answer.text.slice(0, 300) }).toMatchObject({ status: 200 });
  return answer.json() as unknown as Record<string, unknown>[];
}

describe('an alert on drift', () => {
  it('shows its numbers, the bin that grew, and the segment that it comes from', async () => {
    const found = await explained('drift');
    expect(found.numbers).toHaveLength(HOURS);
    expect(found.numbers.at(-1)?.value).toBeGreaterThan(0.2);
    expect(found.numbers.at(-1)?.noise_limit).toBeGreaterThan(0);
    const [bin] = found.bins;
    expect(bin?.label).toMatch(/^> \d/);
    expect(bin?.baseline_share).toBeCloseTo(0.1, 2);
    expect(bin?.current_share).toBeGreaterThan(0.2);
    expect(found.contributions.about).toMatch(/^share of inputs.distance in > \d/);
    expect(found.segments[0]).toMatchObject({ segment: 'tags.region=US' });
    expect(found.segments[0]?.rate_effect).toBeGreaterThan(0.05);
    expect(found.quality[0]?.text).toContain('labels are in');
    expect(found.history.map(({ state }) => state)).toContain('firing');
  });

  it('names predictions that lie in that bin, as its statement does', async () => {
    const { examples, sql, numbers } = await explained('drift');
    expect(examples).toHaveLength(20);
    expect(sql.map(({ about }) => about)).toHaveLength(4);
    const rows = await rowsOf(sql.find(({ about }) => about.startsWith('predictions whose')));
    const ids = rows.map(({ prediction_id }) => prediction_id);
    for (const id of examples) expect(ids).toContain(id);
    const series = await rowsOf(sql[0]);
    expect(series.map(({ value }) => value)).toEqual(numbers.map(({ value }) => value));
    for (const question of sql) expect((await rowsOf(question)).length).toBeGreaterThan(0);
  });
});

describe('an alert on quality', () => {
  it('says which segment lost it, and that its rate did and not its share', async () => {
    const found = await explained('quality');
    expect(found.contributions).toMatchObject({ metric: 'accuracy' });
    expect(found.contributions.before).toBeCloseTo(0.9, 10);
    const [worst] = found.segments;
    expect(worst?.segment).toBe('tags.region=US');
    expect(worst?.rate_effect).toBeCloseTo(found.contributions.change, 10);
    expect(Math.abs(worst?.mix_effect ?? 1)).toBeLessThan(1e-10);
    const regions = found.segments.filter(({ segment }) => segment.startsWith('tags.region='));
    const total = regions.reduce((sum, one) => sum + one.mix_effect + one.rate_effect, 0);
    expect(total).toBeCloseTo(found.contributions.change, 10);
  });

  it('names wrong predictions, which its statement shows as wrong', async () => {
    const { examples, sql } = await explained('quality');
    const rows = await rowsOf(sql.find(({ about }) => about.startsWith('labelled')));
    const byId = new Map(rows.map((one) => [one['prediction_id'], one]));
    expect(examples).toHaveLength(20);
    for (const id of examples) expect(byId.get(id)?.['predicted']).not.toBe(byId.get(id)?.['truth']);
  });
});

describe('an alert on errors', () => {
  it('names the predictions that failed', async () => {
    const { examples, sql, contributions } = await explained('errors');
    expect(contributions).toMatchObject({ metric: 'error_rate', before: 0, after: 0.25 });
    const failed = (await rowsOf(sql.find(({ about }) => about.includes('failed')))).map((one) => one['prediction_id']);
    expect(failed).toHaveLength(50);
    for (const id of examples) expect(failed).toContain(id);
  });
});

describe('contributions', () => {
  const at = (hour: number): string => new Date(START + hour * HOUR).toISOString();
  const url = (query: string): string => `/v1/models/flights/contributions?${query}`;

  it('compares a range with the one as long before it', async () => {
    const answer = (await call(service.app, 'GET', url(`metric=accuracy&from=${at(9)}&to=${at(12)}`))).json();
    expect(answer).toMatchObject({ metric: 'accuracy', before_from: at(6), before_to: at(9), from: at(9), to: at(12) });
    expect(answer['before']).toBeCloseTo(0.9, 10);
    expect((answer['segments'] as unknown[])[0]).toMatchObject({
      segment: 'tags.region=US',
      n_before: 150,
      n_after: 150,
    });
  });

  it('refuses a metric that is no mean over rows, with those that are', async () => {
    const problem = expectProblem(
      await call(service.app, 'GET', url(`metric=acuracy&from=${at(9)}&to=${at(12)}`)),
      400,
      'invalid_input',
    );
    expect(problem['detail']).toContain('did you mean accuracy?');
    expectProblem(
      await call(service.app, 'GET', url(`metric=roc_auc&from=${at(9)}&to=${at(12)}`)),
      400,
      'invalid_input',
    );
    expectProblem(
      await call(service.app, 'GET', url(`metric=accuracy&from=${at(12)}&to=${at(9)}`)),
      400,
      'invalid_input',
    );
  });

  it('knows nothing of a model that is not there', async () => {
    const answer = await call(
      service.app,
      'GET',
      `/v1/models/nobody/contributions?metric=accuracy&from=${at(1)}&to=${at(2)}`,
    );
    expectProblem(answer, 404, 'not_found');
  });
});

describe('a backtest of a rule that is not saved', () => {
  const range = { from: START, to: TEST_NOW };
  it('says what it would have found, and saves nothing', async () => {
    const rule = { model: 'flights', metric: 'accuracy', op: '<', critical: 0.85 };
    const answer = await call(service.app, 'POST', '/v1/alert-rules/backtest', { body: { rule, ...range } });
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({
      series: 1,
      windows: HOURS,
      fired: [{ severity: 'critical', resolved_at: null }],
    });
    const names = ((await call(service.app, 'GET', '/v1/alert-rules')).json() as unknown as { name: string }[]).map(
      ({ name }) => name,
    );
    expect(names.sort()).toEqual(['drift', 'errors', 'quality']);
  });

  it('refuses what saving would refuse', async () => {
    const rule = { model: 'flights', metric: 'acuracy', critical: 0.85 };
    expectProblem(
      await call(service.app, 'POST', '/v1/alert-rules/backtest', { body: { rule, ...range } }),
      400,
      'invalid_input',
    );
  });
});
