// What the dashboard makes of the API's answers before it draws them: pure, so tested without a browser.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Alert } from '../../../src/domain/contract/alerts.js';
import type { Distribution } from '../../../src/domain/contract/metrics.js';
import type { Grid } from '../../../src/domain/contract/overview.js';
import { alertTabs, inTab, worstFirst } from '../../../web/src/prepare/alerts.js';
import { binsOverTime, newestWindows } from '../../../web/src/prepare/bins-over-time.js';
import { matrixView } from '../../../web/src/prepare/confusion.js';
import { calibrationView, rocView } from '../../../web/src/prepare/curves.js';
import { binsOf, distributionView, movedBins, movedPhrase } from '../../../web/src/prepare/distribution.js';
import { featureRows } from '../../../web/src/prepare/features.js';
import { baselineName, fileType } from '../../../web/src/prepare/files.js';
import { heatLevel, heatView } from '../../../web/src/prepare/grid.js';
import { marksOf } from '../../../web/src/prepare/marks.js';
import { matches, thresholdsOf, type NamedRule } from '../../../web/src/prepare/model.js';
import { paletteOf } from '../../../web/src/prepare/palette.js';
import { fieldText, predictionColumns } from '../../../web/src/prepare/prediction.js';
import { fromInput, rangeOf, toInput } from '../../../web/src/prepare/range.js';
import { emptyRule, toDocument, toForm } from '../../../web/src/prepare/rule.js';
import { seriesView, type Point } from '../../../web/src/prepare/series.js';
import { snippet, SNIPPETS } from '../../../web/src/prepare/snippets.js';
import { sortRows } from '../../../web/src/prepare/sort.js';
import { sparkPath } from '../../../web/src/prepare/spark.js';

const DAY = 86_400_000;
const START = Date.UTC(2001, 2, 1);
const iso = (time: number): string => new Date(time).toISOString();
const palette = paletteOf(false);

const point = (day: number, value: number | null, more: Partial<Point> = {}): Point => ({
  window_start: iso(START + day * DAY),
  window_end: iso(START + (day + 1) * DAY),
  value,
  lower: null,
  upper: null,
  n: 100,
  coverage: null,
  status: value === null ? 'no_data' : 'ok',
  ...more,
});

interface DrawnSeries {
  id: string;
  type: string;
  silent?: boolean;
  data: [number, number | null][];
}
const drawn = (option: Record<string, unknown>): DrawnSeries[] => option.series as DrawnSeries[];

describe('ranges', () => {
  test('the address says a range, a preset, or nothing: then the service chooses', () => {
    const now = Date.UTC(2026, 0, 2, 3, 4, 5);
    expect(rangeOf(new URLSearchParams(''), now)).toEqual({ key: 'newest', from: null, to: null });
    expect(rangeOf(new URLSearchParams('range=24h'), now)).toEqual({
      key: '24h',
      from: '2026-01-01T03:05:00.000Z',
      to: '2026-01-02T03:05:00.000Z',
    });
    expect(rangeOf(new URLSearchParams('from=2001-03-01&to=2001-03-10'), now)).toMatchObject({
      key: 'absolute',
      to: '2001-03-10T00:00:00.000Z',
    });
    for (const bad of ['range=weird', 'from=x&to=y', 'from=2001-03-10&to=2001-03-01', 'from=2001-03-10'])
      expect(rangeOf(new URLSearchParams(bad), now).key).toBe('newest');
  });
  test('a time survives the form', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), fc.boolean(), (time, utc) => {
        const minute = iso(Math.floor(time / 60_000) * 60_000);
        // An hour that the clocks repeat has two times.
        return !utc || fromInput(toInput(minute, utc), utc) === minute;
      }),
    );
  });
});

describe('sorting', () => {
  test('unknown values are last both ways, numbers compare as numbers', () => {
    const rows = [10, null, 9, 100];
    expect(sortRows(rows, (row) => row, false)).toEqual([9, 10, 100, null]);
    expect(sortRows(rows, (row) => row, true)).toEqual([100, 10, 9, null]);
    expect(sortRows(['v10', 'v9'], (row) => row, false)).toEqual(['v9', 'v10']);
  });
  test('no row is lost', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.double({ noNaN: true }))), fc.boolean(), (rows, descending) => {
        expect(sortRows(rows, (row) => row, descending)).toHaveLength(rows.length);
      }),
    );
  });
});

describe('sparklines', () => {
  test('gaps lift the pen, a flat line runs through the middle', () => {
    expect(sparkPath([1, 1, null, 1], 30, 20)).toBe('M0 10L10 10M30 10');
    expect(sparkPath([1, null], 30, 20)).toBe('');
  });
});

