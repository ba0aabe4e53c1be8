// Retention and deletion: rows go, numbers stay, and what other predictions share stays too.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openTestContainer, type TestContainer } from '../support/container.js';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 5, 1, 12);

let test: TestContainer;
beforeEach(async () => {
  test = await openTestContainer({ now: NOW });
});
afterEach(() => test.close());

const services = () => test.container.services;
const run = (job: 'operations' | 'quality' | 'retention') =>
  services().jobs.run(job, { model: null, from: null, to: null, now: NOW }, 'api');
const track = (model: string, id: string, timestamp: number) =>
  services().ingest.predictions(
    [{ model, version: '1', prediction_id: id, timestamp, inputs: { x: 1 }, outputs: { label: true } }],
    null,
  );
const counts = async (model: string) =>
  (
    await services().metrics.read(model, {
      metrics: ['prediction_count'],
      features: [],
      version: null,
      deployment: null,
      segment: null,
      from: null,
      to: null,
      window: null,
    })
  ).map((point) => [point.window_start.slice(0, 10), point.value]);
const ids = async (model: string) =>
  (
    await services().predictions.list(
      { model, version: null, deployment: null, from: null, to: null, segment: null, labelled: null },
      { limit: 100, cursor: null },
    )
  ).predictions.map((row) => row.external_id);

it('removes predictions beyond the retention of their model and keeps the numbers of their windows', async () => {
  await services().models.configure('m', { task: 'none', window: '1d', retention_days: 30 });
  await track('m', 'old', NOW - 40 * DAY);
  await track('m', 'young', NOW - 10 * DAY);
  await track('other', 'kept', NOW - 40 * DAY);
  await run('operations');
  const before = await counts('m');
  expect(await run('retention')).toMatchObject({ status: 'ok', points: 1, errors: [] });
  expect(await ids('m')).toEqual(['young']);
  expect(await ids('other')).toEqual(['kept']);
  await run('operations');
  expect(await counts('m')).toEqual(before);
});

it('a prediction that arrives for a window beyond the retention does not replace its number', async () => {
  await services().models.configure('m', { task: 'none', window: '1d', retention_days: 30 });
  await track('m', 'a', NOW - 40 * DAY);
  await services().jobs.run('operations', { model: null, from: null, to: null, now: NOW - 38 * DAY }, 'api');
  const [before] = await counts('m');
  expect(before?.[1]).toBe(1);
  await track('m', 'b', NOW - 40 * DAY);
  await run('operations');
  expect((await counts('m'))[0]).toEqual(before);
});

it('deletes every row of a model, and no label that another model shares', async () => {
  await track('m', 'shared', NOW - DAY);
  await track('m', 'alone', NOW - DAY);
  await track('other', 'shared', NOW - DAY);
  await services().ingest.groundTruth(
    ['shared', 'alone'].map((id) => ({ prediction_id: id, values: { y: true } })),
    null,
  );
  await run('operations');
  await services().models.remove('m');
  await expect(services().models.get('m')).rejects.toMatchObject({ status: 404 });
  const kept = await services().predictions.get('shared', null);
  expect(kept).toMatchObject({ model: 'other', ground_truth: { y: true } });
  await expect(services().predictions.get('alone', null)).rejects.toMatchObject({ status: 404 });
  await track('m', 'alone', NOW - DAY);
  expect(await services().predictions.get('alone', null)).toMatchObject({ ground_truth: null });
});

it('old job runs and dead letters go with the retention job', async () => {
  await services().ingest.predictions([{ model: '' }], null);
  await run('operations');
  expect(await services().ingest.rejected({ model: null, limit: 10 })).toHaveLength(1);
  await services().jobs.run('retention', { model: null, from: null, to: null, now: NOW + 100 * DAY }, 'api');
  expect(await services().ingest.rejected({ model: null, limit: 10 })).toHaveLength(0);
  expect((await services().jobs.runs({ job: 'operations', limit: 10 })).length).toBe(0);
});
