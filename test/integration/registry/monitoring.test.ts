// What the registry does for monitoring: rules and queries on @Production and @champion, frozen comparisons, challengers, rollback suggested.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, expectProblem } from '../../support/http.js';
import { mlflowOf, type Mlflow } from '../../support/mlflow.js';
import { startReceiver, type Receiver } from '../../support/receiver.js';
import { startTestService, type TestService } from '../../support/service.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
let service: TestService;
let mlflow: Mlflow;
let receiver: Receiver;
/** The start of the first day. */
let start: number;

const get = async <T>(url: string) => JSON.parse((await call(service.app, 'GET', url)).text) as T;
const move = (version: string, stage: string, archive = true) =>
  mlflow('POST', 'model-versions/transition-stage', {
    name: 'fraud',
    version,
    stage,
    archive_existing_versions: archive,
  });
const runJob = async (job: string) => {
  const answer = await call(service.app, 'POST', `/v1/jobs/${job}/run`, { body: {} });
  expect(answer.json()).toMatchObject({ errors: [] });
};

/** A day of one version: 100 predictions on ids that the versions share, `right` of them right, with their labels. */
async function track(version: string, day: number, right: number, model = 'fraud'): Promise<void> {
  const predictions = Array.from({ length: 100 }, (_, index) => ({
    model,
    version,
    prediction_id: `day-${day}-${index}`,
    timestamp: start + day * DAY + index * 60_000,
    inputs: { amount: index },
    outputs: { label: (index % 2 === 0) === index < right },
  }));
  const labels = predictions.map((one, index) => ({
    prediction_id: one.prediction_id,
    values: { fraud: index % 2 === 0 },
    timestamp: start + day * DAY + HOUR,
  }));
  expect((await call(service.app, 'POST', '/v1/predictions', { body: predictions })).status).toBe(201);
  expect((await call(service.app, 'POST', '/v1/ground-truth', { body: labels })).status).toBe(201);
}

beforeAll(async () => {
  service = await startTestService({ allowPrivateWebhooks: true });
  mlflow = mlflowOf(service.app);
  receiver = await startReceiver();
  start = Math.floor(service.clock.now() / DAY) * DAY - 20 * DAY;
  service.clock.set(start);
  await call(service.app, 'PUT', '/v1/models/fraud', {
    body: {
      task: 'binary',
      prediction: 'outputs.label',
      ground_truth: 'fraud',
      positive_label: true,
      window: '1d',
      label_delay: '1h',
      min_samples: 10,
    },
  });
  await mlflow('POST', 'registered-models/create', { name: 'fraud' });
  for (const index of [1, 2, 3])
    await mlflow('POST', 'model-versions/create', { name: 'fraud', source: `s3://fraud/${index}` });
  await move('1', 'Production');
  await mlflow('POST', 'registered-models/alias', { name: 'fraud', alias: 'champion', version: '1' });
  await mlflow('POST', 'registered-models/alias', { name: 'fraud', alias: 'shadow', version: '2' });
  await call(service.app, 'PUT', '/v1/channels/hook', { body: { type: 'webhook', url: receiver.url } });
  await call(service.app, 'PUT', '/v1/alert-rules/quality', {
    body: {
      model: 'fraud',
      version: '@Production',
      metric: 'accuracy',
      op: '<',
      warning: 0.85,
      critical: 0.7,
      channels: ['hook'],
    },
  });
  service.clock.set(start + 2 * DAY + 2 * HOUR);
  for (const day of [0, 1]) {
    await track('1', day, 90);
    await track('2', day, 95);
  }
  await runJob('quality');
});
afterAll(async () => {
  await service.close();
  await receiver.close();
});

interface Point {
  version: string;
  metric: string;
  value: number;
  difference?: number;
  p_value?: number;
  pairs?: number;
  compare?: string;
}

describe('references in queries', () => {
  it('mean the version they name now', async () => {
    const url = `/v1/models/fraud/metrics?metric=accuracy&window=range&from=${start}&to=${start + 2 * DAY}`;
    const points = (version: string) => get<Point[]>(`${url}&version=${version}`);
    expect(await points('@Production')).toMatchObject([{ version: '1', value: 0.9 }]);
    expect(await points('@production')).toEqual(await points('@champion'));
    expect(await points('@shadow')).toMatchObject([{ version: '2', value: 0.95 }]);
    const [compared] = await get<Point[]>(`${url}&version=@shadow&compare=@champion`);
    expect(compared).toMatchObject({ version: '2', compare: '1', pairs: 200 });
    expect(compared?.difference).toBeCloseTo(0.05, 12);
    const { versions } = await get<{ versions?: unknown }>('/v1/models/fraud/confusion?version=@champion');
    expect(versions).toBeUndefined();
  });

  it('that name nothing are a 404 that says what to do', async () => {
    for (const reference of ['@Staging', '@nobody']) {
      const answer = await call(service.app, 'GET', `/v1/models/fraud/metrics?version=${reference}`);
      expect(expectProblem(answer, 404, 'not_found').detail).toContain(`${reference} names no version of "fraud"`);
    }
  });
});

