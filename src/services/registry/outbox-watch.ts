// The outbox where several processes share a server: each says regularly that it still has its deliveries, and takes over those of a process that is gone.
import type { CatalogueGuard, RegistryStore, StoredEntry } from './ports.js';
import { DELIVERY_KIND, deliveryEntry, deliveryOf, type Dispatcher } from './dispatcher.js';

/** How often each process says so and looks, ms. */
export const LOOK_EVERY = 60_000;
/** Deliveries of which nothing was heard for so long belong to nobody, ms. */
export const UNHEARD = 200_000;

export interface OutboxPorts {
  store: RegistryStore;
  guard: CatalogueGuard;
  dispatcher: Dispatcher;
  /** Read what other processes changed: the webhook of a delivery may be theirs. */
  refresh: () => Promise<unknown>;
  clock: () => number;
  warn: (message: string, error: unknown) => void;
}

export class OutboxWatch {
  /** Deliveries of others: the form they were seen in, and since when. */
  private seen = new Map<string, { version: number; since: number }>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly ports: OutboxPorts) {}

  /** Send what a stop or a crash left. Where other processes may be sending it, after watching it for a while. */
  async start(): Promise<void> {
    const { store, dispatcher, warn } = this.ports;
    if (!store.shared) return dispatcher.add((await store.pending(DELIVERY_KIND)).map(deliveryOf));
    await this.look();
    this.timer = setInterval(() => {
      this.look().catch((error: unknown) => warn('the outbox of webhooks could not be looked at', error));
    }, LOOK_EVERY).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Say what is this process's, and take over what is nobody's. */
  async look(): Promise<void> {
    const { store, dispatcher, clock } = this.ports;
    await dispatcher.touch();
    const now = clock();
    const others = (await store.pending(DELIVERY_KIND)).filter(({ item }) => !dispatcher.has(item));
    this.seen = new Map(
      others.map(({ item, rowVersion: version }) => {
        const before = this.seen.get(item);
        return [item, before?.version === version ? before : { version, since: now }];
      }),
    );
    if (others.some((entry) => this.isUnheard(entry, now))) await this.takeOver(now);
  }

  private isUnheard({ item, rowVersion }: StoredEntry, now: number): boolean {
    const seen = this.seen.get(item);
    return seen?.version === rowVersion && now - seen.since >= UNHEARD;
  }

  /** One process at a time, and only what is still as it was: two that look do not both take it. */
  private takeOver(now: number): Promise<void> {
    const { store, guard, dispatcher, refresh, clock } = this.ports;
    return guard.exclusively(async () => {
      await refresh();
      const entries = await store.pending(DELIVERY_KIND);
      const taken = entries.filter((entry) => this.isUnheard(entry, now)).map(deliveryOf);
      guard.confirm();
      await store.write(taken.map(deliveryEntry), clock());
      dispatcher.add(taken);
    });
  }
}
