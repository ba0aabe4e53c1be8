// Values at the edge: broken text, sums that overflow, labels of mixed kinds, files that are not what they seem.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTestContainer, type TestContainer } from '../support/container.js';

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 5);
const LONE = 'a\ud800b';

let test: TestContainer;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'driftline-odd-'));
  test = await openTestContainer({ now: START + 10 * DAY });
});
afterEach(async () => {
  await test.close();
  rmSync(folder, { recursive: true, force: true });
});

const services = () => test.container.services;
const prediction = (id: string, extra: Record<string, unknown> = {}) => ({
  model: 'm',
  version: '1',
  prediction_id: id,
  timestamp: START,
  inputs: { x: 1 },
  outputs: { label: true },
  ...extra,
});
const range = (metrics: string[]) =>
  services().metrics.read('m', {
    metrics,
    features: [],
    version: null,
    deployment: null,
    segment: '',
    from: START,
    to: START + DAY,
    window: 'range',
  });

describe('text that no store takes', () => {
  it.each([
    ['a value', { inputs: { x: LONE } }, 'inputs.x'],
    ['a value in an array', { outputs: [{ a: LONE }] }, 'outputs.value.0.a'],
    ['a tag', { tags: { region: LONE } }, 'tags.region'],
    ['an error text', { error: LONE }, 'error'],
    ['an id', { prediction_id: LONE }, 'prediction_id'],
    ['a version', { version: LONE }, 'version'],
  ])('%s is refused by its path, and its neighbours are stored', async (_, extra, at) => {
    const answer = await services().ingest.predictions(
      [prediction('good-1'), prediction('bad', extra), prediction('good-2')],
      null,
    );
    expect(answer).toMatchObject({ accepted: 2, rejected: 1, errors: [{ index: 1, path: at }] });
  });

  it('a key, a label and an aggregate are refused too', async () => {
    const tracked = await services().ingest.predictions([prediction('p', { inputs: { [LONE]: 1 } })], null);
    expect(tracked.errors).toHaveLength(1);
    const labelled = await services().ingest.groundTruth([{ prediction_id: 'p', values: { y: LONE } }], null);
    expect(labelled.errors).toMatchObject([{ path: 'values.y' }]);
    const sent = { model: 'm', start: START, end: START, metrics: { [LONE]: 1 } };
    expect((await services().ingest.aggregateMetrics([sent], null)).rejected).toBe(1);
    await expect(
      services().baselines.fromRows('m', { name: 'b', version: null }, [{ inputs: { x: LONE } }]),
    ).rejects.toMatchObject({ status: 400 });
  });
});

describe('numbers of the largest size', () => {
  it('a sum that overflows is unknown, never 0', async () => {
    await services().models.configure('m', {
      task: 'regression',
      prediction: 'outputs.value',
      ground_truth: 'y',
      window: '1d',
      min_samples: 1,
    });
    const pairs = [
      [1, 0],
      [3, 5],
      [1e200, 0],
    ] as const;
    await services().ingest.predictions(
      pairs.map(([said], index) => prediction(`p${index}`, { outputs: said })),
      null,
    );
    await services().ingest.groundTruth(
      pairs.map(([, truth], index) => ({ prediction_id: `p${index}`, values: { y: truth } })),
      null,
    );
    const points = await range(['mse', 'rmse', 'r2']);
    expect(points.map((point) => point.value)).toEqual([null, null, null]);
  });

  it('one of them stops no job', async () => {
    await services().models.configure('m', { task: 'none', window: '1d', min_samples: 1 });
    const rows = Array.from({ length: 40 }, (_, index) =>
      prediction(`p${index}`, { inputs: { x: index === 0 ? 1e200 : index }, metrics: { c: 1e308 } }),
    );
    await services().ingest.predictions(rows, null);
    for (const job of ['drift', 'operations', 'quality'] as const) {
      const run = await services().jobs.run(job, { model: 'm', from: null, to: null, now: START + DAY }, 'api');
      expect(run).toMatchObject({ status: 'ok', errors: [] });
    }
  });
});

describe('large values that lie close together', () => {
  it('a tracked value has the interval of its spread, a truth its variance', async () => {
    const large = 2 ** 40;
    const truths = [1, 2, 3, 4].map((x) => large + x / 64);
    await services().models.configure('m', { task: 'regression', prediction: 'outputs.value', ground_truth: 'y' });
    await services().ingest.predictions(
      truths.map((truth, index) => prediction(`p${index}`, { outputs: truth + 1 / 64, metrics: { c: truth } })),
      null,
    );
    await services().ingest.groundTruth(
      truths.map((truth, index) => ({ prediction_id: `p${index}`, values: { y: truth } })),
      null,
    );
    const points = new Map((await range(['custom.c', 'r2'])).map((point) => [point.metric, point]));
    const custom = points.get('custom.c');
    // The sample variance of 1, 2, 3, 4 is 5 / 3, their population variance 5 / 4.
    expect(((custom?.upper ?? 0) - (custom?.lower ?? 0)) * 64).toBeCloseTo(
      (2 * 1.959963984540054 * Math.sqrt(5 / 3)) / 2,
      1,
    );
    expect(points.get('r2')?.value).toBeCloseTo(1 - 1 / 1.25, 12);
  });
});