describe('challengers', () => {
  it('are held against the champion on the same predictions', async () => {
    const found = await get<{ version: string; champion: string; points: Point[] }[]>(
      '/v1/registry/models/fraud/challengers',
    );
    expect(found).toMatchObject([{ version: '2', champion: '1', aliases: ['shadow'], detail: null }]);
    const accuracy = found[0]?.points.find((point) => point.metric === 'accuracy');
    expect(accuracy).toMatchObject({ value: 0.95, pairs: 200 });
    // 10 of 200 are right in one version alone, in one direction: exact two-sided McNemar.
    expect(accuracy?.p_value).toBeCloseTo(2 * 0.5 ** 10, 12);
  });
});

describe('a rule on @Production', () => {
  const firing = () => get<{ version: string; severity: string }[]>('/v1/alerts?state=firing');

  it('watches the version in Production and no other', async () => {
    service.clock.set(start + 3 * DAY + 2 * HOUR);
    await track('1', 2, 90);
    await track('2', 2, 60);
    await runJob('quality');
    await runJob('alerts');
    expect(await firing()).toEqual([]);
  });

  it('moves with the stage: after a transition it watches the new version, and suggests the old one in a critical alert', async () => {
    service.clock.set(start + 3 * DAY + 3 * HOUR);
    await move('2', 'Production');
    await runJob('alerts');
    expect(await firing()).toMatchObject([{ version: '2', severity: 'critical' }]);
    const [request] = await receiver.next(1);
    expect(JSON.parse(request?.body ?? '')).toMatchObject({
      alerts: [{ version: '2', severity: 'critical' }],
      rollback: {
        version: '2',
        previous_version: '1',
        text: 'Rollback suggested: version 1 was in Production before version 2.',
      },
    });
  });

  it('closes the alert of a version that is rolled back', async () => {
    service.clock.set(service.clock.now() + 60_000);
    await move('1', 'Production');
    await runJob('alerts');
    expect(await firing()).toEqual([]);
    const [newest] = await get<{ version: string; state: string; why: string }[]>('/v1/alerts/history?model=fraud');
    expect(newest).toMatchObject({ version: '2', state: 'resolved' });
    expect(newest?.why).toContain('version 2 is not @Production any more');
  });

  it('in a backtest means what was in Production when each window ended', async () => {
    const rule = { model: 'fraud', version: '@Production', metric: 'accuracy', op: '<', critical: 0.7 };
    await call(service.app, 'PUT', '/v1/alert-rules/past', { body: rule });
    const range = { from: start, to: start + 4 * DAY };
    const past = (await call(service.app, 'POST', '/v1/alert-rules/past/backtest', { body: range })).json();
    // Version 2 fell to 0.6 on the third day, but was put into Production after that day had ended.
    expect(past).toMatchObject({ series: 1, windows: 3, fired: [] });
    const shadow = { ...rule, version: '@shadow' };
    await call(service.app, 'PUT', '/v1/alert-rules/past', { body: shadow });
    const other = (await call(service.app, 'POST', '/v1/alert-rules/past/backtest', { body: range })).json();
    expect(other).toMatchObject({ fired: [{ version: '2', severity: 'critical' }] });
    await call(service.app, 'DELETE', '/v1/alert-rules/past');
  });

  it('watches nothing where nobody holds the reference', async () => {
    await call(service.app, 'PUT', '/v1/alert-rules/none', {
      body: { model: 'fraud', version: '@nobody', metric: 'accuracy', op: '<', critical: 1 },
    });
    await runJob('alerts');
    expect(await firing()).toEqual([]);
    await call(service.app, 'DELETE', '/v1/alert-rules/none');
  });
});

