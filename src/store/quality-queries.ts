// Quality inside ClickHouse: predictions joined with their ground truth, reduced to sufficient statistics per group.
import { z } from 'zod';
import type { GroupedRows, GroupKey } from '../domain/selection.js';
import { Conditions } from './conditions.js';
import { asClass, classified, joined, labelOf, LOG_LOSS, scoreOf, type QualityColumns } from './labelled-rows.js';
import type { Store } from './store.js';

const groupFields = { version: z.string(), deployment: z.string(), segment: z.string(), w: z.number() };
const binaryRow = z.object({
  ...groupFields,
  n: z.number(), tp: z.number(), fp: z.number(), fn: z.number(), tn: z.number(),
  scored: z.number(), positives: z.number(), auc: z.number().nullable(), ap: z.number().nullable(),
  ll: z.number().nullable(), ll2: z.number().nullable(), br: z.number().nullable(), br2: z.number().nullable(),
  calibration: z.array(z.tuple([z.number(), z.number(), z.number(), z.number(), z.number()])),
}); // prettier-ignore
export type BinaryRow = z.output<typeof binaryRow>;

const regressionRow = z.object({
  ...groupFields,
  n: z.number(), e: z.number().nullable(), abs_e: z.number().nullable(), e2: z.number().nullable(), e4: z.number().nullable(),
  mape_n: z.number(), mape: z.number().nullable(), mape2: z.number().nullable(), truth_var: z.number().nullable(), e2z2: z.number().nullable(), z4: z.number().nullable(),
}); // prettier-ignore
export type RegressionRow = z.output<typeof regressionRow>;

const confusionRow = z.object({ ...groupFields, truth: z.string(), predicted: z.string(), n: z.number() });
const labelRow = z.object({
  ...groupFields,
  n: z.number(),
  labelled: z.number(),
  lag50: z.number().nullable(),
  lag90: z.number().nullable(),
  lag99: z.number().nullable(),
});
export type LabelRow = z.output<typeof labelRow>;
const multiclassScoreRow = z.object({
  ...groupFields,
  class: z.string(),
  n: z.number(),
  auc: z.number().nullable(),
  ll: z.number().nullable(),
  ll2: z.number().nullable(),
  ll_n: z.number(),
});

const GROUP = 'version, deployment, segment, w';
const CALIBRATION_BINS = 10;

export class QualityQueries {
  constructor(private readonly store: Store) {}

  /** Rows and labels per group; lags in seconds, negative where a label came before its prediction. */
  labels(rows: GroupedRows, truthKey: string | null): Promise<LabelRow[]> {
    const params = new Conditions(rows.params);
    const condition = `kind IN ('number', 'string', 'boolean') AND prediction_id IN (SELECT prediction_id FROM ${rows.from(['prediction_id'])})`;
    // One key has one row a prediction; over all keys the newest counts.
    const known =
      truthKey === null
        ? `SELECT prediction_id, 1 AS known, max(ts) AS truth_ts FROM ground_truth FINAL WHERE ${condition} GROUP BY prediction_id`
        : `SELECT prediction_id, 1 AS known, ts AS truth_ts FROM ground_truth FINAL WHERE key = ${params.bind(truthKey, 'String')} AND ${condition}`;
    return this.store.query({
      name: 'label_counts',
      lane: 'jobs',
      sql: `SELECT ${GROUP}, count() AS n, countIf(known) AS labelled, q[1] AS lag50, q[2] AS lag90, q[3] AS lag99, quantilesExactInclusiveIf(0.5, 0.9, 0.99)(lag, known) AS q
        FROM (SELECT p.version AS version, p.deployment AS deployment, p.segment AS segment, p.w AS w, t.known = 1 AS known,
            (toUnixTimestamp64Milli(t.truth_ts) - toUnixTimestamp64Milli(p.ts)) / 1000 AS lag
          FROM ${rows.from(['ts', 'prediction_id'])} AS p
          LEFT JOIN (${known}) AS t
          ON p.prediction_id = t.prediction_id) GROUP BY ${GROUP}`,
      params: params.params,
      row: labelRow,
    });
  }

  binary(rows: GroupedRows, columns: QualityColumns): Promise<BinaryRow[]> {
    const params = new Conditions(rows.params);
    // Ten bins of rows by score, ties by prediction id; the first n mod 10 bins hold one row more.
    const binStart = `(i * intDiv(length(sorted), ${CALIBRATION_BINS}) + least(i, length(sorted) % ${CALIBRATION_BINS}))`;
    const binSize = `(intDiv(length(sorted), ${CALIBRATION_BINS}) + (i < length(sorted) % ${CALIBRATION_BINS}))`;
    return this.store.query({
      name: 'binary_quality',
      lane: 'jobs',
      sql: `SELECT ${GROUP}, n, tp, fp, fn, tn, scored, positives, ll, ll2, br, br2,
          if(positives > 0 AND positives < scored, arrayROCAUC(pairs.1, pairs.2), NULL) AS auc,
          if(positives > 0, arrayPRAUC(pairs.1, pairs.2), NULL) AS ap,
          arrayFilter(b -> b.1 > 0, arrayMap(i -> (toUInt64(${binSize}), arrayAvg(arraySlice(sorted.1, ${binStart} + 1, greatest(1, ${binSize}))), arrayAvg(arraySlice(sorted.2, ${binStart} + 1, greatest(1, ${binSize}))),
              sorted.1[${binStart} + 1], sorted.1[${binStart} + greatest(1, ${binSize})]),
            range(if(scored = 0, 0, ${CALIBRATION_BINS})))) AS calibration
        FROM (
          SELECT ${GROUP}, countIf(isNotNull(h)) AS n, countIf(h AND y) AS tp, countIf(h AND NOT y) AS fp, countIf(NOT h AND y) AS fn, countIf(NOT h AND NOT y) AS tn,
            countIf(isNotNull(s)) AS scored, countIf(isNotNull(s) AND y) AS positives, sumKahan(ifNull(${LOG_LOSS}, 0)) AS ll, sumKahan(ifNull(pow(${LOG_LOSS}, 2), 0)) AS ll2,
            sumKahan(ifNull(pow(s - y, 2), 0)) AS br, sumKahan(ifNull(pow(s - y, 4), 0)) AS br2,
            groupArrayIf((assumeNotNull(s), toUInt8(y), prediction_id), isNotNull(s)) AS pairs, arraySort(x -> (x.1, x.3), pairs) AS sorted
          FROM ${classified(rows, columns, params)}
          GROUP BY ${GROUP})`,
      params: params.params,
      row: binaryRow,
    });
  }

