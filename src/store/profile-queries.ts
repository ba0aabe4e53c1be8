// Counting in ClickHouse: how many rows of each group fall into each bin of each field, for all fields and groups at once.
import { z } from 'zod';
import type { BaselineFieldProfile } from '../domain/drift/baseline.js';
import type { GroupedRows, GroupKey } from '../domain/selection.js';
import type { Lane } from './client.js';
import { Conditions } from './conditions.js';
import { textOf } from './segments.js';
import type { FieldSource } from './field-discovery.js';
import type { Store } from './store.js';

/** Counts of one group: rows, and per field path its bins in the order of binLabels. */
export interface GroupCounts {
  group: GroupKey;
  n: number;
  counts: Map<string, number[]>;
}

const groupKey = z
  .object({ version: z.string(), deployment: z.string(), segment: z.string(), w: z.number() })
  .partial();
/** Fields a query handles at once; more are split, because each numeric field adds about ten aggregates to the statement. */
const FIELDS_PER_QUERY = 100;

export class ProfileQueries {
  constructor(private readonly store: Store) {}

  /** Bin counts of every field in every group that has rows. `known`: the baseline's rows, for its values beyond the categories. */
  async count(
    source: GroupedRows,
    fields: readonly BaselineFieldProfile[],
    known: FieldSource,
    lane: Lane = 'jobs',
  ): Promise<GroupCounts[]> {
    const result = new Map<string, GroupCounts>();
    const entry = (given: Partial<GroupKey>, n: number): GroupCounts => {
      const group = { version: '', deployment: '', segment: '', w: 0, ...given };
      const key = JSON.stringify(group);
      const found = result.get(key) ?? { group, n, counts: new Map<string, number[]>() };
      result.set(key, found);
      return found;
    };
    const numeric = fields.filter((field) => field.kind === 'numeric');
    const categorical = fields.filter((field) => field.kind === 'categorical');
    // Without numeric fields the rows are still counted, unless a categorical field's bins add up to them anyway.
    const queries = numeric.length > 0 || categorical.length > 0 ? numeric.length : 1;
    for (let start = 0; start < queries; start += FIELDS_PER_QUERY) {
      const part = numeric.slice(start, start + FIELDS_PER_QUERY);
      for (const row of await this.countNumeric(source, part, lane)) {
        const target = entry(row.group, row.n);
        part.forEach((field, index) =>
          target.counts.set(field.path, binsFromTails(row.n, row.tails[index] ?? [], field.edges.length)),
        );
      }
    }
    for (let start = 0; start < categorical.length; start += FIELDS_PER_QUERY) {
      const part = categorical.slice(start, start + FIELDS_PER_QUERY);
      for (const row of await this.countCategorical(source, part, known, lane)) {
        const field = part[row.field];
        if (field === undefined) continue;
        const target = entry(row.group, 0);
        const bins = target.counts.get(field.path) ?? new Array<number>(field.categories.length + 3).fill(0);
        bins[row.bin] = row.n;
        target.counts.set(field.path, bins);
      }
    }
    const [first] = categorical;
    if (numeric.length === 0 && first !== undefined) {
      for (const group of result.values()) group.n = (group.counts.get(first.path) ?? []).reduce((a, b) => a + b, 0);
    }
    return [...result.values()];
  }

  /**
   * One pass: per field how many values are missing and how many exceed each edge. An absent key of a map reads as 0, so it is made NaN first;
   * only where 0 is read the key is looked for, which `force_enable` sees to.
   */
  private async countNumeric(source: GroupedRows, fields: readonly BaselineFieldProfile[], lane: Lane) {
    const params = new Conditions(source.params);
    const values = fields.map((field, index) => {
      const path = params.bind(field.path, 'String');
      return `if(num[${path}] = 0 AND NOT mapContains(num, ${path}), nan, num[${path}]) AS x${index}`;
    });
    const tails = fields.map(
      (field, index) =>
        `[countIf(isNaN(x${index}))${field.edges.map((edge) => `, countIf(x${index} > ${literal(edge)})`).join('')}]`,
    );
    const rows = await this.store.query({
      name: 'count_numeric_bins',
      lane,
      sql: `SELECT ${groupTuple(source)} AS grp, count() AS n, [${tails.join(', ')}]::Array(Array(UInt64)) AS tails
        FROM ${source.from(values)} GROUP BY ${groupHash(source)} SETTINGS short_circuit_function_evaluation = 'force_enable'`,
      params: params.params,
      row: z.object({ grp: groupKey, n: z.number(), tails: z.array(z.array(z.number())) }),
    });
    return rows.map((row) => ({ group: row.grp, n: row.n, tails: row.tails }));
  }

  private async countCategorical(
    source: GroupedRows,
    fields: readonly BaselineFieldProfile[],
    baseline: FieldSource,
    lane: Lane,
  ) {
    const params = new Conditions({ ...source.params, ...baseline.params });
    const texts = fields.map(
      (field, index) => `${textOf(field.path, (path) => params.bind(path, 'String'))} AS t${index}`,
    );
    const bins = fields.map((field, index) => {
      const known = params.bind(field.categories, 'Array(String)');
      const size = field.categories.length;
      const other = field.more
        ? `t${index} IN (SELECT DISTINCT ${textOf(field.path, (path) => params.bind(path, 'String'))} AS known FROM ${baseline.from} WHERE known IS NOT NULL), ${size},`
        : '';
      return `(${index}, multiIf(t${index} IS NULL, ${size + 2}, has(${known}, t${index}), indexOf(${known}, t${index}) - 1, ${other} ${size + 1}))`;
    });
    const rows = await this.store.query({
      name: 'count_categorical_bins',
      lane,
      sql: `SELECT ${groupTuple(source)} AS grp, toUInt32(pair.1) AS field, toUInt32(pair.2) AS bin, count() AS n
        FROM (SELECT ${source.groups.join(', ')}, arrayJoin([${bins.join(', ')}]::Array(Tuple(UInt32, UInt32))) AS pair FROM ${source.from(texts)}) GROUP BY ${groupHash(source)}, field, bin`,
      params: params.params,
      row: z.object({ grp: groupKey, field: z.number(), bin: z.number(), n: z.number() }),
    });
    return rows.map((row) => ({ group: row.grp, field: row.field, bin: row.bin, n: row.n }));
  }
}

/** The group columns of rows that are grouped by their hash, as one named tuple: it arrives as a JSON object. */
function groupTuple(source: GroupedRows): string {
  const types = source.groups.map((name) => `${name} ${name === 'w' ? 'Int64' : 'String'}`);
  return `CAST(tuple(${source.groups.map((name) => `any(${name})`).join(', ')}) AS Tuple(${types.join(', ')}))`;
}

/** What rows are grouped by: grouping by the columns themselves, which are texts, took half of the time of a million rows of twenty fields. */
function groupHash(source: GroupedRows): string {
  return `cityHash64(${source.groups.join(', ')})`;
}

/** A float as SQL text; edges are finite numbers of ours, JavaScript prints them so that they read back to the same float. */
function literal(value: number): string {
  return `toFloat64('${value}')`;
}

/** Bin counts from how many values exceed each edge: right-closed bins, open at both ends, MISSING last. */
function binsFromTails(n: number, tails: readonly number[], edges: number): number[] {
  const [missing = 0, ...above] = tails;
  const bins: number[] = [];
  let remaining = n - missing;
  for (let i = 0; i < edges; i++) {
    const next = above[i] ?? 0;
    bins.push(remaining - next);
    remaining = next;
  }
  return [...bins, remaining, missing];
}
