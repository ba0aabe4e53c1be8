// The scales of axes: what they hold, how far apart their lines are, and times on them.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { axisLabel, axisTime, scaleOf } from '../../../web/src/prepare/axis.js';

const METRICS = ['accuracy', 'error_rate', 'rmse', 'psi', 'latency_p95', 'label_lag_p90', 'prediction_count'] as const;

describe('the scale of an axis', () => {
  test('holds every value, in at most six round steps', () => {
    const values = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.constantFrom(...METRICS), values, fc.integer({ min: 0, max: 7 }), (metric, numbers, power) => {
        const isShare = ['accuracy', 'error_rate'].includes(metric);
        const scaled = numbers.map((value) =>
          metric === 'prediction_count' ? Math.round(value * 10 ** power) : isShare ? value : value * 10 ** power,
        );
        const { min, max, interval } = scaleOf(metric, scaled);
        const slack = 1e-6 * Math.max(1e-9, max - min);
        expect(min).toBeLessThanOrEqual(Math.min(...scaled) + slack);
        expect(max).toBeGreaterThanOrEqual(Math.max(...scaled) - slack);
        const steps = (max - min) / interval;
        expect(Math.abs(steps - Math.round(steps))).toBeLessThan(1e-6);
        expect(Math.round(steps)).toBeGreaterThanOrEqual(1);
        expect(Math.round(steps)).toBeLessThanOrEqual(6);
        if (isShare) expect(max).toBeLessThanOrEqual(1);
      }),
    );
  });
  test('steps are those that people count in: hours of a lag, a whole of shares, no half of a count', () => {
    expect(scaleOf('label_lag_p90', [79_920, 72_000])).toEqual({ min: 0, max: 86_400, interval: 21_600 });
    expect(scaleOf('label_coverage', [0, 0.97])).toEqual({ min: 0, max: 1, interval: 0.2 });
    expect(scaleOf('prediction_count', [0, 1, 2])).toEqual({ min: 0, max: 2, interval: 1 });
    expect(scaleOf('accuracy', [0.61, 0.78])).toEqual({ min: 0.6, max: 0.8, interval: 0.05 });
  });
  test('where every value is the same there is still something to see', () => {
    expect(scaleOf('error_rate', [0, 0])).toMatchObject({ min: 0, max: 0.01 });
    expect(scaleOf('psi', [])).toMatchObject({ min: 0 });
    const { min, max } = scaleOf('accuracy', [0.8]);
    expect([min < 0.8, max > 0.8]).toEqual([true, true]);
  });
  test('a limit that is near is in sight, one far away does not flatten the numbers', () => {
    expect(scaleOf('psi', [0.03, 0.06], [0.2]).max).toBeGreaterThanOrEqual(0.2);
    expect(scaleOf('psi', [0.03, 0.06], [5]).max).toBeLessThan(0.2);
  });
  test('labels have the decimals of the step', () => {
    expect(axisLabel('accuracy', 0.6, { interval: 0.05 })).toBe('60 %');
    expect(axisLabel('error_rate', 0.015, { interval: 0.005 })).toBe('1.5 %');
  });
});

describe('times on an axis', () => {
  const [start, end] = [Date.UTC(2001, 2, 16), Date.UTC(2001, 2, 17)];
  test('within days they are hours, midnight is the day', () => {
    const label = (at: number) => axisTime(at, { min: start, max: end }, 'UTC');
    expect([label(start), label(start + 6 * 3_600_000)]).toEqual(['16 Mar', '06:00']);
  });
  test('beyond them they are days, with the year where there are two, and months in years', () => {
    expect(axisTime(start, { min: start - 20 * 86_400_000, max: end }, 'UTC')).toBe('16 Mar');
    expect(axisTime(start, { min: Date.UTC(2000, 11, 1), max: end }, 'UTC')).toBe('16 Mar 2001');
    expect(axisTime(start, { min: Date.UTC(1999, 11, 1), max: end }, 'UTC')).toBe('Mar 2001');
  });
});
