// The rows of some windows of a model as a subquery: latest row per prediction, with the window's start, in each of its segments.
import { z } from 'zod';
import type { GroupedRows, SeriesWindow, WindowSelection } from '../domain/selection.js';
import { Conditions } from './conditions.js';
import { segmentParts, segmentText, textOf } from './segments.js';
import type { Store } from './store.js';

const GROUPS = ['version', 'deployment', 'segment', 'w'] as const;
/** Values of a segment path that get a series of their own; the rest is pooled. */
export const MAX_SEGMENT_VALUES = 50;
export const POOLED = 'other';

export class WindowRows {
  constructor(private readonly store: Store) {}

  /** Rows with num, str, flag and the technical columns. */
  async predictions(selection: WindowSelection, prefix = 'p'): Promise<GroupedRows> {
    const params = new Conditions({}, prefix);
    const only = onlyOf(selection.only);
    // What a segment pools is known only beside the others of its path.
    const pools = only?.value === POOLED;
    const segments = pools
      ? await this.segments({ ...selection, segments: [only.path] }, params)
      : only === null
        ? await this.segments(selection, params)
        : params.bind(only.segment, 'String');
    const groups = `version, deployment, ${startOf(selection, params)} AS w, ${segments} AS segment`;
    const where = chosen(selection, params, only !== null && !pools ? only.segment : null);
    const pooled = pools ? params.bind(only.segment, 'String') : '';
    const wrapped = (inner: string) => {
      const kept = pools ? `(SELECT * FROM ${inner} WHERE segment = ${pooled})` : inner;
      return selection.pooled === true ? `(SELECT * REPLACE ('' AS version, '' AS deployment) FROM ${kept})` : kept;
    };
    return {
      from: (columns) => wrapped(`(SELECT ${[groups, ...columns].join(', ')} FROM predictions FINAL ${where})`),
      params: params.params,
      groups: GROUPS,
    };
  }

  /** Reports of replicas, which have no segments. */
  replicas(selection: WindowSelection): GroupedRows {
    const params = new Conditions();
    const groups = `version, deployment, ${startOf(selection, params)} AS w, '' AS segment`;
    const where = chosen(selection, params);
    return {
      from: (columns) =>
        `(SELECT ${[groups, ...columns].join(', ')} FROM (SELECT *, start_ts AS ts FROM replica_stats FINAL) ${where})`,
      params: params.params,
      groups: GROUPS,
    };
  }

  /** Labelled rows: num, str and flag hold the ground truth as `values.*`. */
  async groundTruth(selection: WindowSelection): Promise<GroupedRows> {
    const rows = await this.predictions(selection);
    const pick = (value: string, kind: string, type: string) =>
      `CAST(mapFromArrays(groupArrayIf(concat('values.', key), kind = '${kind}'), groupArrayIf(${value}, kind = '${kind}')) AS Map(LowCardinality(String), ${type}))`;
    const labelled = `(SELECT p.version AS version, p.deployment AS deployment, p.segment AS segment, p.w AS w, t.num AS num, t.str AS str, t.flag AS flag
      FROM ${rows.from(['prediction_id'])} AS p
      INNER JOIN (
        SELECT prediction_id, ${pick('number', 'number', 'Float64')} AS num, ${pick('text', 'string', 'String')} AS str, ${pick("text = 'true'", 'boolean', 'Bool')} AS flag
        FROM ground_truth FINAL WHERE kind IN ('number', 'string', 'boolean') AND prediction_id IN (SELECT prediction_id FROM ${rows.from(['prediction_id'])}) GROUP BY prediction_id
      ) AS t ON p.prediction_id = t.prediction_id)`;
    return {
      from: (columns) => `(SELECT ${[...GROUPS, ...columns].join(', ')} FROM ${labelled})`,
      params: rows.params,
      groups: GROUPS,
    };
  }

