// The lease under which one process at a time changes the catalogue of a shared server: a log of states whose generations exist once, and how a process takes, keeps and gives it back.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { StoreUnavailableError } from '../domain/errors.js';
import type { Store } from './store.js';

/** One state of the lease. `written`: the newest row version that was written under it, by table. */
export interface LeaseState {
  generation: number;
  owner: string;
  held: boolean;
  written: Record<string, number>;
}

/** The states, of which each generation exists once. */
export interface LeaseLog {
  /** The state with the highest generation; null where there is none yet. */
  newest(): Promise<LeaseState | null>;
  /** Add a state. Where another process was first with this generation, nothing happens: read `newest` to learn whose it is. */
  append(state: LeaseState): Promise<void>;
  /** Remove states before a generation. */
  forget(before: number): Promise<void>;
}

const leaseRow = z
  .object({ generation: z.number(), owner: z.string(), held: z.number(), written: z.string() })
  .transform(({ held, written, ...row }): LeaseState => ({
    ...row,
    held: held === 1,
    written: z.record(z.string(), z.number()).parse(JSON.parse(written)),
  }));

/**
 * The table `catalogue_lease`. On one server its engine drops the second insert of a generation, because both carry the same token. On a cluster it is a
 * `KeeperMap`, which in strict mode refuses a key that is there.
 */
export class LeaseTable implements LeaseLog {
  constructor(private readonly store: Store) {}

  async newest(): Promise<LeaseState | null> {
    const [state] = await this.store.query({
      name: 'catalogue_lease',
      sql: 'SELECT generation, owner, held, written FROM catalogue_lease ORDER BY generation DESC LIMIT 1',
      row: leaseRow,
      lane: 'ingest',
    });
    return state ?? null;
  }

  async append({ generation, owner, held, written }: LeaseState): Promise<void> {
    const row = { generation, owner, held: held ? 1 : 0, written: JSON.stringify(written) };
    await this.store.insertOnce('catalogue_lease', Object.keys(row), row, `lease-${generation}`);
  }

  forget(before: number): Promise<void> {
    return this.store.command({
      name: 'catalogue_lease_forget',
      sql: 'ALTER TABLE catalogue_lease DELETE WHERE generation < {before:UInt64}',
      params: { before },
    });
  }
}

/** How long a state of the lease holds without another one, ms; what its owner does in that time is its own. */
export const LEASE_MS = 6_000;
/** A state that others have seen unchanged for so long belongs to a process that is gone, ms. */
export const ABANDONED_MS = 7_500;
/** How often a lease that another process holds is looked at, ms. */
const POLL_MS = 15;
/** How long a change waits for other processes before it is refused, ms. */
const PATIENCE_MS = 30_000;
/** Old states are removed each time that so many have come. */
const KEPT = 500;

/** Time that only goes forward (the wall clock may jump), and waiting. */
export interface LeaseTime {
  now(): number;
  pause(ms: number): Promise<void>;
}

export const machineTime: LeaseTime = {
  now: () => performance.now(),
  pause: (ms) => sleep(ms),
};

/** What a process learns when it takes the lease. */
export interface Taken {
  /** Nobody else had it since this process had it last. */
  undisturbed: boolean;
  /** The process before did not give it back. */
  abandoned: boolean;
}

/**
 * The lease of one process. No clock of one machine is compared with that of another: an owner counts its time from before it asked, others count from when
 * they first saw its state, and wait longer.
 */
export class CatalogueLease {
  private readonly owner = randomUUID();
  private validUntil = -Infinity;
  /** The newest state that is known, and since when it is known. */
  private known: { state: LeaseState | null; since: number } | null = null;
  /** The generation that this process gave back last. */
  private released: number | null = null;
  private written: Record<string, number> = {};
  /** Renewing and giving back happen one after another. */
  private steps: Promise<unknown> = Promise.resolve();
  private releases = 0;

  constructor(
    private readonly log: LeaseLog,
    private readonly time: LeaseTime = machineTime,
  ) {}

  /** Whether this process has the lease, for certain. */
  get isHeld(): boolean {
    return this.time.now() < this.validUntil;
  }

  /** The newest row version that any process wrote into a table under the lease, as of when it was taken; 0: none. */
  writtenTo(table: string): number {
    return this.written[table] ?? 0;
  }

  /** Say what is written. */
  wrote(table: string, version: number): void {
    this.written[table] = Math.max(version, this.writtenTo(table));
  }

  /** The newest version in any table. */
  get newestVersion(): number {
    return Math.max(0, ...Object.values(this.written));
  }

  /** Wait until it is this process's. @throws StoreUnavailableError when others do not let go. */
  take(): Promise<Taken> {
    return this.step(async () => {
      const asked = this.time.now();
      for (;;) {
        const { state, since } = this.known ?? (await this.look());
        const isOthers = state?.held === true && state.owner !== this.owner;
        const isFree = !isOthers || this.time.now() - since >= ABANDONED_MS;
        if (isFree && (await this.claim(state))) {
          return { undisturbed: state !== null && state.generation === this.released, abandoned: isOthers };
        }
        if (this.time.now() - asked >= PATIENCE_MS) throw new StoreUnavailableError(OTHERS);
        if (isFree) continue;
        await this.time.pause(POLL_MS);
        await this.look();
      }
    });
  }

  /** Keep it while work under it goes on: to be called every third of its time. */
  renew(): Promise<void> {
    return this.step(async () => {
      if (this.isHeld && !(await this.claim(this.known?.state ?? null))) this.validUntil = -Infinity;
    });
  }

  /** Let others have it. Where that fails, they wait until it looks abandoned. */
  release(): Promise<void> {
    return this.step(async () => {
      const state = this.known?.state;
      const { isHeld, owner } = this;
      this.validUntil = -Infinity;
      this.known = null;
      if (!isHeld || state?.owner !== owner) return;
      const next = { generation: state.generation + 1, owner, held: false, written: { ...this.written } };
      await this.log.append(next);
      this.known = { state: next, since: this.time.now() };
      this.released = next.generation;
      this.releases += 1;
      if (this.releases % KEPT === 0) await this.log.forget(next.generation - KEPT);
    });
  }

  /** Take the generation after a state; false where somebody else was faster. */
  private async claim(state: LeaseState | null): Promise<boolean> {
    const asked = this.time.now();
    for (const [table, version] of Object.entries(state?.written ?? {})) this.wrote(table, version);
    const generation = (state?.generation ?? 0) + 1;
    await this.log.append({ generation, owner: this.owner, held: true, written: { ...this.written } });
    const { state: newest } = await this.look();
    if (newest?.generation !== generation || newest.owner !== this.owner) return false;
    this.validUntil = asked + LEASE_MS;
    return true;
  }

  private async look(): Promise<{ state: LeaseState | null; since: number }> {
    const state = await this.log.newest();
    const before = this.known;
    const isSame = before !== null && before.state?.generation === state?.generation;
    this.known = { state, since: isSame ? before.since : this.time.now() };
    return this.known;
  }

  private step<T>(work: () => Promise<T>): Promise<T> {
    const done = this.steps.then(work);
    this.steps = done.catch(() => undefined);
    return done;
  }
}

const OTHERS =
  'Another Driftline process is changing the catalogue and has not ended. Send the same request again after the time in Retry-After.';
