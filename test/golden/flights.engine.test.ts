// The reference numbers of the flights, through the whole path: tracked over the ingest service, labelled, computed by the jobs in ClickHouse.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestContainer, type TestContainer } from '../support/container.js';
import { compareDrift, compareQuality, indexPoints, type GoldenWindow } from '../support/golden-engine.js';

interface Flight {
  date: string;
  delay: number;
  distance: number;
  origin: string;
  destination: string;
}
const file = new URL('../../node_modules/vega-datasets/data/flights-20k.json', import.meta.url);
const flights = JSON.parse(readFileSync(file, 'utf8')) as Flight[];
const golden = JSON.parse(readFileSync(new URL('./flights_expected.json', import.meta.url), 'utf8')) as {
  windows: Record<string, GoldenWindow & { regression: Record<string, number> }>;
};

const timeOf = (flight: Flight) => Date.parse(`${flight.date.replaceAll('/', '-').replace(' ', 'T')}:00Z`);
const hourOf = (flight: Flight) => Number(flight.date.slice(11, 13));
const scoreOf = (flight: Flight) =>
  1 / (1 + Math.exp(-(-2.2 + 0.0917 * (hourOf(flight) - 6) + 0.000311 * flight.distance)));
const monthOf = (flight: Flight) => flight.date.slice(0, 7);
const inputsOf = (flight: Flight) => ({
  hour: hourOf(flight),
  distance: flight.distance,
  origin: flight.origin,
  destination: flight.destination,
});

describe('the flights against numpy, scipy and scikit-learn, computed by the engine', () => {
  let test: TestContainer;

  beforeAll(async () => {
    test = await openTestContainer();
    const { services } = test.container;
    await services.models.configure('flights', {
      task: 'binary',
      prediction: 'outputs.label',
      score: 'outputs.score',
      ground_truth: 'late',
      window: '1d',
    });
    await services.models.configure('delays', {
      task: 'regression',
      prediction: 'outputs.value',
      ground_truth: 'delay',
      window: '1d',
    });
    const january = flights.filter((flight) => monthOf(flight) === '2001/01');
    const rows = january.map((flight) => ({
      inputs: inputsOf(flight),
      outputs: { score: scoreOf(flight), label: scoreOf(flight) >= 0.25 },
      values: { late: flight.delay > 15 },
    }));
    await services.baselines.fromRows('flights', { name: 'january', version: null }, rows);
    const later = flights.filter((flight) => monthOf(flight) !== '2001/01');
    const predictions = later.flatMap((flight, index) => [
      {
        model: 'flights',
        version: '1',
        prediction_id: `f${index}`,
        timestamp: timeOf(flight),
        inputs: inputsOf(flight),
        outputs: { score: scoreOf(flight), label: scoreOf(flight) >= 0.25 },
      },
      {
        model: 'delays',
        version: '1',
        prediction_id: `d${index}`,
        timestamp: timeOf(flight),
        inputs: inputsOf(flight),
        outputs: 0.9 * (hourOf(flight) - 6),
      },
    ]);
    const labels = later.flatMap((flight, index) => [
      { prediction_id: `f${index}`, values: { late: flight.delay > 15 } },
      { prediction_id: `d${index}`, values: { delay: flight.delay } },
    ]);
    // Half of the labels come before their predictions.
    const half = Math.floor(labels.length / 2);
    expect((await services.ingest.groundTruth(labels.slice(0, half), null)).accepted).toBe(half);
    expect((await services.ingest.predictions(predictions, null)).accepted).toBe(predictions.length);
    expect((await services.ingest.groundTruth(labels.slice(half), null)).accepted).toBe(labels.length - half);
  });
  afterAll(() => test.close());

  const read = async (model: string, month: string) => {
    const from = Date.parse(`${month.replace('/', '-')}-01T00:00:00Z`);
    const to = Date.UTC(2001, Number(month.slice(5)), 1);
    const filter = {
      metrics: [],
      features: [],
      version: '1',
      deployment: null,
      segment: '',
      from,
      to,
      window: 'range',
    };
    return indexPoints(await test.container.services.metrics.read(model, filter));
  };

  it.each(Object.keys(golden.windows))('drift of every field in %s', async (month) => {
    const expected = golden.windows[month];
    if (expected === undefined) throw new Error('no such window');
    const checked = compareDrift(await read('flights', month), expected.drift, { score: 'outputs.score' });
    expect(checked).toBeGreaterThanOrEqual(5 * 5);
  });

  it.each(Object.keys(golden.windows))('quality in %s', async (month) => {
    const expected = golden.windows[month];
    if (expected === undefined) throw new Error('no such window');
    compareQuality(await read('flights', month), expected.quality);
    const regression = await read('delays', month);
    for (const metric of ['mae', 'mse', 'rmse', 'mean_error', 'mape', 'r2']) {
      const value = regression.get(`|${metric}`)?.value ?? Number.NaN;
      const reference = expected.regression[metric] ?? Number.NaN;
      expect(Math.abs(value - reference), metric).toBeLessThanOrEqual(1e-9 * Math.abs(reference));
    }
  });

  it('counts and edges of the baseline and of each window are exactly the reference', async () => {
    for (const [month, window] of Object.entries(golden.windows)) {
      const from = Date.parse(`${month.replace('/', '-')}-01T00:00:00Z`);
      const to = Date.UTC(2001, Number(month.slice(5)), 1);
      for (const [field, expected] of Object.entries(window.drift)) {
        const feature = field === 'score' ? 'outputs.score' : `inputs.${field}`;
        const distribution = await test.container.services.metrics.distribution('flights', {
          segment: null,
          overTime: false,
          feature,
          from,
          to,
          version: '1',
        });
        expect(distribution.baseline).toEqual(expected.baseline_counts);
        expect(distribution.current).toEqual(expected.counts);
        if (expected.edges !== undefined) expect(distribution.edges).toEqual(expected.edges);
        if (expected.categories !== undefined) expect(distribution.categories).toEqual(expected.categories);
      }
    }
  });
});
