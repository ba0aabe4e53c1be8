// The words of alerts: numbers, times and metric names as people read them in mail, logs and the API.
import { isShare } from '../metric-families.js';
import type { MovedBin, Notice, NoticeItem, NoticeQuality, NoticeRollback } from './notice.js';

/** Lengths of time, in hours. */
const HOURS = new Set(['feed_silence', 'job_silence']);

const NAMES: Record<string, string> = {
  psi: 'PSI',
  feed_silence: 'time without predictions',
  job_silence: 'time without a good run',
  channel_failures: 'failed notifications',
  js_distance: 'JS distance',
  ks_statistic: 'KS statistic',
  ks_p_value: 'KS p-value',
  chi2_p_value: 'chi-square p-value',
  l_infinity: 'L-infinity',
  wasserstein_normed: 'normed Wasserstein',
  roc_auc: 'ROC AUC',
  roc_auc_ovr_macro: 'macro ROC AUC',
  mcc: 'MCC',
  mae: 'MAE',
  mse: 'MSE',
  rmse: 'RMSE',
  mape: 'MAPE',
  r2: 'R2',
};

/** A metric's name in a sentence: `psi` is PSI, `latency_p95` is latency p95. */
export function metricName(metric: string): string {
  if (metric.startsWith('custom.') || metric.startsWith('aggregate.')) return oneLine(metric);
  return NAMES[metric] ?? metric.replaceAll('_', ' ');
}

