// Sending a refused item again, after the service, the model's configuration or the item itself was corrected.
import { UnparsableItem, type Accepted, type Tracked } from '../domain/contract/tracking.js';
import { ConflictError, NotFoundError } from '../domain/errors.js';
import type { BatchOptions } from './api.js';
import type { RejectedLog } from './ingest-ports.js';

type Track = (
  items: readonly unknown[],
  allowed: readonly string[] | null,
  options: BatchOptions,
) => Promise<Tracked | Accepted>;

/** The tracking routes. */
export interface Routes {
  predictions: Track;
  groundTruth: Track;
  delayedMetrics: Track;
  aggregateMetrics: Track;
}

/**
 * Send the item as it was kept, or `item` in its place, the way it came. Where it is stored it leaves the list; where it is refused again it stays, and
 * nothing is added.
 * @throws NotFoundError for an unknown id, ConflictError when what was kept is not the whole item and none is given.
 */
export async function replayItem(
  log: Pick<RejectedLog, 'get' | 'remove'>,
  routes: Routes,
  id: string,
  item: unknown,
  allowed: readonly string[] | null,
): Promise<Tracked | Accepted> {
  const kept = await log.get(id);
  if (kept === null)
    throw new NotFoundError(`There is no refused item ${id}. They are kept seven days; GET /v1/rejected lists them.`);
  const track = trackOf(routes, kept.route);
  const sent = item ?? parse(kept.text, kept.isCut);
  // A prediction without an id gets one of this row: replaying twice, as after a crash, stores it once.
  const options = { token: `replay:${id}`, keepRejected: false, hashed: item === undefined ? kept.hashed : [] };
  const answer = await track([sent], allowed, options);
  if (answer.accepted === 1) await log.remove(id);
  return answer;
}

function trackOf(routes: Routes, route: string): Track {
  if (route === 'predictions') return routes.predictions.bind(routes);
  if (route === 'ground-truth') return routes.groundTruth.bind(routes);
  if (route === 'delayed-metrics') return routes.delayedMetrics.bind(routes);
  if (route === 'aggregate-metrics') return routes.aggregateMetrics.bind(routes);
  throw new ConflictError(`Items of ${route} cannot be replayed. Send it again as it was.`);
}

function parse(text: string, isCut: boolean): unknown {
  if (isCut) throw new ConflictError('Only the beginning of this item was kept. Send the whole item as {"item": ...}.');
  try {
    const value = JSON.parse(text) as unknown;
    if (value !== null) return value;
  } catch (error) {
    return new UnparsableItem(text, error instanceof Error ? error.message : 'not JSON');
  }
  throw new ConflictError(
    'The text of this item was not kept, because of privacy rules. Send the item as {"item": ...}.',
  );
}
