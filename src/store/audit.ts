// The audit log: one row per administrative change, append-only.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { iso } from '../domain/contract/common.js';
import type { AuditRow } from '../domain/contract/ingestion.js';
import { Conditions } from './conditions.js';
import type { Store } from './store.js';

const COLUMNS = ['at', 'id', 'actor', 'actor_name', 'action', 'target', 'before', 'after', 'request_id', 'row_version'];

/** A change as it is written down. `at` in epoch ms; `before` and `after` hold no secrets. */
export type AuditEntry = Omit<AuditRow, 'id' | 'at'> & { at: number };

const auditRow = z
  .object({
    id: z.string(),
    at_ms: z.number(),
    actor: z.string(),
    actor_name: z.string(),
    action: z.string(),
    target: z.string(),
    before: z.string(),
    after: z.string(),
    request_id: z.string(),
  })
  .transform(({ at_ms, ...row }): AuditRow => ({
    ...row,
    at: iso(at_ms),
    before: JSON.parse(row.before) as unknown,
    after: JSON.parse(row.after) as unknown,
  }));

export class AuditTable {
  constructor(private readonly store: Store) {}

  append(entry: AuditEntry): Promise<void> {
    const row = {
      ...entry,
      id: randomUUID(),
      row_version: this.store.versions.next(),
      before: JSON.stringify(entry.before ?? null),
      after: JSON.stringify(entry.after ?? null),
    };
    return this.store.insert('audit', COLUMNS, [row]);
  }

  /** Newest first. */
  list(filter: { actor: string | null; target: string | null; limit: number }): Promise<AuditRow[]> {
    const where = new Conditions().equals('actor', filter.actor).equals('target', filter.target);
    return this.store.query({
      name: 'list_audit',
      sql: `SELECT toString(id) AS id, toUnixTimestamp64Milli(at) AS at_ms, actor, actor_name, action, target, before, after, request_id
        FROM audit ${where.where()} ORDER BY audit.at DESC, row_version DESC LIMIT ${where.bind(filter.limit, 'UInt32')}`,
      params: where.params,
      row: auditRow,
    });
  }

  /** Remove rows older than a time. */
  expire(before: number): Promise<void> {
    return this.store.command({
      name: 'expire_audit',
      sql: `DELETE FROM audit WHERE at < fromUnixTimestamp64Milli({before:Int64}, 'UTC')`,
      params: { before },
    });
  }
}
