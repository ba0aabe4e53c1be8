// Request bodies: raw bytes to JSON values, NDJSON lines or an upload to spool; gzip, with the inflated size bounded.
import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { FastifyRequest } from 'fastify';
import { UnparsableItem } from '../../domain/contract/tracking.js';
import { InvalidInputError, TooLargeError, UnsupportedMediaTypeError } from '../../domain/errors.js';
import { NestingError, readJson } from '../../domain/json-text.js';
import { CSV, NDJSON, PARQUET } from '../schemas/answers.js';
import type { App } from '../types.js';
import { emptyBody } from './errors.js';

/** The most items of one tracking request. */
export const MAX_ITEMS = 100_000;
/** How much of a line that is not JSON is kept. */
const KEPT_TEXT = 10_000;
const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

const inflate = promisify(gunzip);

/** An NDJSON body: one value a line, an UnparsableItem for a line that is not JSON. */
export class NdjsonBody {
  constructor(readonly items: readonly unknown[]) {}
}

/** A body that has not been read yet: a file on its way. */
export class UploadBody {
  constructor(
    readonly stream: Readable,
    readonly format: 'csv' | 'parquet',
    readonly gzipped: boolean,
  ) {}
}

/**
 * Whether the body is gzipped.
 * @throws UnsupportedMediaTypeError for any other coding.
 */
function isGzipped(request: FastifyRequest): boolean {
  const coding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (coding === 'identity' || coding === '') return false;
  if (coding === 'gzip' || coding === 'x-gzip') return true;
  throw new UnsupportedMediaTypeError('Send the body as it is, or with Content-Encoding: gzip.');
}

/** The error of a gzip stream that is cut or damaged. */
export const badGzip = (): InvalidInputError =>
  new InvalidInputError(
    'The body is not a whole gzip stream. Compress and send it again.',
    undefined,
    'malformed_gzip',
  );

/** The body as it was before compression. */
export async function plainBody(request: FastifyRequest, body: Buffer, limit: number): Promise<Buffer> {
  if (!isGzipped(request) || body.length === 0) return body;
  try {
    return await inflate(body, { maxOutputLength: limit });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw badGzip();
    throw new TooLargeError(`The body is over ${limit} bytes when inflated. Send it in smaller parts.`);
  }
}

/** Where JSON.parse stopped, as line and column, when it says so. */
function explain(error: unknown, text: string): string {
  const message = error instanceof Error ? error.message : 'not JSON';
  const position = Number(/at position (\d+)/.exec(message)?.[1] ?? NaN);
  if (Number.isNaN(position)) return message;
  const before = text.slice(0, position).split('\n');
  return `${message} (line ${before.length}, column ${(before.at(-1) ?? '').length + 1})`;
}

/**
 * A JSON document; undefined for an empty body. A key `__proto__` becomes an own property like any other: it is data, and
 * schemas that do not name it refuse it.
 * @throws InvalidInputError `malformed_json`, `too_deep`.
 */
export function parseJson(body: Buffer): unknown {
  const bytes = withoutMark(body);
  if (bytes.length === 0) return undefined;
  if (!isUtf8(bytes)) throw malformed('it is not UTF-8');
  const text = bytes.toString('utf8');
  try {
    return readJson(text);
  } catch (error) {
    if (error instanceof NestingError)
      throw new InvalidInputError(`The body is ${error.message}. Flatten it.`, undefined, 'too_deep');
    throw malformed(explain(error, text));
  }
}

const malformed = (why: string): InvalidInputError =>
  new InvalidInputError(`The body is not valid JSON: ${why}.`, undefined, 'malformed_json');

function withoutMark(body: Buffer): Buffer {
  return body.subarray(0, 3).equals(BYTE_ORDER_MARK) ? body.subarray(3) : body;
}

/**
 * The values of an NDJSON body. Blank lines are skipped; a line that is not JSON takes its place as an UnparsableItem.
 * @throws TooLargeError beyond `maxItems` lines.
 */
