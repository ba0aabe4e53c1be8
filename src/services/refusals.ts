// What is done about refused items: each is counted once under its reason, and kept as a dead letter.
import type { ItemError } from '../domain/errors.js';
import type { Counters } from './counters.js';
import type { RejectedLog } from './ingest-ports.js';
import type { PrivacyGuard } from './privacy.js';

/** One reason of one item; an item may have several. */
export interface Refusal {
  error: ItemError;
  item: unknown;
}

export interface RefusalDependencies {
  rejected: RejectedLog;
  counters: Pick<Counters, 'rejected'>;
  privacy: Pick<PrivacyGuard, 'cleanRefused'>;
  warn: (message: string, error: unknown) => void;
}

/** Count items by the first reason of each: all reasons together are the refused items. */
export function countRefused(counters: Pick<Counters, 'rejected'>, route: string, errors: readonly ItemError[]): void {
  const first = new Map<number, string>();
  for (const { index = 0, code } of errors) if (!first.has(index)) first.set(index, code);
  const byCode = new Map<string, number>();
  for (const code of first.values()) byCode.set(code, (byCode.get(code) ?? 0) + 1);
  for (const [code, items] of byCode) counters.rejected(route, code, items);
}

/** Dead letters. The caller already hears what was refused, so a store that cannot keep a copy does not fail the call. */
export async function keepRefused(
  deps: RefusalDependencies,
  route: string,
  refusals: readonly Refusal[],
): Promise<void> {
  try {
    const entries = refusals.map(({ error, item }) => ({ error, ...deps.privacy.cleanRefused(item) }));
    await deps.rejected.append(route, entries);
  } catch (error) {
    deps.warn('rejected items could not be kept', error);
  }
}
