// Ground truth: one row per prediction id and key; the latest value of a key wins.
import { z } from 'zod';
import { iso } from '../domain/contract/common.js';
import type { LabelValue } from '../domain/contract/ingestion.js';
import type { Store } from './store.js';

export const GROUND_TRUTH_COLUMNS = [
  'prediction_id',
  'key',
  'kind',
  'number',
  'text',
  'ts',
  'received_at',
  'row_version',
  'is_deleted',
] as const;

/** One value of one label. */
export interface GroundTruthValue {
  id: string;
  key: string;
  value: unknown;
  ts: number;
}

// Aliases differ from the columns: an alias would shadow its column inside the aggregate.
const truthRow = z
  .object({
    id: z.string(),
    key: z.string(),
    latest_kind: z.string(),
    latest_number: z.number(),
    latest_text: z.string(),
    ts_ms: z.number(),
  })
  .transform((row) => ({
    id: row.id,
    key: row.key,
    kind: row.latest_kind,
    number: row.latest_number,
    text: row.latest_text,
    ts_ms: row.ts_ms,
  }));
/** Ids of one look-up: a server takes at most 128 KiB of one parameter (http_max_field_value_size), 45 bytes an id. */
const LOOKUP_IDS = 2500;

export class GroundTruthTable {
  constructor(private readonly store: Store) {}

  /** Store values; later calls of the same process win over earlier ones. */
  async insert(values: readonly GroundTruthValue[]): Promise<void> {
    if (values.length === 0) return;
    const receivedAt = this.store.now();
    const lines = values.map((entry) => {
      const { kind, number, text } = typed(entry.value);
      return JSON.stringify([
        entry.id,
        entry.key,
        kind,
        number,
        text,
        entry.ts,
        receivedAt,
        this.store.versions.next(),
        0,
      ]);
    });
    await this.store.insertBody('ground_truth', GROUND_TRUTH_COLUMNS, Buffer.from(lines.join('\n')), 'ingest');
  }

  /** What is known of some ids: values by key, and the time of the newest. */
  async byIds(ids: readonly string[]): Promise<Map<string, { values: Record<string, unknown>; at: number }>> {
    const known = new Map<string, { values: Record<string, unknown>; at: number }>();
    for (let start = 0; start < ids.length; start += LOOKUP_IDS) {
      const rows = await this.store.query({
        name: 'ground_truth_by_ids',
        sql: `SELECT toString(prediction_id) AS id, key, argMax(kind, row_version) AS latest_kind, argMax(number, row_version) AS latest_number,
            argMax(text, row_version) AS latest_text, toUnixTimestamp64Milli(argMax(ts, row_version)) AS ts_ms
          FROM ground_truth WHERE prediction_id IN {ids:Array(UUID)} GROUP BY prediction_id, key HAVING argMax(is_deleted, row_version) = 0`,
        params: { ids: ids.slice(start, start + LOOKUP_IDS) },
        row: truthRow,
      });
      for (const row of rows) {
        const entry = known.get(row.id) ?? { values: {}, at: row.ts_ms };
        Object.defineProperty(entry.values, row.key, {
          value: truthValue(row),
          enumerable: true,
          configurable: true,
          writable: true,
        });
        entry.at = Math.max(entry.at, row.ts_ms);
        known.set(row.id, entry);
      }
    }
    return known;
  }

  /** Remove the labels of ids. */
  async removeAll(ids: readonly string[]): Promise<void> {
    for (let start = 0; start < ids.length; start += LOOKUP_IDS) {
      await this.store.command({
        name: 'remove_labels',
        lane: 'ingest',
        sql: `INSERT INTO ground_truth (${GROUND_TRUTH_COLUMNS.join(', ')})
          SELECT prediction_id, key, kind, number, text, ts, received_at, row_version + 1, 1 FROM ground_truth FINAL WHERE prediction_id IN {ids:Array(UUID)}`,
        params: { ids: ids.slice(start, start + LOOKUP_IDS) },
      });
    }
  }

  /** Every value that the keys of one id had, in the order of arrival. A value that was only sent again is listed once. */
  async history(id: string): Promise<LabelValue[]> {
    const rows = await this.store.query({
      name: 'ground_truth_history',
      sql: `SELECT toString(prediction_id) AS id, key, kind AS latest_kind, number AS latest_number, text AS latest_text,
          toUnixTimestamp64Milli(ts) AS ts_ms, toUnixTimestamp64Milli(received_at) AS received_ms
        FROM ground_truth_history FINAL WHERE prediction_id = {id:UUID} ORDER BY row_version`,
      params: { id },
      row: z.intersection(truthRow, z.object({ received_ms: z.number() })),
    });
    const last = new Map<string, string>();
    return rows.flatMap((row) => {
      const said = JSON.stringify([row.kind, row.number, row.text]);
      if (last.get(row.key) === said) return [];
      last.set(row.key, said);
      return [{ key: row.key, value: truthValue(row), timestamp: iso(row.ts_ms), received_at: iso(row.received_ms) }];
    });
  }
}

function typed(value: unknown): { kind: string; number: number; text: string } {
  switch (typeof value) {
    case 'number':
      // As JSON text it would be null, which the engine stores as 0.
      if (!Number.isFinite(value)) throw new Error(`ground truth cannot be ${value}`);
      return { kind: 'number', number: value, text: '' };
    case 'string':
      return { kind: 'string', number: 0, text: value };
    case 'boolean':
      return { kind: 'boolean', number: value ? 1 : 0, text: String(value) };
    default:
      return value === null
        ? { kind: 'null', number: 0, text: '' }
        : { kind: 'json', number: 0, text: JSON.stringify(value) };
  }
}

/** A stored value as it was sent. */
export function truthValue(row: { kind: string; number: number; text: string }): unknown {
  switch (row.kind) {
    case 'number':
      return row.number;
    case 'boolean':
      return row.number !== 0;
    case 'null':
      return null;
    case 'json':
      return JSON.parse(row.text) as unknown;
    default:
      return row.text;
  }
}