/** A plain number with three significant digits: 0.412, 1,240, 2.1e-7; `-` for null. */
export function formatNumber(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  if (size !== 0 && size < 0.0001) return value.toExponential(1);
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/** A count: 12,034, or 13.4 M beyond ten million. */
export function formatCount(value: number | null): string {
  return value !== null && Math.abs(value) >= 10_000_000
    ? `${formatNumber(Math.round(value / 1e5) / 10)} M`
    : formatNumber(value);
}

/** A share in 0..1 as a percentage: `21 %`, `84.7 %`; `-` for null. */
export function formatShare(value: number | null): string {
  return value === null || !Number.isFinite(value) ? '-' : `${Number((value * 100).toPrecision(3))} %`;
}

/** A value of a metric as people read it. */
export function formatValue(metric: string, value: number | null): string {
  if (HOURS.has(metric)) return value === null ? '-' : `${formatNumber(value)} h`;
  return isShare(metric) ? formatShare(value) : formatNumber(value);
}

/** An alert's value; of a relative rule `0.91 x`, the ratio to what it is compared with. */
export function itemValue(item: Pick<NoticeItem, 'metric' | 'relative' | 'value'>): string {
  return item.relative !== null && item.value !== null
    ? `${formatNumber(item.value)} x`
    : formatValue(item.metric, item.value);
}

/** An alert's threshold, in the same form. */
export function itemLimit({
  metric,
  relative,
  threshold,
}: Pick<NoticeItem, 'metric' | 'relative' | 'threshold'>): string {
  return itemValue({ metric, relative, value: threshold });
}

/** `PSI 0.31, limit 0.2, noise 0.0871, n = 222`. */
export function numbersPhrase(item: NoticeItem): string {
  const noise = item.noiseLimit === null ? '' : `, noise ${formatNumber(item.noiseLimit)}`;
  const n = item.n === null ? '' : `, n = ${formatNumber(item.n)}`;
  return `${metricName(item.metric)} ${itemValue(item)}, limit ${itemLimit(item)}${noise}${n}`;
}

/** `12 Mar 2001 09:00 UTC`; without the year `12 Mar 09:00 UTC`. */
export function formatTime(time: number, withYear = true): string {
  const text = new Date(time).toUTCString(); // Mon, 12 Mar 2001 09:00:00 GMT, whatever the host's locale
  return withYear ? `${text.slice(5, 22)} UTC` : `${text.slice(5, 11)} ${text.slice(17, 22)} UTC`;
}

/** A name of the outside on one line: control characters become spaces, long names are cut in the middle. */
export function oneLine(text: string, max = 120): string {
  const line = text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  if (line.length <= max) return line;
  const half = Math.floor((max - 1) / 2);
  // Not through the middle of a character that takes two places.
  const head = line.slice(0, max - 1 - half).replace(/[\uD800-\uDBFF]$/, '');
  return `${head}…${line.slice(-half).replace(/^[\uDC00-\uDFFF]/, '')}`;
}

/** `v2` for version 2; versions with a name of their own stay as they are; nothing for `unversioned`. */
export function versionLabel(version: string): string {
  if (version === 'unversioned') return '';
  return /^\d/.test(version) ? `v${version}` : version;
}

/** What alerts about the service itself have as their model. */
export const SERVICE = '(service)';

/** Model, version and deployment in a line: `flight-delay v2 (eu)`. */
function modelLabel(model: string, version: string, deployment: string): string {
  const parts = [
    model === SERVICE ? 'Driftline' : model,
    versionLabel(version),
    deployment === '' ? '' : `(${deployment})`,
  ];
  return oneLine(parts.filter((part) => part !== '').join(' '));
}

/** Where an alert is: `inputs.distance, tags.region=EU`; empty for a number about the whole model. */
export function place(item: Pick<NoticeItem, 'feature' | 'segment'>): string {
  return [item.feature, item.segment]
    .filter((part) => part !== '')
    .map((part) => oneLine(part))
    .join(', ');
}

/** Alerts on feeds, jobs and channels: what is wrong, where another alert has a number and a limit. */
const PULSES: Readonly<Record<string, (item: NoticeItem) => string>> = {
  feed_silence: (item) => `no predictions for ${itemValue(item)}`,
  job_silence: (item) => `no good run of the job ${oneLine(item.feature)} for ${itemValue(item)}`,
  channel_failures: (item) => `the channel ${oneLine(item.feature)} cannot be reached`,
};

/** Whether an alert is about a feed, a job or a channel: its `why` says it all, a limit says nothing. */
export function isPulse(metric: string): boolean {
  return Object.hasOwn(PULSES, metric);
}

/** The word in the subject's brackets. */
export function headlineWord(notice: Notice): string {
  if (notice.kind === 'test') return 'test';
  if (notice.open.length === 0) return 'resolved';
  if (notice.open.some((item) => item.severity === 'critical')) return 'critical';
  return notice.open.some((item) => item.severity === 'warning') ? 'warning' : 'no data';
}

/** `[critical] flight-delay v2: PSI 0.31 on inputs.distance (+1 more), since 12 Mar 09:00 UTC`. */
export function subjectOf(notice: Notice): string {
  const word = headlineWord(notice);
  if (notice.kind === 'test') return `[test] Driftline reaches the channel ${oneLine(notice.channel)}`;
  const items = notice.open.length > 0 ? notice.open : notice.resolved;
  const [first] = items;
  if (first === undefined) return `[${word}] ${modelLabel(notice.model, '', notice.deployment)}`;
  const more = items.length > 1 ? ` (+${items.length - 1} more)` : '';
  const where = place(first) === '' ? '' : ` on ${place(first)}`;
  const head = `[${word}] ${modelLabel(notice.model, first.version, notice.deployment)}:`;
  const pulse = PULSES[first.metric];
  if (pulse !== undefined)
    return word === 'resolved'
      ? `${head} ${oneLine(first.why)}${more}`
      : `${head} ${pulse(first)}${more}, since ${formatTime(first.since, false)}`;
  if (word === 'resolved') return `${head} ${metricName(first.metric)}${where} is back to normal${more}`;
  if (first.state === 'no_data')
    return `${head} no ${metricName(first.metric)}${where}${more}, since ${formatTime(first.since, false)}`;
  return `${head} ${metricName(first.metric)} ${itemValue(first)}${where}${more}, since ${formatTime(first.since, false)}`;
}

/** The one sentence at the top of a notification. */
export function leadSentence(notice: Notice): string {
  if (notice.kind === 'test') return `This is a test of the channel ${oneLine(notice.channel)}. Nothing is wrong.`;
  const model = modelLabel(notice.model, sharedVersion([...notice.open, ...notice.resolved]), notice.deployment);
  const [worst] = notice.open;
  if (worst === undefined) {
    const [only] = notice.resolved;
    if (notice.resolved.length > 1 || only === undefined)
      return `${notice.resolved.length} alerts on ${model} are over.`;
    return `The alert on ${model} is over: ${isPulse(only.metric) ? oneLine(only.why, 500) : `${subjectPhrase(only)} is back to normal`}.`;
  }
  const others = notice.open.length - 1;
  const rest =
    others === 0
      ? ''
      : `, and ${others === 1 ? 'one more is beyond its limit' : `${others} more are beyond their limits`}`;
  if (isPulse(worst.metric)) return `${model}: ${oneLine(worst.why, 500)}${rest}.`;
  if (worst.state === 'no_data')
    return `${model} delivers no ${subjectPhrase(worst)} any more${rest}; the last numbers are from before ${formatTime(worst.since)}.`;
  if (worst.relative !== null && worst.value !== null)
    return `${capital(subjectPhrase(worst))} of ${model} is ${formatNumber(worst.value)} times ${worst.relative}, the limit is ${formatNumber(worst.threshold)} times${rest}.`;
  return `${capital(subjectPhrase(worst))} of ${model} is ${itemValue(worst)}, the limit is ${itemLimit(worst)}${rest}.`;
}

function subjectPhrase(item: NoticeItem): string {
  return place(item) === '' ? metricName(item.metric) : `${metricName(item.metric)} on ${place(item)}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function sharedVersion(items: readonly NoticeItem[]): string {
  const versions = new Set(items.map((item) => item.version));
  return versions.size === 1 ? [...versions].join('') : '';
}

/** `inputs.distance > 1,200: 8 % -> 21 %`. */
export function movedBinPhrase(bin: MovedBin): string {
  return `${oneLine(bin.feature)} ${oneLine(bin.label)}: ${formatShare(bin.baselineShare)} -> ${formatShare(bin.currentShare)}`;
}

/** What happened to quality, or that labels are not in. */
export function qualitySentence(quality: NoticeQuality): string {
  const version = quality.version === '' ? '' : `${versionLabel(quality.version) || 'This version'}: `;
  if (quality.coverage === null || quality.coverage === 0 || quality.metric === null || quality.value === null) {
    return `${version}${version === '' ? 'Labels' : 'labels'} for this window are not in yet, so what it did to quality is not known.`;
  }
  const shown = (value: number | null) => formatValue(quality.metric ?? '', value);
  const interval =
    quality.lower === null || quality.upper === null ? '' : ` (${shown(quality.lower)} to ${shown(quality.upper)})`;
  const before = quality.before === null ? '' : `, ${shown(quality.before)} before it began`;
  return `${version}${version === '' ? capital(metricName(quality.metric)) : metricName(quality.metric)} is ${shown(quality.value)}${interval}${before}; ${formatShare(quality.coverage)} of this window's labels are in.`;
}

const REASONS: Record<string, string> = {
  first: 'something broke',
  new_series: 'something more broke',
  severity_raised: 'it got worse',
  resolved: 'it is over',
  repeat: 'a reminder, it is still going on',
  test: 'somebody asked for a test',
};

/** What a critical alert of the version in charge suggests. */
export function rollbackSentence({ version, previousVersion, was }: NoticeRollback): string {
  const role = was === 'Production' ? 'in Production' : 'the champion';
  return `Rollback suggested: version ${oneLine(previousVersion)} was ${role} before version ${oneLine(version)}.`;
}

/** Why this was sent, in words, after `because`. */
export function reasonPhrase(reason: string): string {
  return REASONS[reason] ?? reason.replaceAll('_', ' ');
}
