// Sending a refused item again, after the service, the model's configuration or the item itself was corrected.
import {
  UnparsableItem,
  type Accepted,
  type Replayed,
  type ReplayRequest,
  type Tracked,
} from '../domain/contract/tracking.js';
import { ConflictError, NotFoundError } from '../domain/errors.js';
import { NestingError, readJson } from '../domain/json-text.js';
import type { BatchOptions } from './api.js';
import type { KeptItem, RejectedLog } from './ingest-ports.js';

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
  const answer = await sendKept(routes, kept, item, allowed);
  if (answer.accepted === 1) await log.remove([id]);
  return answer;
}

async function sendKept(
  routes: Routes,
  kept: KeptItem,
  item: unknown,
  allowed: readonly string[] | null,
): Promise<Tracked | Accepted> {
  const track = trackOf(routes, kept.route);
  const sent = item ?? parse(kept.text, kept.isCut);
  // A prediction without an id gets one of this item: replaying twice, as after a crash, stores it once.
  const options = { token: `replay:${kept.id}`, again: true, hashed: item === undefined ? kept.hashed : [] };
  return track([sent], allowed, options);
}

/** Items that are on their way at once: they share inserts. */
const AT_ONCE = 50;
/** Errors that an answer lists. */
const MAX_ERRORS = 100;

/**
 * Send many items as they were kept, the oldest first. What is stored leaves the list, also where a later one fails: the call may be made again.
 * @throws StoreUnavailableError, BusyError
 */
export async function replayItems(
  log: Pick<RejectedLog, 'select' | 'remove'>,
  routes: Routes,
  request: ReplayRequest,
  allowed: readonly string[] | null,
): Promise<Replayed> {
  const { model = null, reason = null, ids = null, limit } = request;
  const models = model === null ? allowed : [model];
  const kept = await log.select({ models, code: reason, ids, after: positionOf(request.after), limit: limit + 1 });
  const items = kept.slice(0, limit);
  const answer: Replayed = { stored: 0, refused: 0, unusable: 0, errors: [], next: null };
  for (let start = 0; start < items.length; start += AT_ONCE) {
    const some = items.slice(start, start + AT_ONCE);
    const outcomes = await Promise.allSettled(some.map((item) => sendKept(routes, item, undefined, allowed)));
    const stored = some.filter((_, index) => isStored(outcomes[index]));
    await log.remove(stored.map(({ id }) => id));
    some.forEach((item, index) => count(answer, item.id, outcomes[index]));
  }
  const last = items.at(-1);
  if (last !== undefined && kept.length > limit) answer.next = `${last.receivedAt}_${last.id}`;
  return answer;
}

type Outcome = PromiseSettledResult<Tracked | Accepted> | undefined;
const isStored = (outcome: Outcome): boolean => outcome?.status === 'fulfilled' && outcome.value.accepted === 1;

/** @throws what is no matter of the item. */
function count(answer: Replayed, id: string, outcome: Outcome): void {
  if (outcome === undefined) return;
  const say = (code: string, path: string, message: string) => {
    if (answer.errors.length < MAX_ERRORS) answer.errors.push({ id, code, path, message });
  };
  if (outcome.status === 'rejected') {
    if (!(outcome.reason instanceof ConflictError)) throw outcome.reason;
    answer.unusable += 1;
    say(outcome.reason.code, '', outcome.reason.detail);
  } else if (outcome.value.accepted === 1) answer.stored += 1;
  else {
    answer.refused += 1;
    for (const { code, path, message } of outcome.value.errors ?? []) say(code, path, message);
  }
}

function positionOf(after: string | undefined): { time: number; id: string } | null {
  const [time, id] = after?.split('_') ?? [];
  return time === undefined || id === undefined ? null : { time: Number(time), id };
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
    const value = readJson(text);
    if (value !== null) return value;
  } catch (error) {
    const code = error instanceof NestingError ? 'too_deep' : 'malformed_json';
    return new UnparsableItem(text, error instanceof Error ? error.message : 'not JSON', false, code);
  }
  throw new ConflictError(
    'The text of this item was not kept, because of privacy rules. Send the item as {"item": ...}.',
  );
}
