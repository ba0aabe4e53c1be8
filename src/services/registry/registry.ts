// The registry: reads from memory, writes one after another, each stored whole before it is answered.
import { setTimeout as sleep } from 'node:timers/promises';
import { v4 as uuidv4 } from 'uuid';
import { StoreUnavailableError } from '../../domain/errors.js';
import type { Change, ChangeAction } from '../../domain/registry/model.js';
import type { Operation, Outcome } from '../../domain/registry/operation.js';
import { RegistryState, type Delta } from '../../domain/registry/state.js';
import { CHANGE_KIND, changeEntry, changeOf, deltaOf, STATE_KINDS, stateEntries } from './documents.js';
import type { CatalogueGuard, RegistryEntry, RegistryStore, StoredEntry } from './ports.js';

/** What else follows from changes, stored with them. */
export interface Follower {
  /** Kinds of entries that it keeps in memory. */
  readonly kinds: readonly string[];
  /** Entries of its kinds, read at start or written by another process; a doc of null is gone. */
  loaded(entries: readonly StoredEntry[]): void;
  /** Entries to store in the same insert. `state` is what the registry was before. */
  entries(outcome: Outcome, state: RegistryState): RegistryEntry[];
  /** The changes are stored. */
  stored(outcome: Outcome): void;
}

/** Where other processes write too, what is in memory is at most so old when it is read, ms. */
const MAX_AGE = 250;
/** Row versions of other processes become visible in any order: this much is read again, microseconds. */
const SETTLE = 120_000_000;
/** A replica that does not have what was written before yet is waited for so long, and asked so often, ms. */
const REPLICA_PATIENCE = 10_000;
const REPLICA_POLL = 50;
const TABLE = 'registry';

/** Registered models and versions. */
export class Registry {
  private readonly state = new RegistryState();
  private readonly followers: Follower[] = [];
  private queue: Promise<unknown> = Promise.resolve();
  private loaded = false;
  /** The newest row version seen, and when. */
  private position = 0;
  private readAt = 0;
  /** The turn of another process that was read last. */
  private turn = 0;
  /** A write failed: whether it was stored is not known. */
  private doubtful = false;
  private sequence = 0;

  constructor(
    private readonly store: RegistryStore,
    private readonly guard: CatalogueGuard,
    private readonly clock: () => number,
  ) {}

  follow(follower: Follower): void {
    this.followers.push(follower);
  }

  /** Read everything. Call at start; reading and writing call it where nobody did. */
  async start(): Promise<void> {
    await this.read(() => null);
  }

  /** Ask something of the present state. */
  async read<T>(question: (state: RegistryState) => T): Promise<T> {
    if (this.isOld()) await this.alone(() => (this.isOld() ? this.load() : Promise.resolve()));
    return question(this.state);
  }

  /**
   * Do an operation: after those before it, and stored when this resolves. `by`: who asks. `answer` is asked of the state with it.
   * @throws RegistryError
   */
  change<T>(operation: Operation, by: string, answer: (state: RegistryState) => T): Promise<T> {
    return this.changing(async () => {
      const outcome = operation(this.state, { now: this.clock(), by, newId: uuidv4 });
      await this.keep(outcome);
      return answer(this.state);
    });
  }

  /** The log of one model, or of all, newest first; with `actions`, their lines alone. `name` also finds models that are gone. */
  async history(name: string | null, limit: number, actions: readonly ChangeAction[] | null = null): Promise<Change[]> {
    const model = name === null ? null : await this.read((state) => state.find(name));
    const scope = model?.id ?? null;
    if (scope !== null || name === null) {
      return (await this.store.newest(CHANGE_KIND, scope, limit, actions)).map(changeOf);
    }
    const all = (await this.store.newest(CHANGE_KIND, null, MAX_SEARCHED, actions)).map(changeOf);
    // The line of a rename bears the new name; it is the last one under the old one.
    const wasCalledSo = ({ model: called, action, from }: Change) =>
      called === name || (action === 'model_renamed' && from === name);
    return all.filter(wasCalledSo).slice(0, limit);
  }

