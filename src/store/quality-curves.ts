// The ROC curve inside ClickHouse: cumulative counts over the distinct scores, thinned to what a plot can show.
import { z } from 'zod';
import type { GroupedRows } from '../domain/selection.js';
import { Conditions } from './conditions.js';
import { asClass, joined, scoreOf, type QualityColumns } from './labelled-rows.js';
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
   * Points of the curve from the highest threshold down, each an exact one: what `score >= threshold` finds. Where there are more distinct scores
   * than `points`, one point is kept for each step of the same length along the curve.
   */
  roc(rows: GroupedRows, columns: QualityColumns, points: number) {
    const params = new Conditions(rows.params);
    const positive = asClass(params.bind(columns.positive, 'String'));
    const labelled = joined(rows, columns.truthKey, params, { s: scoreOf(columns.score, params) });
    return this.store.query({
      name: 'roc_curve',
      lane: 'jobs',
      sql: `SELECT min(s) AS threshold, max(found) AS tp, max(wrong) AS fp, any(all_positive) AS positives, any(all_negative) AS negatives
        FROM (
          SELECT s, sum(y) OVER (ORDER BY s DESC ROWS UNBOUNDED PRECEDING) AS found, sum(n - y) OVER (ORDER BY s DESC ROWS UNBOUNDED PRECEDING) AS wrong,
            sum(y) OVER () AS all_positive, sum(n - y) OVER () AS all_negative
          FROM (SELECT assumeNotNull(s) AS s, count() AS n, countIf(${asClass('truth_text')} = ${positive}) AS y FROM ${labelled} WHERE isNotNull(s) GROUP BY s))
        GROUP BY toUInt32(ceil((found / greatest(all_positive, 1) + wrong / greatest(all_negative, 1)) / 2 * {points:UInt32}))
        ORDER BY threshold DESC LIMIT {points:UInt32}`,
      params: { ...params.params, points },
      row: rocRow,
    });
  }
}
