// Sums over segments of numbers that are a mean over rows, and the rows that show them best.
import { z } from 'zod';
import type { BinContent, Measure, RowMetric } from '../domain/alerts/measure.js';
import type { GroupedRows } from '../domain/selection.js';
import { Conditions } from './conditions.js';
import { classified, joined, labelOf, LOG_LOSS, scoreOf, type QualityColumns } from './labelled-rows.js';
import { textOf } from './segments.js';
import type { Store } from './store.js';

/** Rows as SQL with the value of each, the condition on which it counts, and how much it deserves to be looked at. */
interface MeasuredRows {
  from: string;
  value: string;
  counts: string;
  worst: string;
}

const sumRow = z.object({ segment: z.string(), n: z.number(), total: z.number().nullable() });
/** Of a binary model: h is the predicted class, y the true one, s the score. */
const BINARY: Record<string, Omit<MeasuredRows, 'from'>> = {
  accuracy: { value: 'h = y', counts: 'isNotNull(h)', worst: 'if(h = y, 0, 1 + ifNull(abs(s - y), 0))' },
  precision: { value: 'y', counts: 'ifNull(h, 0)', worst: 'if(ifNull(h, 0) AND NOT y, 1 + ifNull(s, 0), 0)' },
  recall: { value: 'h', counts: 'isNotNull(h) AND y', worst: 'if(isNotNull(h) AND NOT h AND y, 2 - ifNull(s, 0), 0)' },
  specificity: {
    value: 'NOT h',
    counts: 'isNotNull(h) AND NOT y',
    worst: 'if(ifNull(h, 0) AND NOT y, 1 + ifNull(s, 0), 0)',
  },
  log_loss: { value: LOG_LOSS, counts: 'isNotNull(s)', worst: `ifNull(${LOG_LOSS}, 0)` },
  brier: { value: 'pow(s - y, 2)', counts: 'isNotNull(s)', worst: 'ifNull(pow(s - y, 2), 0)' },
};
const REGRESSION: Record<string, string> = { mae: 'abs(d)', mse: 'pow(d, 2)', mean_error: 'd' };

export class ContributionQueries {
  constructor(private readonly store: Store) {}

  /** Rows that count and their sum in each segment; '' is the whole. */
  async sums(rows: GroupedRows, measure: Measure): Promise<{ segment: string; n: number; sum: number }[]> {
    const params = new Conditions(rows.params);
    const { from, value, counts } = measured(rows, measure, params);
    const found = await this.store.query({
      name: 'segment_sums',
      sql: `SELECT segment, countIf(${counts}) AS n, sumKahanIf(toFloat64(assumeNotNull(${value})), ${counts}) AS total FROM ${from}
        GROUP BY segment HAVING n > 0`,
      params: params.params,
      row: sumRow,
    });
    return found.map(({ segment, n, total }) => ({ segment, n, sum: total ?? 0 }));
  }

  /** The ids of the rows that show it best, worst first. */
  async examples(rows: GroupedRows, measure: Measure, limit: number): Promise<string[]> {
    const params = new Conditions(rows.params);
    const { from, worst } = measured(rows, measure, params);
    const found = await this.store.query({
      name: 'example_rows',
      sql: `SELECT toString(prediction_id) AS id FROM (SELECT DISTINCT prediction_id, ${worst} AS worst FROM ${from})
        WHERE worst > 0 ORDER BY worst DESC, prediction_id LIMIT ${params.bind(limit, 'UInt32')}`,
      params: params.params,
      row: z.object({ id: z.string() }),
    });
    return found.map(({ id }) => id);
  }

  /** Tags and inputs with few values, fewest first: what rows are divided by where nobody said. */
  async dimensions(rows: GroupedRows, limit: number): Promise<string[]> {
    const params = new Conditions(rows.params);
    const pairs = (map: string, path: string) =>
      `arrayMap((k, v) -> (${path}, toString(v)), mapKeys(${map}), mapValues(${map}))`;
    const found = await this.store.query({
      name: 'segment_dimensions',
      sql: `SELECT pair.1 AS path, uniqExact(pair.2) AS distinct FROM (SELECT arrayJoin(arrayConcat(
          ${pairs('tags', "concat('tags.', k)")}, ${pairs('str', 'toString(k)')}, ${pairs('flag', 'toString(k)')})) AS pair
        FROM ${rows.from(['tags', 'str', 'flag'])} LIMIT 1000000)
        WHERE path LIKE 'tags.%' OR path LIKE 'inputs.%'
        GROUP BY path HAVING distinct BETWEEN 2 AND 50 ORDER BY startsWith(path, 'tags.') DESC, distinct, path LIMIT ${params.bind(limit, 'UInt32')}`,
      params: params.params,
      row: z.object({ path: z.string() }),
    });
    return found.map(({ path }) => path);
  }
}

function measured(rows: GroupedRows, measure: Measure, params: Conditions): MeasuredRows {
  if (measure.kind === 'bins') return inBins(rows, measure.content, params);
  const { metric, task, columns } = measure;
  if (metric === 'error_rate') {
    const from = rows.from(['prediction_id', "status = 'error' AS failed"]);
    return { from, value: 'failed', counts: '1', worst: 'failed' };
  }
  if (columns === null) throw new Error(`${metric} needs to know where prediction and truth are`);
  if (task === 'binary') return binary(rows, metric, columns, params);
  if (task === 'regression') {
    const from = `(SELECT *, s - truth_number AS d FROM ${joined(rows, columns.truthKey, params, { s: scoreOf(columns.prediction, params) })} WHERE truth_kind = 'number')`;
    return { from, value: REGRESSION[metric] ?? 'd', counts: 'isNotNull(d)', worst: 'ifNull(abs(d), 0)' };
  }
  const given = {
    label: columns.prediction === null ? 'CAST(NULL AS Nullable(String))' : labelOf(columns.prediction, params),
  };
  const from = joined(rows, columns.truthKey, params, given);
  return { from, value: 'label = truth_text', counts: 'isNotNull(label)', worst: 'ifNull(label != truth_text, 0)' };
}

function binary(rows: GroupedRows, metric: RowMetric, columns: QualityColumns, params: Conditions): MeasuredRows {
  const parts = BINARY[metric];
  if (parts === undefined) throw new Error(`${metric} is not a number of a binary model`);
  return { from: classified(rows, columns, params), ...parts };
}

function inBins(rows: GroupedRows, content: BinContent, params: Conditions): MeasuredRows {
  const { path, numeric } = content;
  const value = numeric ? scoreOf(path, params) : textOf(path, (text) => params.bind(text, 'String'));
  const parts = content.ranges.map(({ above, upTo }) =>
    [
      above === null ? '1' : `v > ${params.bind(above, 'Float64')}`,
      upTo === null ? '1' : `v <= ${params.bind(upTo, 'Float64')}`,
    ].join(' AND '),
  );
  if (content.values.length > 0) parts.push(`v IN ${params.bind(content.values, 'Array(String)')}`);
  if (content.noneOf !== null) parts.push(`isNotNull(v) AND v NOT IN ${params.bind(content.noneOf, 'Array(String)')}`);
  const present = parts.length === 0 ? '0' : parts.map((part) => `(${part})`).join(' OR ');
  const inside = `if(isNull(v), ${content.missing ? 1 : 0}, ${present})`;
  const from = `(SELECT segment, prediction_id, assumeNotNull(${inside}) AS inside FROM ${rows.from(['prediction_id', `${value} AS v`])})`;
  return { from, value: 'inside', counts: '1', worst: 'inside' };
}
