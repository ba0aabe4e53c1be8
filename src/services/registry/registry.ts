// The registry: reads from memory, writes one after another, each stored whole before it is answered.
import { v4 as uuidv4 } from 'uuid';
import type { Change } from '../../domain/registry/model.js';
import type { Operation, Outcome } from '../../domain/registry/operations.js';
import { RegistryState, type Delta } from '../../domain/registry/state.js';
import { CHANGE_KIND, changeEntry, changeOf, deltaOf, STATE_KINDS, stateEntries } from './documents.js';
import type { RegistryEntry, RegistryStore, StoredEntry } from './ports.js';

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

/** Registered models and versions. */
export class Registry {
  private readonly state = new RegistryState();
  private readonly followers: Follower[] = [];
  private queue: Promise<unknown> = Promise.resolve();
  private loaded = false;
  /** The newest row version seen, and when. */
  private position = 0;
  private readAt = 0;
  /** A write failed: whether it was stored is not known. */
  private doubtful = false;
  private sequence = 0;

  constructor(
    private readonly store: RegistryStore,
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
    if (this.isOld(MAX_AGE)) await this.alone(() => this.fresh(MAX_AGE));
    return question(this.state);
  }

  /**
   * Do an operation: after those before it, and stored when this resolves. `by`: who asks. `answer` is asked of the state with it.
   * @throws RegistryError
   */
  change<T>(operation: Operation, by: string, answer: (state: RegistryState) => T): Promise<T> {
    return this.alone(async () => {
      await this.fresh(0);
      const outcome = operation(this.state, { now: this.clock(), by, newId: uuidv4 });
      await this.keep(outcome);
      return answer(this.state);
    });
  }

  /** The log of one model, or of all, newest first. `name` also finds models that are gone. */
  async history(name: string | null, limit: number): Promise<Change[]> {
    const model = name === null ? null : await this.read((state) => state.find(name));
    const scope = model?.id ?? null;
    if (scope !== null || name === null) {
      return (await this.store.newest(CHANGE_KIND, scope, limit)).map(changeOf);
    }
    const all = (await this.store.newest(CHANGE_KIND, null, MAX_SEARCHED)).map(changeOf);
    return all.filter((change) => change.model === name).slice(0, limit);
  }

  /** Remove a model with its versions and log, for good. Nothing where it is not registered. */
  async forget(name: string): Promise<void> {
    return this.alone(async () => {
      await this.fresh(0);
      const model = this.state.find(name);
      if (model === null) return;
      // As deleted first: other processes see rows, not their absence.
      const removedVersions = this.state.versionsOf(model);
      const delta: Delta = { models: [], versions: [], removedModels: [model], removedVersions };
      await this.store.write(stateEntries(delta), this.clock());
      this.state.apply(delta);
      await this.store.forget(model.id);
    });
  }

  /** Change something else that is stored with the registry: after everything before it, and none of it where it fails. */
  exclusively<T>(
    work: (write: (entries: readonly RegistryEntry[]) => Promise<void>, state: RegistryState) => Promise<T>,
  ): Promise<T> {
    return this.alone(async () => {
      await this.fresh(0);
      return work(async (entries) => {
        this.doubtful = true;
        await this.store.write(entries, this.clock());
        this.doubtful = false;
      }, this.state);
    });
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
    this.doubtful = true;
    await this.store.write(entries, this.clock());
    this.doubtful = false;
    this.state.apply(outcome);
    for (const follower of this.followers) follower.stored(outcome);
  }

  /** Sorts after every earlier one of this process, and is not used by another. */
  private nextItem(): string {
    this.sequence += 1;
    return `${String(this.clock()).padStart(15, '0')}-${String(this.sequence).padStart(9, '0')}-${uuidv4().slice(0, 8)}`;
  }

  /** Do something after everything that was asked before it has ended. */
  private alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.queue.then(work);
    this.queue = done.catch(() => undefined);
    return done;
  }

  private isOld(maxAge: number): boolean {
    return !this.loaded || this.doubtful || (this.store.shared && this.clock() - this.readAt >= maxAge);
  }

  private async fresh(maxAge: number): Promise<void> {
    if (this.isOld(maxAge)) await this.load();
  }

  private async load(): Promise<void> {
    const readAt = this.clock();
    const kinds = [...STATE_KINDS, ...this.followers.flatMap((follower) => follower.kinds)];
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
