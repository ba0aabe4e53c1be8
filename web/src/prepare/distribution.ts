// A field in its baseline and now: shares a bin, and which moved most.
import type { Distribution } from '../../../src/domain/contract/metrics.js';
import { axisLabel, scaleOf } from './axis.js';
import { frame, valueAxis, type ChartView } from './chart.js';
import { share } from './format.js';
import type { Palette } from './palette.js';

/** One bin in both, as shares of 0 to 1. `psi`: what it adds to the PSI, null where a side has no rows. */
export interface Bin {
  label: string;
  baseline: number;
  current: number;
  baselineCount: number;
  currentCount: number;
  psi: number | null;
}

/** Every bin, in the order of the field. */
export function binsOf(
  distribution: Pick<Distribution, 'labels' | 'baseline' | 'current' | 'psi_contributions'>,
): Bin[] {
  const sum = (counts: readonly number[]): number => counts.reduce((all, n) => all + n, 0);
  const [before, now] = [sum(distribution.baseline), sum(distribution.current)];
  return distribution.labels.map((label, i) => {
    const [b, c] = [distribution.baseline[i] ?? 0, distribution.current[i] ?? 0];
    const [p, q] = [before === 0 ? 0 : b / before, now === 0 ? 0 : c / now];
    return {
      label,
      baseline: p,
      current: q,
      baselineCount: b,
      currentCount: c,
      psi: distribution.psi_contributions?.[i] ?? null,
    };
  });
}

/** The bins that moved most, whichever way. */
export function movedBins(bins: readonly Bin[], most = 3): Bin[] {
  return [...bins].sort((a, b) => Math.abs(b.current - b.baseline) - Math.abs(a.current - a.baseline)).slice(0, most);
}

/** `> 1,200: 8 % -> 21 %`. */
export function movedPhrase(bin: Bin): string {
  return `${bin.label}: ${share(bin.baseline)} → ${share(bin.current)}`;
}

/** Bars side by side. Bins that neither side has are left out where there are many. */
export function distributionView(distribution: Distribution, palette: Palette, currentName: string): ChartView {
  const bins = binsOf(distribution).filter(
    (bin, _, all) => all.length <= 12 || bin.baselineCount + bin.currentCount > 0,
  );
  const moved = movedBins(bins);
  const scale = scaleOf(
    'missing_share',
    bins.flatMap((bin) => [bin.baseline, bin.current]),
  );
  // Where the names have room, every bin has its own: the last is often the one that moved.
  const few = bins.length <= 12 && bins.every((bin) => bin.label.length <= 16);
  const bar = (name: string, color: string, pick: (bin: Bin) => number, border?: string) => ({
    type: 'bar',
    name,
    data: bins.map(pick),
    itemStyle: { color, ...(border === undefined ? {} : { borderColor: border, borderType: 'dashed' }) },
    barMaxWidth: 28,
    barGap: '8%',
    emphasis: { disabled: true },
  });
  return {
    sentence: `${distribution.feature} in the baseline ${distribution.baseline_name} and in ${currentName}. Most moved: ${moved.map(movedPhrase).join('; ')}.`,
    legend: [
      { name: `baseline ${distribution.baseline_name}`, color: palette.baseline },
      { name: currentName, color: palette.series[0] ?? palette.accent },
    ],
    head: ['bin', 'baseline share', 'current share', 'baseline rows', 'current rows'],
    rows: bins.map((bin) => [bin.label, bin.baseline, bin.current, bin.baselineCount, bin.currentCount]),
    tip: (x) => {
      const bin = bins[x];
      if (bin === undefined) return null;
      return {
        title: `${distribution.feature} ${bin.label}`,
        lines: [
          ['baseline', `${share(bin.baseline)} (${bin.baselineCount.toLocaleString('en-US')})`],
          [currentName, `${share(bin.current)} (${bin.currentCount.toLocaleString('en-US')})`],
        ],
      };
    },
    option: {
      ...frame(palette),
      tooltip: { ...(frame(palette).tooltip as object), axisPointer: { type: 'shadow' } },
      xAxis: {
        type: 'category',
        data: bins.map((bin) => bin.label),
        axisTick: { show: false },
        axisLine: { lineStyle: { color: palette.line } },
        axisLabel: {
          color: palette.muted,
          interval: few ? 0 : 'auto',
          hideOverlap: true,
          margin: 10,
          width: 90,
          overflow: 'truncate',
        },
      },
      yAxis: valueAxis(palette, scale, (value) => axisLabel('missing_share', value, scale)),
      series: [
        bar('baseline', palette.baseline, (bin) => bin.baseline),
        bar('current', palette.series[0] ?? palette.accent, (bin) => bin.current),
      ],
    },
  };
}
