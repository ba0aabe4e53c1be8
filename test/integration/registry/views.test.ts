// What Driftline's own API says of the registry: versions with lineage and training metrics beside measured ones, the log, marks on charts, removal.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, expectProblem } from '../../support/http.js';
import { mlflowOf, type Mlflow } from '../../support/mlflow.js';
import { startTestService, type TestService } from '../../support/service.js';

const HOUR = 3_600_000;
let service: TestService;
let mlflow: Mlflow;
let start: number;
const get = async (url: string) => JSON.parse((await call(service.app, 'GET', url)).text) as Record<string, unknown>[];

beforeAll(async () => {
  service = await startTestService();
  mlflow = mlflowOf(service.app);
  start = service.clock.now();
  await mlflow('POST', 'registered-models/create', {
    name: 'loans',
    description: 'who pays back',
    tags: [{ key: 'team', value: 'risk' }],
  });
  for (const index of [1, 2]) {
    await mlflow('POST', 'model-versions/create', {
      name: 'loans',
      source: `s3://loans/${index}`,
      run_id: `run${index}`,
      tags: [
        { key: 'git_commit', value: `c0ffee${index}` },
        { key: 'data_version', value: '2026-01' },
        { key: 'training.accuracy', value: '0.91' },
      ],
      model_metrics: [{ key: 'roc_auc', value: 0.88 }],
      model_params: [{ name: 'depth', value: '6' }],
    });
  }
  service.clock.set(start + HOUR);
  const move = (version: string, archive: boolean) =>
    mlflow('POST', 'model-versions/transition-stage', {
      name: 'loans',
      version,
      stage: 'Production',
      archive_existing_versions: archive,
      comment: 'approved by the board',
    });
  await move('1', false);
  await mlflow('POST', 'registered-models/alias', { name: 'loans', alias: 'champion', version: '1' });
  const predictions = Array.from({ length: 60 }, (_, index) => ({
    model: 'loans',
    version: '1',
    prediction_id: `loan-${index}`,
    timestamp: start,
    inputs: { income: index },
    outputs: { label: index % 2 === 0 },
  }));
  await call(service.app, 'POST', '/v1/predictions', { body: predictions });
  const labels = predictions.map((one, index) => ({
    prediction_id: one.prediction_id,
    values: { paid: index % 3 === 0 },
  }));
  await call(service.app, 'POST', '/v1/ground-truth', { body: labels });
  await call(service.app, 'PUT', '/v1/models/loans', {
    body: { task: 'binary', prediction: 'outputs.label', ground_truth: 'paid', positive_label: true, min_samples: 10 },
  });
  await call(service.app, 'POST', '/v1/models/loans/baselines?name=train&version=1', {
    body: [{ inputs: { income: 1 } }, { inputs: { income: 2 } }],
  });
  service.clock.set(start + 2 * HOUR);
  await move('2', true);
});
afterAll(() => service.close());

