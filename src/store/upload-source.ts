// Making an uploaded file readable for the engine: the embedded one reads it where it is, a server gets it in a staging table.
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { asyncBufferFromFile, parquetMetadataAsync, parquetSchema, type SchemaElement } from 'hyparquet';
import { z } from 'zod';
import { DriftlineError, InvalidInputError } from '../domain/errors.js';
import type { Engine } from './client.js';
import type { Store } from './store.js';

/** An upload that was spooled to a file. */
export interface UploadFile {
  path: string;
  format: 'csv' | 'parquet';
  strings: string[];
}

/**
 * The name of the file's rows in a statement. Columns are only ever written with it (`columnOf` in store/uploads.ts): people name them as they
 * like, and a bare name would mean the statement's own alias of that name.
 */
export const UPLOAD_ROWS = 'upload_rows';

/** What stands after FROM (named UPLOAD_ROWS), its parameters, and how to clean up. */
export interface UploadSource {
  from: string;
  params: Record<string, unknown>;
  drop(): Promise<void>;
}

/** A column of the file; `type` is ClickHouse's name of its type. */
export interface DescribedColumn {
  name: string;
  type: string;
}

const FORMATS = { csv: 'CSVWithNames', parquet: 'Parquet' } as const;
/** What is read of a file to know its columns: at first, and at the most where the first row is long. */
const HEAD_BYTES = 64 * 1024;
const MAX_HEAD_BYTES = 64 * 1024 * 1024;
const described = z.object({ name: z.string(), type: z.string() });

/** The file's columns. @throws InvalidInputError when it cannot be read as its format. */
export async function describeUpload(store: Store, engine: Engine, file: UploadFile): Promise<DescribedColumn[]> {
  try {
    if (file.format === 'csv') return requireNamed(file.strings, await describeCsv(store, file.path));
    if (engine.kind === 'server') return await describeParquet(file.path);
    return await store.query({
      name: 'describe_parquet',
      sql: 'DESCRIBE file({path:String}, Parquet)',
      params: { path: file.path },
      row: described,
    });
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** A misspelt name would turn ids into numbers without a word. */
function requireNamed(strings: readonly string[], columns: DescribedColumn[]): DescribedColumn[] {
  const names = columns.map(({ name }) => name);
  const unknown = strings.find((name) => !names.includes(name));
  if (unknown === undefined) return columns;
  throw new InvalidInputError(
    `strings names the column ${unknown}, which the file does not have. It has: ${names.join(', ')}.`,
  );
}

const QUOTE = 0x22;

/** A quote that is never closed would swallow every row after it, without an error of the engine. */
async function requireClosedQuotes(path: string): Promise<void> {
  let quotes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(QUOTE); at !== -1; at = chunk.indexOf(QUOTE, at + 1)) quotes++;
  }
  if (quotes % 2 === 1)
    throw new InvalidInputError(
      'The file has a quoted value that is never closed; a quote inside a value is written twice.',
    );
}

/** Names from the first lines; the values stay text, whatever the engine infers of them. */
async function describeCsv(store: Store, path: string): Promise<DescribedColumn[]> {
  await requireClosedQuotes(path);
  const lines = await readHead(path);
  if (lines.trim() === '') throw new InvalidInputError('The file is empty: the first line must name the columns.');
  if (lines.trim().split(/\r\n|\r|\n/).length === 1)
    throw new InvalidInputError('The file has no rows: the first line names the columns, the rows follow.');
  const columns = await store.query({
    name: 'describe_csv',
    sql: 'DESCRIBE format(CSVWithNames, {head:String}) SETTINGS input_format_max_rows_to_read_for_schema_inference = 1',
    params: { head: lines.endsWith('\n') ? lines : `${lines}\n` },
    row: described,
  });
  return columns.map((column) => ({ name: column.name, type: 'String' }));
}

/** The first lines of a text file: all of it where it is short, else up to the last line that is whole, the first row among them. */
async function readHead(path: string): Promise<string> {
  const handle = await open(path);
  try {
    for (let size = HEAD_BYTES; ; size *= 4) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(size), 0, size, 0);
      const head = buffer
        .subarray(0, bytesRead)
        .toString('utf8')
        .replace(/^\uFEFF/, '');
      const end = head.lastIndexOf('\n');
      const isWhole = bytesRead < size;
      if (isWhole || (end > 0 && end !== head.indexOf('\n')) || size >= MAX_HEAD_BYTES)
        return isWhole || end <= 0 ? head : head.slice(0, end + 1);
    }
  } finally {
    await handle.close();
  }
}

/** A server cannot look at our file: the columns come from the file's own footer. */
async function describeParquet(path: string): Promise<DescribedColumn[]> {
  const metadata = await parquetMetadataAsync(await asyncBufferFromFile(path));
  return parquetSchema(metadata).children.map(({ element }) => ({
    name: element.name,
    type: `Nullable(${parquetType(element)})`,
  }));
}

