// Small helpers for tests that speak to the store itself: records, counts.
import type { Store } from '../../src/store/store.js';
import type { PredictionRecord } from '../../src/store/prediction-writer.js';

/** Where the clock of store tests stands. */
export const STORE_NOW = Date.UTC(2026, 0, 15, 12);

/** A prediction with one input. */
export function aPrediction(id: string, changes: Partial<PredictionRecord> = {}): PredictionRecord {
  return {
    model: 'm',
    version: '1',
    deployment: '',
    status: 'ok',
    id,
    externalId: '',
    timestamp: STORE_NOW,
    receivedAt: STORE_NOW,
    inputs: { x: 1 },
    ...changes,
  };
}

/** How many rows `SELECT count() FROM <from>` finds. */
export async function countRows(store: Store, from: string): Promise<number> {
  const rows = await store.engine.rows('read', `SELECT count() AS n FROM ${from}`, {});
  return (rows as { n: number }[])[0]?.n ?? -1;
}
