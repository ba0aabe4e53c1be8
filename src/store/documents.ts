// Tables of small JSON documents by name: one piece of code for models, rules, channels, silences and keys.
import { z } from 'zod';
import type { Store } from './store.js';

/** The tables that hold documents. */
export type DocumentTableName = 'models' | 'alert_rules' | 'channels' | 'silences' | 'api_keys' | 'settings';

const documentRow = z.object({ name: z.string(), doc: z.string(), updated_ms: z.number() });
const COLUMNS = ['name', 'doc', 'updated_at', 'row_version', 'is_deleted'];

/** Documents of type T in one table. What is read is parsed by the schema, so that a document of an older release gets today's defaults. */
export class DocumentTable<S extends z.ZodType> {
  constructor(
    private readonly store: Store,
    private readonly table: DocumentTableName,
    private readonly schema: S,
  ) {}

  async get(name: string): Promise<z.output<S> | null> {
    const [row] = await this.rows('WHERE name = {name:String}', { name });
    return row === undefined ? null : row.doc;
  }

  list(): Promise<{ name: string; doc: z.output<S>; updatedAt: number }[]> {
    return this.rows('ORDER BY name', {});
  }

  put(name: string, doc: z.output<S>): Promise<void> {
    return this.write(name, JSON.stringify(doc), 0);
  }

  remove(name: string): Promise<void> {
    return this.write(name, '', 1);
  }

  /** Read, decide and write with nobody else in between. */
  exclusively<R>(work: () => Promise<R>): Promise<R> {
    return this.store.guard.exclusively(work);
  }

  private async rows(tail: string, params: Record<string, unknown>) {
    const rows = await this.store.query({
      name: `read_${this.table}`,
      sql: `SELECT name, doc, toUnixTimestamp64Milli(updated_at) AS updated_ms FROM ${this.table} FINAL ${tail}`,
      params,
      row: documentRow,
    });
    return rows.map((row) => ({
      name: row.name,
      doc: this.schema.parse(JSON.parse(row.doc)),
      updatedAt: row.updated_ms,
    }));
  }

  private write(name: string, doc: string, deleted: 0 | 1): Promise<void> {
    const { guard, versions } = this.store;
    return guard.exclusively(async () => {
      guard.confirm();
      const row_version = versions.next();
      guard.wrote(this.table, row_version);
      const row = { name, doc, updated_at: this.store.now(), row_version, is_deleted: deleted };
      await this.store.insert(this.table, COLUMNS, [row], 'ingest');
    });
  }
}
