// Numbers, times and names as people read them. A missing number is `-`, never 0.
import { betterIs, isScore, isShare } from '../../../src/domain/metric-families.js';

export { betterIs, isShare };

const MILLISECONDS = /^(latency_p\d+|latency_ms|cpu_ms_mean)$/;
const SECONDS = /^label_lag_p\d+$/;
const BYTES = /bytes/;
const COUNTS = new Set(['prediction_count', 'error_count', 'orphan_labels', 'requests', 'failed_requests']);
const NAMES: Record<string, string> = {
  psi: 'PSI',
  psi_noise_99: 'PSI noise',
  psi_limit: 'PSI limit',
  ks_statistic: 'KS statistic',
  ks_p_value: 'KS p-value',
  js_distance: 'JS distance',
  wasserstein: 'Wasserstein',
  wasserstein_normed: 'Wasserstein, normed',
  chi2_p_value: 'chi-square p-value',
  l_infinity: 'L-infinity',
  roc_auc: 'ROC AUC',
  roc_auc_ovr_macro: 'ROC AUC, macro',
  mcc: 'MCC',
  f1: 'F1',
  f1_macro: 'F1, macro',
  mae: 'MAE',
  mse: 'MSE',
  rmse: 'RMSE',
  mape: 'MAPE',
  r2: 'R²',
  log_loss: 'log loss',
  brier: 'Brier score',
  cpu_ms_mean: 'CPU a request',
  cpu_cores: 'CPU cores',
  latency_ms: 'latency, mean',
  memory_bytes: 'memory',
  request_response_bytes: 'request and response size',
  memory_bytes_max: 'memory, largest',
  prediction_count: 'predictions',
  requests_per_second: 'requests per second',
  label_lag_p50: 'label lag p50',
  label_lag_p90: 'label lag p90',
  label_lag_p99: 'label lag p99',
  request_bytes_mean: 'request size',
  response_bytes_mean: 'response size',
};

/** A metric's name: `roc_auc` is ROC AUC. */
export function metricName(metric: string): string {
  if (metric.startsWith('custom.') || metric.startsWith('aggregate.')) return metric;
  return NAMES[metric] ?? metric.replaceAll('_', ' ');
}

/** Whether a metric counts things. */
export function isCount(metric: string): boolean {
  return COUNTS.has(metric);
}

/** Whether a metric is a duration in seconds. */
export function isSeconds(metric: string): boolean {
  return SECONDS.test(metric);
}

/** Amounts begin at 0 on an axis; of qualities the change matters. */
export function startsAtZero(metric: string): boolean {
  return !isScore(metric) && !metric.startsWith('custom.') && !metric.startsWith('aggregate.');
}

/** `13,402`; `13.4 M` beyond a million. */
export function count(value: number | null): string {
  if (value === null) return '-';
  if (Math.abs(value) >= 10_000_000) return `${trim(value / 1e6, 1)} M`;
  return Math.round(value).toLocaleString('en-US');
}

