// Files on their way to the service: their form by name, their bytes as a stream that counts, their lines in batches.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { InvalidInputError } from '../domain/errors.js';

/** How a file is written, and the content type that says so. */
export const FILE_TYPES = {
  csv: 'text/csv',
  parquet: 'application/vnd.apache.parquet',
  ndjson: 'application/x-ndjson',
  json: 'application/json',
} as const;
export type FileFormat = keyof typeof FILE_TYPES;

const EXTENSIONS: Readonly<Record<string, FileFormat>> = {
  '.csv': 'csv',
  '.parquet': 'parquet',
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.json': 'json',
};

/** A file to be sent; `-` is the standard input, whose size is not known. Sizes in bytes, as stored. */
export interface SourceFile {
  path: string;
  format: FileFormat;
  gzipped: boolean;
  bytes: number | null;
}

/** Look at a file. @throws InvalidInputError where it is not there, or nothing says its form */
export async function sourceFile(file: string, format: FileFormat | undefined): Promise<SourceFile> {
  const gzipped = file.toLowerCase().endsWith('.gz');
  const extension = path.extname(gzipped ? file.slice(0, -3) : file).toLowerCase();
  const found = format ?? EXTENSIONS[extension];
  if (found === undefined) {
    throw new InvalidInputError(
      `The name of ${file} does not say its form: end it with ${Object.keys(EXTENSIONS).join(', ')} (and .gz), or give --format.`,
    );
  }
  if (file === '-') return { path: file, format: found, gzipped: false, bytes: null };
  const facts = await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw new InvalidInputError(`${file} cannot be read: ${error.code ?? error.message}.`);
  });
  if (!facts.isFile()) throw new InvalidInputError(`${file} is not a file.`);
  return { path: file, format: found, gzipped, bytes: facts.size };
}

/** The bytes as they are stored. `read` is told how many were read so far. */
export function bytesOf(file: SourceFile, read: (bytes: number) => void): Readable {
  let total = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      total += chunk.length;
      read(total);
      done(null, chunk);
    },
  });
  const source: Readable = file.path === '-' ? process.stdin : createReadStream(file.path);
  source.on('error', (error) => meter.destroy(error));
  return source.pipe(meter);
}

/** Whole lines of a text, a batch at a time. */
export interface LineBatch {
  text: Buffer;
  /** Lines that are not blank come before this one in the file. */
  first: number;
}

const NEWLINE = 0x0a;

/** Cut a stream into batches of whole lines, each of about `bytes` bytes and at most `lines` lines. */
export async function* lineBatches(
  source: AsyncIterable<Buffer>,
  limits: { bytes: number; lines: number },
): AsyncGenerator<LineBatch> {
  let kept: Buffer[] = [];
  let size = 0;
  let lines = 0;
  let first = 0;
  const take = (): LineBatch => {
    const batch = { text: Buffer.concat(kept), first };
    first += lines;
    [kept, size, lines] = [[], 0, 0];
    return batch;
  };
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    const buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = buffer.indexOf(NEWLINE); end >= 0; end = buffer.indexOf(NEWLINE, start)) {
      const line = buffer.subarray(start, end + 1);
      start = end + 1;
      if (isBlank(line)) continue;
      kept.push(line);
      size += line.length;
      lines += 1;
      if (size >= limits.bytes || lines >= limits.lines) yield take();
    }
    rest = buffer.subarray(start);
  }
  if (!isBlank(rest)) {
    kept.push(rest);
    lines += 1;
  }
  if (lines > 0) yield take();
}

/** Whether there is nothing but space in a line. */
function isBlank(line: Buffer): boolean {
  return line.length < 100 && line.toString('latin1').trim() === '';
}

/** The text of a file, inflated where it is gzipped. */
export function textOf(file: SourceFile, read: (bytes: number) => void): Readable {
  const bytes = bytesOf(file, read);
  if (!file.gzipped) return bytes;
  const inflated = createGunzip();
  bytes.on('error', (error) => inflated.destroy(error));
  return bytes.pipe(inflated);
}

/** A size for people. */
export function humanBytes(bytes: number): string {
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
