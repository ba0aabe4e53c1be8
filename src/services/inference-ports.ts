// What inference logs need of the store.
import type { Halves } from '../domain/contract/integrations.js';
import type { HalfKind } from '../domain/logs/events.js';

/** A half as it is stored. `body`: its rows or error as JSON, '' once it is joined; `hashed`: paths whose values are hashes. Times in epoch ms. */
export interface StoredHalf {
  model: string;
  id: string;
  kind: HalfKind;
  version: string;
  deployment: string;
  time: number;
  body: string;
  hashed: readonly string[];
  state: 'waiting' | 'joined' | 'unusable';
  receivedAt: number;
}

export interface HalfStore {
  /** Everything that is known of these requests. */
  find(keys: readonly { model: string; id: string }[]): Promise<StoredHalf[]>;
  /** A half replaces the one of the same request and kind. */
  write(halves: readonly StoredHalf[]): Promise<void>;
  /** Both halves of requests of which both wait. */
  pairs(limit: number): Promise<StoredHalf[]>;
  summary(filter: { models: readonly string[] | null; before: number; limit: number }): Promise<Halves>;
}
