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

describe('labels of two classes', () => {
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