describe('a number over time', () => {
  const lines = [
    {
      name: 'v1',
      metric: 'accuracy',
      points: [
        point(0, 0.8, { lower: 0.7, upper: 0.9 }),
        point(1, 0.7, { lower: 0.6, upper: 0.8 }),
        point(3, 0.75, { lower: 0.7, upper: 0.8 }),
      ],
    },
    {
      name: 'v2',
      metric: 'accuracy',
      points: [point(0, 0.9, { lower: 0.8, upper: 0.95 }), point(1, null, { status: 'provisional' })],
    },
  ];
  const view = seriesView({
    metric: 'accuracy',
    lines,
    zone: 'UTC',
    palette,
    levels: [{ value: 0.5, kind: 'critical', text: 'critical < 50 %' }],
    spans: [{ from: iso(START), to: iso(START + DAY), severity: 'critical', text: 'below' }],
    marks: [{ time: iso(START + DAY), text: 'v2 in Production' }],
  });
  test('a missing window is a gap in its line', () => {
    const v1 = drawn(view.option).find((series) => series.id === 'line v1');
    expect(v1?.data.map(([, value]) => value)).toEqual([0.8, 0.7, null, 0.75]);
  });
  test('every window is in the table, and the sentence says newest, lowest, highest and what is held against', () => {
    expect(view.rows).toHaveLength(5);
    expect(view.sentence).toContain('v1: newest 75.0 % (4 Mar), lowest 70.0 % (2 Mar), highest 80.0 % (1 Mar)');
    expect(view.sentence).toContain('critical < 50 %');
    expect(view.sentence).toContain('1 alert in this range');
    expect(view.sentence).toContain('still wait for labels');
  });
  test('windows whose labels are due are hatched, and the legend says so', () => {
    expect(drawn(view.option)[0]).toMatchObject({ type: 'custom', data: [[START + DAY, START + 2 * DAY]] });
    expect(view.legend.map((item) => item.name)).toEqual(['v1', 'v2', 'labels still due', 'alert']);
  });
  test('the tip names value, interval and n of every series there', () => {
    const tip = view.tip(START + DAY / 2);
    expect(tip?.title).toBe('1 Mar 2001');
    expect(tip?.lines).toEqual([
      ['v1', '80.0 % ±10.0'],
      ['n', '100'],
      ['v2', '90.0 % ±10.0'],
      ['n', '100'],
    ]);
    expect(view.tip(START + 1.5 * DAY)?.lines).toContainEqual(['v2', '- (provisional)']);
  });
  test('without numbers it says so', () => {
    expect(seriesView({ metric: 'accuracy', lines: [], zone: 'UTC', palette }).sentence).toBe(
      'accuracy: no numbers in this range.',
    );
  });
});

describe('the heatmap', () => {
  const grid: Grid = {
    model: 'm',
    version: '1',
    metric: 'psi',
    features: 2,
    columns: [0, 1].map((day) => ({ from: iso(START + day * DAY), to: iso(START + (day + 1) * DAY) })),
    rows: [
      {
        feature: 'inputs.a',
        values: [0.05, 0.5],
        limits: [0.2, 0.2],
        last_breach: iso(START + DAY),
        breaches: 1,
        worst: 0.5,
      },
      { feature: 'inputs.b', values: [null, 0.21], limits: [null, 0.3], last_breach: null, breaches: 0, worst: 0.21 },
    ],
  };
  test('a cell deepens with its share of the limit, and is critical only beyond what a rule calls so and beyond noise', () => {
    expect([0, 0.1, 0.13, 0.18, 0.2, 0.31].map((value) => heatLevel(value, 0.2))).toEqual([0, 1, 2, 3, 4, 5]);
    expect([heatLevel(0.41, 0.2), heatLevel(null, 0.2)]).toEqual([6, null]);
    expect([heatLevel(0.21, 0.2, 0.2), heatLevel(0.25, 0.4, 0.2), heatLevel(0.31, 0.2, 0.5)]).toEqual([6, 2, 5]);
  });
  test('every cell says what it is', () => {
    const view = heatView(grid, 'UTC');
    expect(view.rows[0]?.cells[1]?.text).toBe('inputs.a, 2 Mar 2001: PSI 0.5, limit 0.2');
    expect(view.rows[1]?.cells[0]).toEqual({ level: null, text: 'inputs.b, 1 Mar 2001: no value' });
    expect(view.sentence).toContain('1 beyond the limit at some time, the latest inputs.a with 0.5 at most');
  });
  test('fields without numbers follow those with', () => {
    const rows = featureRows(grid, [
      {
        path: 'inputs.zip',
        kind: 'categorical',
        first_seen: iso(START),
        last_seen: iso(START),
        null_share: 0,
        distinct: 900,
        compared: false,
        reason: 'too many values',
        change: null,
        changed_at: null,
        change_detail: null,
      },
    ]);
    expect(rows.map((row) => [row.path, row.state])).toEqual([
      ['inputs.a', 'beyond its limit'],
      ['inputs.b', 'ok'],
      ['inputs.zip', 'not compared'],
    ]);
    expect(rows[2]?.reason).toBe('too many values');
  });
});

