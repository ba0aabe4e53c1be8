// An engine in front of another: everything is passed on as it is, and a subclass changes what it is about.
import type { Engine, InsertTag, Lane, QueryParams } from './client.js';

export class PassingEngine implements Engine {
  constructor(readonly engine: Engine) {}

  get kind(): 'embedded' | 'server' {
    return this.engine.kind;
  }

  get writes(): number | null {
    return this.engine.writes;
  }

  rows(lane: Lane, sql: string, params: QueryParams): Promise<unknown[]> {
    return this.engine.rows(lane, sql, params);
  }

  bytes(lane: Lane, sql: string, params: QueryParams, format: string): Promise<Buffer> {
    return this.engine.bytes(lane, sql, params, format);
  }

  command(lane: Lane, sql: string, params: QueryParams): Promise<void> {
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

  stream(lane: Lane, sql: string, params: QueryParams, format: string): AsyncIterable<Buffer> {
    return this.engine.stream(lane, sql, params, format);
  }

  ping(): Promise<boolean> {
    return this.engine.ping();
  }

  close(): Promise<void> {
    return this.engine.close();
  }
}
