// Beyond counts, inside ClickHouse: the ROC curve, thinned to what a plot can show, and the predictions that two versions share.
import { z } from 'zod';
import type { GroupedRows } from '../domain/selection.js';
import { Conditions } from './conditions.js';
import { asClass, joined, labelOf, scoreOf, type QualityColumns } from './labelled-rows.js';
import type { Store } from './store.js';

const rocRow = z.object({
  threshold: z.number(),
  tp: z.number(),
  fp: z.number(),
  positives: z.number(),
  negatives: z.number(),
});

export class QualityCurveQueries {
  constructor(private readonly store: Store) {}

  /**
   * Predictions that two versions made of the same id in the same window and segment, by who was right. `rows` hold both versions; of several deployments
   * of a version one counts.
   */
  paired(rows: GroupedRows, columns: QualityColumns, first: string, second: string, binary: boolean) {
    const params = new Conditions(rows.params);
    const positive = asClass(params.bind(columns.positive, 'String'));
    const labelled = joined(rows, columns.truthKey, params, {
      s: scoreOf(columns.prediction === null ? columns.score : null, params),
      label: columns.prediction === null ? 'CAST(NULL AS Nullable(String))' : labelOf(columns.prediction, params),
    });
    const predicted =
      columns.prediction === null
        ? `s >= ${params.bind(columns.threshold, 'Float64')}`
        : `${asClass('label')} = ${positive}`;
    const right = binary ? `(${predicted}) = (${asClass('truth_text')} = ${positive})` : 'label = truth_text';
    const is = (version: string) => `version = ${params.bind(version, 'String')}`;
    const [a, b] = [is(first), is(second)];
    return this.store.query({
      name: 'paired_outcomes',
      lane: 'jobs',
      sql: `SELECT segment, w, countIf(a AND b) AS both, countIf(a AND NOT b) AS firstOnly, countIf(NOT a AND b) AS secondOnly, countIf(NOT a AND NOT b) AS neither
        FROM (
          SELECT segment, w, prediction_id, maxIf(hit, ${a}) AS a, maxIf(hit, ${b}) AS b
          FROM (SELECT segment, w, version, prediction_id, assumeNotNull(${right}) AS hit FROM ${labelled} WHERE isNotNull(${right}))
          GROUP BY segment, w, prediction_id HAVING countIf(${a}) > 0 AND countIf(${b}) > 0)
        GROUP BY segment, w`,
      params: params.params,
      row: z.object({
        segment: z.string(),
        w: z.number(),
        both: z.number(),
        firstOnly: z.number(),
        secondOnly: z.number(),
        neither: z.number(),
      }),
    });
  }

  /**
   * Points of the curve from the highest threshold down, each an exact one: what `score >= threshold` finds. Where there are more distinct scores
   * than `points`, one point is kept for each step of the same length along the curve.
   */
  roc(rows: GroupedRows, columns: QualityColumns, points: number) {
    const params = new Conditions(rows.params);
    const positive = asClass(params.bind(columns.positive, 'String'));
    const labelled = joined(rows, columns.truthKey, params, { score: scoreOf(columns.score, params) });
    return this.store.query({
      name: 'roc_curve',
      lane: 'jobs',
      sql: `SELECT min(s) AS threshold, max(found) AS tp, max(wrong) AS fp, any(all_positive) AS positives, any(all_negative) AS negatives
        FROM (
          SELECT s, sum(y) OVER (ORDER BY s DESC ROWS UNBOUNDED PRECEDING) AS found, sum(n - y) OVER (ORDER BY s DESC ROWS UNBOUNDED PRECEDING) AS wrong,
            sum(y) OVER () AS all_positive, sum(n - y) OVER () AS all_negative
          FROM (SELECT assumeNotNull(score) AS s, count() AS n, countIf(${asClass('truth_text')} = ${positive}) AS y FROM ${labelled} WHERE isNotNull(score) GROUP BY s))
        GROUP BY toUInt32(ceil((found / greatest(all_positive, 1) + wrong / greatest(all_negative, 1)) / 2 * {points:UInt32}))
        ORDER BY threshold DESC LIMIT {points:UInt32}`,
      params: { ...params.params, points },
      row: rocRow,
    });
  }
}
