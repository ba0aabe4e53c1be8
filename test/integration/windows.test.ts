// From rows to numbers: which windows the jobs compute when predictions, labels, corrections and configuration arrive.
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobName } from '../../src/domain/contract/metrics.js';
import { openTestContainer, type TestContainer } from '../support/container.js';

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 5);

let test: TestContainer;
beforeEach(async () => {
  test = await openTestContainer({ now: START + 10 * DAY });
  await test.container.services.models.configure('m', {
    task: 'binary',
    prediction: 'outputs.label',
    ground_truth: 'y',
    window: '1d',
    min_samples: 1,
  });
});
afterEach(() => test.close());

const services = () => test.container.services;
const run = (job: JobName, now: number, extra: { from?: number; to?: number; model?: string } = {}) =>
  services().jobs.run(job, { model: extra.model ?? null, from: extra.from ?? null, to: extra.to ?? null, now }, 'api');
const prediction = (id: string, timestamp: number, extra: Record<string, unknown> = {}) => ({
  model: 'm',
  version: '1',
  prediction_id: id,
  timestamp,
  inputs: { x: Number(id.replace(/\D/g, '')) },
  outputs: { label: true },
  ...extra,
});
const track = async (...items: unknown[]) => {
  const answer = await services().ingest.predictions(items, null);
  expect(answer.errors).toBeUndefined();
};
const label = async (id: string, value: unknown) => {
  expect((await services().ingest.groundTruth([{ prediction_id: id, values: { y: value } }], null)).accepted).toBe(1);
};
const points = (metric: string, extra: { version?: string; window?: string } = {}) =>
  services().metrics.read('m', {
    metrics: [metric],
    features: [],
    version: extra.version ?? null,
    deployment: null,
    segment: null,
    from: null,
    to: null,
    window: extra.window ?? null,
  });

