// Predictions joined with their ground truth, and the columns that quality needs of them, as SQL.
import type { GroupedRows } from '../domain/selection.js';
import type { Conditions } from './conditions.js';
import { textOf } from './segments.js';

/** Where prediction, score and truth are found. Paths such as outputs.label; `truthKey` is a key of `values`. */
export interface QualityColumns {
  prediction: string | null;
  score: string | null;
  truthKey: string;
  positive: string;
  threshold: number;
}

const CLIPPED = 'least(greatest(s, 1e-15), 1 - 1e-15)';
/**
 * -ln of the probability that score `s` gave to the truth `y`, of rows as `classified` makes them; NULL without a score. That is asked for first: least and
 * greatest pass over NULL, which would make a missing score the worst there is.
 */
export const LOG_LOSS = `if(isNull(s), NULL, if(y, -log(${CLIPPED}), -log1p(-${CLIPPED})))`;

/** A label of two classes as text: true and 1 are one class, false and 0 the other, so that a boolean prediction meets a numeric label. */
export function asClass(text: string): string {
  return `transform(${text}, ['true', 'false'], ['1', '0'], ${text})`;
}

/** A number from a path, NULL where there is none; a boolean counts as 0 or 1. */
export function scoreOf(path: string | null, params: Conditions): string {
  if (path === null) return 'CAST(NULL AS Nullable(Float64))';
  const key = params.bind(path, 'String');
  if (path.startsWith('metrics.')) {
    const metric = params.bind(path.slice('metrics.'.length), 'String');
    return `if(mapContains(metrics, ${metric}), metrics[${metric}], NULL)`;
  }
  return `multiIf(mapContains(num, ${key}), num[${key}], mapContains(flag, ${key}), toFloat64(flag[${key}]), NULL)`;
}

export function labelOf(path: string, params: Conditions): string {
  return textOf(path, (value) => params.bind(value, 'String'));
}

/**
 * Labelled rows: an INNER JOIN, because an unmatched LEFT JOIN would read as 0, the negative class. Numbers compare as text the way JSON prints
 * them. `columns` are made before the join, by name: to carry the maps through it took two thirds of the time of a million rows.
 */
export function joined(
  rows: GroupedRows,
  truthKey: string,
  params: Conditions,
  columns: Record<string, string>,
): string {
  const names = Object.keys(columns);
  const made = names.map((name) => `${columns[name]} AS ${name}`);
  if (rows.ownTruth === true) {
    const truth = ownTruth(params.bind(`values.${truthKey}`, 'String'));
    return `(SELECT * FROM ${rows.from([...made, 'prediction_id', ...truth])} WHERE truth_kind != '')`;
  }
  return `(SELECT p.prediction_id AS prediction_id, p.version AS version, p.deployment AS deployment, p.segment AS segment, p.w AS w, ${names.map((name) => `p.${name} AS ${name}`).join(', ')},
      t.kind AS truth_kind, if(t.kind = 'boolean', toFloat64(t.text = 'true'), t.number) AS truth_number, if(t.kind = 'number', toString(t.number), t.text) AS truth_text
    FROM ${rows.from([...made, 'prediction_id'])} AS p
    INNER JOIN (SELECT prediction_id, kind, number, text FROM ground_truth FINAL
      WHERE key = ${params.bind(truthKey, 'String')} AND kind IN ('number', 'string', 'boolean') AND prediction_id IN (SELECT prediction_id FROM ${rows.from(['prediction_id'])})) AS t
    ON p.prediction_id = t.prediction_id)`;
}

/** The ground truth that a row carries, in the columns that a join would give it; `truth_kind` is empty where it has none. */
function ownTruth(key: string): string[] {
  return [
    `multiIf(mapContains(num, ${key}), 'number', mapContains(flag, ${key}), 'boolean', mapContains(str, ${key}), 'string', '') AS truth_kind`,
    `if(mapContains(flag, ${key}), toFloat64(flag[${key}]), num[${key}]) AS truth_number`,
    `multiIf(mapContains(num, ${key}), toString(num[${key}]), mapContains(flag, ${key}), if(flag[${key}], 'true', 'false'), str[${key}]) AS truth_text`,
  ];
}

/**
 * Labelled rows of a binary model: `s` the score, `y` whether the positive class is true, `h` whether it was predicted; NULL where a row has no
 * score, or no prediction.
 */
export function classified(rows: GroupedRows, columns: QualityColumns, params: Conditions): string {
  const positive = asClass(params.bind(columns.positive, 'String'));
  const labelled = joined(rows, columns.truthKey, params, {
    s: scoreOf(columns.score, params),
    ...(columns.prediction === null ? {} : { label: labelOf(columns.prediction, params) }),
  });
  const predicted =
    columns.prediction === null
      ? `if(isNull(s), NULL, s >= ${params.bind(columns.threshold, 'Float64')})`
      : `${asClass('label')} = ${positive}`;
  return `(SELECT version, deployment, segment, w, s, y, prediction_id, ${predicted} AS h FROM (SELECT *, ${asClass('truth_text')} = ${positive} AS y FROM ${labelled}))`;
}
