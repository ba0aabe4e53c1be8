// Where items wait: lines of JSON a route, bounded, taken in batches and given up only when the service has answered for them.

/** The routes that items go to. */
export const ROUTES = ['/v1/predictions', '/v1/ground-truth', '/v1/delayed-metrics', '/v1/aggregate-metrics'] as const;
export type Route = (typeof ROUTES)[number];

/** Lines on their way. */
export interface Batch {
  route: Route;
  /** Lines without line breaks, in the order of arrival. */
  lines(): Promise<readonly string[]>;
  /** The same at once; null where they are on disk only. */
  readonly held: readonly string[] | null;
  count: number;
  /** The service has answered: the lines may be forgotten. */
  done(): void;
}

export interface StoreOptions {
  maxItems: number;
  maxBytes: number;
  /** Called with what went wrong and where, for the log. */
  warn: (kind: string, message: string) => void;
}

/** Keeps items until they are done. */
export interface ItemStore {
  /** Items that are kept, those on their way included. */
  readonly size: number;
  readonly maxItems: number;
  /** False: there is no room. */
  push(route: Route, line: string): boolean;
  /** The next batch, at most `count` lines of one route; null where nothing waits. */
  take(count: number): Batch | null;
  /** Whether anything waits that is not on its way. */
  readonly waiting: number;
  /** The process ends now: write what can be written. True: everything is kept for the next process. */
  keep(): boolean;
}

/** Items in memory. */
export class MemoryStore implements ItemStore {
  private readonly queues = new Map<Route, string[]>(ROUTES.map((route) => [route, []]));
  private underway = 0;
  waiting = 0;

  constructor(readonly maxItems: number) {}

  get size(): number {
    return this.waiting + this.underway;
  }

  push(route: Route, line: string): boolean {
    if (this.waiting + this.underway >= this.maxItems) return false;
    this.queues.get(route)?.push(line);
    this.waiting++;
    return true;
  }

  take(count: number): Batch | null {
    for (const [route, queue] of this.queues) {
      if (queue.length === 0) continue;
      const lines = queue.length <= count ? queue : queue.slice(0, count);
      this.queues.set(route, queue.length <= count ? [] : queue.slice(count));
      this.waiting -= lines.length;
      this.underway += lines.length;
      return {
        route,
        count: lines.length,
        held: lines,
        lines: () => Promise.resolve(lines),
        done: () => void (this.underway -= lines.length),
      };
    }
    return null;
  }

  keep(): boolean {
    return false;
  }
}
