// The one query helper: named statements, bound parameters, parsed rows, one mapping of engine errors.
import type { z } from 'zod';
import { DriftlineError, StoreError, StoreUnavailableError } from '../domain/errors.js';
import { CatalogueGuard } from './catalogue-guard.js';
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
  /ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|socket hang up|Timeout error|other side closed|Internal Server Error|Bad Gateway|Service (Temporarily )?Unavailable|Gateway Time-?out/i;
const OVERLOADED = new Set([
  'TOO_MANY_SIMULTANEOUS_QUERIES',
  'MEMORY_LIMIT_EXCEEDED',
  'TIMEOUT_EXCEEDED',
  'TOO_MANY_PARTS',
  'NOT_ENOUGH_SPACE',
]);

/** A server that is not well: the same statement may pass later, here or on another replica. */
const UNWELL = new Set([
  'POCO_EXCEPTION',
  'STD_EXCEPTION',
  'UNKNOWN_EXCEPTION',
  'ABORTED',
  'ALL_CONNECTION_TRIES_FAILED',
  'ALL_REPLICAS_LOST',
  'CANNOT_SCHEDULE_TASK',
  'KEEPER_EXCEPTION',
  'NETWORK_ERROR',
  'NO_ZOOKEEPER',
  'SERVER_OVERLOADED',
  'SOCKET_TIMEOUT',
  'TABLE_IS_READ_ONLY',
  'TOO_FEW_LIVE_REPLICAS',
]);

/**
 * For statements over a few thousand rows: files are read where the statement runs. The engine's default hands every read to a pool of threads,
 * which doubles the time of such a statement; large ones need it, or they run on one processor.
 */
export const SMALL_READ = "SETTINGS local_filesystem_read_method = 'pread'";

/** What the system says of a full disk, under whatever type the engine passes it on. */
const NO_SPACE = /No space left on device|errno: 28\b|Disk quota exceeded/;

/** Keeper's answer to the second one that makes a key, in a table of the engine KeeperMap. */
const KEY_EXISTS = /Node exists/;
const isKeyTaken = (cause: unknown): boolean =>
  typeOf(cause) === 'KEEPER_EXCEPTION' && KEY_EXISTS.test(messageOf(cause));

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
/** The engine's name of an error. Raw inserts of the embedded engine have it in their text only. */
function typeOf(cause: unknown): string | null {
  if (typeof cause === 'object' && cause !== null && 'type' in cause) return String(cause.type);
  return /^Code: \d+\. DB::Exception: [\s\S]*\(([A-Z_0-9]+)\)\s*$/.exec(messageOf(cause))?.[1] ?? null;
}

/** Whether the engine did not answer at all. Where it did, its text may quote a value that looks like this. */
export function isUnreachable(cause: unknown): boolean {
  if (typeOf(cause) !== null) return false;
  return UNREACHABLE.test(reasonOf(cause));
}

/** The code and the message of what a client threw. */
export function reasonOf(cause: unknown): string {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
  return `${code} ${messageOf(cause)}`;
}

/** Turn whatever the client threw into an error of ours; the engine's text stays in `cause`, out of every answer. */
export function mapEngineError(name: string, cause: unknown): DriftlineError {
  if (cause instanceof DriftlineError) return cause;
  const type = typeOf(cause);
  if (isUnreachable(cause)) return new StoreUnavailableError(undefined, cause);
  if (type !== null && (OVERLOADED.has(type) || NO_SPACE.test(messageOf(cause)))) {
    return new StoreUnavailableError(
      'The store is out of time, memory or space for this call. Try a smaller range, or later.',
      cause,
    );
  }
  if (type !== null && UNWELL.has(type)) {
    return new StoreUnavailableError(
      'The store has a fault of its own. Send the same request again after the time in Retry-After; its log has the details.',
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
  /** Whoever changes the catalogue does it in here. */
  guard = new CatalogueGuard();

  constructor(
    readonly engine: Engine,
    private readonly clock: () => number,
    /** Told the name of every statement that failed. */
    private readonly failed: (statement: string) => void = () => undefined,
    readonly versions: VersionSource = new VersionSource(clock),
  ) {}

  /** The same store, with its row versions, over another way to the same engine. */
  over(engine: Engine): Store {
    return new Store(engine, this.clock, this.failed, this.versions);
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
      yield* this.engine.stream(
        statement.lane ?? 'read',
        tag(statement, STREAM_SECONDS),
        statement.params ?? {},
        format,
      );
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

  /** Insert one row, unless one was inserted with the same token or, in a table in Keeper, the same key before: then nothing happens. */
  insertOnce(
    table: string,
    columns: readonly string[],
    row: Record<string, unknown>,
    token: string,
    lane: Lane = 'ingest',
  ): Promise<void> {
    const body = Buffer.from(JSON.stringify(valuesOf(table, row, columns)));
    const tag = { comment: `driftline:insert_${table}`, token, strict: true };
    return this.attempt(`insert_${table}`, async () => {
      try {
        await this.engine.insert(lane, table, columns, 'JSONCompactEachRow', body, tag);
      } catch (error) {
        if (!isKeyTaken(error)) throw error;
      }
    });
  }

  /** Insert rows that are already JSONCompactEachRow text. */
  insertBody(table: string, columns: readonly string[], body: Buffer, lane: Lane = 'jobs'): Promise<void> {
    const tag = { comment: `driftline:insert_${table}` };
    return this.attempt(`insert_${table}`, () =>
      this.engine.insert(lane, table, columns, 'JSONCompactEachRow', body, tag),
    );
  }

  now(): number {
    return this.clock();
  }

  private async attempt<T>(name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      this.failed(name);
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

/** How long people's reads may take, and whole ranges as files, in seconds. */
const READ_SECONDS = 60;
const STREAM_SECONDS = 3_600;
/** Statements that take SETTINGS at their end; in DDL they would be the table's. */
const TAKES_SETTINGS = /^\s*(SELECT|WITH|INSERT|DELETE\s+FROM|ALTER\s+TABLE\s+\S+\s+(DELETE|UPDATE))\b/i;
const READS = /^\s*(SELECT|WITH)\b/i;
/** Their own, which are always the end of the statement. */
const HAS_SETTINGS = /\bSETTINGS\s+\w+\s*=[^()]*$/;

/**
 * The statement with its name, as a comment and as `log_comment` (system.query_log shows both), and what people read with its time limit. In the SQL
 * and not on the call: there they would stay on the connection.
 */
export function tag(statement: Statement, seconds = READ_SECONDS): string {
  const { name, sql, lane = 'read' } = statement;
  const named = `/* driftline:${name} */ ${sql}`;
  if (!TAKES_SETTINGS.test(sql)) return named;
  const settings = [`log_comment = 'driftline:${name}'`];
  if (lane === 'read' && READS.test(sql) && !sql.includes('max_execution_time'))
    settings.push(`max_execution_time = ${seconds}`);
  return `${named}${HAS_SETTINGS.test(sql) ? ',' : ' SETTINGS'} ${settings.join(', ')}`;
}