  /** Remove a model with its versions and log, for good. Nothing where it is not registered. */
  async forget(name: string): Promise<void> {
    return this.changing(async () => {
      const model = this.state.find(name);
      if (model === null) return;
      // As deleted first: other processes see rows, not their absence.
      const removedVersions = this.state.versionsOf(model);
      const delta: Delta = { models: [], versions: [], removedModels: [model], removedVersions };
      await this.write(stateEntries(delta));
      this.state.apply(delta);
      await this.store.forget(model.id);
    });
  }

  /** Change something else that is stored with the registry: after everything before it, and none of it where it fails. */
  exclusively<T>(
    work: (write: (entries: readonly RegistryEntry[]) => Promise<void>, state: RegistryState) => Promise<T>,
  ): Promise<T> {
    return this.changing(() => work((entries) => this.write(entries), this.state));
  }

  /** Wait for what is being written. */
  async idle(): Promise<void> {
    await this.queue;
  }

  private async keep(outcome: Outcome): Promise<void> {
    const ahead = this.followers.flatMap((follower) => follower.entries(outcome, this.state));
    const entries = [
      ...stateEntries(outcome),
      ...outcome.changes.map((one) => changeEntry(one, this.nextItem())),
      ...ahead,
    ];
    if (entries.length === 0) return;
    await this.write(entries);
    this.state.apply(outcome);
    for (const follower of this.followers) follower.stored(outcome);
  }

  private async write(entries: readonly RegistryEntry[]): Promise<void> {
    this.guard.confirm();
    this.doubtful = true;
    const version = await this.store.write(entries, this.clock());
    this.doubtful = false;
    if (!entries.some(({ kind }) => this.kinds().includes(kind))) return;
    this.position = Math.max(this.position, version);
    this.guard.wrote(TABLE, version);
  }

  /** Sorts after every earlier one of this process, and is not used by another. */
  private nextItem(): string {
    this.sequence += 1;
    return `${String(this.clock()).padStart(15, '0')}-${String(this.sequence).padStart(9, '0')}-${uuidv4().slice(0, 8)}`;
  }

  /** Change something: as the only one, in no process, of what is stored now. */
  private changing<T>(work: () => Promise<T>): Promise<T> {
    return this.guard.exclusively(() =>
      this.alone(async () => {
        await this.catchUp();
        return work();
      }),
    );
  }

  /** Do something after everything that was asked before it has ended. What runs here never waits for the guard. */
  private alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.queue.then(work);
    this.queue = done.catch(() => undefined);
    return done;
  }

  private isOld(): boolean {
    return this.isUnsure || (this.store.shared && this.clock() - this.readAt >= MAX_AGE);
  }

  private get isUnsure(): boolean {
    return !this.loaded || this.doubtful;
  }

  /** Read what others wrote before this process had its turn. @throws StoreUnavailableError where a replica does not get it. */
  private async catchUp(): Promise<void> {
    const { turns } = this.guard;
    if (!this.isUnsure && this.turn === turns) return;
    await this.load();
    for (let waited = 0; this.position < this.guard.writtenTo(TABLE); waited += REPLICA_POLL) {
      if (waited >= REPLICA_PATIENCE) {
        throw new StoreUnavailableError(
          'A replica of the store lags behind. Send the same request again after the time in Retry-After.',
        );
      }
      await sleep(REPLICA_POLL);
      await this.load();
    }
    this.turn = turns;
  }

  private kinds(): string[] {
    return [...STATE_KINDS, ...this.followers.flatMap((follower) => follower.kinds)];
  }

  private async load(): Promise<void> {
    const readAt = this.clock();
    const kinds = this.kinds();
    const entries = this.loaded
      ? await this.store.since(kinds, Math.max(0, this.position - SETTLE))
      : await this.store.all(kinds);
    this.state.apply(deltaOf(entries));
    for (const follower of this.followers) {
      follower.loaded(entries.filter(({ kind }) => follower.kinds.includes(kind)));
    }
    this.position = entries.reduce((newest, { rowVersion }) => Math.max(newest, rowVersion), this.position);
    this.readAt = readAt;
    this.loaded = true;
    this.doubtful = false;
  }
}

/** How far the log is looked through for a model that is gone. */
const MAX_SEARCHED = 10_000;
