// A small ClickHouse server for tests: its HTTP interface over the embedded engine of this process, with faults on demand.
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { STATUS_CODES, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { createChdbConnection, type ChdbExtension } from 'chdb/connection';

/**
 * What goes wrong, for the next `count` requests (all of them without it):
 * `slow` answers late; `status` answers an error, without running anything unless `ran` (an `exception` in ClickHouse's form, or plain text as a
 * proxy sends it); `cut` destroys the connection before the statement runs, in the middle of its answer, or after it ran but before any answer;
 * `down` closes the listening socket and every connection. `only` limits a fault to inserts whose statement matches. `cluster` takes statements `ON CLUSTER` without running them,
 * as its hosts are missing here, and refuses those that match with what the server says.
 */
export type Fault =
  | ({ kind: 'slow'; ms: number } & Reach)
  | ({
      kind: 'status';
      code: number;
      ran?: boolean;
      exception?: { code: number; type: string; message?: string };
    } & Reach)
  | ({ kind: 'cut'; at: 'before' | 'middle' | 'after' } & Reach)
  | { kind: 'cluster'; refuse: RegExp; status: number; code: number; message: string }
  | { kind: 'down' };
interface Reach {
  count?: number;
  only?: RegExp;
}

export interface LoopbackClickHouse {
  /** With the credentials that the server asks for. */
  url: string;
  /** Statements that were run, in the order of their arrival. */
  statements: string[];
  /** How many requests reached it, whatever became of them. */
  requests: () => number;
  faults: { set: (fault: Fault) => Promise<void>; clear: () => Promise<void> };
  close: () => Promise<void>;
}

const USER = 'driftline';
const PASSWORD = 'a p@ss:word';
/** The server's own limits: http_max_field_value_size (per field, in the URL counted as it is encoded) and http_max_uri_size. */
const MAX_FIELD = 131_072;
const MAX_URI = 1_048_576;
/** URL parameters that are not settings. */
const NOT_SETTINGS = new Set([
  'query',
  'database',
  'default_format',
  'query_id',
  'session_id',
  'role',
  'user',
  'password',
  'wait_end_of_query',
  'enable_http_compression',
]);
const TEXT_FORMATS = new Set([
  'JSONEachRow',
  'JSONCompactEachRow',
  'CSV',
  'CSVWithNames',
  'TSV',
  'TabSeparated',
  'TSVWithNames',
  'TabSeparatedWithNames',
]);
const INSERT =
  /^\s*(?:\/\*.*?\*\/\s*)?INSERT\s+INTO\s+(\w+)\s*(?:\(([^)]*)\))?(?:\s+SETTINGS\s+(.*?))?\s+FORMAT\s+(\w+)\s*$/is;
const SETTING = /(\w+)\s*=\s*(?:'([^']*)'|(\d+))/g;

class HttpError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly code = 0,
  ) {
    super(message);
  }
}

/** What is read of a request. */
type Incoming = Readable & Pick<IncomingMessage, 'url' | 'headers'>;

/** A request that has arrived whole: it runs although its sender went away meanwhile. */
async function whole(req: IncomingMessage): Promise<Incoming> {
  const { url, headers } = req;
  return Object.assign(Readable.from([await buffer(req)], { objectMode: false }), { url: url ?? '/', headers });
}

interface Request {
  sql: string;
  params: Map<string, string>;
  settings: Map<string, string>;
  format: string;
}

/** Read what a request asks for; an insert's body stays in `req`. */
async function parse(req: Incoming): Promise<Request> {
  const target = req.url ?? '/';
  if (target.length > MAX_URI) throw new HttpError(400, 'Code: 1000. Poco::Exception: URI too long');
  for (const field of target.slice(target.indexOf('?') + 1).split('&')) {
    if (field.length - field.indexOf('=') - 1 > MAX_FIELD) throw tooLong();
  }
  const fields = new URL(target, 'http://loopback').searchParams;
  const params = new Map<string, string>();
  const settings = new Map<string, string>();
  for (const [name, value] of fields) {
    if (name.startsWith('param_')) params.set(name, value);
    else if (!NOT_SETTINGS.has(name)) settings.set(name, value);
  }
  let sql = fields.get('query') ?? '';
  const type = req.headers['content-type'] ?? '';
  if (type.startsWith('multipart/form-data')) {
    const form = await new Response(await buffer(req), { headers: { 'content-type': type } }).formData();
    for (const [name, value] of form) {
      if (typeof value !== 'string') continue;
      if (value.length > MAX_FIELD) throw tooLong();
      if (name === 'query') sql += value;
      else params.set(name, value);
    }
  } else if (!INSERT.test(sql)) sql += (await buffer(req)).toString('utf8');
  return { sql, params, settings, format: fields.get('default_format') ?? 'TabSeparated' };
}

