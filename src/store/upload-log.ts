// Uploads as they go on: one row each, replaced with every step that is written down.
import { z } from 'zod';
import { uploadKindSchema, uploadStateSchema } from '../domain/contract/ingestion.js';
import type { UploadRow } from '../domain/stored-ingestion.js';
import type { Store } from './store.js';

const COLUMNS = [
  'started_at',
  'id',
  'kind',
  'model',
  'state',
  'bytes',
  'bytes_total',
  'rows',
  'rejected',
  'finished_at',
  'updated_at',
  'error',
  'row_version',
];

const SELECTED = `id, kind, model, state, bytes, bytes_total, rows, rejected, toUnixTimestamp64Milli(started_at) AS started_ms,
  toUnixTimestamp64Milli(finished_at) AS finished_ms, toUnixTimestamp64Milli(updated_at) AS updated_ms, error`;

const uploadRow = z
  .object({
    id: z.string(),
    kind: uploadKindSchema,
    model: z.string(),
    state: uploadStateSchema,
    bytes: z.number(),
    bytes_total: z.number().nullable(),
    rows: z.number(),
    rejected: z.number(),
    started_ms: z.number(),
    finished_ms: z.number().nullable(),
    updated_ms: z.number(),
    error: z.string(),
  })
  .transform((row): UploadRow => ({
    id: row.id,
    kind: row.kind,
    model: row.model,
    state: row.state,
    bytes: row.bytes,
    bytesTotal: row.bytes_total,
    rows: row.rows,
    rejected: row.rejected,
    startedAt: row.started_ms,
    finishedAt: row.finished_ms,
    updatedAt: row.updated_ms,
    error: row.error,
  }));

export class UploadTable {
  constructor(private readonly store: Store) {}

  put(row: UploadRow): Promise<void> {
    const document = {
      started_at: row.startedAt,
      id: row.id,
      kind: row.kind,
      model: row.model,
      state: row.state,
      bytes: row.bytes,
      bytes_total: row.bytesTotal,
      rows: row.rows,
      rejected: row.rejected,
      finished_at: row.finishedAt,
      updated_at: row.updatedAt,
      error: row.error,
      row_version: this.store.versions.next(),
    };
    return this.store.insert('uploads', COLUMNS, [document]);
  }

  async get(id: string): Promise<UploadRow | null> {
    const [row] = await this.store.query({
      name: 'read_upload',
      sql: `SELECT ${SELECTED} FROM uploads FINAL WHERE id = {id:String}`,
      params: { id },
      row: uploadRow,
    });
    return row ?? null;
  }

  /** Newest first. */
  list(limit: number): Promise<UploadRow[]> {
    return this.store.query({
      name: 'list_uploads',
      sql: `SELECT ${SELECTED} FROM uploads FINAL ORDER BY started_at DESC, id LIMIT {limit:UInt32}`,
      params: { limit },
      row: uploadRow,
    });
  }

  /** Remove uploads that started before a time. */
  expire(before: number): Promise<void> {
    return this.store.command({
      name: 'expire_uploads',
      sql: `DELETE FROM uploads WHERE started_at < fromUnixTimestamp64Milli({before:Int64}, 'UTC')`,
      params: { before },
    });
  }
}
