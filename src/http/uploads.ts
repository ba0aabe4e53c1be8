// Uploads on their way through a temporary file: written as they arrive, bounded, and removed whatever happens.
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Transform, finished } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { FastifyRequest } from 'fastify';
import { InvalidInputError, TooLargeError } from '../domain/errors.js';
import type { UploadedFile } from '../services/api.js';
import { badGzip, type UploadBody } from './plugins/bodies.js';
import { emptyBody } from './plugins/errors.js';
import { keepOpen } from './plugins/security.js';

/** Where uploads wait. The files are readable by this user only. */
export const UPLOAD_FOLDER = path.join(tmpdir(), 'driftline-uploads');

/** Counts what passes and stops it beyond `limit` bytes. */
class Meter extends Transform {
  bytes = 0;

  constructor(private readonly limit: number) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: Error | null, chunk?: Buffer) => void) {
    this.bytes += chunk.length;
    if (this.bytes <= this.limit) return done(null, chunk);
    done(tooLarge(this.limit));
  }
}

const tooLarge = (limit: number): TooLargeError =>
  new TooLargeError(`The file is over ${limit} bytes. Split it and send the parts.`);

/**
 * Write the upload to a file, use it, remove it.
 * @param limit the most bytes, after decompression.
 * @throws InvalidInputError for an empty, cut or damaged body, TooLargeError beyond the limit, and whatever `use` throws.
 */
export async function withUpload<T>(
  request: FastifyRequest,
  upload: UploadBody,
  options: { limit: number; strings: string[] },
  use: (file: UploadedFile) => Promise<T>,
): Promise<T> {
  if (Number(request.headers['content-length']) > options.limit) throw tooLarge(options.limit);
  await mkdir(UPLOAD_FOLDER, { recursive: true, mode: 0o700 });
  const file = path.join(UPLOAD_FOLDER, `${process.pid}-${randomUUID()}.${upload.format}`);
  try {
    const bytes = await spool(upload, file, options.limit);
    if (bytes === 0) throw emptyBody();
    keepOpen(request);
    return await use({ path: file, format: upload.format, strings: options.strings });
  } finally {
    await rm(file, { force: true });
  }
}

async function spool(upload: UploadBody, file: string, limit: number): Promise<number> {
  const meter = new Meter(limit);
  const target = createWriteStream(file, { flags: 'wx', mode: 0o600 });
  try {
    if (upload.gzipped) await pipeline(arriving(upload), createGunzip(), meter, target);
    else await pipeline(arriving(upload), meter, target);
  } catch (error) {
    throw readable(error);
  }
  return meter.bytes;
}

/** The request's bytes. A pipeline destroys its source when it fails, and with the request itself the answer would be lost. */
function arriving(upload: UploadBody): PassThrough {
  const entry = new PassThrough();
  finished(upload.stream, { writable: false }, (error) => {
    if (error) entry.destroy(error);
  });
  return upload.stream.pipe(entry);
}

/** What a failed transfer means to the caller; a full disk stays what it is. */
function readable(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code.startsWith('Z_')) return badGzip();
  if (code !== 'ERR_STREAM_PREMATURE_CLOSE' && code !== 'ECONNRESET') return error;
  return new InvalidInputError('The upload ended before its end. Send it again.', undefined, 'incomplete_body');
}

let swept = false;

/** Remove what processes that were killed left behind. Once a process, before its first upload. */
export async function sweepUploads(): Promise<void> {
  if (swept) return;
  swept = true;
  const names = await readdir(UPLOAD_FOLDER).catch(() => []);
  const left = names.filter((name) => isLeftOver(Number(/^(\d+)-/.exec(name)?.[1] ?? NaN)));
  await Promise.all(left.map((name) => rm(path.join(UPLOAD_FOLDER, name), { force: true })));
}

/** A file of this process id can only be of an earlier process that had the same. */
function isLeftOver(pid: number): boolean {
  if (Number.isNaN(pid)) return false;
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
