// What the model page shows beside the numbers of the API: which series belong together, thresholds, alerts as spans.
import type { Alert } from '../../../src/domain/contract/alerts.js';
import type { MetricPointJson } from '../../../src/domain/contract/metrics.js';
import type { AlertRule } from '../../../src/domain/alerts/rule.js';
import { limitValue, metricName, versionName } from './format.js';
import type { Level, Line, Span } from './series.js';

/** A rule as the API lists it. */
export type NamedRule = AlertRule & { name: string };

/** Metrics that a page offers for a kind of model, the usual one first. */
export const QUALITY_BY_TASK: Record<string, readonly string[]> = {
  binary: [
    'accuracy',
    'precision',
    'recall',
    'specificity',
    'f1',
    'mcc',
    'roc_auc',
    'average_precision',
    'log_loss',
    'brier',
    'calibration_error',
  ],
  multiclass: ['accuracy', 'f1_macro', 'precision_macro', 'recall_macro', 'roc_auc_ovr_macro', 'mcc', 'log_loss'],
  regression: ['rmse', 'mae', 'mape', 'r2', 'mean_error', 'mse'],
  none: [],
};

/** Metrics of a kind of model whose windows can be put together. The mean of the windows' calibration errors is not the range's: the fewer rows, the larger it is. */
export function summarised(task: string): readonly string[] {
  return (QUALITY_BY_TASK[task] ?? []).filter((metric) => metric !== 'calibration_error');
}

/** The same of every kind. */
export const ALL_SUMMARISED: readonly string[] = [...new Set(Object.keys(QUALITY_BY_TASK).flatMap(summarised))];

/** More lines than colours cannot be told apart. */
const MOST_LINES = 6;

/** One line a version (and deployment, where a model has several), in the order of versions. */
export function linesByVersion(
  points: readonly MetricPointJson[],
  metric: string,
  versions: readonly string[],
): Line[] {
  const groups = new Map<string, MetricPointJson[]>();
  const deployments = new Set(points.map((point) => point.deployment));
  for (const point of points) {
    if (point.metric !== metric) continue;
    const name = `${versionName(point.version)}${deployments.size > 1 ? ` ${point.deployment === '' ? '(no deployment)' : point.deployment}` : ''}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [point]);
    else group.push(point);
  }
  const place = (points: readonly MetricPointJson[]): number => versions.indexOf(points[0]?.version ?? '');
  return [...groups]
    .sort((a, b) => place(a[1]) - place(b[1]))
    .map(([name, group]) => ({ name, metric, points: group, band: metric !== 'psi' }));
}

/** The lines that fit on one chart: the version that is looked at, then the newest; and how many are left out. */
export function newestLines(lines: readonly Line[], looked: string | null): { shown: Line[]; left: number } {
  const name = versionName(looked ?? '');
  // With a deployment after it, where a model has several.
  const mine = (line: Line): boolean => looked !== null && (line.name === name || line.name.startsWith(`${name} `));
  const first = [...lines].sort((a, b) => Number(mine(b)) - Number(mine(a))).slice(0, MOST_LINES);
  return { shown: lines.filter((line) => first.includes(line)), left: lines.length - first.length };
}

/** One line a metric. */
export function linesByMetric(points: readonly MetricPointJson[], metrics: readonly string[]): Line[] {
  return metrics.map((metric) => ({
    name: metricName(metric),
    metric,
    points: points.filter((point) => point.metric === metric),
  }));
}

/** Thresholds of the rules that watch a metric of the model; relative ones have no place on its axis. */
export function thresholdsOf(
  rules: readonly NamedRule[],
  watched: { model: string; metric: string; feature?: string },
): Level[] {
  return rules
    .filter((rule) => rule.enabled && rule.metric === watched.metric && rule.relative_to === null)
    .filter(
      (rule) =>
        matches(rule.model, watched.model) && (watched.feature === undefined || matches(rule.feature, watched.feature)),
    )
    .flatMap((rule) =>
      (['warning', 'critical'] as const).flatMap((kind) =>
        [rule[kind]].flat().flatMap((value): Level[] =>
          value === null
            ? []
            : [
                {
                  value,
                  kind,
                  text: `${kind} ${rule.op === 'outside' ? '' : `${rule.op} `}${limitValue(rule.metric, value)}`,
                },
              ],
        ),
      ),
    );
}

/** The PSI that a rule calls critical for a field: the lowest of several. */
export function criticalOf(rules: readonly NamedRule[], model: string, feature: string): number | null {
  const levels = thresholdsOf(rules, { model, metric: 'psi', feature }).filter((level) => level.kind === 'critical');
  return levels.length === 0 ? null : Math.min(...levels.map((level) => level.value));
}

/** Whether a name fits a pattern with `*`. */
export function matches(pattern: string, name: string): boolean {
  const source = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${source.join('.*')}$`, 's').test(name);
}

/** Alerts as shaded spans. One that is open reaches to the end of its newest window. */
export function spansOf(
  alerts: readonly Alert[],
  wanted: { metric: string; feature?: string; version?: string | null },
): Span[] {
  return alerts
    .filter((alert) => alert.severity !== null && alert.state !== 'pending' && alert.metric === wanted.metric)
    .filter((alert) => wanted.feature === undefined || alert.feature === wanted.feature)
    .filter((alert) => wanted.version === undefined || wanted.version === null || alert.version === wanted.version)
    .map((alert) => ({
      from: alert.since,
      to: alert.state === 'resolved' ? alert.window_start : alert.window_end,
      severity: alert.severity,
      text: alert.why,
    }));
}