describe('which windows are computed', () => {
  it('computes each complete window once and leaves the open one', async () => {
    await track(
      prediction('p1', START + 1000),
      prediction('p2', START + DAY + 1000),
      prediction('p3', START + 2 * DAY + 1000),
    );
    expect(await run('operations', START + 2 * DAY)).toMatchObject({ status: 'ok', windows: 2 });
    expect(await run('operations', START + 2 * DAY)).toMatchObject({ status: 'ok', windows: 0 });
    expect(await run('operations', START + 3 * DAY)).toMatchObject({ windows: 1 });
    expect((await points('prediction_count')).map((point) => [point.window_start, point.value])).toEqual([
      ['2026-01-05T00:00:00.000Z', 1],
      ['2026-01-06T00:00:00.000Z', 1],
      ['2026-01-07T00:00:00.000Z', 1],
    ]);
  });

  it('recomputes exactly the windows of the predictions that late labels belong to', async () => {
    await track(...[0, 1, 2, 3, 4].map((day) => prediction(`p${day}`, START + day * DAY)));
    expect(await run('quality', START + 5 * DAY)).toMatchObject({ windows: 5 });
    await label('p1', true);
    await label('p3', false);
    expect(await run('quality', START + 5 * DAY)).toMatchObject({ windows: 2, errors: [] });
    expect((await points('accuracy')).map((point) => [point.value, point.status])).toEqual([
      [null, 'no_labels'],
      [1, 'ok'],
      [null, 'no_labels'],
      [0, 'ok'],
      [null, 'no_labels'],
    ]);
  });

  it('a corrected label replaces the number of its window', async () => {
    await track(prediction('p1', START));
    await label('p1', false);
    await run('quality', START + DAY);
    await label('p1', true);
    expect(await run('quality', START + DAY)).toMatchObject({ windows: 1 });
    expect((await points('accuracy')).map((point) => point.value)).toEqual([1]);
  });

  it('a label that comes before its prediction is joined when the prediction comes', async () => {
    await label('p1', true);
    expect(await run('quality', START + DAY)).toMatchObject({ windows: 0 });
    await track(prediction('p1', START));
    expect(await run('quality', START + DAY)).toMatchObject({ windows: 1 });
    expect((await points('accuracy')).map((point) => [point.value, point.coverage])).toEqual([[1, 1]]);
  });

  it('a prediction that is sent again with another time leaves its old window and is counted once', async () => {
    await track(prediction('p1', START), prediction('p2', START));
    await run('operations', START + 3 * DAY);
    await track(prediction('p1', START + 2 * DAY));
    await run('operations', START + 3 * DAY);
    const counts = (await points('prediction_count'))
      .filter((point) => point.value !== 0)
      .map((point) => [point.window_start.slice(0, 10), point.value]);
    expect(counts).toEqual([
      ['2026-01-05', 1],
      ['2026-01-07', 1],
    ]);
    const listed = await services().predictions.list(
      { model: 'm', version: null, deployment: null, from: null, to: null, segment: null, labelled: null },
      { limit: 10, cursor: null },
    );
    expect(listed.predictions.map((row) => row.external_id)).toEqual(['p2', 'p1']);
  });

  it('a prediction that moves within its hour leaves a window of 15 minutes', async () => {
    await services().models.configure('m', { task: 'none', window: '15m', min_samples: 1 });
    await track(prediction('p1', START), prediction('p2', START));
    await run('operations', START + 3_600_000);
    await track(prediction('p1', START + 1_900_000));
    await run('operations', START + 3_600_000);
    const counts = (await points('prediction_count')).filter((point) => point.value !== 0);
    expect(counts.map((point) => [point.window_start.slice(11, 16), point.value])).toEqual([
      ['00:00', 1],
      ['00:30', 1],
    ]);
    expect(await services().predictions.get('p1', null)).toMatchObject({ timestamp: '2026-01-05T00:31:40.000Z' });
  });

  it('a gap and a feed that stopped are windows without data, never zeros of quality', async () => {
    await track(prediction('p1', START), prediction('p2', START + 3 * DAY));
    await run('operations', START + 6 * DAY);
    await run('quality', START + 6 * DAY);
    expect((await points('prediction_count')).map((point) => point.value)).toEqual([1, 0, 0, 1, 0, 0]);
    expect((await points('accuracy')).map((point) => [point.value, point.status])).toEqual([
      [null, 'no_labels'],
      [null, 'no_data'],
      [null, 'no_data'],
      [null, 'no_labels'],
      [null, 'no_data'],
      [null, 'no_data'],
    ]);
    expect(await run('operations', START + 6 * DAY)).toMatchObject({ windows: 0 });
  });

  it('catches up after downtime with the same numbers as step by step', async () => {
    await track(...[0, 0, 1, 2, 2, 4].map((day, index) => prediction(`p${index}`, START + day * DAY + index * 1000)));
    for (let day = 1; day <= 5; day++) await run('operations', START + day * DAY);
    const stepwise = await points('prediction_count');
    const other = await openFresh();
    try {
      await other.container.services.ingest.predictions(
        [0, 0, 1, 2, 2, 4].map((day, index) => prediction(`p${index}`, START + day * DAY + index * 1000)),
        null,
      );
      await other.container.services.jobs.run(
        'operations',
        { model: null, from: null, to: null, now: START + 5 * DAY },
        'api',
      );
    } finally {
      await other.reopen();
    }
    const atOnce = await points('prediction_count');
    const essence = (list: Awaited<ReturnType<typeof points>>) =>
      list.map((point) => [point.window_start, point.value, point.status]);
    expect(essence(atOnce)).toEqual(essence(stepwise));
  });

  it('a change of the configuration recomputes every window, a range only what it names', async () => {
    await track(prediction('p1', START), prediction('p2', START + DAY));
    await run('operations', START + 2 * DAY);
    await services().models.configure('m', {
      task: 'binary',
      prediction: 'outputs.label',
      ground_truth: 'y',
      window: '1d',
      min_samples: 5,
    });
    expect(await run('operations', START + 2 * DAY)).toMatchObject({ windows: 2 });
    expect(await run('operations', START + 2 * DAY, { from: START, to: START + DAY })).toMatchObject({ windows: 1 });
  });

  it('a window stops being provisional when its labels have had their time', async () => {
    await services().models.configure('m', {
      task: 'binary',
      prediction: 'outputs.label',
      ground_truth: 'y',
      window: '1d',
      min_samples: 1,
      label_delay: '2d',
    });
    await track(prediction('p1', START), prediction('p2', START));
    await label('p1', true);
    await run('quality', START + DAY);
    expect((await points('accuracy')).map((point) => point.status)).toEqual(['provisional']);
    await run('quality', START + 2 * DAY);
    expect((await points('accuracy')).filter((point) => (point.n ?? 0) > 0).map((point) => point.status)).toEqual([
      'provisional',
    ]);
    await run('quality', START + 3 * DAY);
    expect((await points('accuracy')).filter((point) => (point.n ?? 0) > 0).map((point) => point.status)).toEqual([
      'ok',
    ]);
  });

  it('refuses a model that nobody knows and records one row per run', async () => {
    await expect(run('drift', START, { model: 'nobody' })).rejects.toMatchObject({ status: 404 });
    await run('drift', START);
    const runs = await services().jobs.runs({ job: 'drift', limit: 10 });
    expect(runs).toHaveLength(1);
    expect(runs[0]).toMatchObject({ job: 'drift', trigger: 'api', status: 'ok', model: null });
    expect(runs[0]?.finished_at).not.toBeNull();
  });
});

