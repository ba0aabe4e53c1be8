// The series that a rule would watch: the few that are farthest out, and its thresholds.
import type { MetricPointJson } from '../../../src/domain/contract/metrics.js';
import { limitValue, versionName } from './format.js';
import type { RuleForm } from './rule.js';
import type { Level, Line } from './series.js';

/** More lines than colours cannot be told apart. */
const MOST = 6;

/** One line a series; of many those with the largest values. */
export function previewLines(points: readonly MetricPointJson[], metric: string): { shown: Line[]; total: number } {
  const groups = new Map<string, MetricPointJson[]>();
  for (const point of points) {
    const name = [point.feature, point.segment, versionName(point.version), point.deployment]
      .filter((part) => part !== '')
      .join(' · ');
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [point]);
    else group.push(point);
  }
  const largest = (group: readonly MetricPointJson[]): number =>
    Math.max(...group.map((point) => point.value ?? -Infinity));
  const sorted = [...groups].sort((a, b) => largest(b[1]) - largest(a[1]));
  return {
    shown: sorted.slice(0, MOST).map(([name, group]) => ({ name, metric, points: group, band: false })),
    total: groups.size,
  };
}

/** The thresholds that are written, where they are numbers on the chart's axis. */
export function previewLevels(form: Pick<RuleForm, 'warning' | 'critical' | 'op' | 'relative_to' | 'metric'>): Level[] {
  if (form.relative_to.trim() !== '') return [];
  return (['warning', 'critical'] as const).flatMap((kind) =>
    form[kind]
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '' && !Number.isNaN(Number(part)))
      .map((part) => ({
        value: Number(part),
        kind,
        text: `${kind} ${form.op} ${limitValue(form.metric, Number(part))}`,
      })),
  );
}