describe('distributions', () => {
  const distribution: Distribution = {
    feature: 'inputs.distance',
    kind: 'numeric',
    version: '1',
    baseline_name: 'train',
    edges: [10, 20],
    categories: null,
    labels: ['<= 10', '10 - 20', '> 20', 'missing'],
    baseline: [50, 40, 10, 0],
    current: [10, 20, 30, 0],
    missing: { baseline: 0, current: 0 },
    unseen: null,
    counts: 'rows',
    psi_contributions: [0.5, 0, 0.7, 0],
    windows: [{ window_start: iso(START), window_end: iso(START + DAY), n: 60, counts: [10, 20, 30, 0] }],
  };
  test('the bin that moved most comes first, in words', () => {
    expect(movedBins(binsOf(distribution)).map(movedPhrase).slice(0, 2)).toEqual([
      '> 20: 10.0 % → 50.0 %',
      '<= 10: 50.0 % → 16.7 %',
    ]);
    expect(distributionView(distribution, palette, 'now').tip(2)?.lines[0]).toEqual(['baseline', '10.0 % (10)']);
  });
  test('no rows are no shares, not a division by zero', () => {
    const bins = binsOf({ ...distribution, current: [0, 0, 0, 0], psi_contributions: null });
    expect(bins.map((bin) => bin.current)).toEqual([0, 0, 0, 0]);
    expect(bins.every((bin) => bin.psi === null)).toBe(true);
  });
  test('over time a cell is how far its bin is from the baseline', () => {
    const view = binsOverTime(distribution, 'UTC');
    expect(view.rows.map((row) => row.cells[0]?.level)).toEqual([5, 2, 5]);
  });
  test.each([
    ['15m', 30, { from: iso(START + 30 * DAY - 2000 * 900_000), cut: true }],
    ['15m', 7, { from: iso(START), cut: false }],
    ['1d', 2000, { from: iso(START), cut: false }],
  ])('windows of %s over %d days are asked for as far as the service answers', (window, days, expected) => {
    expect(newestWindows({ from: iso(START), to: iso(START + days * DAY) }, window)).toEqual(expected);
  });
});

describe('quality', () => {
  test('a row of the confusion matrix sums to one', () => {
    const view = matrixView({
      labels: ['no', 'yes'],
      counts: [
        [80, 20],
        [0, 0],
      ],
      n: 100,
      coverage: 0.5,
    });
    expect(view.rows[0]?.cells.map((cell) => cell.share)).toEqual([0.8, 0.2]);
    expect(view.rows[1]?.cells[0]?.share).toBeNull();
    expect(view.sentence).toBe('80 of 100 labelled predictions are right (80.0 %), 50.0 % of predictions.');
  });
  test('curves have a sentence and a tip at each point', () => {
    const calibration = calibrationView(
      {
        bins: [
          { lower: 0, upper: 0.5, n: 10, mean_score: 0.2, observed: 0.4, observed_lower: 0.2, observed_upper: 0.6 },
        ],
        n: 10,
        coverage: 1,
        calibration_error: 0.2,
        status: 'ok',
      },
      palette,
    );
    expect(calibration.sentence).toContain('scores around 20.0 % came true in 40.0 %');
    expect(calibration.tip(0.2)?.lines).toContainEqual(['came true', '40.0 % (20.0 % to 60.0 %)']);
    const roc = rocView(
      {
        points: [
          { threshold: null, fpr: 0, tpr: 0 },
          { threshold: 0.5, fpr: 0.2, tpr: 0.7 },
        ],
        auc: 0.75,
        lower: 0.7,
        upper: 0.8,
        n: 50,
        coverage: 1,
        status: 'ok',
      },
      palette,
    );
    expect(roc.sentence).toContain('area 0.75, 95 % interval 0.7 to 0.8');
    expect(roc.tip(0.2)?.title).toBe('threshold 0.5');
  });
});

