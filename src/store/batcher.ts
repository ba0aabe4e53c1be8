// Group commit: concurrent writers share inserts; each is answered after the insert that holds its rows; memory is bounded.
import { BusyError } from '../domain/errors.js';

/** Limits of a batcher. A flush starts at once when none is running; while one runs, what arrives waits together for the next. */
export interface BatcherLimits {
  /** Rows of one insert at the most. */
  maxRows: number;
  /** Bytes that may wait or be in flight; beyond, add() throws BusyError. */
  maxPendingBytes: number;
}

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
    while (this.queue.length > 0) await this.flush(this.take());
    this.running = null;
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
      for (const waiting of batch) waiting.reject(error);
    } finally {
      for (const waiting of batch) this.pendingBytes -= waiting.body.length;
      this.report({ rows, bytes: body.length, milliseconds: this.clock() - started, ok });
    }
  }
}