function tooLong(): HttpError {
  return new HttpError(400, 'Poco::Exception. Code: 1000, e.code() = 0, HTML Form Exception: Field value too long');
}

/** A statement that sets what the request says. Parameters are already in the engine's text form. */
function preamble({ params, settings }: Request): string {
  const literal = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`;
  return [...settings, ...params].map(([name, value]) => `SET ${name} = ${literal(value)}; `).join('');
}

/** Run an insert whose rows are the request's body. Binary formats go through a file: text is all that the embedded engine takes inline. */
async function insert(engine: ChdbExtension, req: Incoming, match: RegExpExecArray, folder: string): Promise<void> {
  const [, table = '', list, given = '', format = ''] = match;
  const settings = Object.fromEntries(
    [...given.matchAll(SETTING)].map(([, name = '', text, digits]) => [name, text ?? Number(digits)]),
  );
  const columns = list?.split(',').map((column) => column.trim());
  if (TEXT_FORMATS.has(format)) {
    await engine.rawInsert({
      table,
      ...(columns === undefined ? {} : { columns }),
      format: format as 'JSONEachRow',
      values: await buffer(req),
      settings,
    });
    return;
  }
  const spool = await mkdtemp(path.join(folder, 'body-'));
  try {
    const file = path.join(spool, 'rows');
    await pipeline(req, createWriteStream(file));
    const described = (await engine.queryAsync(`DESCRIBE TABLE ${table}`, { format: 'JSONEachRow' }))
      .text()
      .trim()
      .split('\n');
    const types = described.map((line) => JSON.parse(line) as { name: string; type: string });
    const wanted = types.filter(({ name }) => columns === undefined || columns.includes(name));
    const quoted = (name: string) => `\`${name.replace(/[\\`]/g, '\\$&')}\``;
    const structure = wanted.map(({ name, type }) => `${quoted(name)} ${type}`).join(', ');
    const names = wanted.map(({ name }) => quoted(name)).join(', ');
    await engine.queryAsync(
      `INSERT INTO ${table} (${names}) SELECT ${names} FROM file('${file}', ${format}, '${structure.replace(/[\\']/g, '\\$&')}')`,
    );
  } finally {
    await rm(spool, { recursive: true, force: true });
  }
}

/** Run a request on a session of its own, as the server does. */
async function run(dataDir: string, folder: string, request: Request, req: Incoming): Promise<Buffer> {
  const connection = createChdbConnection({ path: dataDir });
  try {
    const settings = preamble(request);
    const match = INSERT.exec(request.sql);
    if (match === null)
      return Buffer.from(
        (await connection.chdb.queryAsync(settings + request.sql, { format: request.format })).bytes(),
      );
    if (settings !== '') await connection.chdb.queryAsync(`${settings}SELECT 1`);
    await insert(connection.chdb, req, match, folder);
    return Buffer.alloc(0);
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    const code = Number(/^Code: (\d+)/.exec(text)?.[1] ?? 0);
    throw new HttpError(
      [46, 47, 60, 81].includes(code) ? 404 : [6, 27, 62, 117, 457].includes(code) ? 400 : 500,
      text,
      code,
    );
  } finally {
    await connection.close();
  }
}

function sendError(res: ServerResponse, error: HttpError): void {
  if (error.code > 0) res.setHeader('X-ClickHouse-Exception-Code', error.code);
  res
    .writeHead(error.status, { 'content-type': 'text/plain; charset=UTF-8' })
    .end(`${error.message}${error.code > 0 ? ' (version 26.7.2.1)' : ''}\n`);
}

