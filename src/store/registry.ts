// The registry's table: entries of several kinds, written together or not at all.
import { z } from 'zod';
import { SMALL_READ, type Store } from './store.js';

/** One thing in the registry. `doc` null: it is gone. `scope` is the id of the registered model, or empty. */
export interface RegistryEntry {
  kind: string;
  scope: string;
  item: string;
  doc: unknown;
  /** When it was made, where that is not now. */
  at?: number;
}

/** An entry as it was read. */
export interface StoredEntry extends RegistryEntry {
  at: number;
  rowVersion: number;
}

const COLUMNS = ['kind', 'scope', 'item', 'doc', 'at', 'row_version', 'is_deleted'];
const entryRow = z
  .object({
    kind: z.string(),
    scope: z.string(),
    item: z.string(),
    doc: z.string(),
    at_ms: z.number(),
    row_version: z.number(),
    is_deleted: z.number(),
  })
  .transform((row): StoredEntry => ({
    kind: row.kind,
    scope: row.scope,
    item: row.item,
    doc: row.is_deleted === 1 ? null : (JSON.parse(row.doc) as unknown),
    at: row.at_ms,
    rowVersion: row.row_version,
  }));

const SELECT =
  'SELECT kind, scope, item, doc, toUnixTimestamp64Milli(at) AS at_ms, row_version, is_deleted FROM registry';

/** Reads and writes of the table `registry`. */
export class RegistryTable {
  constructor(private readonly store: Store) {}

  /** Whether other processes may write as well. */
  get shared(): boolean {
    return this.store.engine.kind === 'server';
  }

  /** Write entries in one insert: all of them, or none where it fails. Answers their row version. */
  async write(entries: readonly RegistryEntry[], at: number): Promise<number> {
    const version = this.store.versions.next();
    const rows = entries.map(({ kind, scope, item, doc, at: made = at }) => ({
      kind,
      scope,
      item,
      doc: doc === null ? '' : JSON.stringify(doc),
      at: made,
      row_version: version,
      is_deleted: doc === null ? 1 : 0,
    }));
    await this.store.insert('registry', COLUMNS, rows, 'ingest');
    return version;
  }

  /** Everything of some kinds that is there. */
  all(kinds: readonly string[]): Promise<StoredEntry[]> {
    return this.store.query({
      name: 'registry_all',
      sql: `${SELECT} FINAL WHERE kind IN {kinds:Array(String)} AND is_deleted = 0 ORDER BY kind, scope, item`,
      params: { kinds: [...kinds] },
      row: entryRow,
    });
  }

  /** The newest form of what was written after a row version, removals included, oldest first. */
  since(kinds: readonly string[], version: number): Promise<StoredEntry[]> {
    return this.store.query({
      name: 'registry_since',
      sql: `SELECT kind, scope, item, argMax(doc, v) AS doc, argMax(at_ms, v) AS at_ms, max(v) AS row_version, argMax(d, v) AS is_deleted FROM (
          SELECT kind, scope, item, doc, toUnixTimestamp64Milli(at) AS at_ms, row_version AS v, is_deleted AS d FROM registry
          WHERE kind IN {kinds:Array(String)} AND row_version > {version:UInt64})
        GROUP BY kind, scope, item ORDER BY row_version, kind, scope, item ${SMALL_READ}`,
      params: { kinds: [...kinds], version },
      row: entryRow,
    });
  }

  /** Entries of a kind whose doc says that it is pending, oldest first. */
  pending(kind: string): Promise<StoredEntry[]> {
    return this.store.query({
      name: 'registry_pending',
      sql: `${SELECT} FINAL WHERE kind = {kind:String} AND is_deleted = 0 AND JSONExtractString(doc, 'state') = 'pending' ORDER BY item`,
      params: { kind },
      row: entryRow,
    });
  }

  /** Entries of one kind and scope, the highest item first; with `actions`, those whose doc has one of them. */
  newest(
    kind: string,
    scope: string | null,
    limit: number,
    actions: readonly string[] | null = null,
  ): Promise<StoredEntry[]> {
    return this.store.query({
      name: 'registry_newest',
      sql: `${SELECT} FINAL WHERE kind = {kind:String} ${scope === null ? '' : 'AND scope = {scope:String}'} AND is_deleted = 0
        ${actions === null ? '' : "AND JSONExtractString(doc, 'action') IN {actions:Array(String)}"} ORDER BY item DESC LIMIT {limit:UInt32} ${SMALL_READ}`,
      params: {
        kind,
        limit,
        ...(scope === null ? {} : { scope }),
        ...(actions === null ? {} : { actions: [...actions] }),
      },
      row: entryRow,
    });
  }

  /** Remove entries of a kind that were made before a time, and what was deleted, for good. */
  expire(kind: string, before: number): Promise<void> {
    return this.store.command({
      name: 'registry_expire',
      sql: `ALTER TABLE registry DELETE WHERE kind = {kind:String} AND at < fromUnixTimestamp64Milli({before:Int64}, 'UTC') SETTINGS mutations_sync = 1`,
      params: { kind, before },
    });
  }

  /** Remove for good what belongs to a registered model. */
  forget(scope: string): Promise<void> {
    return this.store.command({
      name: 'registry_forget',
      sql: 'ALTER TABLE registry DELETE WHERE scope = {scope:String} SETTINGS mutations_sync = 1',
      params: { scope },
    });
  }
}
