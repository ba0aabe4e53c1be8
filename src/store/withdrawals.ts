// Rows whose insert failed after it may have reached the store: they are removed before anything else is written, so that a refused batch is not stored.
import { DriftlineError } from '../domain/errors.js';

/** How often it is tried while the store does not answer, ms. */
const EVERY = 1_000;
/** How often a removal that the store refuses is tried before it is given up and reported. */
const ATTEMPTS = 5;

interface Withdrawal {
  /** Removes the rows; running it twice changes nothing. */
  remove: () => Promise<void>;
  rows: number;
  attempts: number;
}

/** What is still to be removed, in memory: a process that is killed meanwhile leaves it. */
export class Withdrawals {
  private waiting: Withdrawal[] = [];
  private running: Promise<void> | null = null;
  private timer: NodeJS.Timeout | undefined;

  /** @param givenUp told how many rows the store refused to remove, and why. */
  constructor(private readonly givenUp: (rows: number, error: unknown) => void) {}

  /** Rows that may be stored although their caller heard otherwise. */
  get pending(): number {
    return this.waiting.reduce((sum, { rows }) => sum + rows, 0);
  }

  /** Remove rows, now if the store answers and else as soon as it does. */
  async add(rows: number, remove: () => Promise<void>): Promise<void> {
    if (rows === 0) return;
    this.waiting.push({ remove, rows, attempts: 0 });
    await this.settle().catch(() => undefined);
  }

  /** Resolves when nothing is left that can be removed. @throws StoreUnavailableError while the store does not answer. */
  async settle(): Promise<void> {
    while (this.waiting.length > 0) {
      this.running ??= this.drain().finally(() => {
        this.running = null;
      });
      await this.running;
    }
  }

  close(): void {
    clearTimeout(this.timer);
  }

  private async drain(): Promise<void> {
    for (let next = this.waiting[0]; next !== undefined; next = this.waiting[0]) {
      try {
        await next.remove();
      } catch (error) {
        if (error instanceof DriftlineError && error.status === 503) {
          this.later();
          throw error;
        }
        next.attempts += 1;
        if (next.attempts < ATTEMPTS) continue;
        this.givenUp(next.rows, error);
      }
      this.waiting.shift();
    }
  }

  private later(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.settle().catch(() => undefined), EVERY).unref();
  }
}
