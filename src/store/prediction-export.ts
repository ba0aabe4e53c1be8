// Predictions as CSV and Parquet: a column per discovered field, written by the engine.
import { z } from 'zod';
import type { PredictionRange } from './predictions.js';
import { rangeConditions } from './predictions.js';
import type { Store } from './store.js';
import { quoteName } from './uploads.js';

/** Columns of one export at the most; fields beyond stay in the JSON forms. */
const MAX_COLUMNS = 1000;

export class PredictionExport {
  constructor(private readonly store: Store) {}

  /** The rows of a range, ascending by time, with their ground truth as `values.*`. */
  async *file(range: PredictionRange, format: 'csv' | 'parquet'): AsyncIterable<Buffer> {
    const columns = await this.columns(range);
    const where = rangeConditions(range);
    const pick = (map: string, path: string) => {
      const key = where.bind(path, 'String');
      return `if(mapContains(p.${map}, ${key}), p.${map}[${key}], NULL)`;
    };
    const fields = columns.fields.map(({ path, maps }) => {
      // A field of several types is text, so that no value is lost.
      const [only] = maps;
      const value =
        maps.length === 1 && only !== undefined
          ? pick(only, path)
          : `coalesce(${maps.map((map) => `toString(${pick(map, path)})`).join(', ')})`;
      return `${value} AS ${quoteName(path)}`;
    });
    const metrics = columns.metrics.map((key) => `${pick('metrics', key)} AS ${quoteName(`metrics.${key}`)}`);
    const tags = columns.tags.map((key) => `${pick('tags', key)} AS ${quoteName(`tags.${key}`)}`);
    const truths = columns.truths.map(({ key, kinds }) => {
      const bound = where.bind(key, 'String');
      // Labels of one kind keep their type; of several, they are text.
      const [kind] = kinds;
      const map = kinds.length === 1 && kind === 'number' ? 'numbers' : 'texts';
      const value = `if(mapContains(t.${map}, ${bound}), t.${map}[${bound}], NULL)`;
      const typed = kinds.length === 1 && kind === 'boolean' ? `CAST(${value} = 'true' AS Nullable(Bool))` : value;
      return `${typed} AS ${quoteName(`values.${key}`)}`;
    });
    // CSV carries text: the same form of a time as everywhere else, and an empty cell for null.
    const time = format === 'csv' ? `concat(replaceOne(toString(p.ts), ' ', 'T'), 'Z')` : 'p.ts';
    const selected = [
      `toString(p.prediction_id) AS prediction_id, p.external_id AS external_id, toString(p.model) AS model, toString(p.version) AS version, toString(p.deployment) AS deployment, ${time} AS timestamp`,
      'p.latency_ms AS latency_ms, toString(p.status) AS status, p.error AS error, p.request_bytes AS request_bytes, p.response_bytes AS response_bytes, p.cpu_ms AS cpu_ms, p.memory_bytes AS memory_bytes',
      ...fields,
      ...metrics,
      ...tags,
      ...truths,
    ];
    const chosen = `SELECT * FROM predictions FINAL ${where.where()}`;
    yield* this.store.stream(
      {
        name: 'export_predictions',
        sql: `SELECT ${selected.join(', ')} FROM (${chosen}) AS p LEFT JOIN (
            SELECT prediction_id, mapFromArrays(groupArray(toString(key)), groupArray(if(kind = 'number', toString(number), text))) AS texts,
              mapFromArrays(groupArrayIf(toString(key), kind = 'number'), groupArrayIf(number, kind = 'number')) AS numbers
            FROM ground_truth FINAL WHERE kind != 'null' AND prediction_id IN (SELECT prediction_id FROM (${chosen})) GROUP BY prediction_id
          ) AS t ON p.prediction_id = t.prediction_id ORDER BY p.ts, p.prediction_id, p.version, p.deployment SETTINGS format_csv_null_representation = ''`,
        params: where.params,
      },
      format === 'csv' ? 'CSVWithNames' : 'Parquet',
    );
  }

  private async columns(range: PredictionRange) {
    const where = rangeConditions(range);
    const [row] = await this.store.query({
      name: 'export_columns',
      sql: `SELECT arraySort(groupUniqArrayArray(mapKeys(num))) AS num, arraySort(groupUniqArrayArray(mapKeys(str))) AS str, arraySort(groupUniqArrayArray(mapKeys(flag))) AS flag,
          arraySort(groupUniqArrayArray(mapKeys(json))) AS json, arraySort(groupUniqArrayArray(mapKeys(metrics))) AS metrics, arraySort(groupUniqArrayArray(mapKeys(tags))) AS tags
        FROM predictions FINAL ${where.where()}`,
      params: where.params,
      row: z.record(z.string(), z.array(z.string())),
    });
    const truth = await this.store.query({
      name: 'export_truth_keys',
      sql: `SELECT key, groupUniqArray(toString(kind)) AS kinds FROM ground_truth FINAL WHERE kind != 'null' AND prediction_id IN (SELECT prediction_id FROM predictions FINAL ${where.where()}) GROUP BY key ORDER BY key LIMIT ${MAX_COLUMNS}`,
      params: where.params,
      row: z.object({ key: z.string(), kinds: z.array(z.string()) }),
    });
    const byPath = new Map<string, string[]>();
    for (const map of ['num', 'str', 'flag', 'json'] as const) {
      for (const path of row?.[map] ?? [])
        if (!path.endsWith('.')) byPath.set(path, [...(byPath.get(path) ?? []), map]);
    }
    return {
      fields: [...byPath].map(([path, maps]) => ({ path, maps })).slice(0, MAX_COLUMNS),
      metrics: (row?.metrics ?? []).slice(0, MAX_COLUMNS),
      tags: (row?.tags ?? []).slice(0, MAX_COLUMNS),
      truths: truth,
    };
  }
}
