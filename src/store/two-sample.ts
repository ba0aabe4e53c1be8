// Two-sample statistics on raw numbers inside ClickHouse: Kolmogorov-Smirnov and Wasserstein of each window against the baseline.
import { z } from 'zod';
import type { GroupedRows, GroupKey } from '../domain/selection.js';
import { Conditions } from './conditions.js';
import type { Store } from './store.js';

/** The result for one group and field. `d`: the KS statistic. */
export interface TwoSample {
  group: GroupKey;
  path: string;
  d: number | null;
  pValue: number | null;
  distance: number | null;
}

/** What to compute: the exact two-sided p-value (its cost grows with the product of both sizes), the Wasserstein distance (both samples are sorted in one place). */
export interface TwoSampleOptions {
  exact: boolean;
  distance: boolean;
}

const resultRow = z.object({
  version: z.string(),
  deployment: z.string(),
  segment: z.string(),
  w: z.number(),
  path: z.string(),
  d: z.number().nullable(),
  p: z.number().nullable(),
  distance: z.number().nullable(),
});

/** W1: the area between both empirical distribution functions, by whole-number weights, so that ties cost no precision. */
const DISTANCE = `arraySum((step, height) -> step * abs(height), arrayPopFront(arrayDifference(sorted.1)), arrayPopBack(arrayCumSum(sorted.2))) / (toFloat64(length(b)) * length(c))`;
const SORTED = `arraySort(x -> x.1, arrayConcat(arrayMap(x -> (x, toInt64(length(c))), b), arrayMap(x -> (x, -toInt64(length(b))), c)))`;

export class TwoSampleQueries {
  constructor(private readonly store: Store) {}

  /** Every field in every group against all rows of the baseline; fields that one side lacks are left out. */
  async compare(
    rows: GroupedRows,
    groups: readonly GroupKey[],
    paths: readonly string[],
    baselineId: string,
    options: TwoSampleOptions,
  ): Promise<TwoSample[]> {
    if (groups.length === 0 || paths.length === 0) return [];
    const params = new Conditions(rows.params);
    const samples = sides(rows, groups, paths, baselineId, params);
    // As an aggregate the test fails the whole statement when one group lacks a side, HAVING or not: it runs on the groups that are left.
    const test = `arrayReduce('kolmogorovSmirnovTest(\\'two-sided\\', \\'${options.exact ? 'exact' : 'asymp'}\\')', arrayConcat(b, c), arrayConcat(arrayWithConstant(length(b), 0), arrayWithConstant(length(c), 1)))`;
    const found = await this.store.query({
      name: 'two_sample',
      lane: 'jobs',
      sql: `SELECT version, deployment, segment, w, path, ks.1 AS d, ks.2 AS p, ${options.distance ? DISTANCE : 'CAST(NULL AS Nullable(Float64))'} AS distance
        FROM (SELECT version, deployment, segment, w, path, b, c, ${test} AS ks${options.distance ? `, ${SORTED} AS sorted` : ''}
          FROM (SELECT version, deployment, segment, w, path, groupArrayIf(v, side = 0) AS b, groupArrayIf(v, side = 1) AS c
            FROM ${samples} GROUP BY version, deployment, segment, w, path HAVING length(b) > 0 AND length(c) > 0))`,
      params: params.params,
      row: resultRow,
    });
    return found.map(({ path, d, p, distance, ...group }) => ({
      group,
      path,
      d,
      pValue: options.exact ? p : null,
      distance,
    }));
  }
}

/** One row per value: side 0 the baseline (once a group), side 1 the groups' own rows. */
function sides(
  rows: GroupedRows,
  groups: readonly GroupKey[],
  paths: readonly string[],
  baselineId: string,
  params: Conditions,
): string {
  const texts = (key: 'version' | 'deployment' | 'segment') =>
    params.bind(
      groups.map((group) => group[key]),
      'Array(String)',
    );
  const wanted = `arrayZip(${texts('version')}, ${texts('deployment')}, ${texts('segment')}, ${params.bind(
    groups.map((group) => group.w),
    'Array(Int64)',
  )})`;
  const fields = params.bind([...paths], 'Array(String)');
  const values = `arrayJoin(arrayFilter(e -> has(${fields}, toString(e.1)), arrayZip(mapKeys(num), mapValues(num)))) AS entry`;
  return `(
    SELECT g.1 AS version, g.2 AS deployment, g.3 AS segment, g.4 AS w, 0 AS side, toString(entry.1) AS path, entry.2 AS v
    FROM (SELECT arrayJoin(${wanted}) AS g, entry FROM (SELECT ${values} FROM baseline_rows WHERE baseline_id = ${params.bind(baselineId, 'UUID')}))
    UNION ALL
    SELECT toString(version) AS version, toString(deployment) AS deployment, segment, w, 1 AS side, toString(entry.1) AS path, entry.2 AS v
    FROM ${rows.from([values])}
    WHERE (toString(version), toString(deployment), segment, w) IN (SELECT arrayJoin(${wanted})))`;
}
