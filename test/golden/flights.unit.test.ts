// The 20,000 flights of vega-datasets: every reference number, from raw rows through the domain functions.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type Expected,
  expectBinaryQuality,
  expectCategoricalField,
  expectNumericField,
  expectRegression,
} from '../support/golden-checks.js';

interface Flight {
  date: string;
  delay: number;
  distance: number;
  origin: string;
  destination: string;
}

interface ExpectedWindow {
  n: number;
  drift: Record<string, Expected>;
  quality: Expected;
  regression: Expected;
}

const root = new URL('../../', import.meta.url);
const readJson = (path: string) => JSON.parse(readFileSync(new URL(path, root), 'utf8')) as unknown;
const file = readJson('test/golden/flights_expected.json') as { rows: number; windows: Record<string, ExpectedWindow> };
const flights = (readJson('node_modules/vega-datasets/data/flights-20k.json') as Flight[]).map((flight) => {
  const hour = Number(flight.date.slice(11, 13));
  const score = 1 / (1 + Math.exp(-(-2.2 + 0.0917 * (hour - 6) + 0.000311 * flight.distance)));
  return { ...flight, month: flight.date.slice(0, 7), hour, score, expectedDelay: 0.9 * (hour - 6) };
});
const baseline = flights.filter(({ month }) => month === '2001/01');

describe('flights: every number of the reference file', () => {
  it('is about the rows that were read', () => {
    expect(flights.length).toBe(file.rows);
    expect(Object.keys(file.windows)).toEqual(['2001/02', '2001/03']);
  });

  describe.each(Object.entries(file.windows))('%s', (month, expected) => {
    const window = flights.filter((flight) => flight.month === month);

    it('has the rows of the file', () => expect(window.length).toBe(expected.n));

    it('drift agrees for every field', () => {
      const { hour, distance, score, origin, destination, ...rest } = expected.drift;
      expect(rest).toEqual({});
      for (const [name, want] of Object.entries({ hour, distance, score })) {
        const of = (rows: typeof flights) => rows.map((row) => row[name as 'hour']);
        expectNumericField(of(baseline), of(window), want ?? {}, name);
      }
      for (const [name, want] of Object.entries({ origin, destination })) {
        const of = (rows: typeof flights) => rows.map((row) => row[name as 'origin']);
        expectCategoricalField(of(baseline), of(window), want ?? {}, name);
      }
    });

    it('the quality of the classifier agrees', () => {
      const rows = window.map(({ delay, score }) => ({ truth: delay > 15, predicted: score >= 0.25, score }));
      expectBinaryQuality(rows, expected.quality, 'quality');
    });

    it('the quality of the regression agrees', () => {
      const rows = window.map(({ delay, expectedDelay }) => ({ truth: delay, predicted: expectedDelay }));
      expectRegression(rows, expected.regression, 'regression');
    });
  });
});