/** A second store cannot be open beside the first: the first is closed, and opened again afterwards on the fresh folder. */
async function openFresh() {
  await test.close();
  const fresh = await openTestContainer({ now: START + 10 * DAY });
  await fresh.container.services.models.configure('m', {
    task: 'binary',
    prediction: 'outputs.label',
    ground_truth: 'y',
    window: '1d',
    min_samples: 1,
  });
  return {
    ...fresh,
    reopen: () => {
      test = fresh;
      return Promise.resolve();
    },
  };
}

describe('what a version is compared with', () => {
  it('its own first window, then the previous version, and says so', async () => {
    const rows = (version: string, day: number, shift: number) =>
      Array.from({ length: 200 }, (_, index) =>
        prediction(`p${version}${day}${index}`, START + day * DAY + index * 1000, {
          version,
          inputs: { x: (index % 20) + shift },
        }),
      );
    await track(...rows('1', 0, 0), ...rows('1', 1, 0), ...rows('2', 2, 15));
    await run('drift', START + 3 * DAY);
    const psi = (await points('psi')).filter((point) => point.feature === 'inputs.x');
    expect(psi.map((point) => [point.version, point.baseline, (point.value ?? 0) > (point.upper ?? 0)])).toEqual([
      ['1', 'first window', false],
      ['1', 'first window', false],
      ['2', 'previous version 1', true],
    ]);
  });
});

describe('segments', () => {
  it('each value of a configured path is a series of its own', async () => {
    await services().models.configure('m', {
      task: 'binary',
      prediction: 'outputs.label',
      ground_truth: 'y',
      window: '1d',
      min_samples: 1,
      segments: ['tags.region'],
    });
    await track(
      prediction('p1', START, { tags: { region: 'EU' } }),
      prediction('p2', START, { tags: { region: 'US' } }),
      prediction('p3', START),
    );
    await label('p1', true);
    await label('p2', false);
    for (const job of ['quality', 'operations', 'drift'] as const)
      expect(await run(job, START + DAY)).toMatchObject({ status: 'ok', errors: [] });
    expect((await points('accuracy')).map((point) => [point.segment, point.value])).toEqual([
      ['', 0.5],
      ['tags.region=EU', 1],
      ['tags.region=US', 0],
    ]);
    expect((await points('prediction_count')).map((point) => [point.segment, point.value])).toEqual([
      ['', 3],
      ['tags.region=EU', 1],
      ['tags.region=US', 1],
    ]);
  });
});

describe('arrival order', () => {
  it('never changes a number: any order of predictions, retries, labels and job runs ends the same', async () => {
    const events = [
      ...[0, 1, 2, 3, 4, 5].map((index) => ({ kind: 'prediction' as const, index })),
      ...[0, 1, 2, 3].map((index) => ({ kind: 'label' as const, index })),
      { kind: 'prediction' as const, index: 2 },
      { kind: 'job' as const, index: 0 },
      { kind: 'job' as const, index: 0 },
    ];
    let number = 0;
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(events, { minLength: events.length }), async (order) => {
        const model = `order${number++}`;
        await services().models.configure(model, {
          task: 'binary',
          prediction: 'outputs.label',
          ground_truth: 'y',
          window: '1d',
          min_samples: 1,
        });
        for (const event of order) {
          const id = `${model}-${event.index}`;
          if (event.kind === 'job')
            await services().jobs.run('quality', { model: null, from: null, to: null, now: START + 4 * DAY }, 'api');
          else if (event.kind === 'label') await label(id, event.index % 2 === 0);
          else
            await track({
              ...prediction(id, START + (event.index % 3) * DAY),
              model,
              outputs: { label: event.index < 3 },
            });
        }
        await services().jobs.run('quality', { model, from: null, to: null, now: START + 4 * DAY }, 'api');
        const found = await services().metrics.read(model, {
          metrics: ['accuracy'],
          features: [],
          version: null,
          deployment: null,
          segment: '',
          from: null,
          to: START + 3 * DAY,
          window: null,
        });
        expect(found.map((point) => [point.value, point.n, point.coverage])).toEqual([
          [1, 2, 1],
          [0, 1, 0.5],
          [1, 1, 0.5],
        ]);
      }),
      { numRuns: 12 },
    );
  });
});
