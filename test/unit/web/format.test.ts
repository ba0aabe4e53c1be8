// How the dashboard writes numbers, times and names.
import { describe, expect, test } from 'vitest';
import {
  ago,
  bytes,
  count,
  delta,
  difference,
  estimate,
  interval,
  metricName,
  metricValue,
  number,
  limitValue,
  plusMinus,
  points,
  seconds,
  share,
  shorten,
  time,
  versionName,
} from '../../../web/src/prepare/format.js';

describe('numbers', () => {
  test('what is not known is a dash, never 0', () => {
    expect([count(null), number(null), share(null), bytes(null), seconds(null), metricValue('accuracy', null)]).toEqual(
      Array(6).fill('-'),
    );
    expect([count(0), number(0), share(0)]).toEqual(['0', '0', '0 %']);
    expect(number(Number.NaN)).toBe('-');
  });
  test('a metric has its unit', () => {
    expect(metricValue('accuracy', 0.8469)).toBe('84.7 %');
    expect(metricValue('psi', 0.21634)).toBe('0.216');
    expect(metricValue('latency_p95', 48.2)).toBe('48.2 ms');
    expect(metricValue('latency_p95', 1234)).toBe('1.23 s');
    expect(metricValue('label_lag_p90', 18_720)).toBe('5.2 h');
    expect(metricValue('memory_bytes_max', 183_912_000)).toBe('184 MB');
    expect(metricValue('prediction_count', 13_402)).toBe('13,402');
  });
  test('uncertainty is the farther side of the interval', () => {
    expect(plusMinus('accuracy', 0.847, 0.836, 0.857)).toBe('±1.1');
    expect(plusMinus('psi', 0.2, null, 0.3)).toBe('');
  });
  test('a number is written to the digits that its interval allows', () => {
    expect(estimate('mcc', 0.11021, 0.08251, 0.13791)).toEqual({ value: '0.110', spread: '±0.028' });
    expect(estimate('rmse', 22_896.4, 22_351, 23_441)).toEqual({ value: '22,896', spread: '±545' });
    expect(estimate('accuracy', 0.68, 0.668, 0.692)).toEqual({ value: '68.0 %', spread: '±1.2' });
    expect(estimate('accuracy', 0.68, 0.67998, 0.68002)).toEqual({ value: '68.0 %', spread: '±0.002' });
    expect(estimate('log_loss', 0.5, null, null)).toEqual({ value: '0.5', spread: '' });
  });
  test('a share has its decimal, except none and all; a limit is as it was set', () => {
    expect([share(0), share(0.1), share(1)]).toEqual(['0 %', '10.0 %', '100 %']);
    expect([limitValue('accuracy', 0.6), limitValue('accuracy', 0.625), limitValue('psi', 0.2)]).toEqual([
      '60 %',
      '62.5 %',
      '0.2',
    ]);
  });
  test('a difference has its sign, and none where it rounds to nothing', () => {
    expect([points(0.118), points(-0.0695), points(0.0000848), points(-0.0001), points(null)]).toEqual([
      '+11.8',
      '-7.0',
      '0.0',
      '0.0',
      '-',
    ]);
    expect([difference('accuracy', 0.01), difference('rmse', -3.5), difference('rmse', 0)]).toEqual([
      '+1.0',
      '-3.5',
      '0',
    ]);
  });
  test('a change of a share is in points, of anything else in per cent', () => {
    expect(delta('accuracy', 0.791, 0.81)).toBe('-1.9');
    expect(delta('prediction_count', 103, 100)).toBe('+3 %');
    expect(delta('accuracy', 0.8, 0.8)).toBe('0');
    expect(delta('rmse', 1, 0)).toBe('');
    expect(delta('accuracy', null, 0.8)).toBe('');
  });
});

describe('times', () => {
  test('are written in the zone that is asked for', () => {
    expect(time('2001-03-12T09:00:00.000Z', 'UTC')).toBe('12 Mar 2001, 09:00');
  });
  test('a day is a day, several are both ends, hours are hours', () => {
    expect(interval('2001-03-12T00:00:00Z', '2001-03-13T00:00:00Z', 'UTC')).toBe('12 Mar 2001');
    expect(interval('2001-03-12T00:00:00Z', '2001-03-19T00:00:00Z', 'UTC')).toBe('12 Mar 2001 - 18 Mar 2001');
    expect(interval('2001-03-12T06:00:00Z', '2001-03-12T07:00:00Z', 'UTC')).toBe('12 Mar 2001, 06:00 - 07:00');
  });
  test('how long ago something was', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    expect(ago('2025-12-31T23:59:20Z', now)).toBe('40 s ago');
    expect(ago('2026-01-01T00:05:00Z', now)).toBe('in 5 min');
    expect(ago('2001-01-01T00:00:00Z', now)).toBe('25 y ago');
    expect(ago(null, now)).toBe('never');
  });
});

test('names', () => {
  expect(metricName('roc_auc')).toBe('ROC AUC');
  expect(metricName('latency_p95')).toBe('latency p95');
  expect(metricName('custom.my_cost')).toBe('custom.my_cost');
  expect([versionName('2'), versionName('canary')]).toEqual(['v2', 'canary']);
  expect(shorten('0cb2774a-2438-54c0-88f5-2a00ca11760e')).toBe('0cb2774…11760e');
  expect(shorten('short')).toBe('short');
});