describe('alerts and rules', () => {
  const alert = (state: Alert['state'], severity: Alert['severity'], since = 0): Alert => ({
    id: `${state}${severity}${since}`,
    rule: 'r',
    model: 'm',
    version: '1',
    deployment: '',
    feature: '',
    segment: '',
    metric: 'psi',
    state,
    severity,
    value: 1,
    threshold: 0.2,
    since: iso(START + since),
    window_start: iso(START),
    window_end: iso(START + DAY),
    why: '',
    updated_at: iso(START),
  });
  test('worst first: firing before acknowledged, critical before warning, new before old', () => {
    const sorted = worstFirst([
      alert('resolved', 'critical'),
      alert('acknowledged', 'critical'),
      alert('firing', 'warning'),
      alert('firing', 'critical', 1),
      alert('firing', 'critical', 2),
    ]);
    expect(sorted.map((one) => one.id)).toEqual([
      'firingcritical2',
      'firingcritical1',
      'firingwarning0',
      'acknowledgedcritical0',
      'resolvedcritical0',
    ]);
  });
  test('what never became an alert is not in its history', () => {
    expect(inTab(alert('resolved', null), 'history')).toBe(false);
    const tabs = alertTabs([alert('resolved', 'warning'), alert('firing', 'critical'), alert('error', 'warning')]);
    expect(Object.fromEntries(tabs.map(({ name, n }) => [name, n]))).toEqual({
      Open: 2,
      Firing: 1,
      'Not evaluated': 1,
      Acknowledged: 0,
      Silenced: 0,
      History: 3,
    });
  });
  test('a stored rule goes through the form unchanged', () => {
    const rule: NamedRule = {
      name: 'r',
      model: 'm',
      version: '*',
      deployment: 'eu',
      metric: 'accuracy',
      feature: '',
      segment: '',
      op: 'outside',
      warning: [0.4, 0.9],
      critical: null,
      for: 2,
      of: 3,
      recover_after: 1,
      recover_threshold: null,
      min_samples: null,
      min_coverage: 0.5,
      relative_to: '7d',
      no_data: 'alert',
      repeat_every: null,
      channels: ['ops'],
      enabled: false,
      on_error: 'keep',
      correction: null,
    };
    const { name: _, ...document } = rule;
    expect(toDocument(toForm(rule), rule)).toEqual(document);
  });
  test('what is no number reaches the service, which says so', () => {
    expect(toDocument({ ...emptyRule('m'), warning: 'much', critical: '' })).toMatchObject({
      warning: 'much',
      critical: null,
    });
  });
  test('thresholds are those of rules that watch the number', () => {
    const rule = {
      ...emptyRule('m'),
      warning: 0.1,
      critical: 0.2,
      feature: 'inputs.*',
      relative_to: null,
      enabled: true,
    } as unknown as NamedRule;
    expect(
      thresholdsOf([rule], { model: 'm', metric: 'psi', feature: 'inputs.a' }).map((level) => level.value),
    ).toEqual([0.1, 0.2]);
    expect(thresholdsOf([rule], { model: 'other', metric: 'psi' })).toEqual([]);
    expect(thresholdsOf([rule], { model: 'm', metric: 'psi', feature: 'outputs.a' })).toEqual([]);
  });
  test('a star is the only thing that a pattern knows', () => {
    expect([
      matches('in*.a', 'inputs.a'),
      matches('inputs.a', 'inputsXa'),
      matches('*', ''),
      matches('a(b', 'a(b'),
    ]).toEqual([true, false, true, true]);
  });
  test('marks leave out what was there before, and what cannot be read any more', () => {
    const events = [
      { time: iso(START + 1000), kind: 'version' as const, version: '1', text: 'first predictions of 1', by: '' },
      {
        time: iso(START + 3 * DAY),
        kind: 'stage' as const,
        version: '2',
        text: 'version 2 moved to Production',
        by: 'ann',
      },
    ];
    expect(marksOf(events, iso(START)).map((mark) => mark.text)).toEqual(['version 2 mo… Production']);
  });
});

describe('small things', () => {
  test('columns of predictions: inputs and outputs, a bare output is its value', () => {
    const row = { inputs: { a: 1, b: 'x' }, outputs: 0.5 };
    expect(predictionColumns([row])).toEqual(['inputs.a', 'inputs.b', 'outputs.value']);
    expect([fieldText(row, 'outputs.value'), fieldText(row, 'inputs.b'), fieldText(row, 'inputs.c')]).toEqual([
      '0.5',
      'x',
      null,
    ]);
  });
  test('files are known by their ending', () => {
    expect([fileType('a.CSV'), fileType('a.parquet'), fileType('a.exe')]).toEqual([
      'text/csv',
      'application/vnd.apache.parquet',
      null,
    ]);
    expect(baselineName('Train data (2).csv')).toBe('Train-data-2');
  });
  test('every snippet names the address, and the key only where one is needed', () => {
    for (const { key } of SNIPPETS) {
      expect(snippet(key, 'http://m:1', false)).toContain('http://m:1/v1/predictions');
      expect(snippet(key, 'http://m:1', false)).not.toContain('DRIFTLINE_KEY');
      expect(snippet(key, 'http://m:1', true)).toContain('DRIFTLINE_KEY');
    }
  });
});