/** Three significant digits: 0.216, 1,240, 2.1e-7. */
export function number(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  if (size !== 0 && size < 0.0001) return value.toExponential(1);
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/** A share as per cent with one decimal: 84.7 %, 68.0 %; nothing and everything are 0 % and 100 %. */
export function share(value: number | null, digits = 1): string {
  if (value === null || !Number.isFinite(value)) return '-';
  return `${value === 0 || value === 1 ? 100 * value : fixed(100 * value, digits)} %`;
}

/** A difference of shares in points of per cent, with its sign: +11.8, -7.0, 0.0. */
export function points(value: number | null): string {
  return value === null || !Number.isFinite(value) ? '-' : withSign(fixed(100 * value, 1));
}

/** A difference in a metric's own unit, with its sign; of shares in points of per cent. */
export function difference(metric: string, value: number | null): string {
  if (value === null) return '-';
  return isShare(metric) ? points(value) : withSign(metricValue(metric, value));
}

function withSign(text: string): string {
  if (Number.parseFloat(text) === 0) return text.replace('-', '');
  return text.startsWith('-') ? text : `+${text}`;
}

function fixed(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** 48 ms, 1.2 s. */
export function milliseconds(value: number | null): string {
  if (value === null) return '-';
  return value < 1000 ? `${number(value)} ms` : `${number(value / 1000)} s`;
}

/** 40 s, 12 min, 5.2 h, 3.1 d. */
export function seconds(value: number | null): string {
  if (value === null) return '-';
  const size = Math.abs(value);
  if (size < 120) return `${trim(value, 0)} s`;
  if (size < 7200) return `${trim(value / 60, 0)} min`;
  if (size < 172_800) return `${trim(value / 3600, 1)} h`;
  return `${trim(value / 86_400, 1)} d`;
}

/** 812 B, 1.4 kB, 3.2 MB. */
export function bytes(value: number | null): string {
  if (value === null) return '-';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = value;
  let unit = 0;
  while (Math.abs(size) >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${unit === 0 ? Math.round(size) : number(size)} ${units[unit] ?? ''}`;
}

/** A value of a metric with its unit. */
export function metricValue(metric: string, value: number | null): string {
  if (isShare(metric)) return share(value);
  if (MILLISECONDS.test(metric)) return milliseconds(value);
  if (SECONDS.test(metric)) return seconds(value);
  if (BYTES.test(metric)) return bytes(value);
  if (COUNTS.has(metric)) return count(value);
  return number(value);
}

/** A limit as somebody set it: 60 %, not 60.0 %. */
export function limitValue(metric: string, value: number | null): string {
  return isShare(metric) && value !== null ? `${trim(100 * value, 3)} %` : metricValue(metric, value);
}

/** How far the interval reaches to its farther side: ±1.1; empty where there is none. */
export function plusMinus(metric: string, value: number | null, lower: number | null, upper: number | null): string {
  return estimate(metric, value, lower, upper).spread;
}

/** A number and how far its interval reaches to the farther side, both to the digits that the interval allows: 0.110 and ±0.028. */
export function estimate(
  metric: string,
  value: number | null,
  lower: number | null,
  upper: number | null,
): { value: string; spread: string } {
  const shown = metricValue(metric, value);
  if (value === null || lower === null || upper === null) return { value: shown, spread: '' };
  const half = Math.max(upper - value, value - lower);
  if (isShare(metric)) {
    const percent = 100 * half;
    return { value: shown, spread: `±${percent >= 0.05 || percent === 0 ? fixed(percent, 1) : number(percent)}` };
  }
  if (!isPlain(metric) || half <= 0) return { value: shown, spread: `±${metricValue(metric, half)}` };
  // Two digits of what is not sure; more of the number would say nothing.
  const digits = Math.max(0, 1 - Math.floor(Math.log10(half)));
  if (digits > 6) return { value: shown, spread: `±${number(half)}` };
  return { value: fixed(value, digits), spread: `±${fixed(half, digits)}` };
}

/** Whether a metric is a number without a unit. */
function isPlain(metric: string): boolean {
  return !(MILLISECONDS.test(metric) || SECONDS.test(metric) || BYTES.test(metric) || COUNTS.has(metric));
}

/** A change with its sign: +3 %, -1.9 (points of per cent for shares); empty where it is not known. */
export function delta(metric: string, value: number | null, before: number | null): string {
  if (value === null || before === null) return '';
  if (isShare(metric)) return signed(100 * (value - before), 1);
  if (before === 0) return '';
  return `${signed((100 * (value - before)) / Math.abs(before), 1)} %`;
}

function signed(value: number, digits: number): string {
  const text = trim(value, digits);
  return value > 0 && text !== '0' ? `+${text}` : text.replace(/^-0$/, '0');
}

function trim(value: number, digits: number): string {
  return Number(value.toFixed(digits)).toLocaleString('en-US', { maximumFractionDigits: digits });
}

/** How times are written. */
export type Zone = 'UTC' | 'local';

const formats = new Map<string, Intl.DateTimeFormat>();

/** What writes times of a zone. */
export function formatter(zone: Zone, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options);
  const found =
    formats.get(key) ??
    new Intl.DateTimeFormat('en-GB', { ...options, ...(zone === 'UTC' ? { timeZone: 'UTC' } : {}) });
  formats.set(key, found);
  return found;
}

const DAY: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short' };
const CLOCK: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };

/** `12 Mar 2001, 09:00`. */
export function time(
  value: string | number | null,
  zone: Zone,
  options: { year?: boolean; seconds?: boolean } = {},
): string {
  if (value === null) return '-';
  const parts = {
    ...DAY,
    ...CLOCK,
    ...(options.year === false ? {} : { year: 'numeric' as const }),
    ...(options.seconds === true ? { second: '2-digit' as const } : {}),
  };
  return formatter(zone, parts).format(new Date(value));
}

/** `12 Mar 2001`. */
export function day(value: string | number | null, zone: Zone, year = true): string {
  if (value === null) return '-';
  return formatter(zone, { ...DAY, ...(year ? { year: 'numeric' as const } : {}) }).format(new Date(value));
}

/** A window in words: a day where it is one, else both ends. */
export function interval(from: string | number, until: string | number, zone: Zone): string {
  const [start, end] = [new Date(from).getTime(), new Date(until).getTime()];
  const midnight = (at: number): boolean => formatter(zone, CLOCK).format(new Date(at)) === '00:00';
  if (midnight(start) && midnight(end)) {
    return end - start <= 90_000_000 ? day(start, zone) : `${day(start, zone)} - ${day(end - 1, zone)}`;
  }
  const sameDay = day(start, zone) === day(end, zone);
  return `${time(start, zone)} - ${sameDay ? formatter(zone, CLOCK).format(new Date(end)) : time(end, zone)}`;
}

/** `5 min ago`, `in 40 s`, `25 y ago`. */
export function ago(value: string | null, now: number): string {
  if (value === null) return 'never';
  const passed = (now - new Date(value).getTime()) / 1000;
  const size = Math.abs(passed);
  const text =
    size < 31_536_000 * 2
      ? size < 86_400 * 60
        ? seconds(size)
        : `${Math.round(size / 86_400)} d`
      : `${Math.round(size / 31_536_000)} y`;
  return passed >= 0 ? `${text} ago` : `in ${text}`;
}

/** The name of the zone: `UTC`, `Europe/Paris`. */
export function zoneName(zone: Zone): string {
  return zone === 'UTC' ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** `v2` for version 2; a version with a name of its own stays as it is. */
export function versionName(version: string): string {
  return /^\d/.test(version) ? `v${version}` : version;
}

/** A long name cut in its middle. */
export function shorten(text: string, most = 14): string {
  if (text.length <= most) return text;
  const half = Math.floor((most - 1) / 2);
  return `${text.slice(0, most - 1 - half)}…${text.slice(-half)}`;
}

/** `3 alerts`, `1 alert`. */
export function plural(n: number, noun: string, many = `${noun}s`): string {
  return `${count(n)} ${n === 1 ? noun : many}`;
}
