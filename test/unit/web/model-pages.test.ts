// What the pages of a model make of answers: references, baselines, replicas, numbers of a range, runs; and rules through the editor.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alertRuleSchema } from '../../../src/domain/alerts/rule.js';
import type { JobInfo, JobRun, MetricPointJson, RangeNumber } from '../../../src/domain/contract/metrics.js';
import type { BaselineHeadJson, OverviewModel } from '../../../src/domain/contract/overview.js';
import type { Replicas } from '../../../src/domain/contract/replicas.js';
import { behindSeconds, behindText, newestRun } from '../../../web/src/prepare/jobs.js';
import { newestLines } from '../../../web/src/prepare/model.js';
import { comparisonRows, numberRows, withCounted } from '../../../web/src/prepare/range-numbers.js';
import { baselineFacts, referenceLine, referencePhrase, switchable } from '../../../web/src/prepare/reference.js';
import {
  failedShare,
  replicaLines,
  replicaName,
  replicaRange,
  withoutLine,
} from '../../../web/src/prepare/replicas.js';
import { toDocument, toForm } from '../../../web/src/prepare/rule.js';

type Quality = NonNullable<OverviewModel['quality']>;
const quality = (more: Partial<Quality>): Quality => ({
  metric: 'accuracy',
  value: 0.8,
  lower: 0.78,
  upper: 0.82,
  n: 1000,
  previous: null,
  series: [],
  reference: 0.9,
  reference_kind: 'baseline',
  reference_name: 'train',
  reference_time: null,
  reference_lower: 0.88,
  reference_upper: 0.92,
  reference_n: 1400,
  ...more,
});

describe('what quality is held against', () => {
  test('is said with its uncertainty and where it comes from', () => {
    expect(referencePhrase(quality({}), '2', 'UTC')).toBe('against 90.0 % ±2.0 in the baseline train (n = 1,400)');
    expect(referenceLine(quality({}), '2')).toBe('baseline train 90.0 %');
    const first = quality({
      reference_kind: 'first_window',
      reference_name: null,
      reference_time: '2001-02-15T00:00:00.000Z',
      reference_lower: null,
      reference_upper: null,
      reference_n: null,
    });
    expect(referencePhrase(first, '2', 'UTC')).toMatch(
      /^against 90\.0 % in the first window of v2, 15 Feb: the baseline/,
    );
    expect(referenceLine(first, '2')).toBe('first window of v2 90.0 %');
    const stated = quality({ reference_kind: 'stated', reference_lower: null, reference_upper: null });
    expect(referencePhrase(stated, '2', 'UTC')).toBe('against 90 %, stated in the configuration');
    expect(referencePhrase(quality({ reference: null, reference_kind: null }), '2', 'UTC')).toBe('');
  });
});

describe('baselines to switch to', () => {
  const head = (name: string, version: string | null, source = 'upload'): BaselineHeadJson => ({
    name,
    version,
    source,
    rows: 1200,
    created_at: '2001-01-01T00:00:00.000Z',
  });
  const any = head('any', null);
  const [own, other, foreign] = [head('own', '2'), head('older', '2'), head('own', '1')];
  test('are those of the version where one of its own is in force: no other would take effect', () => {
    const baselines = [own, other, any, foreign];
    expect(switchable({ version: '2', baseline: own, baselines })).toEqual([own, other]);
  });
  test('are also those of every version where none of its own is', () => {
    const frozen = head('first', '2', 'first_window');
    expect(switchable({ version: '2', baseline: any, baselines: [any, foreign] })).toEqual([any]);
    expect(switchable({ version: '2', baseline: frozen, baselines: [any, frozen, foreign] })).toEqual([any, frozen]);
  });
  test('are told by source, rows and version', () => {
    expect(baselineFacts(own)).toBe('uploaded, 1,200 rows, for v2');
    expect(baselineFacts(head('x', null, 'first_window'))).toMatch(/^its own first window.*for every version$/);
  });
});

