// The engine as everybody but the writer of predictions sees it: a statement about predictions finds those that are only in the journal so far.
import type { Engine, InsertTag, Lane, QueryParams } from './client.js';

/** What holds rows back. */
export interface Settling {
  /** Resolves when every acknowledged row is in its table. */
  settle(): Promise<void>;
  /** The same, and nothing is kept of them elsewhere. */
  clear(): Promise<void>;
}

/** What is filled by predictions: the tables, and the views over them. */
export const HELD = /\b(v_)?predictions\b|\bprediction_places\b/;
/** What a journal must not bring back. */
const REMOVES = /\b(ALTER|DELETE|DROP|TRUNCATE)\b/i;

export class SettlingEngine implements Engine {
  constructor(
    private readonly engine: Engine,
    private readonly held: Settling,
  ) {}

  get kind(): 'embedded' | 'server' {
    return this.engine.kind;
  }

  get writes(): number | null {
    return this.engine.writes;
  }

  async rows(lane: Lane, sql: string, params: QueryParams): Promise<unknown[]> {
    if (HELD.test(sql)) await this.held.settle();
    return this.engine.rows(lane, sql, params);
  }

  async bytes(lane: Lane, sql: string, params: QueryParams, format: string): Promise<Buffer> {
    if (HELD.test(sql)) await this.held.settle();
    return this.engine.bytes(lane, sql, params, format);
  }

  async command(lane: Lane, sql: string, params: QueryParams): Promise<void> {
    if (HELD.test(sql)) await (REMOVES.test(sql) ? this.held.clear() : this.held.settle());
    return this.engine.command(lane, sql, params);
  }

  insert(
    lane: Lane,
    table: string,
    columns: readonly string[],
    format: string,
    body: Buffer,
    tag: InsertTag,
  ): Promise<void> {
    return this.engine.insert(lane, table, columns, format, body, tag);
  }

  load(lane: Lane, head: string, path: string): Promise<void> {
    return this.engine.load(lane, head, path);
  }

  async *stream(lane: Lane, sql: string, params: QueryParams, format: string): AsyncIterable<Buffer> {
    if (HELD.test(sql)) await this.held.settle();
    yield* this.engine.stream(lane, sql, params, format);
  }

  ping(): Promise<boolean> {
    return this.engine.ping();
  }

  close(): Promise<void> {
    return this.engine.close();
  }
}