export function parseNdjson(body: Buffer, maxItems: number): unknown[] {
  const bytes = withoutMark(body);
  // Checked once: a check per line costs more than the rest of the scan.
  const sound = isUtf8(bytes);
  const items: unknown[] = [];
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    const item = parseLine(bytes, start, end, sound);
    if (item !== undefined) items.push(item);
    if (items.length > maxItems) throw tooMany(maxItems);
    start = end + 1;
  }
  return items;
}

/** One line; undefined for a blank one, which JSON never says. */
function parseLine(bytes: Buffer, start: number, end: number, sound: boolean): unknown {
  if (end === start) return undefined;
  const text = bytes.toString('utf8', start, end);
  if (!sound && !isUtf8(bytes.subarray(start, end))) {
    return new UnparsableItem(text.slice(0, KEPT_TEXT), 'the line is not UTF-8', true);
  }
  try {
    return readJson(text);
  } catch (error) {
    if (text.trim() === '') return undefined;
    const isCut = text.length > KEPT_TEXT;
    const kept = text.slice(0, KEPT_TEXT);
    const why = error instanceof Error ? error.message : 'not JSON';
    if (error instanceof NestingError) return new UnparsableItem(kept, `the line is ${why}`, isCut, 'too_deep');
    return new UnparsableItem(kept, `the line is not valid JSON: ${why}`, isCut);
  }
}

const tooMany = (limit: number): TooLargeError =>
  new TooLargeError(`More than ${limit} items. Send them in several requests, or as a file where the route takes one.`);

/**
 * The items of a tracking body: NDJSON, an array, an object whose single key is one of `wrappers`, or one object.
 * @throws InvalidInputError when there is none, TooLargeError beyond MAX_ITEMS.
 */
export function itemsOf(body: unknown, wrappers: readonly string[]): readonly unknown[] {
  const items = body instanceof NdjsonBody ? body.items : unwrap(body, wrappers);
  if (items.length === 0) {
    throw new InvalidInputError('There is no item in the body. Send at least one.', undefined, 'no_items');
  }
  if (items.length > MAX_ITEMS) throw tooMany(MAX_ITEMS);
  return items;
}

function unwrap(body: unknown, wrappers: readonly string[]): readonly unknown[] {
  if (body === undefined) throw emptyBody();
  if (Array.isArray(body)) return body;
  if (typeof body !== 'object' || body === null) {
    throw new InvalidInputError(`Send an object, an array of objects, or {"${wrappers[0]}": [...]}.`);
  }
  const [key, ...others] = Object.keys(body);
  if (key === undefined || others.length > 0 || !wrappers.includes(key)) return [body];
  const inner = (body as Record<string, unknown>)[key];
  if (Array.isArray(inner)) return inner;
  throw new InvalidInputError(`Send an array under ${key}.`, [
    { code: 'invalid_type', path: key, message: 'expected an array' },
  ]);
}

/** JSON everywhere. Replaces Fastify's parsers. */
export function registerBodies(app: App, bodyLimit: number): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) =>
    parseJson(await plainBody(request, body, bodyLimit)),
  );
}

/** NDJSON, for the routes of this scope. */
export function acceptNdjson(scope: App, bodyLimit: number, maxItems: number): void {
  // JSON Lines has no registered type; the last is what SageMaker gives its files.
  const types = [NDJSON, 'application/ndjson', 'application/jsonl', 'application/jsonlines'];
  scope.addContentTypeParser(types, { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    const bytes = await plainBody(request, body, bodyLimit);
    return bytes.length === 0 ? undefined : new NdjsonBody(parseNdjson(bytes, maxItems));
  });
}

/** Anything, as text, whatever content type it has or whether it has one. */
export function acceptText(scope: App, bodyLimit: number): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    const bytes = withoutMark(await plainBody(request, body, bodyLimit));
    if (!isUtf8(bytes)) throw malformed('it is not UTF-8');
    return bytes.toString('utf8');
  });
}

/** CSV and Parquet, for the routes of this scope: handed to the handler unread. */
export function acceptUploads(scope: App): void {
  const hand = (format: 'csv' | 'parquet') => async (request: FastifyRequest, stream: Readable) =>
    new UploadBody(stream, format, isGzipped(request));
  scope.addContentTypeParser(CSV, hand('csv'));
  scope.addContentTypeParser(PARQUET, hand('parquet'));
}
