// Requests and responses that wait for one another, until both are there or neither is expected any more.
import { z } from 'zod';
import { iso } from '../domain/contract/common.js';
import type { Halves } from '../domain/contract/integrations.js';
import type { StoredHalf } from '../domain/stored.js';
import type { Store } from './store.js';

const COLUMNS = [
  'model',
  'request_id',
  'kind',
  'version',
  'deployment',
  'ts',
  'body',
  'hashed',
  'state',
  'received_at',
  'row_version',
];

const halfRow = z
  .object({
    model: z.string(),
    request_id: z.string(),
    kind: z.enum(['request', 'response']),
    version: z.string(),
    deployment: z.string(),
    ts_ms: z.number(),
    body: z.string(),
    hashed: z.array(z.string()),
    state: z.enum(['waiting', 'joined', 'unusable']),
    received_ms: z.number(),
  })
  .transform(({ request_id: id, ts_ms: time, received_ms: receivedAt, ...row }): StoredHalf => ({
    ...row,
    id,
    time,
    receivedAt,
  }));

const SELECT = `SELECT model, request_id, kind, version, deployment, toUnixTimestamp64Milli(ts) AS ts_ms, body, hashed, state,
  toUnixTimestamp64Milli(received_at) AS received_ms FROM inference_halves FINAL`;

const countRow = z.object({ kind: z.string(), state: z.string(), old: z.number(), n: z.number() });
const openRow = z.object({
  model: z.string(),
  request_id: z.string(),
  kind: z.enum(['request', 'response']),
  received_ms: z.number(),
});

export class InferenceHalfTable {
  constructor(private readonly store: Store) {}

  /** Everything that is known of these requests. */
  find(keys: readonly { model: string; id: string }[]): Promise<StoredHalf[]> {
    if (keys.length === 0) return Promise.resolve([]);
    return this.store.query({
      name: 'find_halves',
      sql: `${SELECT} WHERE model IN {models:Array(String)} AND request_id IN {ids:Array(String)}`,
      params: { models: [...new Set(keys.map(({ model }) => model))], ids: [...new Set(keys.map(({ id }) => id))] },
      row: halfRow,
    });
  }

  async write(halves: readonly StoredHalf[]): Promise<void> {
    const rows = halves.map(({ id, time, receivedAt, ...half }) => ({
      ...half,
      request_id: id,
      ts: time,
      received_at: receivedAt,
      row_version: this.store.versions.next(),
    }));
    await this.store.insert('inference_halves', COLUMNS, rows);
  }

  /** Both halves of requests of which both wait: a process ended before it could join them, or two received one each. */
  pairs(limit: number): Promise<StoredHalf[]> {
    return this.store.query({
      name: 'find_pairs',
      sql: `${SELECT} WHERE (model, request_id) IN (
        SELECT model, request_id FROM inference_halves FINAL WHERE state = 'waiting' GROUP BY model, request_id HAVING count() = 2 LIMIT {limit:UInt32})`,
      params: { limit },
      row: halfRow,
    });
  }

  /** `before`: what arrived earlier has waited too long. `models`: null for all. */
  async summary(filter: { models: readonly string[] | null; before: number; limit: number }): Promise<Halves> {
    const params = {
      all: filter.models === null ? 1 : 0,
      models: [...(filter.models ?? [])],
      before: filter.before,
      limit: filter.limit,
    };
    const mine = '({all:UInt8} = 1 OR model IN {models:Array(String)})';
    const counts = await this.store.query({
      name: 'count_halves',
      sql: `SELECT kind, state, received_at < fromUnixTimestamp64Milli({before:Int64}, 'UTC') AS old, count() AS n
        FROM inference_halves FINAL WHERE ${mine} GROUP BY kind, state, old`,
      params,
      row: countRow,
    });
    const open = await this.store.query({
      name: 'list_halves',
      sql: `SELECT model, request_id, kind, toUnixTimestamp64Milli(received_at) AS received_ms FROM inference_halves FINAL
        WHERE state = 'waiting' AND ${mine} ORDER BY received_at DESC, request_id, kind LIMIT {limit:UInt32}`,
      params,
      row: openRow,
    });
    const sum = (kind: string, state: string, old?: boolean) =>
      counts
        .filter((row) => row.kind === kind && row.state === state && (old === undefined || (row.old !== 0) === old))
        .reduce((total, row) => total + row.n, 0);
    return {
      waiting_requests: sum('request', 'waiting', false),
      waiting_responses: sum('response', 'waiting', false),
      expired_requests: sum('request', 'waiting', true),
      expired_responses: sum('response', 'waiting', true),
      joined: sum('request', 'joined'),
      unusable: sum('request', 'unusable'),
      halves: open.map(({ received_ms, ...row }) => ({
        ...row,
        received_at: iso(received_ms),
        expired: received_ms < filter.before,
      })),
    };
  }

  async expire(before: number): Promise<void> {
    await this.store.command({
      name: 'expire_halves',
      sql: `ALTER TABLE inference_halves DELETE WHERE received_at < fromUnixTimestamp64Milli({before:Int64}, 'UTC') SETTINGS mutations_sync = 1`,
      params: { before },
    });
  }
}
