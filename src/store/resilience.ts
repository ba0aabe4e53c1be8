// A server that may go away: what is idempotent is tried again, a server that does not answer is left alone and asked now and then, callers hear at once.
import { randomUUID } from 'node:crypto';
import { CircuitState, ConsecutiveBreaker, ExponentialBackoff, circuitBreaker, handleWhen } from 'cockatiel';
import { backOff } from 'exponential-backoff';
import { StoreUnavailableError } from '../domain/errors.js';
import type { Engine, InsertTag, Lane, QueryParams } from './client.js';
import { PassingEngine } from './passing-engine.js';
import { isUnreachable, reasonOf } from './store.js';

/** What is tried again: attempts in all, and the first delay (ms), which triples. */
const ATTEMPTS = 3;
const FIRST_DELAY = 100;
/** When a server that did not answer is asked again, ms: at first, and at the most. */
const FIRST_PROBE = 500;
const LAST_PROBE = 5_000;

/** Nobody listened: what was to be sent stayed here. */
const REFUSED = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN/;

/** A clock that ran out: the statement may still run, so reading again would only add to the load. */
const TIMED_OUT = /Timeout error/i;

/** What the circuit says about itself, for the metrics. */
export interface CircuitReport {
  /** Whether callers are refused because the server does not answer. */
  open(): boolean;
  /** How often a statement was tried again. */
  retries(): number;
}

/** A failure that says nothing about the server as it is now. */
class Outlived extends Error {
  constructor(override readonly cause: unknown) {
    super('outlived');
  }
}

/** One circuit for each lane: a read that takes too long says nothing about inserts. */
class Circuit {
  private readonly breaker = circuitBreaker(handleWhen(isUnreachable), {
    halfOpenAfter: new ExponentialBackoff({ initialDelay: FIRST_PROBE, maxDelay: LAST_PROBE }),
    // Every call behind it has been tried several times, or has waited for its whole time.
    breaker: new ConsecutiveBreaker(1),
  });
  private probe: NodeJS.Timeout | undefined;
  /** How often the server answered this lane. */
  private answers = 0;

  /** @param returns how often the server came back, found out by whichever lane. */
  constructor(
    private readonly ping: () => Promise<boolean>,
    private readonly returns: { count: number },
  ) {
    this.breaker.onBreak(() => this.schedule());
  }

  get isOpen(): boolean {
    return this.breaker.state !== CircuitState.Closed;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    // Callers do not test the server: whoever came at the right moment would wait for it.
    if (this.isOpen) throw new StoreUnavailableError(undefined, undefined, true);
    const [answers, returns] = [this.answers, this.returns.count];
    return this.breaker
      .execute(async () => {
        try {
          const answer = await work();
          this.answers += 1;
          return answer;
        } catch (error) {
          // The server answered others since this call began, or came back from an outage that the call outlived: no reason to refuse everybody.
          const isOld = this.answers > answers || this.returns.count > returns;
          if (isUnreachable(error) && isOld) throw new Outlived(error);
          throw error;
        }
      })
      .catch((error: unknown) => {
        throw error instanceof Outlived ? error.cause : error;
      });
  }

  close(): void {
    clearTimeout(this.probe);
  }

  private schedule(): void {
    clearTimeout(this.probe);
    this.probe = setTimeout(() => void this.ask(), FIRST_PROBE).unref();
  }

  /** Ask until it answers: a ping closes the circuit, its failure opens it again. */
  private async ask(): Promise<void> {
    try {
      await this.breaker.execute(async () => {
        if (!(await this.ping())) throw Object.assign(new Error('no answer'), { code: 'ECONNREFUSED' });
        this.returns.count += 1;
      });
    } catch {
      // Still open, or opened again.
    }
    if (this.isOpen) this.schedule();
  }
}

/** A server's engine behind retries and circuits. */
export class ResilientEngine extends PassingEngine implements CircuitReport {
  private readonly circuits: Record<Lane, Circuit>;
  private retried = 0;

  constructor(engine: Engine) {
    super(engine);
    const returns = { count: 0 };
    const circuit = () => new Circuit(() => engine.ping(), returns);
    const ingest = circuit();
    this.circuits = { ingest, journal: ingest, jobs: circuit(), read: circuit() };
  }

  open(): boolean {
    return Object.values(this.circuits).some((circuit) => circuit.isOpen);
  }

  retries(): number {
    return this.retried;
  }

  override rows(lane: Lane, sql: string, params: QueryParams): Promise<unknown[]> {
    return this.again(lane, false, () => this.engine.rows(lane, sql, params));
  }

  override bytes(lane: Lane, sql: string, params: QueryParams, format: string): Promise<Buffer> {
    return this.again(lane, false, () => this.engine.bytes(lane, sql, params, format));
  }

  /** Statements carry their row versions, so that running one twice changes nothing. */
  override command(lane: Lane, sql: string, params: QueryParams): Promise<void> {
    return this.again(lane, false, () => this.engine.command(lane, sql, params));
  }

  /** An insert that is tried again has the same token: if it had succeeded after all, the server drops the second one. */
  override insert(
    lane: Lane,
    table: string,
    columns: readonly string[],
    format: string,
    body: Buffer,
    tag: InsertTag,
  ): Promise<void> {
    const tagged = { ...tag, token: tag.token ?? randomUUID() };
    return this.again(lane, true, () => this.engine.insert(lane, table, columns, format, body, tagged));
  }

  override load(lane: Lane, head: string, path: string): Promise<void> {
    return this.circuits[lane].run(() => this.engine.load(lane, head, path));
  }

  override async *stream(lane: Lane, sql: string, params: QueryParams, format: string): AsyncIterable<Buffer> {
    // Only what comes before the first byte can be tried again.
    const source = await this.again(lane, false, async () => {
      const iterator = this.engine.stream(lane, sql, params, format)[Symbol.asyncIterator]();
      return { iterator, first: await iterator.next() };
    });
    if (source.first.done === true) return;
    yield source.first.value;
    yield* { [Symbol.asyncIterator]: () => source.iterator };
  }

  override async close(): Promise<void> {
    for (const circuit of Object.values(this.circuits)) circuit.close();
    await this.engine.close();
  }

  private again<T>(lane: Lane, afterTimeout: boolean, work: () => Promise<T>): Promise<T> {
    let refused = true;
    const attempt = () =>
      work().catch((error: unknown) => {
        refused &&= REFUSED.test(reasonOf(error));
        throw error;
      });
    const attempts = this.circuits[lane].run(() =>
      backOff(attempt, {
        numOfAttempts: ATTEMPTS,
        startingDelay: FIRST_DELAY,
        timeMultiple: 3,
        jitter: 'full',
        retry: (error: unknown, attempt) => {
          const timedOut = TIMED_OUT.test(error instanceof Error ? error.message : '');
          const wanted = isUnreachable(error) && (!timedOut || (afterTimeout && attempt === 1));
          if (wanted) this.retried += 1;
          return wanted;
        },
      }),
    );
    return attempts.catch((error: unknown) => {
      if (refused && isUnreachable(error)) throw new StoreUnavailableError(undefined, error, true);
      throw error;
    });
  }
}
