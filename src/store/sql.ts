// People's own SQL on the documented views: looked at, bounded, read-only, and with the engine's errors in words for the caller.
import { z } from 'zod';
import { ForbiddenError, InvalidInputError, StoreError, StoreUnavailableError } from '../domain/errors.js';
import { checkText, checkTree } from './sql-guard.js';
import { bindValues } from './sql-params.js';
import type { Statement, Store } from './store.js';

/** The limits of one statement: seconds, bytes of memory, bytes of the answer, rows that it may read. */
export const SQL_LIMITS = { seconds: 15, memory: 2_000_000_000, answerBytes: 100_000_000, readRows: 2_000_000_000 };
type Limits = typeof SQL_LIMITS;

/**
 * Part of the statement, never of the call: the settings of a call stay on an embedded connection, these do not (there is a test).
 * readonly = 1 is the engine's own refusal of everything but reading tables: table functions, and files under their names as tables. It is a
 * second wall and not the first: the embedded engine opens a file again that a statement without readonly has opened before.
 */
function settings(limits: Limits): string {
  const all = {
    max_execution_time: limits.seconds,
    max_memory_usage: limits.memory,
    max_result_bytes: limits.answerBytes,
    max_rows_to_read: limits.readRows,
    result_overflow_mode: "'throw'",
    read_overflow_mode: "'throw'",
    timeout_overflow_mode: "'throw'",
    max_threads: 2,
    allow_introspection_functions: 0,
    enable_global_with_statement: 1,
    // What is missing is null, as everywhere in the contract; times are UTC and ISO 8601.
    join_use_nulls: 1,
    union_default_mode: "'DISTINCT'",
    session_timezone: "'UTC'",
    date_time_output_format: "'iso'",
    format_csv_null_representation: "''",
    // Every reader knows snappy; the engine's default, zstd, some do not.
    output_format_parquet_compression_method: "'snappy'",
    output_format_json_quote_denormals: 0,
    output_format_json_quote_64bit_integers: 0,
    output_format_json_validate_utf8: 1,
    readonly: 1,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name} = ${value}`)
    .join(', ');
}

/** One SELECT and the values of its placeholders. */
export interface SqlStatement {
  sql: string;
  params: Record<string, unknown>;
}

export class SqlTable {
  private tables: ReadonlySet<string> | null = null;

  constructor(
    private readonly store: Store,
    private readonly limits: Limits = SQL_LIMITS,
  ) {}

  /**
   * The first `limit` rows of one SELECT over the views, as bytes of an output format.
   * @throws ForbiddenError for anything but reading the views; InvalidInputError with the engine's message, or for a value that does not
   * fit its placeholder, or when a limit is exceeded.
   */
  async read(statement: SqlStatement, format: string, limit: number): Promise<Buffer> {
    if (/[^\P{Cc}\t\n\r]/u.test(statement.sql)) {
      throw new InvalidInputError('The SQL has control characters in it. Remove them.');
    }
    const text = await this.format(statement.sql);
    const params = bindValues(checkText(text), statement.params);
    // What is inspected is what runs, to the letter.
    const sql = `SELECT * FROM (${text}) LIMIT ${limit} SETTINGS ${settings(this.limits)}`;
    const explain = { name: 'inspect_sql', sql: `EXPLAIN QUERY TREE run_passes = 0 ${sql}`, params };
    checkTree(await this.column(explain, 'explain'), await this.tableNames());
    return this.attempt(() => this.bytes({ name: 'sql', sql, params }, format));
  }

  /** One statement without comments, from the engine's own parser, which takes the text as a value: nothing of it can run here. */
  private async format(sql: string): Promise<string> {
    const statement = 'SELECT formatQuerySingleLine({sql:String}) AS text';
    return (await this.column({ name: 'format_sql', sql: statement, params: { sql } }, 'text')).join('\n');
  }

  private async tableNames(): Promise<ReadonlySet<string>> {
    const sql = 'SELECT name FROM system.tables WHERE database = currentDatabase()';
    this.tables ??= new Set(await this.column({ name: 'table_names', sql }, 'name'));
    return this.tables;
  }

  private async column(statement: Statement, name: string): Promise<string[]> {
    const row = z.object({ [name]: z.string() });
    const rows = await this.attempt(() => this.store.query({ ...statement, row }));
    return rows.map((found) => found[name] ?? '');
  }

  /** The embedded engine counts its answer as memory of the statement; a server's answer is counted while it arrives. */
  private async bytes(statement: Statement, format: string): Promise<Buffer> {
    const { engine } = this.store;
    const chunks: Buffer[] = [];
    let size = 0;
    const source =
      engine.kind === 'server' ? this.store.stream(statement, format) : [this.store.bytes(statement, format)];
    for await (const chunk of source) {
      size += chunk.length;
      if (size > this.limits.answerBytes) throw tooHeavy(TOO_MUCH);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  private async attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw forCaller(error, this.limits);
    }
  }
}

const TOO_MUCH = 'reads or answers too much. Narrow it, aggregate, or select fewer columns.';
const TOO_MUCH_TYPES = new Set([
  'TOO_MANY_ROWS',
  'TOO_MANY_BYTES',
  'TOO_MANY_ROWS_OR_BYTES',
  'SET_SIZE_LIMIT_EXCEEDED',
]);

const tooHeavy = (what: string): InvalidInputError =>
  new InvalidInputError(`The query ${what}`, undefined, 'query_too_heavy');

/** The statement is the caller's: what the engine says of it is for the caller. A store that is down stays what it is. */
function forCaller(error: unknown, limits: Limits): unknown {
  if (!(error instanceof StoreError) && !(error instanceof StoreUnavailableError)) return error;
  const { cause } = error;
  if (!(cause instanceof Error)) return error;
  const type = 'type' in cause ? String(cause.type) : '';
  if (type === 'TIMEOUT_EXCEEDED') {
    return tooHeavy(`took longer than ${limits.seconds} s. Narrow it: a model, a shorter time range.`);
  }
  if (type === 'MEMORY_LIMIT_EXCEEDED' && /query memory limit|\(for query\)/i.test(cause.message)) {
    return tooHeavy(
      `needs more than ${limits.memory / 1e9} GB of memory. Narrow it: a shorter time range, fewer groups.`,
    );
  }
  if (TOO_MUCH_TYPES.has(type)) return tooHeavy(TOO_MUCH);
  if (error instanceof StoreUnavailableError) return error;
  if (type === 'READONLY' || type === 'ACCESS_DENIED') {
    return new ForbiddenError('Only reading the documented views is allowed here.');
  }
  return new InvalidInputError(engineMessage(innermost(cause).message), undefined, 'query_error');
}

/** The client shortens a message in which a word looks like the engine's code; the embedded engine's own error is its cause. */
const innermost = (error: Error): Error => (error.cause instanceof Error ? innermost(error.cause) : error);

/** The engine's message without our part of the statement, its inner workings and the paths of this machine. */
export function engineMessage(message: string): string {
  const [first = ''] = message
    .replace(/^Code: \d+\. DB::Exception: /, '')
    .split(/[:.]? ?(?:In scope|Expected one of|[Ww]hile (?:executing|processing|converting))[ :]|\n/, 1);
  const text = first
    .replace(/\s*\([A-Z_0-9]+\)\s*$/, '')
    .replace(/(?:\/[\w.@~-]+){2,}\/?/g, '<path>')
    .trim()
    .slice(0, 500);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
