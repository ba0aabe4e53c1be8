// The engine behind the store: embedded ClickHouse (chDB) by default, a ClickHouse server when a URL is given. One interface over both.
import { createReadStream, existsSync, mkdirSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { ClickHouseLogLevel, createClient, type ClickHouseClient } from '@clickhouse/client';
import type { ChdbConnection } from 'chdb/connection';
import { StartupError } from '../domain/errors.js';
import { SPOOL_FOLDER, spoolPath } from '../spool.js';
import { withParams } from './bind.js';

/** Where a statement runs: `ingest`, `journal` and `jobs` write, `read` answers people. Lanes never wait for one another. */
export type Lane = 'ingest' | 'journal' | 'jobs' | 'read';
export type QueryParams = Record<string, unknown>;

/** Whose insert it is (for the engine's own log), and what tells it apart from another with the same rows. */
export interface InsertTag {
  comment: string;
  token?: string;
  /** A key that is there already is refused, not replaced (tables of the engine KeeperMap). */
  strict?: boolean;
}

/** What the store needs of an engine. SQL carries its own `SETTINGS`; nothing is set per call. */
export interface Engine {
  readonly kind: 'embedded' | 'server';
  /**
   * Changes whenever a statement that may have stored or removed rows begins and ends: while it stays, nothing has arrived. Null where other
   * processes write too.
   */
  readonly writes: number | null;
  /** Run a reading statement; rows as parsed JSON objects. */
  rows(lane: Lane, sql: string, params: QueryParams): Promise<unknown[]>;
  /** Run a reading statement; the bytes of one output format (Parquet, CSVWithNames, ...). */
  bytes(lane: Lane, sql: string, params: QueryParams, format: string): Promise<Buffer>;
  /** Run a statement without an answer (DDL, INSERT ... SELECT). */
  command(lane: Lane, sql: string, params: QueryParams): Promise<void>;
  /** Insert text rows; resolves when the engine has them. */
  insert(
    lane: Lane,
    table: string,
    columns: readonly string[],
    format: string,
    body: Buffer,
    tag: InsertTag,
  ): Promise<void>;
  /** Server only: send a file as the body of `INSERT ... FORMAT ...`. The embedded engine reads files itself, through file(). */
  load(lane: Lane, head: string, path: string): Promise<void>;
  /** The answer of a reading statement as a stream of bytes of one output format; memory does not grow with it. */
  stream(lane: Lane, sql: string, params: QueryParams, format: string): AsyncIterable<Buffer>;
  ping(): Promise<boolean>;
  close(): Promise<void>;
}

/** A few clients used in turn, the least busy first: a chDB connection runs its calls one after another. */
class ClientLane<T extends { client: ClickHouseClient }> {
  private readonly busy: number[];
  constructor(private readonly members: T[]) {
    this.busy = members.map(() => 0);
  }
  async use<R>(work: (member: T) => Promise<R>): Promise<R> {
    let chosen = 0;
    for (let i = 1; i < this.busy.length; i++) if ((this.busy[i] ?? 0) < (this.busy[chosen] ?? 0)) chosen = i;
    const member = this.members[chosen];
    if (member === undefined) throw new Error('a lane without a client');
    this.busy[chosen] = (this.busy[chosen] ?? 0) + 1;
    try {
      return await work(member);
    } finally {
      this.busy[chosen] = (this.busy[chosen] ?? 1) - 1;
    }
  }
}

interface Member {
  client: ClickHouseClient;
  chdb: ChdbConnection | null;
}

/** Tables that jobs write even when they find nothing to do; they say nothing about what arrived. */
const BOOKKEEPING: ReadonlySet<string> = new Set(['job_runs']);

class ClickHouseEngine implements Engine {
  private written = 0;

  constructor(
    readonly kind: 'embedded' | 'server',
    private readonly lanes: Record<Lane, ClientLane<Member>>,
    private readonly members: Member[],
    /** Whom to ask whether the engine is there. */
    private readonly prober: Member | undefined = members[0],
  ) {}

  get writes(): number | null {
    return this.kind === 'embedded' ? this.written : null;
  }

  private async writing<T>(work: Promise<T>): Promise<T> {
    this.written += 1;
    try {
      return await work;
    } finally {
      this.written += 1;
    }
  }

  rows(lane: Lane, sql: string, params: QueryParams): Promise<unknown[]> {
    return this.lanes[lane].use(async ({ client }) => {
      const result = await client.query({ ...this.bound(sql, params), format: 'JSONEachRow' });
      return result.json();
    });
  }

  bytes(lane: Lane, sql: string, params: QueryParams, format: string): Promise<Buffer> {
    return this.lanes[lane].use(async ({ client }) => {
      const { stream } = await client.exec(this.bound(`${sql} FORMAT ${format}`, params));
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    });
  }

  command(lane: Lane, sql: string, params: QueryParams): Promise<void> {
    const work = this.lanes[lane].use(async ({ client }) => {
      await client.command(this.bound(sql, params));
    });
    return this.writing(work);
  }

  /** A server binds parameters itself; for the embedded engine they go in front of the statement. */
  private bound(sql: string, params: QueryParams): { query: string; query_params?: QueryParams } {
    return this.kind === 'server' ? { query: sql, query_params: params } : { query: withParams(sql, params) };
  }

  insert(
    lane: Lane,
    table: string,
    columns: readonly string[],
    format: string,
    body: Buffer,
    { comment, token, strict = false }: InsertTag,
  ): Promise<void> {
    const work = this.lanes[lane].use(async ({ client, chdb }) => {
      if (chdb !== null) {
        // The bytes go to the engine as they are; `client.insert` would turn them into one long string first.
        await chdb.chdb.rawInsert({
          table,
          columns: [...columns],
          format: format as 'JSONEachRow',
          values: body,
          settings: { log_comment: comment },
        });
        return;
      }
      const settings = [
        `log_comment = '${comment}'`,
        // The same token again is the same insert, in the table and in what its views fill.
        ...(token === undefined
          ? []
          : [
              `insert_deduplication_token = '${token}'`,
              'insert_deduplicate = 1',
              'async_insert = 0',
              'deduplicate_blocks_in_dependent_materialized_views = 1',
            ]),
        ...(strict ? ['keeper_map_strict_mode = 1'] : []),
      ];
      const head = `INSERT INTO ${table} (${columns.join(', ')}) SETTINGS ${settings.join(', ')} FORMAT ${format}`;
      const { stream } = await client.exec({ query: head, values: Readable.from([body], { objectMode: false }) });
      for await (const _ of stream) void _; // the answer must be read to the end before the connection is used again
    });
    return BOOKKEEPING.has(table) ? work : this.writing(work);
  }

  load(lane: Lane, head: string, path: string): Promise<void> {
    return this.lanes[lane].use(async ({ client, chdb }) => {
      if (chdb !== null) throw new Error('the embedded engine reads files through file()');
      const { stream } = await client.exec({ query: head, values: createReadStream(path) });
      for await (const _ of stream) void _;
    });
  }

  async *stream(lane: Lane, sql: string, params: QueryParams, format: string): AsyncIterable<Buffer> {
    if (this.kind === 'server') {
      const { stream } = await this.lanes[lane].use(({ client }) =>
        client.exec({ query: `${sql} FORMAT ${format}`, query_params: params }),
      );
      for await (const chunk of stream) yield chunk as Buffer;
      return;
    }
    // The embedded engine would give the whole answer as one buffer: it writes a file instead, and the file is streamed.
    await mkdir(SPOOL_FOLDER, { recursive: true, mode: 0o700 });
    const folder = await mkdtemp(spoolPath('export-'));
    try {
      const file = path.join(folder, 'rows');
      await this.command(lane, `INSERT INTO FUNCTION file('${file}', ${format}) ${sql}`, params);
      if (existsSync(file)) for await (const chunk of createReadStream(file)) yield chunk as Buffer;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async ping(): Promise<boolean> {
    const result = await this.prober?.client.ping({ select: true });
    return result?.success === true;
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => member.client.close()));
  }
}

/** How many connections compute: the jobs of one tick run side by side. */
const JOB_CONNECTIONS = 2;
/** How many connections read: more do not help on two cores, fewer let one long query delay the next. */
const READERS = 3;
/**
 * Said once per connection, because settings stay on it. Parameters are part of the statement's text in the embedded engine, and lists of ids
 * are long: its limit of 262,144 bytes is raised. Compiling expressions to machine code costs a small window more than it saves. Files are read, not mapped:
 * all of a large upload would count as memory of the process while the engine goes through it.
 */
const CONNECTION_SETTINGS =
  "SET max_query_size = 67108864, compile_expressions = 0, compile_aggregate_expressions = 0, compile_sort_description = 0, storage_file_read_method = 'pread'";

/**
 * Open the embedded engine on a folder.
 * @throws StartupError when the optional dependency is missing or another process holds the folder.
 */
export async function openEmbedded(dataDir: string): Promise<Engine> {
  // Imported only here: an installation that talks to a server leaves the optional dependency out.
  const connections = await import('chdb/connection').catch((cause: unknown) => {
    throw new StartupError(
      'The embedded engine is not installed (npm package chdb). Install it, or set CLICKHOUSE_URL.',
      cause,
    );
  });
  const open = (): Member => {
    const chdb = connections.createChdbConnection({ path: dataDir });
    return { chdb, client: createClient({ connection: chdb } as Parameters<typeof createClient>[0]) };
  };
  try {
    mkdirSync(dataDir, { recursive: true });
    const ingest = open();
    const journal = open();
    const jobs = Array.from({ length: JOB_CONNECTIONS }, open);
    const readers = Array.from({ length: READERS }, open);
    const members = [ingest, journal, ...jobs, ...readers];
    await Promise.all(members.map((member) => member.client.command({ query: CONNECTION_SETTINGS })));
    const engine = new ClickHouseEngine(
      'embedded',
      {
        ingest: new ClientLane([ingest]),
        journal: new ClientLane([journal]),
        jobs: new ClientLane(jobs),
        read: new ClientLane(readers),
      },
      members,
    );
    return engine;
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new StartupError(
      `The embedded engine cannot open ${dataDir}: another process may hold it (one process per data folder; stop the other, or use CLICKHOUSE_URL). ${text}`,
      cause,
    );
  }
}

/** How long a server may take for a statement of each lane, ms; reads are also limited by the server itself. */
const LANE_TIMEOUTS = { jobs: 900_000, read: 75_000 };
/** A server that does not answer a ping in this time is not there, ms. */
const PING_TIMEOUT = 2_000;

/**
 * Connect to a ClickHouse server: `http://user:password@host:8123/database`. Nothing is sent until the first statement.
 * @param ingestTimeout how long an insert of the ingest lane may take, ms.
 */
export function openServer(url: string, ingestTimeout = 30_000): Engine {
  const open = (timeout: number): Member => ({ client: serverClient(url, timeout), chdb: null });
  const ingest = open(ingestTimeout);
  const jobs = open(LANE_TIMEOUTS.jobs);
  const read = open(LANE_TIMEOUTS.read);
  const prober = open(PING_TIMEOUT);
  const inserts = new ClientLane([ingest]);
  return new ClickHouseEngine(
    'server',
    { ingest: inserts, journal: inserts, jobs: new ClientLane([jobs]), read: new ClientLane([read]) },
    [ingest, jobs, read, prober],
    prober,
  );
}

function serverClient(url: string, timeout: number): ClickHouseClient {
  return createClient({
    url,
    application: 'driftline',
    // Every failure is thrown, and logged by whoever handles it. The client's own log would repeat the server's text, which may quote a row.
    log: { level: ClickHouseLogLevel.OFF },
    max_open_connections: 10,
    request_timeout: timeout,
    keep_alive: { enabled: true, idle_socket_ttl: 2500 },
    // Long parameters go into the body: proxies, and the server itself, refuse long URLs.
    use_multipart_params_auto: true,
    // Given once to the client, not per call: older servers quote 64-bit integers in JSON.
    clickhouse_settings: {
      output_format_json_quote_64bit_integers: 0,
      // On a cluster, an insert is answered when the shards have it. One server has no distributed tables.
      distributed_foreground_insert: 1,
      cancel_http_readonly_queries_on_client_close: 1,
    },
  });
}
