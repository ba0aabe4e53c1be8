// What fields rows have: kinds, counts, quantiles and frequent values, for all fields in a few queries.
import { z } from 'zod';
import type { FieldCounts } from '../domain/drift/baseline.js';
import type { QueryParams } from './client.js';
import { Conditions } from './conditions.js';
import { textOf } from './segments.js';
import type { Store } from './store.js';

/** Rows with num, str and flag maps: SQL after FROM, in parentheses or a table with conditions. */
export interface FieldSource {
  from: string;
  params: QueryParams;
}

/** Deciles by linear interpolation (numpy's default) and the population standard deviation of a field's numbers. */
export interface NumberSummary {
  path: string;
  deciles: number[];
  std: number | null;
}

const DECILES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

export class FieldDiscovery {
  constructor(private readonly store: Store) {}

  /** Every path that begins with `prefix`, with how many values of each type it has. Paths of arrays, nulls and other JSON are not listed. */
  async fields(source: FieldSource, prefix = ''): Promise<FieldCounts[]> {
    const params = new Conditions(source.params);
    const start = prefix === '' ? '' : params.bind(prefix, 'String');
    // Filtered before they are told apart: of a model with many inputs a few values remain.
    const some = (map: string) => (prefix === '' ? map : `mapFilter((k, v) -> startsWith(k, ${start}), ${map})`);
    const [num, str, flag] = [some('num'), some('str'), some('flag')];
    const rows = await this.store.query({
      name: 'discover_fields',
      lane: 'jobs',
      sql: `SELECT path, countIf(type = 'n') AS numbers, countIf(type = 's') AS strings, countIf(type = 'b') AS booleans, uniqExactIf(value, type = 's') AS distinct
        FROM (SELECT arrayJoin(arrayConcat(
            arrayMap(k -> (toString(k), 'n', ''), mapKeys(${num})),
            arrayMap((k, v) -> (toString(k), 's', v), mapKeys(${str}), mapValues(${str})),
            arrayMap(k -> (toString(k), 'b', ''), mapKeys(${flag})))) AS entry, entry.1 AS path, entry.2 AS type, entry.3 AS value
          FROM ${source.from}) GROUP BY path ORDER BY path`,
      params: params.params,
      row: z.object({
        path: z.string(),
        numbers: z.number(),
        strings: z.number(),
        booleans: z.number(),
        distinct: z.number(),
      }),
    });
    return rows;
  }

  /** Quantiles of numeric fields. */
  numbers(source: FieldSource, paths: readonly string[]): Promise<NumberSummary[]> {
    const params = new Conditions(source.params);
    return this.store.query({
      name: 'baseline_quantiles',
      lane: 'jobs',
      sql: `SELECT toString(path) AS path, quantilesExactInclusive(${DECILES.join(', ')})(v) AS deciles, stddevPopStable(v) AS std
        FROM (SELECT arrayJoin(arrayZip(mapKeys(num), mapValues(num))) AS entry, entry.1 AS path, entry.2 AS v FROM ${source.from})
        WHERE path IN ${params.bind([...paths], 'Array(String)')} GROUP BY path`,
      params: params.params,
      row: z.object({
        path: z.string(),
        // Between numbers of the largest size the engine's interpolation overflows: such an edge is left out.
        deciles: z.array(z.number().nullable()).transform((edges) => edges.filter((edge) => edge !== null)),
        std: z.number().nullable(),
      }),
    });
  }

  /** The most frequent values of some fields as text, ties by name; one more than `limit`, so that the caller sees whether there are more. */
  async categories(source: FieldSource, paths: readonly string[], limit: number): Promise<Map<string, string[]>> {
    const found = new Map<string, string[]>();
    if (paths.length === 0) return found;
    const params = new Conditions(source.params);
    const pairs = paths.map((path, index) => `(${index}, ${textOf(path, (value) => params.bind(value, 'String'))})`);
    const rows = await this.store.query({
      name: 'baseline_categories',
      lane: 'jobs',
      sql: `SELECT toUInt32(pair.1) AS field, assumeNotNull(pair.2) AS value, count() AS n
        FROM (SELECT arrayJoin([${pairs.join(', ')}]) AS pair FROM ${source.from}) WHERE pair.2 IS NOT NULL
        GROUP BY field, value ORDER BY field, n DESC, value LIMIT ${limit + 1} BY field`,
      params: params.params,
      row: z.object({ field: z.number(), value: z.string(), n: z.number() }),
    });
    for (const row of rows) {
      const path = paths[row.field] ?? '';
      found.set(path, [...(found.get(path) ?? []), row.value]);
    }
    return found;
  }
}
