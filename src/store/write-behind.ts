// Rows that are in a journal and reach their table together: whoever reads the table has them stored first.
import { BusyError } from '../domain/errors.js';

/** Where rows are kept until they are stored. */
export interface Journal<Token> {
  append(body: Buffer): Promise<void>;
  /** Write elsewhere from now on; what was written so far can be emptied by its token. */
  turn(): Token;
  empty(token: Token): Promise<void>;
}

export interface WriteBehindLimits {
  /** Ms that rows wait at the most. */
  delay: number;
  /** So many rows, or so many bytes, are stored at once. */
  rows: number;
  bytes: number;
  /** Bytes that may wait; beyond, add() throws BusyError. */
  maxBytes: number;
  /** The journal is emptied after so many entries. */
  journal: number;
}

interface Entry {
  body: Buffer;
  rows: number;
  known: readonly string[];
  /** Whether the journal has it; settles once. */
  journaled: Promise<boolean>;
  /** The attempt to store it; null while it waits. */
  stored: Promise<void> | null;
}

/**
 * Entries are acknowledged when the journal has them, and stored in the order in which they came. One that the journal does not take is stored at
 * once and acknowledged then. One that the journal has is tried until it is stored.
 */
export class WriteBehind<Token> {
  /** Everything that is not stored yet, in the order in which it came. */
  private readonly entries = new Set<Entry>();
  private rows = 0;
  private bytes = 0;
  private heldBytes = 0;
  /** Inserts into the journal that are under way, and entries that it holds, stored or not. */
  private readonly appending = new Set<Promise<boolean>>();
  private appended = 0;
  private timer: NodeJS.Timeout | undefined;
  private clearing: Promise<void> | null = null;
  /** What is no longer written, to be emptied when all of it is stored. */
  private emptying: { token: Token; appended: number } | null = null;
  private broken = false;

  /** @param store begins to store rows before it returns, so that calls are stored in their order. */
  constructor(
    private readonly journal: Journal<Token>,
    private readonly store: (body: Buffer, rows: number, known: readonly string[]) => Promise<void>,
    private readonly limits: WriteBehindLimits,
    private readonly warn: (message: string, error: unknown) => void,
  ) {}

  /** Bytes that wait; those that are being stored are not among them. */
  get waitingBytes(): number {
    return this.bytes;
  }

  /** Keep rows; resolves when a crash cannot lose them. `known`: their ids that may be stored somewhere else already. @throws BusyError */
  async add(body: Buffer, rows: number, known: readonly string[]): Promise<void> {
    if (this.heldBytes > 0 && this.heldBytes + body.length > this.limits.maxBytes) throw new BusyError();
    const entry: Entry = {
      body,
      rows,
      known,
      journaled: this.append(body),
      stored: null,
    };
    this.entries.add(entry);
    this.heldBytes += body.length;
    this.wait(entry);
    if (await entry.journaled) return;
    this.flush();
    await entry.stored;
    await this.mend();
  }

  /** Begin to store everything that waits. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.rows = 0;
    this.bytes = 0;
    for (const entry of this.entries) {
      if (entry.stored !== null) continue;
      entry.stored = this.attempt(entry);
      entry.stored.catch(() => undefined); // whoever waits for it hears
    }
  }

  /** Resolves when everything that came before this call is stored. @throws whatever the store throws for rows that were acknowledged. */
  async settle(): Promise<void> {
    const held = [...this.entries];
    if (held.length === 0) return;
    // What was under way may fail for a reason that is gone: it is tried once more.
    await this.attempts(held);
    const left = held.filter((entry) => this.entries.has(entry));
    const failed = (await this.attempts(left)).find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  private attempts(entries: readonly Entry[]): Promise<PromiseSettledResult<void>[]> {
    this.flush();
    return Promise.allSettled(
      entries.map(async (entry) => {
        try {
          await entry.stored;
        } catch (error) {
          // Where the journal did not take it, its sender hears.
          if (await entry.journaled) throw error;
        }
      }),
    );
  }

  /** Resolves when everything is stored and the journal holds nothing of what came before this call. */
  async clear(): Promise<void> {
    while (this.clearing !== null) await this.clearing.catch(() => undefined);
    if (this.appended === 0 && this.appending.size === 0) return;
    this.clearing = this.clearOnce().finally(() => (this.clearing = null));
    await this.clearing;
  }

  private async clearOnce(): Promise<void> {
    // What an earlier call could not finish comes first: there is no third place to write to.
    if (this.emptying !== null) await this.empty(this.emptying);
    await Promise.all(this.appending);
    this.emptying = { token: this.journal.turn(), appended: this.appended };
    await this.empty(this.emptying);
  }

  private async empty({ token, appended }: { token: Token; appended: number }): Promise<void> {
    await this.settle();
    await this.journal.empty(token);
    this.appended -= appended;
    this.emptying = null;
  }

  private append(body: Buffer): Promise<boolean> {
    const done = this.journal
      .append(body)
      .then(
        () => {
          this.appended += 1;
          return true;
        },
        (error: unknown) => this.refused(error),
      )
      .finally(() => this.appending.delete(done));
    this.appending.add(done);
    return done;
  }

  /** Said once: until the journal works again, every entry meets the same. */
  private refused(error: unknown): false {
    if (!this.broken) this.warn('the journal takes nothing: predictions are stored one insert at a time', error);
    this.broken = true;
    return false;
  }

  /** There is room to store rows, so there is room for the journal: it is begun anew, because after a failed write it takes no other. */
  private async mend(): Promise<void> {
    if (!this.broken) return;
    this.broken = false;
    await this.clear().catch((error: unknown) => this.refused(error));
  }

  private wait(entry: Entry): void {
    this.rows += entry.rows;
    this.bytes += entry.body.length;
    if (this.rows >= this.limits.rows || this.bytes >= this.limits.bytes) this.flush();
    else this.timer ??= setTimeout(() => this.tick(), this.limits.delay).unref();
  }

  private tick(): void {
    this.flush();
    const work = this.appended >= this.limits.journal ? this.clear() : this.settle();
    work.catch((error: unknown) => {
      this.warn('predictions wait in the journal', error);
      this.timer ??= setTimeout(() => this.tick(), this.limits.delay).unref();
    });
  }

  private async attempt(entry: Entry): Promise<void> {
    try {
      await this.store(entry.body, entry.rows, entry.known);
    } catch (error) {
      // Acknowledged: it stays, and is tried again by the next who flushes.
      if (await entry.journaled) {
        entry.stored = null;
        throw error;
      }
      this.forget(entry);
      throw error;
    }
    this.forget(entry);
  }

  private forget(entry: Entry): void {
    this.entries.delete(entry);
    this.heldBytes -= entry.body.length;
  }
}