  /** An expression: '' for the whole window, and `path=value` for each configured segment that the row is in. */
  private async segments(selection: WindowSelection, params: Conditions): Promise<string> {
    if (selection.segments.length === 0) return "''";
    const parts: string[] = [];
    for (const path of selection.segments) {
      const known = params.bind(await this.frequentValues(selection, path), 'Array(String)');
      const text = textOf(path, (value) => params.bind(value, 'String'));
      const name = params.bind(`${path}=`, 'String');
      const value = `assumeNotNull(${text})`;
      parts.push(
        `if(isNull(${text}), [], [concat(${name}, if(${windowValue(value)} IN ${known}, ${value}, '${POOLED}'))])`,
      );
    }
    return `arrayJoin(arrayConcat([''], ${parts.join(', ')}))`;
  }

  /** The most frequent values of each window by itself: what a window pools must not depend on which windows are computed with it. */
  private async frequentValues(selection: WindowSelection, path: string): Promise<string[]> {
    const params = new Conditions();
    const text = textOf(path, (value) => params.bind(value, 'String'));
    const rows = await this.store.query({
      name: 'segment_values',
      lane: 'jobs',
      sql: `SELECT ${windowValue('value')} AS known FROM (
          SELECT version, deployment, ${startOf(selection, params)} AS w, assumeNotNull(${text}) AS value, count() AS n
          FROM predictions FINAL ${chosen(selection, params)} AND isNotNull(${text})
          GROUP BY version, deployment, w, value ORDER BY n DESC, value LIMIT ${MAX_SEGMENT_VALUES} BY version, deployment, w)`,
      params: params.params,
      row: z.object({ known: z.string() }),
    });
    return rows.map((row) => row.known);
  }
}

/** One segment in its parts; null where rows of all segments are wanted. @throws InvalidInputError */
function onlyOf(segment: string | null | undefined): { segment: string; path: string; value: string } | null {
  if (segment === null || segment === undefined || segment === '') return null;
  return { segment, ...segmentParts(segment) };
}

/** A value together with its window, as one text. */
function windowValue(value: string): string {
  return `toString((version, deployment, w, ${value}))`;
}

/** Start of the row's window, epoch ms. A single window of any length (a requested range) is its own start. */
function startOf(selection: WindowSelection, params: Conditions): string {
  if (selection.length === null) return params.bind(selection.start ?? selection.from, 'Int64');
  const length = params.bind(selection.length, 'Int64');
  const origin = params.bind(selection.origin, 'Int64');
  return `intDiv(toUnixTimestamp64Milli(ts) - ${origin}, ${length}) * ${length} + ${origin}`;
}

/** The conditions of the selection: model, time range (with the hour, which is in the sort key), and the windows of each series. */
function chosen(selection: WindowSelection, params: Conditions, segment: string | null = null): string {
  const where = [`model = ${params.bind(selection.model, 'String')}`];
  const from = `fromUnixTimestamp64Milli(${params.bind(selection.from, 'Int64')}, 'UTC')`;
  const to = `fromUnixTimestamp64Milli(${params.bind(selection.to, 'Int64')}, 'UTC')`;
  where.push(
    `ts >= ${from}`,
    `ts < ${to}`,
    `toStartOfHour(ts) >= toStartOfHour(${from})`,
    `toStartOfHour(ts) <= toStartOfHour(${to})`,
  );
  if (selection.windows !== null) where.push(windowsOf(selection.windows, params));
  if (selection.version !== null) where.push(`version = ${params.bind(selection.version, 'String')}`);
  const deployment = selection.deployment ?? null;
  if (deployment !== null) where.push(`deployment = ${params.bind(deployment, 'String')}`);
  if (segment !== null) where.push(segmentText(params, segment));
  return `WHERE ${where.join(' AND ')}`;
}

/** The windows of each series; the windows of one selection are few, its series fewer. */
function windowsOf(windows: readonly SeriesWindow[], params: Conditions): string {
  const series = new Map<string, SeriesWindow[]>();
  for (const window of windows) {
    const key = JSON.stringify([window.version, window.deployment]);
    series.set(key, [...(series.get(key) ?? []), window]);
  }
  const parts = [...series.values()].map((mine) => {
    const starts = params.bind(
      mine.map((window) => window.start),
      'Array(Int64)',
    );
    const name = (key: 'version' | 'deployment') => params.bind(mine[0]?.[key] ?? '', 'String');
    return `(version = ${name('version')} AND deployment = ${name('deployment')} AND w IN ${starts})`;
  });
  return `(${parts.join(' OR ')})`;
}
