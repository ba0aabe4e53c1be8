// Erasing predictions and everything that was kept of them. Rows are removed by mutations that are awaited: no statement reads them afterwards.
import { z } from 'zod';
import type { ErasedRows } from '../domain/stored-ingestion.js';
import type { QueryParams } from './client.js';
import { CopySearch, NO_ID } from './erasure-copies.js';
import type { ErasureScope } from './erasure-scopes.js';
import type { Store } from './store.js';

const UUID_PATTERN = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const ERASED = '(erased)';
const MARK_COLUMNS = ['model', 'version', 'deployment', 'slot', 'cause', 'row_version'];
const countRow = z.object({ n: z.number() });

export class ErasureTable {
  private readonly copies: CopySearch;

  constructor(private readonly store: Store) {
    this.copies = new CopySearch(store);
  }

  /** Erase what a scope holds. Predictions go last: after a crash in between the same call finds the rest. */
  async erase(scope: ErasureScope): Promise<ErasedRows> {
    const { predictions, ids, params } = scope;
    const labels = this.labelCondition(scope);
    const older = await this.copies.withoutIds(scope);
    const byId = `prediction_id != toUUID('${NO_ID}') AND prediction_id IN (${ids})`;
    const copies = older.condition === null ? byId : `(${byId}) OR (${older.condition})`;
    const copyParams = { ...params, ...older.params };
    const counted = await this.count(scope, labels, copies, copyParams);
    const alertEvents = (await this.eraseFromAlerts(ids, params)) + (await this.eraseSegments(scope));
    const windows = await this.windows(scope);
    await this.mark(windows);
    if (counted.rejected > 0) await this.delete('rejected', scope.rejected, params);
    if (counted.inferenceHalves > 0) await this.delete('inference_halves', scope.halves, params);
    if (counted.baselineRows > 0) await this.delete('baseline_rows', copies, copyParams);
    for (const table of ['label_arrivals', 'ground_truth_history', 'ground_truth'])
      await this.delete(table, labels, params);
    await this.delete('prediction_places', this.placeCondition(scope), params);
    await this.delete('predictions', predictions, params);
    // Again: a job may have computed them in between, from rows that were still there.
    await this.mark(windows);
    const { searchedByContent, notSearched } = older;
    const baselines = [...new Set([...counted.baselines, ...(await this.shortBaselines())])];
    return { ...counted, baselines, windows: windows.length, alertEvents, searchedByContent, notSearched };
  }

  /** Baselines that have fewer rows than they say: of an erasure that ended before they were counted again. */
  private async shortBaselines(): Promise<string[]> {
    const short = await this.store.query({
      name: 'baselines_short_of_rows',
      lane: 'jobs',
      sql: `SELECT toString(baseline_id) AS id FROM (SELECT baseline_id, rows FROM baselines FINAL) AS said
        LEFT JOIN (SELECT baseline_id, count() AS kept FROM baseline_rows GROUP BY baseline_id) AS stored USING (baseline_id) WHERE kept < rows`,
      params: {},
      row: z.object({ id: z.string() }),
    });
    return short.map(({ id }) => id);
  }

  private labelCondition({ predictions, ids, withSharedLabels }: ErasureScope): string {
    if (withSharedLabels) return 'prediction_id = {id:UUID}';
    const others = `SELECT prediction_id FROM predictions WHERE is_deleted = 0 AND NOT (${predictions})`;
    return `prediction_id IN (${ids}) AND prediction_id NOT IN (${others} AND prediction_id IN (${ids}))`;
  }

  /** Places have no tags: those of the ids, in the scope's model. */
  private placeCondition({ ids, params }: ErasureScope): string {
    return 'model' in params ? `model = {model:String} AND prediction_id IN (${ids})` : 'prediction_id = {id:UUID}';
  }

  private async count(scope: ErasureScope, labels: string, copies: string, params: QueryParams) {
    const { predictions, rejected, halves } = scope;
    const row = await this.store.one({
      name: 'count_erasure',
      lane: 'jobs',
      sql: `SELECT (SELECT uniqExact(model, prediction_id, version, deployment) FROM predictions WHERE (${predictions}) AND is_deleted = 0) AS predictions,
          (SELECT uniqExact(prediction_id) FROM ground_truth WHERE ${labels}) AS labels,
          (SELECT uniqExact(received_at, route, item_index) FROM rejected WHERE ${rejected}) AS rejected_items,
          (SELECT uniqExact(model, request_id, kind) FROM inference_halves WHERE ${halves}) AS half_rows,
          (SELECT uniqExact(baseline_id, row_number) FROM baseline_rows WHERE ${copies}) AS baseline_copies,
          (SELECT groupUniqArray(toString(baseline_id)) FROM baseline_rows WHERE ${copies}) AS baselines`,
      params,
      row: z.object({
        predictions: z.number(),
        labels: z.number(),
        rejected_items: z.number(),
        half_rows: z.number(),
        baseline_copies: z.number(),
        baselines: z.array(z.string()),
      }),
    });
    const { rejected_items, half_rows, baseline_copies, ...rest } = row;
    return { ...rest, rejected: rejected_items, inferenceHalves: half_rows, baselineRows: baseline_copies };
  }