/** The fault of the next request, counted down. */
class Faults {
  private current: { fault: Fault; left: number } | null = null;
  set(fault: Fault): void {
    this.current = {
      fault,
      left: 'count' in fault && fault.count !== undefined ? fault.count : Number.POSITIVE_INFINITY,
    };
  }
  clear(): void {
    this.current = null;
  }
  take(req: IncomingMessage): Fault | null {
    if (this.current === null || this.current.left <= 0) return null;
    const { fault } = this.current;
    const statement = new URL(req.url ?? '/', 'http://loopback').searchParams.get('query') ?? '';
    if ('only' in fault && fault.only !== undefined && !fault.only.test(statement)) return null;
    this.current.left--;
    return fault;
  }
}

function send(req: IncomingMessage, res: ServerResponse, body: Buffer, fault: Fault | null): void {
  const head = {
    'content-type': 'text/plain; charset=UTF-8',
    'content-length': body.length,
    'X-ClickHouse-Summary': '{"read_rows":"0"}',
    'Keep-Alive': 'timeout=10',
  };
  if (fault?.kind === 'cut' && fault.at === 'after') req.socket.destroy();
  else if (fault?.kind === 'cut') {
    // Half of the answer arrives whole before the connection ends.
    res.writeHead(200, { ...head, 'content-length': body.length + 1 });
    res.write(body.subarray(0, Math.ceil(body.length / 2)), () => req.socket.destroy());
  } else res.writeHead(200, head).end(body);
}

/** Start the server on a free port of the loopback. It holds the process's one chDB folder until it is closed. */
export async function startLoopbackClickHouse(): Promise<LoopbackClickHouse> {
  const folder = await mkdtemp(path.join(tmpdir(), 'driftline-loopback-'));
  const dataDir = path.join(folder, 'data');
  // Keeps the engine open between requests.
  const anchor = createChdbConnection({ path: dataDir });
  const faults = new Faults();
  const statements: string[] = [];

  let requests = 0;
  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    requests += 1;
    const fault = faults.take(req);
    if (fault?.kind === 'cut' && fault.at === 'before') return void req.socket.destroy();
    const asked = fault?.kind === 'slow' ? await whole(req) : req;
    if (fault?.kind === 'slow') await delay(fault.ms);
    if (fault?.kind === 'status') {
      const { exception } = fault;
      if (fault.ran === true) await run(dataDir, folder, await parse(asked), asked);
      throw exception === undefined
        ? new HttpError(
            fault.code,
            `<html><body><h1>${fault.code} ${STATUS_CODES[fault.code] ?? ''}</h1></body></html>`,
          )
        : new HttpError(
            fault.code,
            `Code: ${exception.code}. DB::Exception: ${exception.message ?? 'injected by the test'}. (${exception.type})`,
            exception.code,
          );
    }
    if (req.url === '/ping') return void res.end('Ok.\n');
    const expected = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
    if (req.headers.authorization !== expected)
      throw new HttpError(403, 'Code: 516. DB::Exception: Authentication failed. (AUTHENTICATION_FAILED)', 516);
    const request = await parse(asked);
    statements.push(request.sql);
    if (fault?.kind === 'cluster' && request.sql.includes('ON CLUSTER')) {
      if (fault.refuse.test(request.sql)) throw new HttpError(fault.status, fault.message, fault.code);
      return send(req, res, Buffer.alloc(0), null);
    }
    send(req, res, await run(dataDir, folder, request, asked), fault);
  };
  const server: Server = createServer({ maxHeaderSize: 2 * MAX_URI }, (req, res) => {
    answer(req, res).catch((error: unknown) => {
      sendError(res, error instanceof HttpError ? error : new HttpError(500, `Code: 1001. ${String(error)}`, 1001));
    });
  });
  const listen = (port: number) => new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve));
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const clear = async () => {
    faults.clear();
    if (!server.listening) await listen(port);
  };
  return {
    url: `http://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}`,
    statements,
    requests: () => requests,
    faults: {
      set: async (fault) => {
        await clear();
        if (fault.kind === 'down') await stop();
        else faults.set(fault);
      },
      clear,
    },
    close: async () => {
      await stop();
      await anchor.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