describe('rows without a prediction', () => {
  it('are no class of their own and no wrong answers', async () => {
    await services().models.configure('m', {
      task: 'multiclass',
      prediction: 'outputs.label',
      ground_truth: 'y',
      window: '1d',
      min_samples: 1,
    });
    const said = ['a', 'b', 'b', null, undefined];
    await services().ingest.predictions(
      said.map((label, index) => prediction(`p${index}`, { outputs: { label, other: 1 } })),
      null,
    );
    await services().ingest.groundTruth(
      ['a', 'b', 'a', 'a', 'b'].map((y, index) => ({ prediction_id: `p${index}`, values: { y } })),
      null,
    );
    const points = await range(['accuracy', 'recall_macro']);
    expect(new Map(points.map((point) => [point.metric, [point.value, point.n]]))).toEqual(
      new Map([
        ['accuracy', [expect.closeTo(2 / 3, 12), 3]],
        ['recall_macro', [0.75, 3]],
      ]),
    );
    const where = { from: START, to: START + DAY, version: null, segment: null };
    expect(await services().metrics.confusion('m', where)).toMatchObject({ labels: ['a', 'b'], n: 3 });
  });
});

describe('labels of two classes', () => {
  it('a labelled row without a score takes no part in the numbers of the scores', async () => {
    await services().models.configure('m', {
      task: 'binary',
      prediction: 'outputs.label',
      score: 'outputs.p',
      ground_truth: 'y',
      window: '1d',
      min_samples: 1,
    });
    const scores = [0.8, 0.4, null, null];
    await services().ingest.predictions(
      scores.map((p, index) => prediction(`p${index}`, { outputs: { label: true, p } })),
      null,
    );
    await services().ingest.groundTruth(
      scores.map((_, index) => ({ prediction_id: `p${index}`, values: { y: index % 2 === 0 } })),
      null,
    );
    const points = await range(['log_loss', 'brier', 'roc_auc']);
    const found = Object.fromEntries(points.map((point) => [point.metric, [point.value, point.n]]));
    expect(found).toMatchObject({
      log_loss: [expect.closeTo(-(Math.log(0.8) + Math.log(0.6)) / 2, 12), 2],
      brier: [expect.closeTo(0.1, 12), 2],
      roc_auc: [1, 2],
    });
    const curve = await services().metrics.roc('m', {
      from: START,
      to: START + DAY,
      version: null,
      segment: null,
      class: null,
    });
    expect(curve).toMatchObject({ n: 2, auc: 1 });
    expect(curve.points.map(({ threshold, fpr, tpr }) => [threshold, fpr, tpr])).toEqual([
      [null, 0, 0],
      [0.8, 0, 1],
      [0.4, 1, 1],
    ]);
  });

  it('the confusion matrix counts true and 1, false and 0 as one, as the accuracy does', async () => {
    await services().models.configure('m', {
      task: 'binary',
      prediction: 'outputs.label',
      ground_truth: 'y',
      window: '1d',
      min_samples: 1,
    });
    const rows = Array.from({ length: 10 }, (_, index) => prediction(`p${index}`, { outputs: { label: index % 2 } }));
    await services().ingest.predictions(rows, null);
    await services().ingest.groundTruth(
      rows.map((row, index) => ({ prediction_id: row.prediction_id, values: { y: index % 2 === 1 } })),
      null,
    );
    const confusion = await services().metrics.confusion('m', {
      from: START,
      to: START + DAY,
      version: null,
      segment: null,
    });
    expect(confusion).toMatchObject({
      labels: ['false', 'true'],
      counts: [
        [5, 0],
        [0, 5],
      ],
    });
    expect((await range(['accuracy'])).map((point) => point.value)).toEqual([1]);
  });
});

describe('files', () => {
  it('an export that is sent back as a baseline compares the fields, with their types, and nothing else', async () => {
    await services().models.configure('m', {
      task: 'regression',
      prediction: 'outputs.value',
      ground_truth: 'y',
      window: '1d',
      min_samples: 1,
    });
    const rows = Array.from({ length: 200 }, (_, index) =>
      prediction(`p${index}`, {
        inputs: { x: index, c: index % 2 === 0 ? 'a' : 'b' },
        outputs: index / 3,
        tags: { t: 'u' },
        latency_ms: 3,
        metrics: { k: 1 },
      }),
    );
    await services().ingest.predictions(rows, null);
    await services().ingest.groundTruth(
      rows.map((row, index) => ({ prediction_id: row.prediction_id, values: { y: index / 7 } })),
      null,
    );
    for (const format of ['csv', 'parquet', 'ndjson'] as const) {
      const chunks: Buffer[] = [];
      const filter = {
        model: 'm',
        version: null,
        deployment: null,
        from: null,
        to: null,
        segment: null,
        labelled: null,
      };
      for await (const chunk of services().predictions.export(filter, format)) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      const file = path.join(folder, format);
      writeFileSync(file, body);
      const target = { name: format, version: null };
      if (format === 'ndjson') {
        const objects = body
          .toString()
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as unknown);
        await services().baselines.fromRows('m', target, objects);
      } else {
        await services().baselines.fromFile('m', target, { path: file, format, strings: [] });
      }
      if (format === 'csv') expect(body.toString()).toContain('2026-01-05T00:00:00.000Z');
      const { fields } = await services().baselines.get('m', format, null);
      expect(
        fields.map((field) => [field.path, field.kind]),
        format,
      ).toEqual([
        ['inputs.c', 'categorical'],
        ['inputs.x', 'numeric'],
        ['outputs.value', 'numeric'],
        ['values.y', 'numeric'],
      ]);
    }
  });

  it('a quoted value that is never closed is refused: it would swallow the rows after it', async () => {
    const file = path.join(folder, 'labels.csv');
    writeFileSync(file, 'prediction_id,late\nq1,true\nq2,"unclosed\nq3,false\n');
    await expect(services().ingest.groundTruthFile({ path: file, format: 'csv', strings: [] })).rejects.toMatchObject({
      status: 400,
    });
    expect(
      (await services().ingest.groundTruth([{ prediction_id: 'q1', values: { late: true } }], null)).accepted,
    ).toBe(1);
  });
});
