// `relative_to: baseline`: the baseline's own number, by API, by file and in a backtest; and what a rule says where a baseline has none.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, expectProblem } from '../../support/http.js';
import { startTestService, TEST_NOW, type TestService } from '../../support/service.js';

const HOUR = 3_600_000;
const HOURS = 6;
const PER_HOUR = 120;
const START = TEST_NOW - HOURS * HOUR;
const RANGE = { from: START, to: TEST_NOW };
const folder = mkdtempSync(path.join(tmpdir(), 'driftline-relative-'));
const file = path.join(folder, 'driftline.yml');
/** A rule as code: accuracy below 90 % of what the baseline has. */
const FILE = `models:
  coded: {task: binary, prediction: outputs.label, score: outputs.probability, ground_truth: late}
alert_rules:
  coded quality:
    model: coded
    metric: accuracy
    op: "<"
    critical: 0.9
    relative_to: baseline
`;
let service: TestService;

beforeAll(async () => {
  writeFileSync(file, FILE);
  service = await startTestService({ configFile: file });
}, 60_000);

afterAll(async () => {
  await service.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A number in 0..1 that is the same for the same row. */
const spread = (i: number): number => ((i * 2_654_435_761) % 4_294_967_296) / 4_294_967_296;

type Task = 'binary' | 'multiclass' | 'regression';
const CLASSES = ['cat', 'dog', 'owl'];

/** What is predicted and what is true in row `i`; `wrong`: every so many rows are. */
function row(task: Task, i: number, wrong: number) {
  const isWrong = i % wrong === 0;
  if (task === 'regression') return { outputs: 100 * spread(i) + (isWrong ? 30 : 1), truth: 100 * spread(i) + 1 };
  if (task === 'multiclass') {
    const truth = CLASSES[Math.floor(spread(i) * 3)] ?? 'cat';
    const label = isWrong ? (CLASSES[(CLASSES.indexOf(truth) + 1) % 3] ?? 'cat') : truth;
    const score = Object.fromEntries(CLASSES.map((one) => [one, one === label ? 0.6 : 0.2]));
    return { outputs: { label, score }, truth };
  }
  const truth = spread(i) < 0.5;
  const label = isWrong ? !truth : truth;
  return { outputs: { label, probability: label ? 0.5 + spread(i + 7) / 2 : spread(i + 7) / 2 }, truth };
}

const CONFIG: Record<Task, object> = {
  binary: { task: 'binary', prediction: 'outputs.label', score: 'outputs.probability', ground_truth: 'late' },
  multiclass: { task: 'multiclass', prediction: 'outputs.label', score: 'outputs.score', ground_truth: 'late' },
  regression: { task: 'regression', prediction: 'outputs.value', ground_truth: 'late' },
};

const id = (model: string, hour: number, i: number): string => `${model}-${hour}-${i}`;

/** Hours of a model: the first half with few mistakes, then with many. */
async function track(model: string, task: Task): Promise<void> {
  const rows = Array.from({ length: HOURS * PER_HOUR }, (_, at) => {
    const [hour, i] = [Math.floor(at / PER_HOUR), at % PER_HOUR];
    return { hour, i, ...row(task, at, hour < HOURS / 2 ? 12 : 3) };
  });
  const predictions = rows.map(({ hour, i, outputs }) => ({
    model,
    prediction_id: id(model, hour, i),
    timestamp: START + hour * HOUR + i * 1000,
    inputs: { side: i % 2 === 0 ? 'left' : 'right', x: i },
    outputs,
    tags: { region: i % 2 === 0 ? 'EU' : 'US' },
    latency_ms: 10,
  }));
  expect((await call(service.app, 'POST', '/v1/predictions', { body: predictions })).status).toBe(201);
  truths.set(
    model,
    rows.map(({ hour, i, truth }) => ({ prediction_id: id(model, hour, i), values: { late: truth } })),
  );
}
const truths = new Map<string, object[]>();

const label = (model: string) => call(service.app, 'POST', '/v1/ground-truth', { body: truths.get(model) });
const configure = (model: string, config: object) => call(service.app, 'PUT', `/v1/models/${model}`, { body: config });

async function run(...jobs: string[]): Promise<void> {
  for (const job of jobs) {
    const answer = await call(service.app, 'POST', `/v1/jobs/${job}/run`, { body: {} });
    expect(answer.json()).toMatchObject({ errors: [] });
  }
}

interface Fired {
  value: number;
  feature: string;
  segment: string;
  since: string;
}
const backtest = async (rule: object, range = RANGE) =>
  (
    (await call(service.app, 'POST', '/v1/alert-rules/backtest', { body: { rule, ...range } })).json() as unknown as {
      fired: Fired[];
    }
  ).fired;

async function alertsOf(model: string) {
  return (await call(service.app, 'GET', `/v1/alerts?model=${model}`)).json() as unknown as {
    rule: string;
    state: string;
    value: number | null;
    why: string;
  }[];
}

/** Rows of an uploaded baseline, one in `wrong` of them wrong. */
const uploaded = (task: Task, wrong: number, labelled = true) =>
  Array.from({ length: 400 }, (_, i) => {
    const { outputs, truth } = row(task, 10_000 + i, wrong);
    return {
      inputs: { side: i % 2 === 0 ? 'left' : 'right', x: i % PER_HOUR },
      outputs: task === 'regression' ? { value: outputs } : outputs,
      ...(labelled ? { values: { late: truth } } : {}),
    };
  });
const upload = (model: string, rows: object[]) =>
  call(service.app, 'POST', `/v1/models/${model}/baselines?name=train`, { body: rows });

describe('the numbers of a baseline', () => {
  it.each<[Task, string[]]>([
    [
      'binary',
      [
        'accuracy',
        'precision',
        'recall',
        'specificity',
        'f1',
        'mcc',
        'roc_auc',
        'average_precision',
        'log_loss',
        'brier',
        'calibration_error',
      ],
    ],
    ['multiclass', ['accuracy', 'f1_macro', 'precision_macro', 'recall_macro', 'roc_auc_ovr_macro', 'log_loss']],
    ['regression', ['mae', 'mse', 'rmse', 'r2']],
  ])('of a %s model are those of its rows, to the last digit', async (task, metrics) => {
    const model = `same-${task}`;
    await configure(model, CONFIG[task]);
    await track(model, task);
    expect((await label(model)).status).toBe(201);
    // The first half as a range is a baseline, so its own number is known from elsewhere.
    const half = { from: START, to: START + (HOURS / 2) * HOUR };
    await call(service.app, 'POST', `/v1/models/${model}/baselines`, { body: { name: 'half', ...half } });
    await run('quality');
    const query = metrics.map((metric) => `metric=${metric}`).join('&');
    const url = (window: string, from: number, to: number) =>
      `/v1/models/${model}/metrics?${query}&from=${from}&to=${to}${window}`;
    const read = async (address: string) =>
      (await call(service.app, 'GET', address)).json() as unknown as {
        metric: string;
        feature: string;
        value: number;
      }[];
    const own = (await read(url('&window=range', half.from, half.to))).filter(({ feature }) => feature === '');
    const last = (await read(url('', TEST_NOW - HOUR, TEST_NOW))).filter(({ feature }) => feature === '');
    expect(own.map(({ metric }) => metric).sort()).toEqual([...metrics].sort());
    for (const { metric, value } of own) {
      const rule = { model, metric, feature: '', op: '>=', critical: 1e-9, relative_to: 'baseline' };
      const fired = await backtest(rule, { from: TEST_NOW - HOUR, to: TEST_NOW });
      const now = last.find((one) => one.metric === metric)?.value ?? NaN;
      expect(fired[0]?.value, metric).toBeCloseTo(now / value, 10);
    }
  });
});

describe('a rule relative to the baseline', () => {
  it('divides by what the uploaded rows reach: by API, in a backtest, and as code', async () => {
    await configure('booked', CONFIG.binary);
    for (const model of ['booked', 'coded']) {
      await track(model, 'binary');
      await label(model);
      expect((await upload(model, uploaded('binary', 10))).status).toBe(201);
    }
    const rule = { model: 'booked', metric: 'accuracy', op: '<', critical: 0.9, relative_to: 'baseline' };
    expect((await call(service.app, 'PUT', '/v1/alert-rules/booked', { body: rule })).status).toBe(200);
    await run('quality', 'alerts');
    for (const model of ['booked', 'coded']) {
      const [alert] = await alertsOf(model);
      // Two of three are right now, nine of ten in the baseline.
      expect(alert).toMatchObject({ state: 'firing' });
      expect(alert?.value).toBeCloseTo(2 / 3 / 0.9, 10);
      expect(alert?.why).toMatch(
        /^accuracy at 0\.741 times the baseline's 90 % is below 0\.9 in the last window, n = 120/,
      );
    }
    const fired = await backtest(rule);
    expect(fired).toHaveLength(1);
    expect(fired[0]?.value).toBeCloseTo(2 / 3 / 0.9, 10);
    expect(fired[0]?.since).toBe(new Date(START + (HOURS / 2) * HOUR).toISOString());
  });

  it('divides a segment by the same segment of the baseline, and says where the baseline has no such segment', async () => {
    await configure('parts', { ...CONFIG.binary, segments: ['inputs.side', 'tags.region'] });
    await track('parts', 'binary');
    await label('parts');
    // Wrong rows have even numbers only: the left side is worse than the right one, here and there.
    await upload('parts', uploaded('binary', 10));
    await run('quality');
    const rule = { model: 'parts', metric: 'accuracy', op: '<', critical: 0.9, relative_to: 'baseline' };
    const left = await backtest({ ...rule, segment: 'inputs.side=left' });
    expect(left[0]?.value).toBeCloseTo(2 / 3 / 0.8, 10);
    expect(await backtest({ ...rule, segment: 'tags.region=EU' })).toEqual([]);
    await call(service.app, 'PUT', '/v1/alert-rules/parts', { body: { ...rule, segment: 'tags.region=EU' } });
    await run('alerts');
    const [alert] = await alertsOf('parts');
    expect(alert).toMatchObject({ state: 'error', value: null });
    expect(alert?.why).toMatch(
      /^accuracy cannot be compared with the baseline: the rows of the baseline train have no tags; since /,
    );
  });

  it('is in the state error, and says why, where the baseline has no labels; it alerts where it was asked to', async () => {
    await configure('blind', CONFIG.binary);
    await track('blind', 'binary');
    await label('blind');
    await upload('blind', uploaded('binary', 10, false));
    const rule = { model: 'blind', metric: 'accuracy', op: '<', critical: 0.9, relative_to: 'baseline' };
    await call(service.app, 'PUT', '/v1/alert-rules/blind-keep', { body: rule });
    await call(service.app, 'PUT', '/v1/alert-rules/blind-alert', { body: { ...rule, on_error: 'alert' } });
    await run('quality', 'alerts');
    const found = await alertsOf('blind');
    const reason = 'the baseline train has no labelled rows, so its accuracy is not known';
    expect(found.map((one) => [one.rule, one.state]).sort()).toEqual([
      ['blind-alert', 'no_data'],
      ['blind-keep', 'error'],
    ]);
    for (const { why } of found) expect(why).toContain(reason);
    expect(await backtest(rule)).toEqual([]);

    // Labels for the baseline end it: the numbers have not changed, the reference has.
    await upload('blind', uploaded('binary', 10));
    await run('quality', 'alerts');
    expect((await alertsOf('blind')).map((one) => one.state)).toEqual(['firing', 'firing']);
  });

  it('counts labels that came after a window was frozen', async () => {
    await configure('late', CONFIG.binary);
    await track('late', 'binary');
    const half = { from: START, to: START + (HOURS / 2) * HOUR };
    await call(service.app, 'POST', '/v1/models/late/baselines', { body: { name: 'half', ...half } });
    await label('late');
    await run('quality');
    const fired = await backtest({
      model: 'late',
      metric: 'accuracy',
      op: '<',
      critical: 0.9,
      relative_to: 'baseline',
    });
    expect(fired[0]?.value).toBeCloseTo(2 / 3 / (11 / 12), 10);
  });

  it('divides by what somebody stated before anything else, also where a baseline can have no number', async () => {
    await configure('stated', { ...CONFIG.binary, baseline_metrics: { accuracy: 0.8, latency_p95: 5 } });
    await track('stated', 'binary');
    await label('stated');
    await upload('stated', uploaded('binary', 10));
    await run('quality', 'operations');
    const rule = { model: 'stated', feature: '', op: '>', critical: 1e-9, relative_to: 'baseline' };
    const last = { from: TEST_NOW - HOUR, to: TEST_NOW };
    expect((await backtest({ ...rule, metric: 'accuracy' }, last))[0]?.value).toBeCloseTo(2 / 3 / 0.8, 10);
    expect((await backtest({ ...rule, metric: 'latency_p95' }, last))[0]?.value).toBe(2);
    await call(service.app, 'PUT', '/v1/alert-rules/unstated', {
      body: { ...rule, metric: 'latency_p50', critical: 2 },
    });
    await run('alerts');
    const [alert] = await alertsOf('stated');
    expect(alert?.why).toMatch(
      /^latency p50 cannot be compared with the baseline: a baseline has no latency p50: state it in `baseline_metrics`/,
    );
    expectProblem(await configure('stated', { baseline_metrics: { acuracy: 1 } }), 400, 'invalid_input');
    expectProblem(await configure('stated', { baseline_metrics: { psi: 1 } }), 400, 'invalid_input');
  });

  it('divides PSI by what chance alone gives, and missing values by those of the baseline', async () => {
    await configure('drifting', CONFIG.binary);
    await track('drifting', 'binary');
    const rows = uploaded('binary', 10).map((one, i) => ({
      ...one,
      inputs: { ...one.inputs, x: i % 4 === 0 ? null : 1000 + i },
    }));
    await upload('drifting', rows);
    await run('drift');
    const last = { from: TEST_NOW - HOUR, to: TEST_NOW };
    const points = (
      await call(
        service.app,
        'GET',
        `/v1/models/drifting/metrics?metric=psi&metric=psi_limit&feature=inputs.x&from=${last.from}&to=${last.to}`,
      )
    ).json() as unknown as { metric: string; value: number; lower: number }[];
    const psi = points.find(({ metric }) => metric === 'psi')?.value ?? NaN;
    const noise = points.find(({ metric }) => metric === 'psi_limit')?.lower ?? NaN;
    const rule = { model: 'drifting', feature: 'inputs.x', relative_to: 'baseline' };
    const [drifted] = await backtest({ ...rule, metric: 'psi', critical: 2 }, last);
    expect(drifted?.value).toBeCloseTo(psi / noise, 10);
    // Nothing is missing now, a quarter was.
    const [missing] = await backtest({ ...rule, metric: 'missing_share', op: '<', critical: 0.5 }, last);
    expect(missing?.value).toBe(0);
  });

  it.each(['ks_p_value', 'js_distance', 'unseen_share', 'drifted_share'])(
    'is refused on %s, which has no number for the baseline itself',
    async (metric) => {
      const body = { model: 'booked', metric, op: '<', critical: 0.5, relative_to: 'baseline' };
      const problem = expectProblem(
        await call(service.app, 'PUT', '/v1/alert-rules/none', { body }),
        400,
        'invalid_input',
      );
      expect(problem['errors']).toMatchObject([{ code: 'no_ratio', path: 'relative_to' }]);
      expect(problem['detail']).toContain('for the baseline against itself: there is no ratio to it');
    },
  );

  it('is refused in a file too, with its line', async () => {
    writeFileSync(file, FILE.replace('metric: accuracy', 'metric: js_distance'));
    await (service.services.configFile as unknown as { reload(): Promise<void> }).reload();
    const status = (await call(service.app, 'GET', '/v1/config')).json();
    expect(status['errors']).toMatchObject([{ line: 9, path: 'alert_rules.coded quality.relative_to' }]);
  });
});