/** The type that the staging table gives a column: what the embedded engine finds in the file itself, in fewer kinds. */
function parquetType({ type, converted_type, logical_type, precision, scale }: SchemaElement): string {
  const meaning = logical_type?.type ?? converted_type ?? '';
  if (meaning === 'DECIMAL') return `Decimal(${precision ?? 38}, ${scale ?? 0})`;
  if (meaning === 'UUID') return 'UUID';
  if (/^(DATE|TIME)/.test(meaning)) return 'String';
  if (type === 'BOOLEAN') return 'Bool';
  // Integers stay integers: an id may lie beyond 2^53.
  const unsigned = converted_type?.startsWith('UINT') || (logical_type?.type === 'INTEGER' && !logical_type.isSigned);
  if (type === 'INT32' || type === 'INT64') return unsigned ? 'UInt64' : 'Int64';
  return type === 'FLOAT' || type === 'DOUBLE' ? 'Float64' : 'String';
}

function structureOf(columns: readonly DescribedColumn[]): string {
  return columns
    .map((column) => `\`${column.name.replace(/\\/g, '\\\\').replace(/`/g, '\\`')}\` ${column.type}`)
    .join(', ');
}

/** Make the rows selectable. CSV is read as text columns. */
export async function stageUpload(
  store: Store,
  engine: Engine,
  file: UploadFile,
  columns: readonly DescribedColumn[],
): Promise<UploadSource> {
  const structure = structureOf(columns);
  const format = FORMATS[file.format];
  if (engine.kind === 'embedded') {
    return {
      from: `file({upload_path:String}, ${format}, {upload_structure:String}) AS ${UPLOAD_ROWS}`,
      params: { upload_path: file.path, upload_structure: structure },
      drop: () => Promise.resolve(),
    };
  }
  const table = `${stagedBefore(store.now())}${randomBytes(8).toString('hex')}`;
  await store.command({
    name: 'create_upload_table',
    sql: `CREATE TABLE IF NOT EXISTS ${table} (${structure}) ENGINE = MergeTree ORDER BY tuple()`,
  });
  const drop = () => store.command({ name: 'drop_upload_table', sql: `DROP TABLE IF EXISTS ${table}` });
  try {
    await store.load('load_upload', `INSERT INTO ${table} FORMAT ${format}`, file.path);
  } catch (error) {
    await drop();
    throw unreadable(file, error);
  }
  return { from: `${table} AS ${UPLOAD_ROWS}`, params: {}, drop };
}

/** How names of staging tables of a time begin; they are in the order of their times. */
const stagedBefore = (time: number): string => `upload_${time.toString(16).padStart(12, '0')}_`;

/** Drop staging tables of processes that were killed: no upload takes so long. `before` in epoch ms. */
export async function dropStaged(store: Store, before: number): Promise<void> {
  const left = await store.query({
    name: 'find_staged_uploads',
    lane: 'jobs',
    sql: `SELECT name FROM system.tables WHERE database = currentDatabase() AND match(name, '^upload_[0-9a-f]{12}_[0-9a-f]{16}$') AND name < {before:String}`,
    params: { before: stagedBefore(before) },
    row: z.object({ name: z.string() }),
  });
  for (const { name } of left) await store.command({ name: 'drop_upload_table', sql: `DROP TABLE IF EXISTS ${name}` });
}

/** The engine's complaint about a file, for the person who sent it: its first line, without our statement. */
export function unreadable(file: UploadFile, error: unknown): unknown {
  if (error instanceof InvalidInputError || (error instanceof DriftlineError && error.status === 503)) return error;
  const source = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const text = source instanceof Error ? source.message : String(source);
  const line = (text.split('\n')[0] ?? '')
    .replace(/^Code: \d+\. DB::Exception: /, '')
    .replaceAll(file.path, 'the file')
    .slice(0, 300);
  const plain = COMPLAINTS.map(([pattern, sentence]) => (pattern.test(line) ? line.replace(pattern, sentence) : null));
  const reason = plain.find((sentence) => sentence !== null) ?? line.trim();
  return new InvalidInputError(
    `The body cannot be read as ${file.format === 'csv' ? 'CSV with a header row' : 'Parquet'}: ${reason}`,
    undefined,
    'unreadable_file',
  );
}

/** What the engine says of common mistakes, and how a person would put it. What is not listed is shown as the engine says it. */
const COMPLAINTS: readonly (readonly [RegExp, string])[] = [
  [/^.*AST is too (?:big|deep).*$/, 'it has too many columns. Send rows of so many fields as NDJSON.'],
  [
    /^.*number of column names (\d+) differs with the number of types (\d+).*$/,
    'the header names $1 columns, a row has $2 values.',
  ],
  [/^.*Duplicate column name.*?("[^"]*").*$/, 'the header names the column $1 more than once.'],
  [
    /^.*Expected end of line.*$/,
    'a quoted value is followed by something other than a comma or the end of the line; a quote inside a value is written twice.',
  ],
];
