// Erasing predictions and everything that was kept of them. Rows are removed by mutations that are awaited: no statement reads them afterwards.
import { z } from 'zod';
import type { QueryParams } from './client.js';
import type { Store } from './store.js';

/** Which predictions: a condition on rows of `predictions`, with its parameters, and how the items that were refused of them are recognised. */
export interface ErasureScope {
  predictions: string;
  rejected: string;
  params: QueryParams;
  /** Whether the labels of these ids go even where another prediction shares them. */
  withSharedLabels: boolean;
}

/** How much there was. */
export interface ErasedRows {
  predictions: number;
  labels: number;
  rejected: number;
  baselineRows: number;
  /** Baselines that lost rows. */
  baselines: string[];
  alertEvents: number;
  windows: number;
}

/** A text that is not whole JSON is searched for what would be looked up. */
const BROKEN = '(is_cut = 1 OR NOT isValidJSON(item))';
const ITEM_ID = "JSONExtractString(item, 'prediction_id')";
const UUID_PATTERN = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const ERASED = '(erased)';
const MARK_COLUMNS = ['model', 'version', 'deployment', 'slot', 'cause', 'row_version'];

/** One id, in every model. `externalId` is empty where the id was sent as a UUID. */
export function scopeOfId(id: string, externalId: string): ErasureScope {
  const given = externalId === '' ? [id] : [id, externalId];
  return {
    predictions: 'prediction_id = {id:UUID}',
    rejected: `(has({given:Array(String)}, ${ITEM_ID}) OR lower(${ITEM_ID}) = {id_text:String}
      OR ${ITEM_ID} IN (SELECT external_id FROM predictions WHERE prediction_id = {id:UUID} AND external_id != '')
      OR ${BROKEN} AND arrayExists(text -> position(item, concat('"', text, '"')) > 0, {given:Array(String)}))`,
    params: { id, id_text: id, given },
    withSharedLabels: true,
  };
}

/** The predictions of a model that have, or ever had, a tag. */
export function scopeOfTag(model: string, key: string, value: string): ErasureScope {
  const mine =
    'model = {model:String} AND mapContains(tags, {tag_key:String}) AND tags[{tag_key:String}] = {tag_value:String}';
  return {
    predictions: mine,
    rejected: `(model = {model:String} AND JSONExtractString(item, 'tags', {tag_key:String}) = {tag_value:String}
      OR ${ITEM_ID} != '' AND (lower(${ITEM_ID}) IN (SELECT toString(prediction_id) FROM predictions WHERE ${mine})
        OR ${ITEM_ID} IN (SELECT external_id FROM predictions WHERE ${mine} AND external_id != ''))
      OR model = {model:String} AND ${BROKEN} AND position(item, concat('"', {tag_value:String}, '"')) > 0)`,
    params: { model, tag_key: key, tag_value: value },
    withSharedLabels: false,
  };
}

export class ErasureTable {
  constructor(private readonly store: Store) {}

  /** Erase what a scope holds. Predictions go last: after a crash in between the same call finds the rest. */
  async erase(scope: ErasureScope): Promise<ErasedRows> {
    const { predictions, params } = scope;
    const ids = `SELECT prediction_id FROM predictions WHERE ${predictions}`;
    const labels = this.labelCondition(scope, ids);
    const copies = `baseline_rows.prediction_id != toUUID('00000000-0000-0000-0000-000000000000') AND baseline_rows.prediction_id IN (${ids})`;
    const counted = await this.count(scope, labels, copies);
    const alertEvents = await this.eraseFromAlerts(ids, params);
    const windows = await this.windows(scope);
    await this.mark(windows);
    if (counted.rejected > 0) await this.delete('rejected', scope.rejected, params);
    if (counted.baselineRows > 0) await this.delete('baseline_rows', copies, params);
    for (const table of ['label_arrivals', 'ground_truth_history', 'ground_truth'])
      await this.delete(table, labels, params);
    await this.delete('prediction_places', this.placeCondition(scope, ids), params);
    await this.delete('predictions', predictions, params);
    // Again: a job may have computed them in between, from rows that were still there.
    await this.mark(windows);
    return { ...counted, windows: windows.length, alertEvents };
  }

  private labelCondition({ predictions, withSharedLabels }: ErasureScope, ids: string): string {
    if (withSharedLabels) return 'prediction_id = {id:UUID}';
    const others = `SELECT prediction_id FROM predictions WHERE is_deleted = 0 AND NOT (${predictions})`;
    return `prediction_id IN (${ids}) AND prediction_id NOT IN (${others} AND prediction_id IN (${ids}))`;
  }

  /** Places have no tags: those of the ids, in the scope's model. */
  private placeCondition({ params }: ErasureScope, ids: string): string {
    return 'model' in params ? `model = {model:String} AND prediction_id IN (${ids})` : 'prediction_id = {id:UUID}';
  }

  private async count(
    scope: ErasureScope,
    labels: string,
    copies: string,
  ): Promise<Omit<ErasedRows, 'alertEvents' | 'windows'>> {
    const { predictions, rejected, params } = scope;
    const row = await this.store.one({
      name: 'count_erasure',
      lane: 'jobs',
      sql: `SELECT (SELECT uniqExact(model, prediction_id, version, deployment) FROM predictions WHERE (${predictions}) AND is_deleted = 0) AS predictions,
          (SELECT uniqExact(prediction_id) FROM ground_truth WHERE ${labels}) AS labels,
          (SELECT uniqExact(received_at, route, item_index) FROM rejected WHERE ${rejected}) AS rejected_items,
          (SELECT uniqExact(baseline_id, row_number) FROM baseline_rows WHERE ${copies}) AS baseline_copies,
          (SELECT groupUniqArray(toString(baseline_id)) FROM baseline_rows WHERE ${copies}) AS baselines`,
      params,
      row: z.object({
        predictions: z.number(),
        labels: z.number(),
        rejected_items: z.number(),
        baseline_copies: z.number(),
        baselines: z.array(z.string()),
      }),
    });
    const { rejected_items, baseline_copies, ...rest } = row;
    return { ...rest, rejected: rejected_items, baselineRows: baseline_copies };
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
    const { n } = await this.store.one({
      name: 'count_erased_alert_events',
      lane: 'jobs',
      sql: `SELECT count() AS n FROM alert_events WHERE ${matches}`,
      params: { pattern },
      row: z.object({ n: z.number() }),
    });
    await this.store.command({
      name: 'erase_from_alert_events',
      sql: `ALTER TABLE alert_events UPDATE why = replaceRegexpAll(why, {pattern:String}, '${ERASED}'), detail = replaceRegexpAll(detail, {pattern:String}, '${ERASED}')
        WHERE ${matches} SETTINGS mutations_sync = 1`,
      params: { pattern },
    });
    return n;
  }

  private delete(table: string, condition: string, params: QueryParams): Promise<void> {
    const sql = `ALTER TABLE ${table} DELETE WHERE ${condition} SETTINGS mutations_sync = 1`;
    return this.store.command({ name: `erase_from_${table}`, sql, params });
  }
}