describe('replicas', () => {
  const row = (replica: string, requests: number, version = '1') =>
    ({ replica, version, deployment: '', requests, failed_requests: requests / 4 }) as Replicas['replicas'][number];
  const data = (rows: Replicas['replicas']): Replicas =>
    ({
      model: 'm',
      step_ms: 60_000,
      times: ['2001-01-01T00:00:00.000Z', '2001-01-01T00:01:00.000Z'],
      replicas: rows,
      metrics: [
        { metric: 'requests', by_replica: rows.map((one) => [one.requests, 0]) },
        { metric: 'cpu_cores', by_replica: rows.map(() => [0.5, null]) },
      ],
    }) as unknown as Replicas;
  test('have a line each, those with the most requests; what was not measured is a gap', () => {
    const seven = data(Array.from({ length: 7 }, (_, i) => row(`pod-${i}`, 10 * i)));
    const lines = replicaLines(seven, 'cpu_cores');
    expect(lines.map((line) => line.name)).toEqual(['pod-6', 'pod-5', 'pod-4', 'pod-3', 'pod-2', 'pod-1']);
    expect(withoutLine(seven)).toBe(1);
    expect(lines[0]?.points).toMatchObject([
      { value: 0.5, n: 60, window_end: '2001-01-01T00:01:00.000Z', status: 'ok' },
      { value: null, n: 0, status: 'no_data' },
    ]);
  });
  test('are named with their version only where there are several', () => {
    const [one, two] = [row('pod', 1), row('pod', 1, '2')];
    expect(replicaName(one, data([one]))).toBe('pod');
    expect(replicaName(two, data([one, two]))).toBe('pod · v2');
    expect(replicaName(row('', 1), data([one]))).toBe('(not named)');
    expect([failedShare(row('a', 8)), failedShare(row('a', 0))]).toEqual([0.25, null]);
  });
  test('are asked for over the range of the address, else over the last day of data', () => {
    const [from, to] = ['2001-01-01T00:00:00.000Z', '2001-01-31T00:00:00.000Z'];
    expect(replicaRange(true, from, to)).toEqual({ from, to });
    expect(replicaRange(false, from, to)).toEqual({ from: '2001-01-30T00:00:00.000Z', to });
    expect(replicaRange(false, '2001-01-30T12:00:00.000Z', to).from).toBe('2001-01-30T12:00:00.000Z');
  });
});

describe('numbers of a range', () => {
  const number = (metric: string, version: string, value: number | null): RangeNumber => ({
    metric,
    version,
    value,
    lower: null,
    upper: null,
    n: 10,
    windows: 1,
    previous: null,
  });
  test('are rows of metrics with the version that is looked at first; what has no value has no row', () => {
    const { rows, versions } = numberRows(
      [number('accuracy', '1', 0.7), number('accuracy', '2', 0.8), number('f1', '1', 0.5), number('mcc', '1', null)],
      '1',
    );
    expect(versions).toEqual(['1', '2']);
    expect(rows.map((row) => row.metric)).toEqual(['accuracy', 'f1']);
    expect(rows[1]?.by['2']).toBeUndefined();
  });
  test('are those that were counted where the mean of windows is another', () => {
    const numbers = [
      { ...number('accuracy', '1', 0.7), previous: 0.6 },
      { ...number('f1', '1', 0.298), previous: 0.2 },
    ];
    const point = { version: '1', lower: 0.28, upper: 0.33, n: 50 };
    const counted = [
      { ...point, metric: 'accuracy', value: 0.7 },
      { ...point, metric: 'f1', value: 0.305 },
    ] as unknown as MetricPointJson[];
    const [accuracy, f1] = withCounted(numbers, counted);
    expect(accuracy).toEqual(numbers[0]);
    // Of the range before there is only the mean: it is not comparable.
    expect(f1).toMatchObject({ value: 0.305, lower: 0.28, n: 50, previous: null });
  });
  test('stand beside what training reported, that first', () => {
    const rows = comparisonRows({ f1: 0.6, auc_of_mine: 0.9 }, [number('accuracy', '1', 0.7), number('f1', '1', 0.5)]);
    expect(rows.map(({ metric, training, measured }) => [metric, training, measured?.value ?? null])).toEqual([
      ['auc_of_mine', 0.9, null],
      ['f1', 0.6, 0.5],
      ['accuracy', null, 0.7],
    ]);
  });
});

