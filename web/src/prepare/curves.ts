// Calibration and ROC: curves over the unit square, each with the diagonal it is held against.
import type { Calibration, Roc } from '../../../src/domain/contract/metrics.js';
import { frame, valueAxis, type ChartView } from './chart.js';
import { number, share } from './format.js';
import type { Palette } from './palette.js';

function square(palette: Palette, x: string, y: string): Record<string, unknown> {
  const axis = (name: string) => ({
    ...valueAxis(palette, { min: 0, max: 1, interval: 0.25 }, (value) => share(value, 0)),
    name,
    nameLocation: 'middle',
    nameTextStyle: { color: palette.muted },
  });
  return {
    ...frame(palette),
    grid: { left: 8, right: 16, top: 12, bottom: 8, outerBoundsMode: 'same', outerBoundsContain: 'all' },
    xAxis: { ...axis(x), nameGap: 24 },
    yAxis: { ...axis(y), nameGap: 40 },
  };
}

function diagonal(palette: Palette): Record<string, unknown> {
  return {
    type: 'line',
    data: [
      [0, 0],
      [1, 1],
    ],
    symbol: 'none',
    silent: true,
    tooltip: { show: false },
    lineStyle: { color: palette.baseline, width: 1, type: 'dashed' },
    emphasis: { disabled: true },
  };
}

/** How often scores come true: on the diagonal where they mean what they say. */
export function calibrationView(data: Calibration, palette: Palette): ChartView {
  const color = palette.series[0] ?? palette.accent;
  const bins = [...data.bins].filter((bin) => bin.n > 0).sort((a, b) => a.mean_score - b.mean_score);
  const bounds = {
    type: 'line',
    symbol: 'none',
    silent: true,
    lineStyle: { opacity: 0 },
    stack: 'interval',
    stackStrategy: 'all',
  };
  const off = bins.reduce(
    (worst, bin) =>
      Math.abs(bin.observed - bin.mean_score) > Math.abs(worst.observed - worst.mean_score) ? bin : worst,
    bins[0] ?? { mean_score: 0, observed: 0 },
  );
  return {
    sentence: `Calibration of ${data.n.toLocaleString('en-US')} labelled predictions in ${bins.length} bins, error ${number(data.calibration_error)}. Farthest off: scores around ${share(off.mean_score)} came true in ${share(off.observed)}.`,
    legend: [
      { name: 'observed, 95 % interval', color },
      { name: 'perfect', color: palette.baseline, dashed: true },
    ],
    head: ['score from', 'score to', 'mean score', 'observed', 'lower', 'upper', 'n'],
    rows: bins.map((bin) => [
      bin.lower,
      bin.upper,
      bin.mean_score,
      bin.observed,
      bin.observed_lower,
      bin.observed_upper,
      bin.n,
    ]),
    tip: (x) => {
      const bin = bins.find((one) => one.mean_score === x);
      if (bin === undefined) return null;
      return {
        title: `scores ${number(bin.lower)} to ${number(bin.upper)}`,
        lines: [
          ['mean score', share(bin.mean_score)],
          ['came true', `${share(bin.observed)} (${share(bin.observed_lower)} to ${share(bin.observed_upper)})`],
          ['n', bin.n.toLocaleString('en-US')],
        ],
      };
    },
    option: {
      ...square(palette, 'score', 'came true'),
      series: [
        diagonal(palette),
        { ...bounds, data: bins.map((bin) => [bin.mean_score, bin.observed_lower]) },
        {
          ...bounds,
          areaStyle: { color, opacity: 0.14 },
          data: bins.map((bin) => [bin.mean_score, (bin.observed_upper ?? 0) - (bin.observed_lower ?? 0)]),
        },
        {
          type: 'line',
          data: bins.map((bin) => [bin.mean_score, bin.observed]),
          symbol: 'circle',
          symbolSize: 6,
          lineStyle: { color, width: 1.75 },
          itemStyle: { color },
          emphasis: { disabled: true },
        },
      ],
    },
  };
}

/** True against false positives as the threshold falls. */
export function rocView(data: Roc, palette: Palette): ChartView {
  const color = palette.series[0] ?? palette.accent;
  const interval =
    data.lower === null || data.upper === null ? '' : `, 95 % interval ${number(data.lower)} to ${number(data.upper)}`;
  return {
    sentence: `ROC curve of ${data.n.toLocaleString('en-US')} labelled predictions: area ${number(data.auc)}${interval}; 0.5 would be chance.`,
    legend: [
      { name: 'ROC', color },
      { name: 'chance', color: palette.baseline, dashed: true },
    ],
    head: ['threshold', 'false positive rate', 'true positive rate'],
    rows: data.points.map((point) => [point.threshold, point.fpr, point.tpr]),
    tip: (x) => {
      const point = data.points.find((one) => one.fpr === x);
      if (point === undefined) return null;
      return {
        title: point.threshold === null ? 'no threshold' : `threshold ${number(point.threshold)}`,
        lines: [
          ['false positives', share(point.fpr)],
          ['true positives', share(point.tpr)],
        ],
      };
    },
    option: {
      ...square(palette, 'false positive rate', 'true positive rate'),
      series: [
        diagonal(palette),
        {
          type: 'line',
          data: data.points.map((point) => [point.fpr, point.tpr]),
          symbol: 'none',
          lineStyle: { color, width: 1.75 },
          areaStyle: { color, opacity: 0.08 },
          emphasis: { disabled: true },
        },
      ],
    },
  };
}
