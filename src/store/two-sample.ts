// Two-sample statistics on raw numbers inside ClickHouse: Kolmogorov-Smirnov and Wasserstein of each window against the baseline.
import { z } from 'zod';
import type { GroupedRows, GroupKey } from '../domain/selection.js';
import { Conditions } from './conditions.js';
import type { FieldSource } from './field-discovery.js';
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
  at: z.number(),
  field: z.number(),
  d: z.number().nullable(),
  p: z.number().nullable(),
  distance: z.number().nullable(),
});

/**
 * W1: the area between both empirical distribution functions, by whole-number weights, so that ties cost no precision; as shares before they meet the
 * steps, so that large values do not overflow.
 */
const DISTANCE = `arraySum((step, height) -> step * (abs(height) / (toFloat64(length(b)) * length(c))), arrayPopFront(arrayDifference(sorted.1)), arrayPopBack(arrayCumSum(sorted.2)))`;
const SORTED = `arraySort(x -> x.1, arrayConcat(arrayMap(x -> (x, toInt64(length(c))), b), arrayMap(x -> (x, -toInt64(length(b))), c)))`;
/** The place of each value among the distinct ones: the engine's test takes values less than 1e-12 apart for equal ones, whatever their unit. */
const RANKS = `arrayCumSum(arrayMap(step -> step != 0, arrayDifference(sorted.1)))`;
const NOTHING = 'CAST(NULL AS Nullable(Float64))';

export class TwoSampleQueries {
  constructor(private readonly store: Store) {}

  /**
   * Every field in every group against all rows of the baseline; fields that one side lacks are left out. Without `exact` and `distance`
   * every field must have values on both sides in every group: that is the form for large samples.
   */
  async compare(
    rows: GroupedRows,
    groups: readonly GroupKey[],
    paths: readonly string[],
    baseline: FieldSource,
    options: TwoSampleOptions,
  ): Promise<TwoSample[]> {
    if (groups.length === 0 || paths.length === 0) return [];
    const params = new Conditions({ ...rows.params, ...baseline.params });
    const values = valuesOf(rows, groups, paths, baseline, params);
    const found = await this.store.query({
      name: 'two_sample',
      lane: 'jobs',
      sql: options.exact || options.distance ? bySamples(values, options) : byAggregate(values),
      params: params.params,
      row: resultRow,
    });
    return found.flatMap(({ at, field, d, p, distance }) => {
      const [group, path] = [groups[at - 1], paths[field - 1]];
      if (group === undefined || path === undefined) return [];
      return [{ group, path, d, pValue: options.exact ? p : null, distance }];
    });
  }
}

/** Rows of values as subqueries. A group is a hash of its names, because names of text are slow to group millions of values by. */
interface Values {
  /** `field, v`: a field is its place among the paths, from 1. */
  baseline: string;
  /** `grp, field, v`. */
  current: string;
  /** The hashes of the wanted groups, in their order. */
  hashes: string;
}

function valuesOf(
  rows: GroupedRows,
  groups: readonly GroupKey[],
  paths: readonly string[],
  baseline: FieldSource,
  params: Conditions,
): Values {
  const texts = (key: 'version' | 'deployment' | 'segment') =>
    params.bind(
      groups.map((group) => group[key]),
      'Array(String)',
    );
  const starts = params.bind(
    groups.map((group) => group.w),
    'Array(Int64)',
  );
  const hash = (columns: string) => `cityHash64(${columns})`;
  const hashes = `arrayMap((a, b, c, d) -> ${hash('a, b, c, d')}, ${texts('version')}, ${texts('deployment')}, ${texts('segment')}, ${starts})`;
  // The keys of a map are a dictionary: each of its words is looked up once a block, not once a value.
  const field = `toUInt16(transform(name, ${params.bind([...paths], 'Array(String)')}, range(1, ${paths.length + 1}), 0)) AS field`;
  const exploded = 'ARRAY JOIN mapKeys(num) AS name, mapValues(num) AS v';
  return {
    baseline: `(SELECT ${field}, v FROM ${baseline.from} ${exploded} WHERE field > 0)`,
    current: `(SELECT grp, ${field}, v
      FROM (SELECT ${hash('toString(version), toString(deployment), toString(segment), w')} AS grp, num FROM ${rows.from(['num'])}) ${exploded}
      WHERE field > 0 AND grp IN (SELECT arrayJoin(${hashes})))`,
    hashes,
  };
}

/** Both samples of each group and field as arrays. As an aggregate the test would fail the whole statement where one sample is empty, HAVING or not. */
function bySamples({ baseline, current, hashes }: Values, options: TwoSampleOptions): string {
  const test = `arrayReduce('kolmogorovSmirnovTest(\\'two-sided\\', \\'${options.exact ? 'exact' : 'asymp'}\\')', ${RANKS}, arrayMap(weight -> weight < 0, sorted.2))`;
  return `SELECT indexOf(${hashes}, grp) AS at, field, ks.1 AS d, ks.2 AS p, ${options.distance ? DISTANCE : NOTHING} AS distance
    FROM (SELECT grp, field, b, c, ${SORTED} AS sorted, ${test} AS ks
      FROM (SELECT grp, field, groupArray(v) AS c FROM ${current} GROUP BY grp, field) AS current_values
      INNER JOIN (SELECT field, groupArray(v) AS b FROM ${baseline} GROUP BY field) AS baseline_values USING (field))`;
}

/** A power of two, so that only the unit changes: values 1e-162 apart are told apart, those beyond 1e150, which it would overflow, are not. */
const SCALED = 'least(greatest(v, -1e150), 1e150) * exp2(500)';

/** KS as an aggregate: nothing is held twice, and the samples are sorted side by side, for which the groups must lie in many buckets. */
function byAggregate({ baseline, current, hashes }: Values): string {
  return `SELECT indexOf(${hashes}, grp) AS at, field, ks.1 AS d, ${NOTHING} AS p, ${NOTHING} AS distance
    FROM (SELECT grp, field, kolmogorovSmirnovTest('two-sided', 'asymp')(${SCALED}, side) AS ks
      FROM (SELECT arrayJoin(${hashes}) AS grp, field, v, 0 AS side FROM ${baseline} UNION ALL SELECT grp, field, v, 1 AS side FROM ${current})
      GROUP BY grp, field)
    SETTINGS group_by_two_level_threshold = 1, group_by_two_level_threshold_bytes = 1`;
}
