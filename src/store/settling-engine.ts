// The engine as everybody but the writer of predictions sees it: a statement about predictions finds those that are only in the journal so far.
import type { Engine, Lane, QueryParams } from './client.js';
import { PassingEngine } from './passing-engine.js';

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

export class SettlingEngine extends PassingEngine {
  constructor(
    engine: Engine,
    private readonly held: Settling,
  ) {
    super(engine);
  }

  override async rows(lane: Lane, sql: string, params: QueryParams): Promise<unknown[]> {
    if (HELD.test(sql)) await this.held.settle();
    return super.rows(lane, sql, params);
  }

  override async bytes(lane: Lane, sql: string, params: QueryParams, format: string): Promise<Buffer> {
    if (HELD.test(sql)) await this.held.settle();
    return super.bytes(lane, sql, params, format);
  }

  override async command(lane: Lane, sql: string, params: QueryParams): Promise<void> {
    if (HELD.test(sql)) await (REMOVES.test(sql) ? this.held.clear() : this.held.settle());
    return super.command(lane, sql, params);
  }

  override async *stream(lane: Lane, sql: string, params: QueryParams, format: string): AsyncIterable<Buffer> {
    if (HELD.test(sql)) await this.held.settle();
    yield* super.stream(lane, sql, params, format);
  }
}