describe('the last job run', () => {
  test('is the newest of any job, with those that failed last', () => {
    const job = (name: string, started_at: string | null, status = 'ok'): JobInfo =>
      ({ job: name, last_run: started_at === null ? null : ({ job: name, started_at, status } as JobRun) }) as JobInfo;
    const found = newestRun([job('drift', '2001-01-02', 'failed'), job('quality', '2001-01-03'), job('alerts', null)]);
    expect(found?.run.job).toBe('quality');
    expect(found?.failed.map((run) => run.job)).toEqual(['drift']);
    expect(newestRun([job('drift', null)])).toBeNull();
  });
});

describe('the lag of a model', () => {
  test('is how far its newest prediction is after its last computation', () => {
    const at = (hour: number) => new Date(Date.UTC(2001, 0, 1, hour)).toISOString();
    expect(behindSeconds({ last_seen: at(3), computed_at: at(1) })).toBe(7200);
    expect(behindText(7200)).toBe('2 h');
    expect(behindText(behindSeconds({ last_seen: at(1), computed_at: at(3) }))).toBe('not at all');
    expect(behindText(behindSeconds({ last_seen: at(1), computed_at: null }))).toBe('-');
  });
});

describe('the rule editor', () => {
  const level = fc.integer({ min: -1000, max: 1000 }).map((n) => n / 100);
  const policy = fc.constantFrom('ok' as const, 'keep' as const, 'alert' as const);
  const name = fc.constantFrom('*', 'a', 'inputs.*', '');
  const written = fc
    .record({
      model: fc.constantFrom('m', 'm*', '*'),
      version: fc.constantFrom('*', '2', '@Production'),
      deployment: name,
      metric: fc.constantFrom('psi', 'accuracy', 'ks_p_value', 'custom.cost'),
      feature: name,
      segment: fc.constantFrom('', '*', 'tags.region=EU'),
      op: fc.constantFrom('>', '>=', '<', '<=', 'outside'),
      warning: fc.option(fc.oneof(level, fc.tuple(level, level))),
      critical: fc.option(fc.oneof(level, fc.tuple(level, level))),
      recover_threshold: fc.option(fc.oneof(level, fc.tuple(level, level))),
      for: fc.integer({ min: 1, max: 5 }),
      of: fc.integer({ min: 1, max: 9 }),
      recover_after: fc.integer({ min: 1, max: 5 }),
      min_samples: fc.option(fc.nat()),
      min_coverage: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
      relative_to: fc.constantFrom(null, 'baseline', '7d'),
      no_data: policy,
      on_error: policy,
      correction: fc.constantFrom(null, 'bh' as const),
      repeat_every: fc.constantFrom(null, '6h', '24h'),
      channels: fc.subarray(['ops', 'mail']),
      enabled: fc.boolean(),
    })
    .map((rule) => alertRuleSchema.safeParse(rule))
    .filter((parsed) => parsed.success)
    .map((parsed) => parsed.data);

  test('gives back every rule as it was, whatever its fields are', () => {
    fc.assert(
      fc.property(written, (rule) => {
        const form = toForm({ ...rule, name: 'r' });
        // From the form alone: nothing is carried along behind it.
        expect(alertRuleSchema.parse(toDocument(form))).toEqual(rule);
      }),
      { numRuns: 300 },
    );
  });

  test('has a control for every field of the schema', () => {
    const fields = Object.keys(alertRuleSchema.parse({ model: 'm', metric: 'psi', warning: 1 })).sort();
    const rule = alertRuleSchema.parse({ model: 'm', metric: 'psi', warning: 1 });
    expect(Object.keys(toForm({ ...rule, name: 'r' })).sort()).toEqual([...fields, 'name'].sort());
  });
});

describe('a chart of many versions', () => {
  const line = (name: string) => ({ name, metric: 'accuracy', points: [] });
  const lines = Array.from({ length: 60 }, (_, i) => line(`v${60 - i}`));
  test('has the newest, the one that is looked at always, and says how many it has not', () => {
    const { shown, left } = newestLines(lines, '3');
    expect(shown.map((one) => one.name)).toEqual(['v60', 'v59', 'v58', 'v57', 'v56', 'v3']);
    expect(left).toBe(54);
    expect(newestLines(lines.slice(0, 2), null)).toEqual({ shown: lines.slice(0, 2), left: 0 });
  });
});
