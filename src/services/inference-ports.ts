// What inference logs need of the store.
import type { Halves } from '../domain/contract/integrations.js';
import type { StoredHalf } from '../domain/stored.js';

export interface HalfStore {
  /** Everything that is known of these requests. */
  find(keys: readonly { model: string; id: string }[]): Promise<StoredHalf[]>;
  /** A half replaces the one of the same request and kind. */
  write(halves: readonly StoredHalf[]): Promise<void>;
  /** Both halves of requests of which both wait. */
  pairs(limit: number): Promise<StoredHalf[]>;
  summary(filter: { models: readonly string[] | null; before: number; limit: number }): Promise<Halves>;
}
