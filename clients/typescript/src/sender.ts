// Sends what waits: batches over HTTP, again and again until the service has answered for them, and never in anybody's way.
import type { Platform } from './platform.js';
import type { Batch, ItemStore } from './stores.js';
import type { Stats } from './types.js';

export interface SenderOptions {
  url: string;
  headers: Record<string, string>;
  batchSize: number;
  flushInterval: number;
  requestTimeout: number;
  platform: Platform;
  /** Says something once a kind. */
  warn: (kind: string, message: string) => void;
  /** Called when items were given up: there is room. */
  room: () => void;
}

/** Requests at a time. One: of two values under one id the later one counts, so what came first must be stored first. */
const LANES = 1;
/** Bodies below this are not worth compressing, bytes. */
const GZIP_FROM = 1024;
/** Waits between tries, ms: from the first to the longest. */
const FIRST_WAIT = 250;
const LONGEST_WAIT = 30_000;

export class Sender {
  private readonly lanes = new Set<Promise<void>>();
  private readonly underway = new Set<Batch>();
  private timer: (() => void) | null = null;
  private readonly sleepers = new Set<() => void>();
  private readonly idlers = new Set<() => void>();
  private stopped = false;

  constructor(
    private readonly store: ItemStore,
    private readonly stats: Stats,
    private readonly options: SenderOptions,
  ) {}

  /** An item has come. */
  wake(): void {
    if (this.store.waiting >= this.options.batchSize) this.start();
    else if (this.timer === null && !this.stopped) {
      this.timer = this.options.platform.later(() => {
        this.timer = null;
        this.start();
      }, this.options.flushInterval);
    }
  }

  /** Send everything that is there, without waiting for more; false when it is not all done in time. */
  async flush(timeout: number): Promise<boolean> {
    for (const sleeper of [...this.sleepers]) sleeper();
    this.start();
    if (this.store.size === 0) return true;
    return new Promise((resolve) => {
      const end = (done: boolean) => {
        clearTimeout(limit);
        this.idlers.delete(idle);
        resolve(done);
      };
      const idle = () => end(true);
      const limit = setTimeout(() => end(false), timeout);
      this.idlers.add(idle);
    });
  }

  /** No further tries: what is left stays where it is. */
  stop(): void {
    this.stopped = true;
    this.timer?.();
    for (const sleeper of [...this.sleepers]) sleeper();
  }

  /** Batches that were taken and not answered for. */
  pending(): readonly Batch[] {
    return [...this.underway];
  }

  private start(): void {
    while (!this.stopped && this.lanes.size < LANES && this.store.waiting > 0) {
      const batch = this.store.take(this.options.batchSize);
      if (batch === null) return;
      const lane = this.deliver(batch).finally(() => {
        this.lanes.delete(lane);
        this.start();
        if (this.store.size === 0) for (const idle of [...this.idlers]) idle();
      });
      this.lanes.add(lane);
    }
  }

  private async deliver(batch: Batch): Promise<void> {
    this.underway.add(batch);
    let wait = FIRST_WAIT;
    while (!this.stopped) {
      const outcome = await this.attempt(batch);
      if (outcome === 'done') return;
      await this.sleep(outcome > 0 ? outcome : wait * (0.5 + Math.random() / 2));
      wait = Math.min(LONGEST_WAIT, wait * 2);
      if (!this.stopped) this.stats.retries++;
    }
  }

  /** Send once. `done`, or how long the service asks to wait (ms; 0: it does not say). */
  private async attempt(batch: Batch): Promise<'done' | number> {
    try {
      const lines = await batch.lines();
      if (lines.length === 0) return this.done(batch);
      return await this.post(batch, lines);
    } catch (error) {
      if (this.stopped) return 0;
      this.stats.failures++;
      this.options.warn(
        'unreachable',
        `${this.options.url} does not answer (${reason(error)}); items wait, and go when it does.`,
      );
      return 0;
    }
  }