describe('the registry for people', () => {
  it('lists models with their stages and aliases', async () => {
    expect(await get('/v1/registry/models')).toMatchObject([
      {
        model: 'loans',
        description: 'who pays back',
        tags: { team: 'risk' },
        aliases: { champion: '1' },
        stages: { Production: '2', Archived: '1' },
        versions: 2,
      },
    ]);
  });

  it('shows versions newest first, with lineage, training metrics, their baseline and what was tracked', async () => {
    const { versions } = (await get('/v1/registry/models/loans')) as unknown as { versions: unknown[] };
    expect(versions).toMatchObject([
      { version: '2', stage: 'Production', predictions: null, first_seen: null, baseline: null },
      {
        version: '1',
        stage: 'Archived',
        aliases: ['champion'],
        lineage: { run_id: 'run1', source: 's3://loans/1', git_commit: 'c0ffee1', data_version: '2026-01' },
        training_metrics: { accuracy: 0.91, roc_auc: 0.88 },
        training_params: { depth: '6' },
        predictions: 60,
        baseline: { name: 'train', rows: 2 },
        created_by: 'admin',
      },
    ]);
  });

  it('shows measured quality beside what training reported', async () => {
    const detail = (await get('/v1/registry/models/loans/versions/1')) as unknown as {
      quality: { metric: string; training: number | null; measured: number | null; n: number }[];
    };
    const accuracy = detail.quality.find((row) => row.metric === 'accuracy');
    // Even and a multiple of three, or neither: 10 and 20 of 60.
    expect(accuracy).toMatchObject({ training: 0.91, n: 60 });
    expect(accuracy?.measured).toBeCloseTo(30 / 60, 12);
    expect(detail.quality.find((row) => row.metric === 'roc_auc')).toMatchObject({ training: 0.88 });
    expect(detail.quality.find((row) => row.metric === 'precision')).toMatchObject({ training: null });
  });

  it('adds stage, aliases and tags to the tracked versions of a model', async () => {
    expect(await get('/v1/models/loans/versions')).toMatchObject([
      { version: '1', predictions: 60, stage: 'Archived', aliases: ['champion'], tags: { git_commit: 'c0ffee1' } },
    ]);
    await call(service.app, 'POST', '/v1/predictions', { body: { model: 'free', version: 'x', inputs: { a: 1 } } });
    expect(await get('/v1/models/free/versions')).toMatchObject([{ version: 'x', stage: null, aliases: [], tags: {} }]);
  });

  it('answers 404 for what is not registered', async () => {
    for (const url of [
      '/v1/registry/models/none',
      '/v1/registry/models/loans/versions/9',
      '/v1/registry/models/loans/versions/x',
    ]) {
      expectProblem(await call(service.app, 'GET', url), 404, 'not_found');
    }
    expectProblem(await call(service.app, 'GET', '/v1/models/none/events'), 404, 'not_found');
  });
});

describe('the log', () => {
  it('says who changed what and when, newest first', async () => {
    const log = await get('/v1/registry/models/loans/history');
    expect(log.map((line) => line.text)).toEqual([
      'version 2 moved from None to Production',
      'version 1 moved from Production to Archived',
      'alias champion given to version 1',
      'version 1 moved from None to Production',
      'version 2 registered',
      'version 1 registered',
      'registered',
    ]);
    expect(log[0]).toMatchObject({
      by: 'admin',
      action: 'stage_changed',
      version: '2',
      from: 'None',
      to: 'Production',
      comment: 'approved by the board',
      time: new Date(start + 2 * HOUR).toISOString(),
    });
    expect((await get('/v1/registry/history?limit=2')).map((line) => line.version)).toEqual(['2', '1']);
  });
});

describe('marks on charts', () => {
  it('are stages, aliases, versions, baselines and configurations, oldest first, in a range', async () => {
    const events = await get('/v1/models/loans/events');
    expect(events.map((event) => event.time)).toEqual(events.map((event) => event.time).sort());
    expect(events.map((event) => [event.kind, event.text])).toEqual(
      expect.arrayContaining([
        ['version', 'first prediction of version 1'],
        ['version', 'version 2 registered'],
        ['stage', 'version 1 moved from None to Production'],
        ['alias', 'alias champion given to version 1'],
        ['config', 'configuration changed: ground_truth, min_samples, positive_label, prediction, task'],
        ['stage', 'version 2 moved from None to Production'],
      ]),
    );
    expect(events.filter((event) => event.kind === 'baseline')).toMatchObject([{ version: '1' }]);
    const late = await get(`/v1/models/loans/events?from=${start + 2 * HOUR}`);
    expect(late.map((event) => event.text)).toEqual([
      'version 1 moved from Production to Archived',
      'version 2 moved from None to Production',
    ]);
    expectProblem(
      await call(service.app, 'GET', `/v1/models/loans/events?from=${start}&to=${start}`),
      400,
      'invalid_input',
    );
  });
});

describe('removal', () => {
  it('of a model takes its registration, log and marks along', async () => {
    expect((await call(service.app, 'DELETE', '/v1/models/loans')).status).toBe(204);
    expect(await mlflow('GET', 'registered-models/get', { name: 'loans' })).toMatchObject({ status: 404 });
    expect(await get('/v1/registry/models/loans/history')).toEqual([]);
    expectProblem(await call(service.app, 'GET', '/v1/models/loans/events'), 404, 'not_found');
    const rows = await service.container.tables.store.engine.rows(
      'read',
      'SELECT count() AS n FROM registry FINAL',
      {},
    );
    expect(rows).toEqual([{ n: 0 }]);
  });
});
