// Prediction ids: a UUID as it is, any other string as its UUIDv5, none at all a new UUIDv7. The same on every route.
import { randomUUID } from 'node:crypto';
import { v5 as uuidv5 } from 'uuid';

/** The namespace of external ids. Never change it: it is how a label finds its prediction. */
export const EXTERNAL_ID_NAMESPACE = '6f1d3b52-9a0e-5d4c-8b7a-2f6c1e9d0a43';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A resolved id; `known` says that the caller chose it. */
export interface ResolvedId {
  id: string;
  externalId: string;
  known: boolean;
}

/**
 * A new UUIDv7 (RFC 9562): 48 bits of time, 74 random ones. A random UUID gives them, because Node fetches the entropy of 128 of those
 * at once: the uuid package fetches it for 16, which took 3 us an id. `now` in epoch milliseconds.
 */
export function newId(now: number): ResolvedId {
  const time = now.toString(16).padStart(12, '0');
  return { id: `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`, externalId: '', known: false };
}

/** Ids that are counted through, of one new id: 42 random bits and 32 of the number. Their whole range is known without keeping them. */
export function numberedId(base: string, index: number): ResolvedId {
  return { id: base.slice(0, 28) + index.toString(16).padStart(8, '0'), externalId: '', known: false };
}

/** Ids of one part of a range. */
const PART = 2_500;

/** The first `count` ids of a range, some at a time. */
export function* numberedIds(base: string, count: number): Iterable<string[]> {
  for (let first = 0; first < count; first += PART)
    yield Array.from({ length: Math.min(PART, count - first) }, (_, n) => numberedId(base, first + n).id);
}

/** The UUID under which an id is stored. */
export function resolveId(given: string): ResolvedId {
  if (UUID.test(given)) return { id: given.toLowerCase(), externalId: '', known: true };
  return { id: uuidv5(given, EXTERNAL_ID_NAMESPACE), externalId: given, known: true };
}

/** The namespace of ids that are made of a batch's token. */
const BATCH_NAMESPACE = '1b8a9c64-2f5e-5b0d-9c3a-7e4d5f6a8b12';

/** The id of an item that came without one, in a batch with a token: the same again when the batch is sent again, so that a retry replaces its rows. */
export function idOfBatch(token: string, index: number): ResolvedId {
  return { id: uuidv5(`${token}\n${index}`, BATCH_NAMESPACE), externalId: '', known: true };
}