  private async post(batch: Batch, lines: readonly string[]): Promise<'done' | number> {
    const response = await this.request(batch.route, lines);
    const { status } = response;
    if (status === 413 && lines.length > 1) {
      const half = Math.ceil(lines.length / 2);
      for (const part of [lines.slice(0, half), lines.slice(half)]) {
        const answer = await this.post({ ...batch, count: part.length, done: () => undefined }, part);
        if (answer !== 'done') return answer;
      }
      return this.done(batch);
    }
    const answer = verdict(await response.text());
    if (answer !== null && (status === 201 || status === 207 || status === 400 || status === 403)) {
      this.stats.sent += lines.length;
      this.stats.accepted += answer.accepted;
      this.stats.rejected += answer.rejected;
      if (answer.rejected > 0)
        this.options.warn(
          `rejected ${answer.code}`,
          `The service refused items: ${answer.message}. GET /v1/rejected shows them.`,
        );
      return this.done(batch);
    }
    this.stats.failures++;
    if (status === 400 || status === 413) {
      // Not a verdict on items, and no other try would end otherwise.
      this.stats.rejected += lines.length;
      this.options.warn(
        'refused',
        `${this.options.url}${batch.route} refused a batch of ${lines.length} with status ${status}.`,
      );
      return this.done(batch);
    }
    this.complain(status, batch.route);
    return Number(response.headers.get('retry-after') ?? 0) * 1000 || 0;
  }

  private complain(status: number, route: string): void {
    const { url, warn } = this.options;
    if (status === 401 || status === 403)
      warn(
        'key',
        `${url} refuses the API key (status ${status}): items wait until it is right. Set DRIFTLINE_API_KEY or apiKey.`,
      );
    else if (status === 429 || status === 503)
      warn('busy', `${url} is busy (status ${status}); items wait, and go when it is not.`);
    else warn(`status ${status}`, `${url}${route} answers with status ${status}: is it the address of a Driftline?`);
  }

  private done(batch: Batch): 'done' {
    batch.done();
    this.underway.delete(batch);
    this.options.room();
    return 'done';
  }

  /** One try, for what may be lost. @returns whether it arrived; never throws */
  async once(route: string, items: readonly unknown[]): Promise<boolean> {
    try {
      const response = await this.request(
        route,
        items.map((item) => JSON.stringify(item)),
      );
      await response.text();
      if (!response.ok) this.stats.failures++;
      return response.ok;
    } catch {
      this.stats.failures++;
      return false;
    }
  }

  private async request(route: string, lines: readonly string[]): Promise<Response> {
    const text = lines.join('\n');
    const { url, headers, platform, requestTimeout } = this.options;
    const packed = text.length >= GZIP_FROM ? await platform.gzip(text) : null;
    return fetch(`${url}${route}`, {
      method: 'POST',
      headers: {
        ...headers,
        'content-type': 'application/x-ndjson',
        ...(packed === null ? {} : { 'content-encoding': 'gzip' }),
      },
      body: packed === null ? text : (packed as Uint8Array<ArrayBuffer>),
      signal: AbortSignal.timeout(requestTimeout),
    });
  }

  /** Ends early when somebody flushes or the client stops. */
  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const awake = () => {
        cancel();
        this.sleepers.delete(awake);
        resolve();
      };
      const cancel = this.options.platform.later(awake, ms);
      this.sleepers.add(awake);
    });
  }
}

/** How many items were accepted and refused, and why the first; null where the answer is something else. */
function verdict(text: string): { accepted: number; rejected: number; code: string; message: string } | null {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof answer !== 'object' || answer === null || !('accepted' in answer)) return null;
  const {
    accepted,
    rejected = 0,
    errors = [],
  } = answer as { accepted: number; rejected?: number; errors?: { code: string; path: string; message: string }[] };
  const [first] = errors;
  return {
    accepted,
    rejected,
    code: first?.code ?? '',
    message: first === undefined ? '' : `${first.path}: ${first.message}`,
  };
}

/** What stands behind `fetch failed`. */
function reason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
