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
const ROWS =
  'model = {model:String} AND version = {version:String} AND ts >= {from:DateTime64(3)} AND ts < {to:DateTime64(3)}';

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

/** The counts per bin in the window of the alert. */
export function binsQuestion({ metric: _metric, ...series }: SeriesKey, { from, to }: Period): Question {
  return {
    about: 'the counts of the bins',
    sql: `SELECT window_start, counts, n FROM v_profiles
WHERE ${SERIES} AND window_start >= {from:DateTime64(3)} AND window_start < {to:DateTime64(3)}
ORDER BY window_start`,
    params: { ...series, from: iso(from), to: iso(to) },
  };
}

/** A number, or a text, from the maps of a row; NULL where it is missing. */
function fieldText(numeric: boolean): string {
  const number = 'mapContains(num, {field:String}), num[{field:String}]';
  if (numeric) return `multiIf(${number}, mapContains(flag, {field:String}), toFloat64(flag[{field:String}]), NULL)`;
  return "multiIf(mapContains(str, {field:String}), str[{field:String}], mapContains(flag, {field:String}), if(flag[{field:String}], 'true', 'false'), mapContains(num, {field:String}), toString(num[{field:String}]), NULL)";
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
export function rowsInBinsQuestion(content: BinContent, { model, version }: SeriesKey, { from, to }: Period): Question {
  const { condition, params } = inside(content);
  return {
    about: `predictions whose ${content.path} lies in the bins that gained most`,
    sql: `SELECT prediction_id, ts, v AS value FROM (
  SELECT prediction_id, ts, ${fieldText(content.numeric)} AS v FROM v_predictions WHERE ${ROWS})
WHERE ${condition} ORDER BY prediction_id`,
    params: { ...params, model, version, from: iso(from), to: iso(to) },
  };
}

/** Predictions that failed. */
export function failedRowsQuestion({ model, version }: SeriesKey, { from, to }: Period): Question {
  return {
    about: 'predictions that failed',
    sql: `SELECT prediction_id, ts, error, latency_ms FROM v_predictions WHERE ${ROWS} AND status = 'error' ORDER BY prediction_id`,
    params: { model, version, from: iso(from), to: iso(to) },
  };
}

/** Labelled predictions with what was predicted and what was true. */
export function labelledRowsQuestion(
  columns: { prediction: string | null; score: string | null; truthKey: string },
  { model, version }: SeriesKey,
  { from, to }: Period,
): Question {
  const path = columns.prediction ?? columns.score ?? '';
  return {
    about: 'labelled predictions: predicted against true',
    sql: `SELECT prediction_id, ts, ${fieldText(false)} AS predicted,
  multiIf(mapContains(truth_str, {truth:String}), truth_str[{truth:String}], mapContains(truth_flag, {truth:String}), if(truth_flag[{truth:String}], 'true', 'false'), mapContains(truth_num, {truth:String}), toString(truth_num[{truth:String}]), NULL) AS truth
FROM v_predictions WHERE ${ROWS} AND labelled = 1 AND isNotNull(truth) ORDER BY prediction_id`,
    params: { field: path, truth: columns.truthKey, model, version, from: iso(from), to: iso(to) },
  };
}

/** Rows by the values of one path, before and after. */
export function segmentsQuestion(path: string, { model, version }: SeriesKey, before: Period, after: Period): Question {
  const value = path.startsWith('tags.')
    ? 'if(mapContains(tags, {field:String}), tags[{field:String}], NULL)'
    : fieldText(false);
  return {
    about: `rows by ${path}, before and after`,
    sql: `SELECT ${value} AS segment, countIf(ts < {before_to:DateTime64(3)}) AS n_before, countIf(ts >= {from:DateTime64(3)}) AS n_after
FROM v_predictions WHERE model = {model:String} AND version = {version:String} AND ts >= {before_from:DateTime64(3)} AND ts < {to:DateTime64(3)}
GROUP BY segment ORDER BY n_after DESC`,
    params: {
      field: path.startsWith('tags.') ? path.slice('tags.'.length) : path,
      model,
      version,
      before_from: iso(before.from),
      before_to: iso(before.to),
      from: iso(after.from),
      to: iso(after.to),
    },
  };
}
