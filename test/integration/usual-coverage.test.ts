// A feed of labels that breaks: the windows that it leaves behind are provisional, without anything configured.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestContainer, type TestContainer } from '../support/container.js';

const HOUR = 3_600_000;
const START = Date.UTC(2026, 0, 5);
const HOURS = 12;
const PER_HOUR = 50;

let test: TestContainer;
beforeAll(async () => {
  test = await openTestContainer({ now: START + HOURS * HOUR });
});
afterAll(() => test.close());

const services = () => test.container.services;
const statuses = async () =>
  (
    await services().metrics.read('m', {
      metrics: ['accuracy'],
      features: [],
      version: null,
      deployment: null,
      segment: '',
      from: null,
      to: null,
      window: null,
    })
  ).map((point) => point.status);
const label = (hour: number, count: number) =>
  services().ingest.groundTruth(
    Array.from({ length: count }, (_, i) => ({
      prediction_id: `p${hour}-${i}`,
      values: { y: true },
      timestamp: START + hour * HOUR + i * 1000 + 600_000,
    })),
    null,
  );
const run = (now: number) => services().jobs.run('quality', { model: 'm', from: null, to: null, now }, 'api');

it('a window with fewer labels than windows of its age usually have is provisional, and ok when they come', async () => {
  await services().models.configure('m', { task: 'binary', prediction: 'outputs.label', ground_truth: 'y' });
  const items = Array.from({ length: HOURS * PER_HOUR }, (_, i) => {
    const [hour, n] = [Math.floor(i / PER_HOUR), i % PER_HOUR];
    return {
      model: 'm',
      version: '1',
      prediction_id: `p${hour}-${n}`,
      timestamp: START + hour * HOUR + n * 1000,
      outputs: { label: true },
    };
  });
  await services().ingest.predictions(items, null);
  for (let hour = 0; hour < HOURS; hour++) {
    await label(hour, hour < 10 ? PER_HOUR - 2 : 31);
    await run(START + (hour + 1) * HOUR);
  }
  // The last window is so young that others had no labels yet at its age.
  const ten = Array.from({ length: 10 }, () => 'ok');
  expect(await statuses()).toEqual([...ten, 'provisional', 'ok']);
  await label(10, PER_HOUR);
  await run(START + (HOURS + 1) * HOUR);
  expect((await statuses()).slice(0, HOURS)).toEqual([...ten, 'ok', 'provisional']);
  // Nothing is left to do: what is provisional stays so until labels come.
  expect(await run(START + (HOURS + 1) * HOUR)).toMatchObject({ windows: 0 });
});
