// API keys: shown once, stored as a hash, found by the id that stands in the key itself.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { scopeSchema, type ApiKey, type ApiKeyRequest } from '../domain/contract/alerts.js';
import { iso } from '../domain/contract/common.js';
import { NotFoundError } from '../domain/errors.js';
import type { KeysApi, Principal } from './api.js';
import type { DocumentStore } from './ports.js';

/** A key as it is stored, under its id. `hash`: SHA-256 of the whole key, hex. */
export const storedKeySchema = z.object({
  name: z.string(),
  scopes: z.array(scopeSchema),
  models: z.array(z.string()).nullable(),
  /** Requests a minute, null: the general limit. Keys of older releases have none. */
  rate_limit: z.number().nullable().default(null),
  hash: z.string(),
  created_at: z.number(),
});
export type StoredKey = z.output<typeof storedKeySchema>;

/** `dl_` and 32 random bytes in base64url, the first 12 characters of which are the key's id. */
const KEY = /^dl_([\w-]{12})[\w-]{31}$/;
/** How long another process may go on accepting a key that was removed here: the cache's only use is to spare a query a request. */
const CACHE_MS = 10_000;

export interface KeysPorts {
  keys: DocumentStore<StoredKey>;
  clock: () => number;
}

/** Creates, lists, removes and recognises API keys. */
export class KeysService implements KeysApi {
  private readonly cache = new Map<string, { doc: StoredKey; until: number }>();
  private removals = 0;

  constructor(private readonly ports: KeysPorts) {}

  /** Make a key. The answer is the only place where it is ever shown. */
  async create(request: ApiKeyRequest): Promise<{ id: string; key: string }> {
    const secret = randomBytes(32).toString('base64url');
    const id = secret.slice(0, 12);
    const key = `dl_${secret}`;
    const { name, scopes, models, rate_limit } = request;
    await this.ports.keys.put(id, {
      name,
      scopes,
      models: models ?? null,
      rate_limit: rate_limit ?? null,
      hash: sha256(key).toString('hex'),
      created_at: this.ports.clock(),
    });
    return { id, key };
  }

  async list(): Promise<ApiKey[]> {
    const rows = await this.ports.keys.list();
    return rows.map(({ name: id, doc }) => ({
      id,
      name: doc.name,
      scopes: doc.scopes,
      models: doc.models,
      rate_limit: doc.rate_limit,
      created_at: iso(doc.created_at),
    }));
  }

  /** @throws NotFoundError. */
  async remove(id: string): Promise<void> {
    await this.ports.keys.exclusively(async () => {
      if ((await this.ports.keys.get(id)) === null)
        throw new NotFoundError(`There is no API key ${id}. GET /v1/api-keys lists them.`);
      await this.ports.keys.remove(id);
    });
    this.removals += 1;
    this.cache.delete(id);
  }

  /** Who a key belongs to; null when it is not one of ours. */
  async authenticate(key: string): Promise<Principal | null> {
    const id = KEY.exec(key)?.[1];
    if (id === undefined) return null;
    const doc = await this.find(id);
    if (doc === null || !timingSafeEqual(sha256(key), Buffer.from(doc.hash, 'hex'))) return null;
    return { id, name: doc.name, scopes: doc.scopes, models: doc.models, rateLimit: doc.rate_limit };
  }

  async principal(id: string): Promise<Principal | null> {
    const doc = await this.find(id);
    return doc === null
      ? null
      : { id, name: doc.name, scopes: doc.scopes, models: doc.models, rateLimit: doc.rate_limit };
  }

  private async find(id: string): Promise<StoredKey | null> {
    const now = this.ports.clock();
    const known = this.cache.get(id);
    if (known !== undefined && known.until > now) return known.doc;
    this.cache.delete(id);
    const before = this.removals;
    const doc = await this.ports.keys.get(id);
    // Unknown ids are not kept: random keys must not fill the memory. Nor is what was read while a key was removed.
    if (doc !== null && before === this.removals) this.cache.set(id, { doc, until: now + CACHE_MS });
    return doc;
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
