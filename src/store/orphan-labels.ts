// Labels that wait for their prediction: how many, which, and the removal of those that waited too long.
import { z } from 'zod';
import { iso } from '../domain/contract/common.js';
import type { OrphanLabel } from '../domain/contract/ingestion.js';
import type { LabelWindows } from '../domain/selection.js';
import { Conditions } from './conditions.js';
import type { GroundTruthTable } from './ground-truth.js';
import type { Store } from './store.js';

/** Both tables are sorted by the id, so they are read side by side: memory does not grow with the number of labels. It has no anti join. */
const SORTED_JOIN = "SETTINGS join_algorithm = 'full_sorting_merge'";

/** Whoever reads waits this long, in seconds. */
const READ_SECONDS = 30;

/** Labels g and whether their id has a prediction, of whatever model, as p.found (0 or 1). One whose deletion is not merged yet is none. */
const withPredictions = (labels: string): string => `(${labels}) AS g LEFT JOIN (
    SELECT prediction_id, 1 AS found FROM prediction_places FINAL GROUP BY prediction_id
  ) AS p ON g.prediction_id = p.prediction_id`;

/** The ids with a label and without a prediction, and when their newest value came. */
const ORPHANS = `SELECT g.prediction_id AS prediction_id, g.received AS received FROM ${withPredictions(
  'SELECT prediction_id, max(received_at) AS received FROM ground_truth FINAL GROUP BY prediction_id',
)} WHERE p.found = 0`;

export class OrphanLabelTable {
  constructor(
    private readonly store: Store,
    private readonly groundTruth: GroundTruthTable,
  ) {}

  async count(): Promise<number> {
    const { n } = await this.store.one({
      name: 'count_orphan_labels',
      sql: `SELECT count() AS n FROM (${ORPHANS}) ${SORTED_JOIN}`,
      row: z.object({ n: z.number() }),
    });
    return n;
  }

  /** The newest first. */
  async list(limit: number): Promise<OrphanLabel[]> {
    const rows = await this.store.query({
      name: 'list_orphan_labels',
      sql: `SELECT toString(prediction_id) AS id, toUnixTimestamp64Milli(received) AS received_ms FROM (${ORPHANS})
        ORDER BY received DESC, id LIMIT {limit:UInt32} ${SORTED_JOIN}`,
      params: { limit },
      row: z.object({ id: z.string(), received_ms: z.number() }),
    });
    const known = await this.groundTruth.byIds(rows.map((row) => row.id));
    return rows.map(({ id, received_ms }) => ({
      prediction_id: id,
      values: known.get(id)?.values ?? {},
      timestamp: iso(known.get(id)?.at ?? received_ms),
      received_at: iso(received_ms),
    }));
  }

  /** Of one key, by the window of the labels' timestamps: ids with a label, and those of them without a prediction of any model. Times in epoch ms. */
  perWindow(query: LabelWindows): Promise<{ start: number; orphans: number; labels: number }[]> {
    const labels = new Conditions().equals('key', query.key).time('ts', '>=', query.from).time('ts', '<', query.to);
    const bind = (value: number) => labels.bind(value, 'Int64');
    const at = 'toUnixTimestamp64Milli(ts)';
    const start =
      query.length === null
        ? bind(query.from ?? 0)
        : `${at} - positiveModulo(${at} - ${bind(query.origin)}, ${bind(query.length)})`;
    return this.store.query({
      name: 'count_orphan_labels_by_window',
      sql: `SELECT g.w AS start, countIf(p.found = 0) AS orphans, count() AS labels
        FROM ${withPredictions(`SELECT prediction_id, ${start} AS w FROM ground_truth FINAL ${labels.where()}`)}
        GROUP BY g.w ORDER BY g.w DESC LIMIT ${labels.bind(query.limit, 'UInt32')} ${SORTED_JOIN}, max_execution_time = ${READ_SECONDS}`,
      params: labels.params,
      row: z.object({ start: z.number(), orphans: z.number(), labels: z.number() }),
    });
  }

  /** Remove labels that came before a time and have no prediction; returns how many ids had one. */
  async expire(before: number): Promise<number> {
    const ids = `SELECT prediction_id FROM (${ORPHANS}) WHERE received < fromUnixTimestamp64Milli({before:Int64}, 'UTC')`;
    const { n } = await this.store.one({
      name: 'count_expired_orphans',
      lane: 'jobs',
      sql: `SELECT count() AS n FROM (${ids}) ${SORTED_JOIN}`,
      params: { before },
      row: z.object({ n: z.number() }),
    });
    if (n === 0) return 0;
    // The history first: the ids are only known while ground_truth has them.
    for (const table of ['ground_truth_history', 'ground_truth']) {
      await this.store.command({
        name: `expire_orphans_of_${table}`,
        sql: `ALTER TABLE ${table} DELETE WHERE prediction_id IN (${ids}) SETTINGS mutations_sync = 1`,
        params: { before },
      });
    }
    return n;
  }
}
