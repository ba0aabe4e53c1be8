// Samples too large to be sorted in one place: counts, sums and extremes in fine bins, cut at quantiles of the baseline.
import { z } from 'zod';
import type { FineCounts } from '../domain/drift/binned.js';
import type { GroupedRows, GroupKey } from '../domain/selection.js';
import { Conditions } from './conditions.js';
import type { FieldSource } from './field-discovery.js';
import type { Store } from './store.js';

/** Bins of a field: the bound of a Kolmogorov-Smirnov statistic is about two of their shares. */
const BINS = 500;
/** Rows of the baseline that the edges are looked for in: any edges give bounds that hold, these give narrow ones. */
const EDGE_ROWS = 50_000;
/** Below every edge: `roundDown` gives the first element for what is smaller than all. */
const BELOW = -1.7976931348623157e308;
const FIELDS_PER_QUERY = 25;

const binRow = z.object({
  at: z.number(),
  field: z.number(),
  edge: z.number(),
  n: z.number(),
  total: z.number().nullable(),
  low: z.number(),
  high: z.number(),
});

/** A group's sample of one field. */
export interface FineSample {
  group: GroupKey;
  path: string;
  counts: FineCounts;
}

export class FineBinQueries {
  constructor(private readonly store: Store) {}

  /** Ascending distinct edges per field; the same for the same rows, whatever their order. */
  async edges(source: FieldSource, rows: number, paths: readonly string[]): Promise<Map<string, number[]>> {
    const params = new Conditions(source.params);
    const levels = Array.from({ length: BINS - 1 }, (_, i) => (i + 1) / BINS);
    const every = Math.max(1, Math.floor(rows / EDGE_ROWS));
    const found = await this.store.query({
      name: 'fine_edges',
      lane: 'jobs',
      sql: `SELECT toString(path) AS path, arraySort(arrayDistinct(quantilesExact(${levels.join(', ')})(v))) AS edges
        FROM (SELECT num FROM ${source.from} WHERE cityHash64(mapValues(num)) % ${params.bind(every, 'UInt32')} = 0) ARRAY JOIN mapKeys(num) AS path, mapValues(num) AS v
        WHERE path IN ${params.bind([...paths], 'Array(String)')} GROUP BY path`,
      params: params.params,
      row: z.object({ path: z.string(), edges: z.array(z.number()) }),
    });
    return new Map(found.map((row) => [row.path, row.edges]));
  }

  /** Each group's numbers of each field in the bins of `edges`; fields without edges are left out. */
  async count(
    rows: GroupedRows,
    groups: readonly GroupKey[],
    edges: ReadonlyMap<string, number[]>,
  ): Promise<FineSample[]> {
    const paths = [...edges.keys()];
    const samples: FineSample[] = [];
    for (let start = 0; start < paths.length; start += FIELDS_PER_QUERY)
      samples.push(...(await this.countSome(rows, groups, paths.slice(start, start + FIELDS_PER_QUERY), edges)));
    return samples;
  }

  private async countSome(
    rows: GroupedRows,
    groups: readonly GroupKey[],
    paths: readonly string[],
    edges: ReadonlyMap<string, number[]>,
  ): Promise<FineSample[]> {
    const params = new Conditions(rows.params);
    const values = paths.map((path, index) => {
      const key = params.bind(path, 'String');
      return `if(num[${key}] = 0 AND NOT mapContains(num, ${key}), nan, num[${key}]) AS x${index}`;
    });
    const binned = paths.map((path, index) => {
      const cuts = params.bind([BELOW, ...(edges.get(path) ?? [])], 'Array(Float64)');
      return `(${index}, roundDown(x${index}, ${cuts}), x${index})`;
    });
    const names = rows.groups.includes('version')
      ? 'toString(version), toString(deployment), toString(segment), w'
      : `'', '', '', w`;
    const hashes = `arrayMap((a, b, c, d) -> cityHash64(a, b, c, d), ${['version', 'deployment', 'segment']
      .map((key) =>
        params.bind(
          groups.map((group) => group[key as 'version']),
          'Array(String)',
        ),
      )
      .join(', ')}, ${params.bind(
      groups.map((group) => group.w),
      'Array(Int64)',
    )})`;
    const found = await this.store.query({
      name: 'fine_bins',
      lane: 'jobs',
      sql: `SELECT indexOf(${hashes}, grp) AS at, toUInt16(bin.1) AS field, bin.2 AS edge, count() AS n, sum(bin.3) AS total, min(bin.3) AS low, max(bin.3) AS high
        FROM (SELECT grp, arrayJoin([${binned.join(', ')}]) AS bin FROM (SELECT cityHash64(${names}) AS grp, * FROM ${rows.from(values)}) WHERE has(${hashes}, grp))
        WHERE NOT isNaN(bin.3) GROUP BY grp, field, edge SETTINGS short_circuit_function_evaluation = 'force_enable'`,
      params: params.params,
      row: binRow,
    });
    return assembled(found, groups, paths, edges);
  }
}

function assembled(
  found: readonly z.output<typeof binRow>[],
  groups: readonly GroupKey[],
  paths: readonly string[],
  edges: ReadonlyMap<string, number[]>,
): FineSample[] {
  const samples = new Map<string, FineSample>();
  const places = new Map(paths.map((path) => [path, new Map((edges.get(path) ?? []).map((edge, i) => [edge, i + 1]))]));
  for (const row of found) {
    const [group, path] = [groups[row.at - 1], paths[row.field]];
    if (group === undefined || path === undefined) continue;
    const bins = (edges.get(path)?.length ?? 0) + 1;
    const empty = {
      counts: new Array<number>(bins).fill(0),
      sums: new Array<number>(bins).fill(0),
      min: null,
      max: null,
    };
    const key = `${row.at} ${row.field}`;
    const sample = samples.get(key) ?? { group, path, counts: empty };
    samples.set(key, sample);
    const bin = row.edge === BELOW ? 0 : places.get(path)?.get(row.edge);
    if (bin === undefined) throw new Error(`the engine rounded a value of ${path} to ${row.edge}, which is no edge`);
    const { counts } = sample;
    counts.counts[bin] = row.n;
    counts.sums[bin] = row.total ?? Number.NaN;
    counts.min = Math.min(counts.min ?? row.low, row.low);
    counts.max = Math.max(counts.max ?? row.high, row.high);
  }
  return [...samples.values()];
}
