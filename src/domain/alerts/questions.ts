// The questions behind an explanation as SQL over the documented views, for whoever wants to ask further with POST /v1/query.
import { iso } from '../contract/common.js';
import type { BinContent } from './measure.js';
import type { SeriesKey } from './watched-series.js';

/** One statement with its parameters. */
export interface Question {
  about: string;
  sql: string;
  params: Record<string, unknown>;
}

/** A range of time, epoch ms. */
interface Period {
  from: number;
  to: number;
}

const SERIES =
  'model = {model:String} AND version = {version:String} AND deployment = {deployment:String} AND segment = {segment:String} AND feature = {feature:String}';
const MINE = 'model = {model:String} AND version = {version:String} AND deployment = {deployment:String}';
const IN_TIME = 'ts >= {from:DateTime64(3)} AND ts < {to:DateTime64(3)}';

/** The rows of a series in a range: its model, version, deployment and segment, with the parameters of that. */
function rowsOf({ model, version, deployment, segment }: SeriesKey, { from, to }: Period) {
  const params: Record<string, unknown> = { model, version, deployment, from: iso(from), to: iso(to) };
  const where = `${MINE} AND ${IN_TIME}`;
  if (segment === '') return { where, params };
  const { condition, params: own } = inSegment(segment);
  return { where: `${where} AND ${condition}`, params: { ...params, ...own } };
}

/** The condition of `path=value`. */
function inSegment(segment: string): { condition: string; params: Record<string, unknown> } {
  const at = segment.indexOf('=');
  const [path, value] = [segment.slice(0, at), segment.slice(at + 1)];
  const text = valueText(path, 'segment_field');
  return {
    condition: `ifNull(${text} = {segment_value:String}, 0)`,
    params: { segment_field: plainPath(path), segment_value: value },
  };
}

const plainPath = (path: string): string => (path.startsWith('tags.') ? path.slice('tags.'.length) : path);

/** A tag, input or output as text; NULL where it is missing. */
function valueText(path: string, parameter: string): string {
  return path.startsWith('tags.')
    ? `if(mapContains(tags, {${parameter}:String}), tags[{${parameter}:String}], NULL)`
    : fieldText(false, parameter);
}

/** The stored numbers of the series. */
export function numbersQuestion(series: SeriesKey, { from, to }: Period): Question {
  return {
    about: 'the numbers of the series',
    sql: `SELECT window_start, value, lower, upper, n, coverage, status FROM v_metrics
WHERE ${SERIES} AND metric = {metric:String} AND window_start >= {from:DateTime64(3)} AND window_start < {to:DateTime64(3)}
ORDER BY window_start`,
    params: { ...series, from: iso(from), to: iso(to) },
  };
}

/** The counts per bin in the window of the alert, and the PSI that they make against the counts of the baseline. */
export function binsQuestion(
  { metric: _metric, ...series }: SeriesKey,
  { from, to }: Period,
  baseline: { id: string; counts: readonly number[] },
): Question {
  return {
    about: 'the counts of the bins, and their PSI against the baseline',
    sql: `WITH arrayMap(b -> (b + 0.5) / (arraySum({baseline:Array(Float64)}) + 0.5 * length({baseline:Array(Float64)})), {baseline:Array(Float64)}) AS p,
  arrayMap(c -> (c + 0.5) / (arraySum(counts) + 0.5 * length(counts)), counts) AS q
SELECT window_start, counts, n, arraySum(arrayMap((x, y) -> (x - y) * log(x / y), p, q)) AS psi FROM v_profiles
WHERE ${SERIES} AND baseline_id = {baseline_id:UUID} AND window_start >= {from:DateTime64(3)} AND window_end <= {to:DateTime64(3)}
ORDER BY window_start`,
    params: { ...series, baseline: [...baseline.counts], baseline_id: baseline.id, from: iso(from), to: iso(to) },
  };
}

/** A number, or a text, from the maps of a row; NULL where it is missing. */
function fieldText(numeric: boolean, parameter = 'field'): string {
  const key = `{${parameter}:String}`;
  if (numeric)
    return `multiIf(mapContains(num, ${key}), num[${key}], mapContains(flag, ${key}), toFloat64(flag[${key}]), NULL)`;
  return `multiIf(mapContains(str, ${key}), str[${key}], mapContains(flag, ${key}), if(flag[${key}], 'true', 'false'), mapContains(num, ${key}), toString(num[${key}]), NULL)`;
}

/** The condition that the field's value `v` lies in the bins, and its parameters. */
function inside(content: BinContent): { condition: string; params: Record<string, unknown> } {
  const params: Record<string, unknown> = { field: content.path };
  const parts = content.ranges.map(({ above, upTo }, index) => {
    const bounds: string[] = [];
    if (above !== null) bounds.push(`v > {above_${index}:Float64}`);
    if (upTo !== null) bounds.push(`v <= {up_to_${index}:Float64}`);
    if (above !== null) params[`above_${index}`] = above;
    if (upTo !== null) params[`up_to_${index}`] = upTo;
    return bounds.length === 0 ? 'isNotNull(v)' : `(${bounds.join(' AND ')})`;
  });
  if (content.values.length > 0) {
    parts.push('v IN {values:Array(String)}');
    params['values'] = content.values;
  }
  if (content.noneOf !== null) {
    parts.push('(isNotNull(v) AND v NOT IN {listed:Array(String)})');
    params['listed'] = content.noneOf;
  }
  if (content.missing) parts.push('isNull(v)');
  return { condition: parts.length === 0 ? '0' : parts.join(' OR '), params };
}

