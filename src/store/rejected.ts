// Dead letters: refused items with the reason, kept seven days.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { iso } from '../domain/contract/common.js';
import { UnparsableItem, type RejectedItem } from '../domain/contract/tracking.js';
import type { ItemError } from '../domain/errors.js';
import type { ReplayFilter } from '../domain/stored-ingestion.js';
import { Batcher } from './batcher.js';
import { Conditions } from './conditions.js';
import type { Store } from './store.js';

const COLUMNS = [
  'received_at',
  'id',
  'route',
  'model',
  'item_index',
  'code',
  'path',
  'message',
  'item',
  'hashed',
  'is_cut',
];
/** What is kept of one item, in characters, and of one request, in items. */
const MAX_ITEM = 16_384;
const MAX_ITEMS = 1000;

const rejectedRow = z.object({
  id: z.string(),
  received_ms: z.number(),
  route: z.string(),
  model: z.string(),
  item_index: z.number(),
  code: z.string(),
  path: z.string(),
  message: z.string(),
  item: z.string(),
});

const keptRow = z
  .object({
    first: z.string(),
    received_ms: z.number(),
    route: z.string(),
    item: z.string(),
    paths: z.array(z.string()),
    cut: z.number(),
  })
  .transform(({ first, received_ms, route, item, paths, cut }) => ({
    id: first,
    receivedAt: received_ms,
    route,
    text: item,
    hashed: paths,
    isCut: cut !== 0,
  }));

export class RejectedTable {
  private readonly batcher: Batcher;

  constructor(private readonly store: Store) {
    this.batcher = new Batcher((body) => store.insertBody('rejected', COLUMNS, body, 'jobs'), {
      maxRows: 10_000,
      maxPendingBytes: 32 * 1024 * 1024,
    });
  }

  async append(
    route: string,
    entries: readonly { error: ItemError; item: unknown; hashed?: readonly string[] }[],
  ): Promise<void> {
    const now = this.store.now();
    const lines = entries.slice(0, MAX_ITEMS).map(({ error, item, hashed = [] }) => {
      const text = item instanceof UnparsableItem ? item.text : (JSON.stringify(item) ?? '');
      // What the item says, and what is cut out of it, may hold half of a surrogate pair, which the engine does not read: with it all rows of the insert would go.
      const [model, path, message, kept] = [modelOf(item), error.path, error.message, text.slice(0, MAX_ITEM)];
      return JSON.stringify([
        now,
        randomUUID(),
        route,
        model.toWellFormed(),
        error.index ?? 0,
        error.code,
        path.toWellFormed(),
        message.toWellFormed(),
        kept.toWellFormed(),
        hashed,
        text.length > MAX_ITEM || (item instanceof UnparsableItem && item.isCut) ? 1 : 0,
      ]);
    });
    await this.batcher.add(Buffer.from(lines.join('\n')), lines.length);
  }

  async get(id: string) {
    const [item] = await this.select({ models: null, code: null, ids: [id], after: null, limit: 1 });
    return item ?? null;
  }

  /** Oldest first. An item with two bad fields has two rows, and is one here: by the smaller of their ids. */
  select({ models, code, ids, after, limit }: ReplayFilter) {
    const params: Record<string, unknown> = { limit };
    const having: string[] = [];
    if (models !== null) having.push('has({models:Array(String)}, any(model))');
    if (code !== null) having.push('countIf(code = {code:String}) > 0');
    if (ids !== null) having.push('countIf(rejected.id IN {ids:Array(UUID)}) > 0');
    if (after !== null)
      having.push(
        "(rejected.received_at, min(rejected.id)) > (fromUnixTimestamp64Milli({time:Int64}, 'UTC'), {last:UUID})",
      );
    Object.assign(params, { models, code, ids, time: after?.time, last: after?.id });
    return this.store.query({
      name: 'select_rejected',
      sql: `SELECT toString(min(rejected.id)) AS first, toUnixTimestamp64Milli(rejected.received_at) AS received_ms, route, item, any(rejected.hashed) AS paths, max(is_cut) AS cut
        FROM rejected GROUP BY received_at, route, item_index, item ${having.length === 0 ? '' : `HAVING ${having.join(' AND ')}`}
        ORDER BY received_at, min(rejected.id) LIMIT {limit:UInt32}`,
      params: Object.fromEntries(Object.entries(params).filter(([, value]) => value !== null && value !== undefined)),
      row: keptRow,
    });
  }

  /** Remove every reason that is kept of the items of these. */
  async remove(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.store.command({
      name: 'remove_rejected',
      sql: `ALTER TABLE rejected DELETE WHERE (received_at, route, item_index, item) IN
        (SELECT received_at, route, item_index, item FROM rejected WHERE id IN {ids:Array(UUID)}) SETTINGS mutations_sync = 1`,
      params: { ids },
    });
  }

  /** Remove items that arrived before a time. */
  expire(before: number): Promise<void> {
    return this.store.command({
      name: 'expire_rejected',
      sql: `DELETE FROM rejected WHERE received_at < fromUnixTimestamp64Milli({before:Int64}, 'UTC')`,
      params: { before },
    });
  }

  async list(filter: { model: string | null; limit: number }): Promise<RejectedItem[]> {
    const where = new Conditions().equals('model', filter.model);
    const rows = await this.store.query({
      name: 'list_rejected',
      sql: `SELECT toString(id) AS id, toUnixTimestamp64Milli(received_at) AS received_ms, route, model, item_index, code, path, message, item
        FROM rejected ${where.where()} ORDER BY received_at DESC, item_index LIMIT ${where.bind(filter.limit, 'UInt32')}`,
      params: where.params,
      row: rejectedRow,
    });
    return rows.map(({ received_ms, item_index, ...row }) => ({
      ...row,
      received_at: iso(received_ms),
      index: item_index,
    }));
  }
}

function modelOf(item: unknown): string {
  const model = typeof item === 'object' && item !== null && 'model' in item ? item.model : '';
  return typeof model === 'string' ? model.slice(0, 200) : '';
}
