// Dead letters: refused items with the reason, kept seven days.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { iso } from '../domain/contract/common.js';
import { UnparsableItem, type RejectedItem } from '../domain/contract/tracking.js';
import type { ItemError } from '../domain/errors.js';
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
      return JSON.stringify([
        now,
        randomUUID(),
        route,
        modelOf(item),
        error.index ?? 0,
        error.code,
        error.path,
        error.message,
        text.slice(0, MAX_ITEM),
        hashed,
        text.length > MAX_ITEM || (item instanceof UnparsableItem && item.isCut) ? 1 : 0,
      ]);
    });
    await this.batcher.add(Buffer.from(lines.join('\n')), lines.length);
  }

  async get(id: string) {
    const [row] = await this.store.query({
      name: 'read_rejected',
      sql: 'SELECT route, item, hashed, is_cut FROM rejected WHERE id = {id:UUID} LIMIT 1',
      params: { id },
      row: z
        .object({ route: z.string(), item: z.string(), hashed: z.array(z.string()), is_cut: z.number() })
        .transform(({ item, is_cut, ...row }) => ({ ...row, text: item, isCut: is_cut !== 0 })),
    });
    return row ?? null;
  }

  /** Remove every reason that is kept of the item of this one: an item with two bad fields has two rows. */
  remove(id: string): Promise<void> {
    return this.store.command({
      name: 'remove_rejected',
      sql: `ALTER TABLE rejected DELETE WHERE (received_at, route, item_index, item) IN
        (SELECT received_at, route, item_index, item FROM rejected WHERE id = {id:UUID}) SETTINGS mutations_sync = 1`,
      params: { id },
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