  /** Rows whose truth or prediction is not a number are left out. */
  regression(rows: GroupedRows, columns: QualityColumns): Promise<RegressionRow[]> {
    const params = new Conditions(rows.params);
    return this.store.query({
      name: 'regression_quality',
      lane: 'jobs',
      sql: `SELECT * EXCEPT (pairs, centre), arrayAvg(x -> pow(x.1, 2) * pow(x.2 - centre, 2), pairs) AS e2z2, arrayAvg(x -> pow(x.2 - centre, 4), pairs) AS z4,
          if(arrayAll(x -> x.2 = pairs[1].2, pairs), 0, arrayAvg(x -> pow(x.2 - centre, 2), pairs) - pow(arrayAvg(x -> x.2 - centre, pairs), 2)) AS truth_var
        FROM (SELECT ${GROUP}, count() AS n, sumKahan(assumeNotNull(d)) AS e, sumKahan(abs(assumeNotNull(d))) AS abs_e, sumKahan(pow(assumeNotNull(d), 2)) AS e2, sumKahan(pow(assumeNotNull(d), 4)) AS e4,
          countIf(truth_number != 0) AS mape_n, sumIf(abs(assumeNotNull(d)) / abs(truth_number), truth_number != 0) AS mape,
            sumIf(pow(assumeNotNull(d) / truth_number, 2), truth_number != 0) AS mape2,
            groupArray((assumeNotNull(d), truth_number)) AS pairs, avg(truth_number) AS centre
        FROM (SELECT *, s - truth_number AS d FROM ${joined(rows, columns.truthKey, params, { s: scoreOf(columns.prediction, params) })} WHERE truth_kind = 'number')
        WHERE isNotNull(d) GROUP BY ${GROUP})`,
      params: params.params,
      row: regressionRow,
    });
  }

  /** Counts of truth by predicted label, as text; rows without a prediction are left out. An alias hides its column, in WHERE too, so the two have two names. With a score and no prediction, the label is positive or \`not <positive>\`. */
  confusion(rows: GroupedRows, columns: QualityColumns) {
    const params = new Conditions(rows.params);
    const positive = params.bind(columns.positive, 'String');
    const named = (condition: string) => `if(${condition}, ${positive}, concat('not ', ${positive}))`;
    const [given, predicted, truth] =
      columns.prediction === null
        ? [
            { s: scoreOf(columns.score, params) },
            `if(isNull(s), NULL, ${named(`s >= ${params.bind(columns.threshold, 'Float64')}`)})`,
            named(`${asClass('truth_text')} = ${asClass(positive)}`),
          ]
        : [{ label: labelOf(columns.prediction, params) }, 'label', 'truth_text'];
    return this.store.query({
      name: 'confusion_counts',
      lane: 'jobs',
      sql: `SELECT ${GROUP}, truth, assumeNotNull(said) AS predicted, count() AS n
        FROM (SELECT ${GROUP}, ${truth} AS truth, ${predicted} AS said FROM ${joined(rows, columns.truthKey, params, given)}) WHERE isNotNull(said)
        GROUP BY ${GROUP}, truth, predicted ORDER BY ${GROUP}, truth, predicted LIMIT 100000`,
      params: params.params,
      row: confusionRow,
    });
  }

  /** One-versus-rest AUC per class and the log loss of the true class; the score is an object whose keys are the classes. */
  multiclassScores(rows: GroupedRows, columns: QualityColumns) {
    const params = new Conditions(rows.params);
    const prefix = params.bind(`${columns.score ?? ''}.`, 'String');
    const clipped = 'least(greatest(s, 1e-15), 1 - 1e-15)';
    const entries = `arrayFilter(e -> startsWith(e.1, ${prefix}), arrayMap((k, v) -> (toString(k), v), mapKeys(num), mapValues(num)))`;
    return this.store.query({
      name: 'multiclass_scores',
      lane: 'jobs',
      sql: `SELECT ${GROUP}, class, count() AS n, if(countIf(y) > 0 AND countIf(y) < n, arrayROCAUC(groupArray(s), groupArray(toUInt8(y))), NULL) AS auc,
          sumKahanIf(-log(${clipped}), y) AS ll, sumKahanIf(pow(log(${clipped}), 2), y) AS ll2, countIf(y) AS ll_n
        FROM (SELECT ${GROUP}, substring(entry.1, length(${prefix}) + 1) AS class, entry.2 AS s, class = truth_text AS y
          FROM (SELECT ${GROUP}, truth_text, arrayJoin(entries) AS entry FROM ${joined(rows, columns.truthKey, params, { entries })}))
        GROUP BY ${GROUP}, class ORDER BY ${GROUP}, class LIMIT 100000`,
      params: params.params,
      row: multiclassScoreRow,
    });
  }
}

export type { GroupKey };