/** The rows whose field lies in the bins that gained most. */
export function rowsInBinsQuestion(content: BinContent, series: SeriesKey, period: Period): Question {
  const { condition, params } = inside(content);
  const rows = rowsOf(series, period);
  return {
    about: `predictions whose ${content.path} lies in the bins that gained most`,
    sql: `SELECT prediction_id, ts, v AS value FROM (
  SELECT prediction_id, ts, ${fieldText(content.numeric)} AS v FROM v_predictions WHERE ${rows.where})
WHERE ${condition} ORDER BY prediction_id`,
    params: { ...params, ...rows.params },
  };
}

/** Numbers of rows that need no labels, and how they are computed. */
const OF_ROWS: Readonly<Record<string, string>> = {
  error_rate: "countIf(status = 'error') / count()",
  error_count: "countIf(status = 'error')",
  prediction_count: 'count()',
};

/** The number itself, from the rows; null where that takes more than a sentence of SQL. */
export function recountQuestion(series: SeriesKey, period: Period): Question | null {
  const value = Object.hasOwn(OF_ROWS, series.metric) ? OF_ROWS[series.metric] : undefined;
  if (value === undefined) return null;
  const { where, params } = rowsOf(series, period);
  return { about: COUNTED, sql: `SELECT ${value} AS value, count() AS n FROM v_predictions WHERE ${where}`, params };
}

const COUNTED = 'the number, from the predictions themselves';

/** Predictions that failed. */
export function failedRowsQuestion(series: SeriesKey, period: Period): Question {
  const { where, params } = rowsOf(series, period);
  return {
    about: 'predictions that failed',
    sql: `SELECT prediction_id, ts, error, latency_ms FROM v_predictions WHERE ${where} AND status = 'error' ORDER BY prediction_id`,
    params,
  };
}

/** Where a model has its prediction and its ground truth. */
interface Columns {
  prediction: string | null;
  score: string | null;
  truthKey: string;
}

/** Labelled predictions with what was predicted and what was true. */
export function labelledRowsQuestion(columns: Columns, series: SeriesKey, period: Period): Question {
  const { sql, params } = labelledRows(columns, series, period);
  return {
    about: 'labelled predictions: predicted against true',
    sql: `${sql} ORDER BY prediction_id`,
    params,
  };
}

/** In a binary model true and 1 are one class, and false and 0 the other. */
const AS_CLASS = (text: string): string => `transform(${text}, ['true', 'false'], ['1', '0'], ${text})`;
const ERROR = 'toFloat64(assumeNotNull(predicted)) - toFloat64(assumeNotNull(truth))';
/** Quality that is a mean over labelled rows with a prediction. */
const OF_LABELLED: Readonly<Record<string, string>> = {
  accuracy: `avg(${AS_CLASS('assumeNotNull(predicted)')} = ${AS_CLASS('assumeNotNull(truth)')})`,
  mae: `avg(abs(${ERROR}))`,
  mse: `avg(pow(${ERROR}, 2))`,
  rmse: `sqrt(avg(pow(${ERROR}, 2)))`,
  mean_error: `avg(${ERROR})`,
};

/** A quality number itself, from the rows; null where the model has no prediction, or where it takes more than a sentence of SQL. */
export function recountedQualityQuestion(columns: Columns, series: SeriesKey, period: Period): Question | null {
  const value = Object.hasOwn(OF_LABELLED, series.metric) ? OF_LABELLED[series.metric] : undefined;
  if (value === undefined || columns.prediction === null) return null;
  const { sql, params } = labelledRows(columns, series, period);
  return {
    about: COUNTED,
    sql: `SELECT ${value} AS value, count() AS n FROM (\n${sql} AND isNotNull(predicted))`,
    params,
  };
}

function labelledRows(
  columns: Columns,
  series: SeriesKey,
  period: Period,
): { sql: string; params: Question['params'] } {
  const { where, params } = rowsOf(series, period);
  const path = columns.prediction ?? columns.score ?? '';
  return {
    sql: `SELECT prediction_id, ts, ${fieldText(false)} AS predicted,
  multiIf(mapContains(truth_str, {truth:String}), truth_str[{truth:String}], mapContains(truth_flag, {truth:String}), if(truth_flag[{truth:String}], 'true', 'false'), mapContains(truth_num, {truth:String}), toString(truth_num[{truth:String}]), NULL) AS truth
FROM v_predictions WHERE ${where} AND labelled = 1 AND isNotNull(truth)`,
    params: { field: path, truth: columns.truthKey, ...params },
  };
}

/** Rows by the values of one path, before and after. */
export function segmentsQuestion(path: string, series: SeriesKey, before: Period, after: Period): Question {
  const { where, params } = rowsOf(series, { from: before.from, to: after.to });
  return {
    about: `rows by ${path}, before and after`,
    sql: `SELECT ${valueText(path, 'field')} AS segment, countIf(ts < {before_to:DateTime64(3)}) AS n_before, countIf(ts >= {after_from:DateTime64(3)}) AS n_after
FROM v_predictions WHERE ${where}
GROUP BY segment ORDER BY n_after DESC`,
    params: { field: plainPath(path), ...params, before_to: iso(before.to), after_from: iso(after.from) },
  };
}
