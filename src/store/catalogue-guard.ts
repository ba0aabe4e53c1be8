// One change of the catalogue at a time (registry, rules, channels, keys, models, ...): in one process one after another, on a shared server under a lease.
import { AsyncLocalStorage } from 'node:async_hooks';
import { StoreUnavailableError } from '../domain/errors.js';
import { LEASE_MS, machineTime, type CatalogueLease, type LeaseTime } from './catalogue-lease.js';

/** A process that has this much to do lets others have a turn, ms. */
const TURN_MS = 500;
/** How long others have for taking it, ms. */
const COURTESY_MS = 60;

/** What a process does that shares a server with others. */
export interface GuardPorts {
  lease: CatalogueLease;
  /** Go on above a row version that another process wrote. */
  atLeast: (version: number) => void;
  /** A process ended without saying what it had written: find out. */
  recover: () => Promise<void>;
  time?: LeaseTime;
}

export class CatalogueGuard {
  private readonly inside = new AsyncLocalStorage<{ open: boolean }>();
  private queue: Promise<unknown> = Promise.resolve();
  private waiting = 0;
  private turnSince = 0;
  private others = 0;
  private renewal: NodeJS.Timeout | undefined;
  private readonly time: LeaseTime;

  /** Without ports, no other process writes. */
  constructor(private readonly ports: GuardPorts | null = null) {
    this.time = ports?.time ?? machineTime;
  }

  /** Grows whenever another process may have changed something since this one changed something last. */
  get turns(): number {
    return this.others;
  }

  /**
   * Read, decide and write with nobody else in between, in no process. Work inside other such work is part of it. When it resolves, nobody else can have
   * written since it began.
   * @throws StoreUnavailableError where other processes do not let go, or where this one was so slow that they could not wait.
   */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    if (this.inside.getStore()?.open === true) return work();
    this.waiting += 1;
    const done = this.queue.then(() => this.turn(work));
    this.queue = done.catch(() => undefined).then(() => this.rest());
    return done;
  }

  /** Call right before writing. @throws StoreUnavailableError */
  confirm(): void {
    if (this.ports?.lease.isHeld === false) throw new StoreUnavailableError(TOO_SLOW);
  }

  /** Say what is written: others go on above it, and wait until they can read it. */
  wrote(table: string, version: number): void {
    this.ports?.lease.wrote(table, version);
  }

  /** The newest row version that was written to a table by whoever; 0 where nobody else writes. */
  writtenTo(table: string): number {
    return this.ports?.lease.writtenTo(table) ?? 0;
  }

  /** Wait for what is being done, and let others go on. */
  async idle(): Promise<void> {
    await this.queue;
  }

  private async turn<T>(work: () => Promise<T>): Promise<T> {
    await this.take();
    const turn = { open: true };
    try {
      const result = await this.inside.run(turn, work);
      this.confirm();
      return result;
    } finally {
      turn.open = false;
    }
  }

  private async take(): Promise<void> {
    if (this.ports === null || this.ports.lease.isHeld) return;
    const { lease } = this.ports;
    const { undisturbed, abandoned } = await lease.take();
    if (!undisturbed) this.others += 1;
    this.turnSince = this.time.now();
    clearInterval(this.renewal);
    // Where it fails, the lease ends by itself, and with it what is done under it.
    this.renewal = setInterval(() => void lease.renew().catch(() => undefined), LEASE_MS / 3).unref();
    this.ports.atLeast(lease.newestVersion);
    if (abandoned) await this.ports.recover();
  }

  /** After each change: the lease goes back when nothing waits here, or when others have waited long enough. */
  private async rest(): Promise<void> {
    this.waiting -= 1;
    if (this.ports === null || (this.waiting > 0 && this.time.now() - this.turnSince < TURN_MS)) return;
    clearInterval(this.renewal);
    await this.ports.lease.release().catch(() => undefined);
    if (this.waiting > 0) await this.time.pause(COURTESY_MS);
  }
}

const TOO_SLOW =
  'This process could not reach the store in time to keep its turn; whether the change was stored is not known. Look, then send it again after the time in Retry-After.';
