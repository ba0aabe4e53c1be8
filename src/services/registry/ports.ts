// What the registry's services need of the outside.
export type { CatalogueGuard } from '../ports.js';

/** One thing to store. `doc` null: it is gone. `scope` is the id of the registered model, or empty. */
export interface RegistryEntry {
  kind: string;
  scope: string;
  item: string;
  doc: unknown;
  /** When it was made, where that is not now. */
  at?: number;
}

export interface StoredEntry extends RegistryEntry {
  at: number;
  rowVersion: number;
}

/** The registry's table. */
export interface RegistryStore {
  /** Whether other processes may write as well. */
  readonly shared: boolean;
  /** All of the entries, or none where it fails; answers their row version. */
  write(entries: readonly RegistryEntry[], at: number): Promise<number>;
  all(kinds: readonly string[]): Promise<StoredEntry[]>;
  /** Removals included, oldest first. */
  since(kinds: readonly string[], version: number): Promise<StoredEntry[]>;
  /** Entries of a kind whose doc has the state `pending`, oldest first. */
  pending(kind: string): Promise<StoredEntry[]>;
  /** The highest item first. `scope` null: any; `actions`: those whose doc has one of them. */
  newest(kind: string, scope: string | null, limit: number, actions?: readonly string[] | null): Promise<StoredEntry[]>;
  forget(scope: string): Promise<void>;
}
