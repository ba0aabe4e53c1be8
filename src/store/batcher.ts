// Group commit: concurrent writers share inserts; each is answered after the insert that holds its rows; memory is bounded.
import { BusyError, DriftlineError } from '../domain/errors.js';

/** Limits of a batcher. A flush starts at once when none is running; while one runs, what arrives waits together for the next. */
export interface BatcherLimits {
  /** Rows of one insert at the most. */
  maxRows: number;
  /** Bytes that may wait or be in flight; beyond, add() throws BusyError. */
  maxPendingBytes: number;
  /**
   * Ms from the start of an insert that several callers shared to the start of the next, where few rows wait; default 0. Every insert is a
   * part that the engine must write and merge: rows that come one by one, hundreds a second, cost more by their parts than by themselves.
   * A single caller, who sends the next row when the last is stored, never waits.
   */
  spacing?: number;
  /**
   * The spacing is no more than this many times what the last insert took: where inserts are fast nobody waits long, where they are slow (a busy disk,
   * many merges) the engine gets time. Left out: always the whole spacing.
   */
  pace?: number;
}

/** From so many waiting rows on, no insert waits for the spacing. */
const ENOUGH_ROWS = 1000;

interface Waiting {
  body: Buffer;
  rows: number;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** What a flush did, for counters. */
export interface FlushReport {
  rows: number;
  bytes: number;
  milliseconds: number;
  ok: boolean;
}

/** Collects line-delimited bodies and writes them through `write`, one insert at a time. */
export class Batcher {
  private queue: Waiting[] = [];
  private pendingBytes = 0;
  private running: Promise<void> | null = null;
  /** When the last insert began, if several callers shared it. */
  private lastShared = Number.NEGATIVE_INFINITY;
  /** How long the last insert took, ms. */
  private lastTook = 0;

  constructor(
    private readonly write: (body: Buffer) => Promise<void>,
    private readonly limits: BatcherLimits,
    private readonly report: (flush: FlushReport) => void = () => undefined,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  /** Bytes that wait or are in flight. */
  get depth(): number {
    return this.pendingBytes;
  }

  /**
   * Add rows (newline-joined text) and wait until they are stored.
   * @throws BusyError at once when the buffer is full; whatever `write` throws when the insert fails.
   */
  add(body: Buffer, rows: number): Promise<void> {
    // A single body larger than the whole buffer is let through when nothing waits: it could never be accepted otherwise.
    if (this.pendingBytes > 0 && this.pendingBytes + body.length > this.limits.maxPendingBytes)
      return Promise.reject(new BusyError());
    this.pendingBytes += body.length;
    return new Promise((resolve, reject) => {
      this.queue.push({ body, rows, resolve, reject });
      this.running ??= this.drain();
    });
  }

  /** Wait until everything that was added has been written or refused. */
  async idle(): Promise<void> {
    while (this.running !== null) await this.running;
  }

  private async drain(): Promise<void> {
    // One turn of the event loop: requests that arrived together share the first insert too.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.queue.length > 0) {
      await this.space();
      const batch = this.take();
      this.lastShared = batch.length > 1 ? this.clock() : Number.NEGATIVE_INFINITY;
      await this.flush(batch);
    }
    this.running = null;
  }

  private async space(): Promise<void> {
    const { spacing = 0, pace = Number.POSITIVE_INFINITY } = this.limits;
    const paced = this.lastTook === 0 ? spacing : Math.min(spacing, pace * this.lastTook);
    const left = this.lastShared + paced - this.clock();
    const waiting = this.queue.reduce((sum, { rows }) => sum + rows, 0);
    if (left > 0 && waiting < ENOUGH_ROWS) await new Promise((resolve) => setTimeout(resolve, left));
  }

  private take(): Waiting[] {
    let rows = 0;
    let count = 0;
    for (const waiting of this.queue) {
      if (count > 0 && rows + waiting.rows > this.limits.maxRows) break;
      rows += waiting.rows;
      count++;
    }
    return this.queue.splice(0, count);
  }

  /** One request's rows must not fail another's: where the store itself answers, each request is written again by itself. */
  private async settleAlone(batch: readonly Waiting[], error: unknown): Promise<void> {
    const refused = error instanceof DriftlineError && error.status !== 503;
    for (const waiting of batch) {
      if (!refused || batch.length === 1) waiting.reject(error);
      else await this.write(waiting.body).then(waiting.resolve, waiting.reject);
    }
  }

  private async flush(batch: Waiting[]): Promise<void> {
    const newline = Buffer.from('\n');
    const [only] = batch;
    const body =
      batch.length === 1 && only !== undefined
        ? only.body
        : Buffer.concat(batch.flatMap((waiting) => [waiting.body, newline]));
    const rows = batch.reduce((sum, waiting) => sum + waiting.rows, 0);
    const started = this.clock();
    let ok = true;
    try {
      await this.write(body);
      for (const waiting of batch) waiting.resolve();
    } catch (error) {
      ok = false;
      await this.settleAlone(batch, error);
    } finally {
      this.lastTook = this.clock() - started;
      for (const waiting of batch) this.pendingBytes -= waiting.body.length;
      this.report({ rows, bytes: body.length, milliseconds: this.clock() - started, ok });
    }
  }
}