  /** The slots of 15 minutes that hold, or held, a row of the scope. */
  private windows({ predictions, params }: ErasureScope) {
    return this.store.query({
      name: 'windows_of_erasure',
      lane: 'jobs',
      sql: `SELECT DISTINCT model, version, deployment, toUnixTimestamp(toStartOfInterval(ts, toIntervalMinute(15))) AS slot FROM predictions WHERE ${predictions}`,
      params,
      row: z.object({ model: z.string(), version: z.string(), deployment: z.string(), slot: z.number() }),
    });
  }

  /** Have windows computed again. */
  private mark(windows: readonly Record<string, unknown>[]): Promise<void> {
    const row_version = this.store.versions.next();
    const rows = windows.map((window) => ({ ...window, cause: 'prediction', row_version }));
    return this.store.insert('window_marks', MARK_COLUMNS, rows);
  }

  /** Alerts name example predictions. Returns how many lines of the log did. */
  private async eraseFromAlerts(ids: string, params: QueryParams): Promise<number> {
    const [found] = await this.store.query({
      name: 'find_erased_in_alerts',
      lane: 'jobs',
      sql: `SELECT groupUniqArray(id) AS ids FROM (SELECT arrayJoin(extractAll(concat(why, ' ', detail), '${UUID_PATTERN}')) AS id FROM alert_events)
        WHERE toUUIDOrZero(id) IN (${ids})`,
      params,
      row: z.object({ ids: z.array(z.string()) }),
    });
    if (found === undefined || found.ids.length === 0) return 0;
    const pattern = found.ids.join('|');
    const matches = 'match(why, {pattern:String}) OR match(detail, {pattern:String})';
    const n = await this.rows('alert_events', matches, { pattern });
    await this.store.command({
      name: 'erase_from_alert_events',
      sql: `ALTER TABLE alert_events UPDATE why = replaceRegexpAll(why, {pattern:String}, '${ERASED}'), detail = replaceRegexpAll(detail, {pattern:String}, '${ERASED}')
        WHERE ${matches} SETTINGS mutations_sync = 1`,
      params: { pattern },
    });
    return n;
  }

  /** Where the tag is a segment of the model, its numbers and alerts are this person's alone. Returns how many lines of the log of alerts went. */
  private async eraseSegments({ segments, params: { model } }: ErasureScope): Promise<number> {
    if (segments.length === 0) return 0;
    const params = { model, segments: [...segments] };
    const mine = 'model = {model:String} AND has({segments:Array(String)}, toString(segment))';
    const n = await this.rows('alert_events', mine, params);
    for (const table of ['alert_events', 'metric_points', 'profiles'])
      if ((await this.rows(table, mine, params)) > 0) await this.delete(table, mine, params);
    for (const segment of segments) {
      const named = 'model = {model:String} AND position(subject, {segment:String}) > 0';
      if ((await this.rows('notifications', named, { model, segment })) === 0) continue;
      await this.store.command({
        name: 'erase_from_notifications',
        sql: `ALTER TABLE notifications UPDATE subject = replaceAll(subject, {segment:String}, '${ERASED}') WHERE ${named} SETTINGS mutations_sync = 1`,
        params: { model, segment },
      });
    }
    return n;
  }

  private async rows(table: string, condition: string, params: QueryParams): Promise<number> {
    const sql = `SELECT count() AS n FROM ${table} WHERE ${condition}`;
    return (await this.store.one({ name: `count_erased_${table}`, lane: 'jobs', sql, params, row: countRow })).n;
  }

  private delete(table: string, condition: string, params: QueryParams): Promise<void> {
    const sql = `ALTER TABLE ${table} DELETE WHERE ${condition} SETTINGS mutations_sync = 1`;
    return this.store.command({ name: `erase_from_${table}`, sql, params });
  }
}
