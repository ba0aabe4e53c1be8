// The one query helper: named statements, bound parameters, parsed rows, one mapping of engine errors.
import type { z } from 'zod';
import { DriftlineError, StoreError, StoreUnavailableError } from '../domain/errors.js';
import type { Engine, Lane, QueryParams } from './client.js';

/** A statement with a name that appears in the engine's logs, in errors and in metrics. */
export interface Statement {
  name: string;
  sql: string;
  params?: QueryParams;
  lane?: Lane;
}

/** A reading statement whose rows are checked against a schema. */
export interface RowQuery<S extends z.ZodType> extends Statement {
  row: S;
}

const UNREACHABLE =
  /ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|socket hang up|Timeout error|other side closed|Bad Gateway|Service (Temporarily )?Unavailable|Gateway Time-?out/i;
const OVERLOADED = new Set([
  'TOO_MANY_SIMULTANEOUS_QUERIES',
  'MEMORY_LIMIT_EXCEEDED',
  'TIMEOUT_EXCEEDED',
  'TOO_MANY_PARTS',
  'NOT_ENOUGH_SPACE',
]);

/**
 * For statements over a few thousand rows: files are read where the statement runs. The engine's default hands every read to a pool of threads,
 * which doubles the time of such a statement; large ones need it, or they run on one processor.
 */
export const SMALL_READ = "SETTINGS local_filesystem_read_method = 'pread'";

/** Turn whatever the client threw into an error of ours; the engine's text stays in `cause`, out of every answer. */
export function mapEngineError(name: string, cause: unknown): DriftlineError {
  if (cause instanceof DriftlineError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  const type = typeof cause === 'object' && cause !== null && 'type' in cause ? String(cause.type) : null;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
  // Only where the engine itself did not answer: its text may quote a value that looks like one of these.
  if (type === null && UNREACHABLE.test(`${code} ${message}`)) return new StoreUnavailableError(undefined, cause);
  if (type !== null && OVERLOADED.has(type)) {
    return new StoreUnavailableError(
      'The store is out of time, memory or space for this call. Try a smaller range, or later.',
      cause,
    );
  }
  return new StoreError(name, type, cause);
}

/**
 * Monotonic row versions: microseconds, never twice, below 2^53 so that JSON numbers carry them exactly. All are even: the odd number after a
 * version belongs to the deletion of exactly that row.
 */
export class VersionSource {
  private last = 0;
  constructor(private readonly clock: () => number) {}
  /** The next version: larger than every earlier one of this process. */
  next(): number {
    this.last = Math.max(this.last + 2, this.clock() * 1000);
    return this.last;
  }
  /** Go on above a version that is stored already: the clock may be behind the one that made it. */
  atLeast(version: number): void {
    this.last = Math.max(this.last, version + (version % 2));
  }
  /** The first of `count` consecutive numbers, odd ones included, that nobody else of this process gets. */
  reserve(count: number): number {
    const first = this.next();
    this.last = first + count + (count % 2);
    return first;
  }
}

export class Store {
  readonly versions: VersionSource;

  constructor(
    readonly engine: Engine,
    private readonly clock: () => number,
  ) {
    this.versions = new VersionSource(clock);
  }

  /** Rows of a reading statement, each parsed by its schema. */
  async query<S extends z.ZodType>(query: RowQuery<S>): Promise<z.output<S>[]> {
    const rows = await this.attempt(query.name, () =>
      this.engine.rows(query.lane ?? 'read', tag(query), query.params ?? {}),
    );
    return rows.map((row) => query.row.parse(row));
  }

  /** The only row of a statement that always gives one. */
  async one<S extends z.ZodType>(query: RowQuery<S>): Promise<z.output<S>> {
    const [row] = await this.query(query);
    if (row === undefined) throw new StoreError(query.name, null, new Error('no row'));
    return row;
  }

  /** The answer as bytes of an output format. */
  bytes(statement: Statement, format: string): Promise<Buffer> {
    return this.attempt(statement.name, () =>
      this.engine.bytes(statement.lane ?? 'read', tag(statement), statement.params ?? {}, format),
    );
  }

  /** The answer as a stream of bytes of an output format. */
  async *stream(statement: Statement, format: string): AsyncIterable<Buffer> {
    try {
      yield* this.engine.stream(statement.lane ?? 'read', tag(statement), statement.params ?? {}, format);
    } catch (cause) {
      throw mapEngineError(statement.name, cause);
    }
  }

  /** Server only: send a file as the body of an insert. */
  load(name: string, head: string, path: string): Promise<void> {
    return this.attempt(name, () => this.engine.load('jobs', head, path));
  }

  /** A statement without an answer. Writers use the `jobs` lane unless they say otherwise. */
  command(statement: Statement): Promise<void> {
    return this.attempt(statement.name, () =>
      this.engine.command(statement.lane ?? 'jobs', tag(statement), statement.params ?? {}),
    );
  }

  /** Insert objects whose keys are exactly `columns`; resolves when they are stored. */
  async insert(
    table: string,
    columns: readonly string[],
    rows: readonly Record<string, unknown>[],
    lane: Lane = 'jobs',
  ): Promise<void> {
    if (rows.length === 0) return;
    const lines = rows.map((row) => JSON.stringify(valuesOf(table, row, columns)));
    await this.insertBody(table, columns, Buffer.from(lines.join('\n')), lane);
  }

  /** Insert rows that are already JSONCompactEachRow text. */
  insertBody(table: string, columns: readonly string[], body: Buffer, lane: Lane = 'jobs'): Promise<void> {
    return this.attempt(`insert_${table}`, () => this.engine.insert(lane, table, columns, 'JSONCompactEachRow', body));
  }

  now(): number {
    return this.clock();
  }

  private async attempt<T>(name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      throw mapEngineError(name, cause);
    }
  }
}

/**
 * A row's values in the order of the columns. The engine fills absent columns with defaults, drops unknown ones and reads NaN as 0, all of
 * them silently: such a row is our fault and must show.
 */
function valuesOf(table: string, row: Record<string, unknown>, columns: readonly string[]): unknown[] {
  const unknown = Object.keys(row).filter((key) => !columns.includes(key));
  if (unknown.length > 0) throw new Error(`insert into ${table}: ${unknown.join(', ')} is not among the columns`);
  return columns.map((column) => {
    const value = row[column];
    if (value === undefined) throw new Error(`insert into ${table}: no value for ${column}`);
    if (typeof value === 'number' && !Number.isFinite(value))
      throw new Error(`insert into ${table}: ${column} is ${value}; a missing number is null`);
    return value;
  });
}

/** The statement's name as a leading comment: it shows in the engine's query log. */
function tag(statement: Statement): string {
  return `/* driftline:${statement.name} */ ${statement.sql}`;
}