describe('frozen comparisons', () => {
  it('hold the numbers of both versions as they were when one took over', async () => {
    await service.services.comparisons.idle();
    const url = '/v1/registry/models/fraud/comparisons';
    interface Frozen {
      version: string;
      replaced: string;
      state: string;
      time: string;
      reason: string;
      points: Point[];
    }
    const [back, forth, ...older] = await get<Frozen[]>(url);
    expect(older).toEqual([]);
    expect(back).toMatchObject({ version: '1', replaced: '2', state: 'done' });
    expect(forth).toMatchObject({
      version: '2',
      replaced: '1',
      state: 'done',
      reason: 'stage Production',
      by: 'admin',
      time: new Date(start + 3 * DAY + 3 * HOUR).toISOString(),
    });
    const accuracy = forth?.points.find((point) => point.metric === 'accuracy');
    expect(accuracy).toMatchObject({ version: '2', compare: '1' });
    expect(accuracy?.value).toBeCloseTo(250 / 300, 12);
    expect(accuracy?.difference).toBeCloseTo(250 / 300 - 0.9, 12);
    // Later labels and rows do not change it.
    await track('2', 2, 100);
    const [, again] = await get<Frozen[]>(url);
    expect(again).toEqual(forth);
  });

  it('say so where a version had no predictions', async () => {
    await mlflow('POST', 'registered-models/alias', { name: 'fraud', alias: 'champion', version: '3' });
    await service.services.comparisons.idle();
    const [newest] = await get<{ state: string; detail: string; reason: string }[]>(
      '/v1/registry/models/fraud/comparisons',
    );
    expect(newest).toMatchObject({ state: 'no_data', reason: 'alias champion' });
    expect(newest?.detail).toContain('no predictions of version "3"');
  });
});

describe('a rule on @champion, where nobody uses stages', () => {
  it('watches whoever has the alias, and suggests the champion before it', async () => {
    const { json } = await call(service.app, 'GET', '/v1/models/fraud');
    const { config } = json() as { config: object };
    await call(service.app, 'PUT', '/v1/models/plain', { body: config });
    await mlflow('POST', 'registered-models/create', { name: 'plain' });
    for (const version of ['1', '2']) {
      await mlflow('POST', 'model-versions/create', { name: 'plain', source: `s3://plain/${version}` });
      await mlflow('POST', 'registered-models/alias', { name: 'plain', alias: 'champion', version });
      service.clock.set(service.clock.now() + 1);
    }
    await track('1', 1, 60, 'plain');
    await track('2', 2, 60, 'plain');
    await call(service.app, 'PUT', '/v1/alert-rules/champion', {
      body: {
        model: 'plain',
        version: '@champion',
        metric: 'accuracy',
        op: '<',
        warning: 0.85,
        critical: 0.7,
        channels: ['hook'],
      },
    });
    await runJob('quality');
    await runJob('alerts');
    const firing = await get<{ model: string; version: string }[]>('/v1/alerts?state=firing&model=plain');
    expect(firing).toMatchObject([{ version: '2' }]);
    let told: { model?: string } = {};
    while (told.model !== 'plain') {
      const [request] = await receiver.next(1);
      told = JSON.parse(request?.body ?? '') as typeof told;
    }
    expect(told).toMatchObject({
      rollback: {
        version: '2',
        previous_version: '1',
        text: 'Rollback suggested: version 1 was the champion before version 2.',
      },
    });
    const events = await get<{ text: string }[]>('/v1/models/plain/events');
    expect(events.map(({ text }) => text)).toEqual(
      expect.arrayContaining(['alias champion given to version 1', 'alias champion moved from version 1 to version 2']),
    );
  });

  it('watches nothing, and closes its alerts, when its model is called otherwise or deleted', async () => {
    const later = async () => {
      service.clock.set(service.clock.now() + 60_000);
      await runJob('alerts');
      return get<{ version: string }[]>('/v1/alerts?state=firing&model=plain');
    };
    expect(await later()).toHaveLength(1);
    await mlflow('POST', 'registered-models/rename', { name: 'plain', new_name: 'fancy' });
    expect(await later()).toEqual([]);
    const closed = async () => (await get<{ why: string }[]>('/v1/alerts/history?model=plain'))[0]?.why;
    expect(await closed()).toContain('version 2 is not @champion any more');
    await mlflow('POST', 'registered-models/rename', { name: 'fancy', new_name: 'plain' });
    expect(await later()).toHaveLength(1);
    await mlflow('DELETE', 'registered-models/delete', { name: 'plain' });
    expect(await later()).toEqual([]);
    // Another model of that name begins anew.
    await mlflow('POST', 'registered-models/create', { name: 'plain' });
    await mlflow('POST', 'model-versions/create', { name: 'plain', source: 's3://plain/again' });
    expect(await later()).toEqual([]);
    await mlflow('POST', 'registered-models/alias', { name: 'plain', alias: 'champion', version: '1' });
    expect(await later()).toMatchObject([{ version: '1' }]);
  });
});

describe('the log', () => {
  it('is asked for the lines that are needed, so that many tags do not push a stage out of it', async () => {
    for (const value of ['1', '2', '3']) {
      await mlflow('POST', 'model-versions/set-tag', { name: 'fraud', version: '1', key: 'run', value });
    }
    const newest = async (actions: ['stage_changed'] | null) =>
      (await service.container.registry.registry.history('fraud', 1, actions)).map(({ action }) => action);
    expect(await newest(null)).toEqual(['version_tag_set']);
    expect(await newest(['stage_changed'])).toEqual(['stage_changed']);
  });
});
