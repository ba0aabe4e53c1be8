// What the demo prints at the end: the numbers the service computed as a table, the mails, the alerts.
import Table from 'cli-table3';
import type { Client } from './client.js';
import type { Month } from './ledger.js';
import type { Mail } from './mail-sink.js';
import type { Version } from './models.js';
import { MODEL_PATH } from './setup.js';

/** One computed number, as far as the demo reads it. */
export interface Point {
  feature: string;
  metric: string;
  value: number | null;
  lower: number | null;
  upper: number | null;
  n: number;
  coverage: number | null;
  status: string;
}

/** One alert, or one step in the history of one. Times in ISO 8601. */
export interface Alert {
  id: string;
  rule: string;
  version: string;
  feature: string;
  state: string;
  severity: string | null;
  value: number | null;
  threshold: number | null;
  since: string;
  window_start: string;
  window_end: string;
  why: string;
}

/** The numbers of one version over one range. */
export interface Summary {
  version: Version;
  month: string;
  points: Point[];
}

const METRICS = [
  'prediction_count',
  'label_coverage',
  'accuracy',
  'roc_auc',
  'psi',
  'psi_noise_99',
  'ks_statistic',
] as const;
const FEATURES_SHOWN = 3;
const NOTHING = '-';

/** Read the numbers of one version over exactly [from, to). @throws CallError */
export async function readSummary(client: Client, version: Version, range: Month): Promise<Summary> {
  const query = new URLSearchParams([
    ['window', 'range'],
    ['version', version],
    ['from', new Date(range.from).toISOString()],
    ['to', new Date(range.to).toISOString()],
    ...METRICS.map((metric): [string, string] => ['metric', metric]),
  ]);
  const points = await client.get<Point[]>(`${MODEL_PATH}/metrics?${query.toString()}`);
  return { version, month: range.name, points };
}

/** The point of a metric (of the whole window, or of one feature), or undefined. */
export function pointOf({ points }: Summary, metric: (typeof METRICS)[number], feature = ''): Point | undefined {
  return points.find((point) => point.metric === metric && point.feature === feature);
}

/** The features of a summary, most drifted first, with what was measured. */
export function mostDrifted(
  summary: Summary,
): { feature: string; psi: number; noise: number | null; ks: number | null }[] {
  return summary.points
    .flatMap(({ metric, feature, value }) => (metric === 'psi' && value !== null ? [{ feature, psi: value }] : []))
    .sort((a, b) => b.psi - a.psi || a.feature.localeCompare(b.feature))
    .map(({ feature, psi }) => ({
      feature,
      psi,
      noise: pointOf(summary, 'psi_noise_99', feature)?.value ?? null,
      ks: pointOf(summary, 'ks_statistic', feature)?.value ?? null,
    }));
}

/** The table: a row per version and month. */
export function renderTable(summaries: readonly Summary[]): string {
  const table = new Table({
    head: [
      'version',
      'month',
      'predictions',
      'labels in',
      'accuracy (95 %)',
      'AUC (95 %)',
      'most drifted',
      'PSI',
      'noise',
      'KS',
    ],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'left', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const summary of summaries) {
    const drifted = mostDrifted(summary).slice(0, FEATURES_SHOWN);
    const column = (text: (entry: (typeof drifted)[number]) => string): string =>
      drifted.map(text).join('\n') || NOTHING;
    table.push([
      summary.version,
      summary.month,
      whole(pointOf(summary, 'prediction_count')?.value),
      percent(pointOf(summary, 'label_coverage')?.value),
      withInterval(pointOf(summary, 'accuracy'), percent),
      withInterval(pointOf(summary, 'roc_auc'), (value) => decimals(value, 3)),
      column(({ feature }) => feature),
      column(({ psi }) => decimals(psi, 4)),
      column(({ noise }) => decimals(noise, 4)),
      column(({ ks }) => decimals(ks, 3)),
    ]);
  }
  return table.toString();
}

/** The mails as text, with the simulated time of arrival. */
export function renderMails(mails: readonly Mail[]): string {
  if (mails.length === 0) return '  (none)';
  return mails
    .map(({ at, to, subject, text }) => {
      const head = `${new Date(at).toISOString()} (simulated)\nTo: ${to.join(', ')}\nSubject: ${subject}\n`;
      return indent(`${head}\n${text.trim()}`);
    })
    .join('\n\n');
}

/** The alerts, one line each. */
export function renderAlerts(alerts: readonly Alert[]): string {
  const lines = alerts.map((alert) => {
    const measured = `${decimals(alert.value, 3)} against ${decimals(alert.threshold, 3)}`;
    const what = [alert.rule, `v${alert.version}`, alert.feature].filter(Boolean).join(' ');
    return `  ${alert.state.padEnd(8)} ${what}: ${measured}, window of ${alert.window_start.slice(0, 10)}, since ${alert.since}`;
  });
  return lines.join('\n') || '  (none)';
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `  | ${line}`.trimEnd())
    .join('\n');
}

type MaybeNumber = number | null | undefined;

function decimals(value: MaybeNumber, digits: number): string {
  return typeof value === 'number' ? value.toFixed(digits) : NOTHING;
}

function percent(value: MaybeNumber): string {
  return typeof value === 'number' ? `${(100 * value).toFixed(1)} %` : NOTHING;
}

function whole(value: MaybeNumber): string {
  return typeof value === 'number' ? value.toLocaleString('en-US') : NOTHING;
}

function withInterval(point: Point | undefined, show: (value: MaybeNumber) => string): string {
  if (typeof point?.value !== 'number') return NOTHING;
  if (point.lower === null || point.upper === null) return show(point.value);
  return `${show(point.value)} (${show(point.lower)} to ${show(point.upper)})`;
}
