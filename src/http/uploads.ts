// Uploads on their way through a temporary file: written as they arrive, bounded, and removed whatever happens.
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { PassThrough, Transform, finished } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { UploadKind } from '../domain/contract/ingestion.js';
import { InvalidInputError, StoreUnavailableError, TooLargeError } from '../domain/errors.js';
import type { RunningUpload, UploadedFile, UploadsApi } from '../services/api.js';
import { SPOOL_FOLDER, spoolPath } from '../spool.js';
import { badGzip, type UploadBody } from './plugins/bodies.js';
import { emptyBody } from './plugins/errors.js';
import { keepOpen } from './plugins/security.js';

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

/** What an upload is, for whoever watches it. */
export interface UploadTarget {
  kind: UploadKind;
  /** Null where the file may hold several. */
  model: string | null;
  /** The name that the client chose. */
  id: string | null;
  /** The most bytes, after decompression. */
  limit: number;
  strings: string[];
}

/** What `use` answers: how many rows were stored and refused. */
type Counted<T> = (answer: T) => { rows: number; rejected: number };

/**
 * Write the upload to a file, use it, remove it, and keep its progress where `GET /v1/uploads/{id}` finds it. The answer has its id in the header
 * `x-upload-id`.
 * @throws InvalidInputError for an empty, cut or damaged body, TooLargeError beyond the limit, and whatever `use` throws.
 */
export async function withUpload<T>(
  request: FastifyRequest,
  reply: FastifyReply,
  uploads: UploadsApi,
  target: UploadTarget,
  use: (file: UploadedFile, running: RunningUpload) => Promise<T>,
  counted: Counted<T>,
): Promise<T> {
  const upload = request.body as UploadBody;
  const length = Number(request.headers['content-length']);
  if (length > target.limit) throw tooLarge(target.limit);
  const { id, kind, model } = target;
  const running = await uploads.begin({ id, kind, model, bytesTotal: Number.isNaN(length) ? null : length });
  void reply.header('x-upload-id', running.id);
  await mkdir(SPOOL_FOLDER, { recursive: true, mode: 0o700 });
  const file = spoolPath(`${randomUUID()}.${upload.format}`);
  try {
    const bytes = await spool(upload, file, target.limit, running);
    if (bytes === 0) throw emptyBody();
    keepOpen(request);
    running.storing();
    const answer = await use({ path: file, format: upload.format, strings: target.strings }, running);
    const { rows, rejected } = counted(answer);
    await running.done(rows, rejected);
    return answer;
  } catch (error) {
    await running.failed(error);
    throw error;
  } finally {
    await rm(file, { force: true });
  }
}

async function spool(upload: UploadBody, file: string, limit: number, running: RunningUpload): Promise<number> {
  const meter = new Meter(limit);
  const target = createWriteStream(file, { flags: 'wx', mode: 0o600 });
  const source = arriving(upload);
  source.on('data', (chunk: Buffer) => running.received(chunk.length));
  source.pause();
  try {
    if (upload.gzipped) await pipeline(source, createGunzip(), meter, target);
    else await pipeline(source, meter, target);
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

const NO_ROOM = new Set(['ENOSPC', 'EDQUOT']);
const FULL =
  'There is no room for the file where uploads wait (the temporary folder of the service). Send it again when there is, or in smaller parts.';

/** What a failed transfer means to the caller. */
function readable(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code.startsWith('Z_')) return badGzip();
  if (NO_ROOM.has(code)) return new StoreUnavailableError(FULL, error);
  if (code !== 'ERR_STREAM_PREMATURE_CLOSE' && code !== 'ECONNRESET') return error;
  return new InvalidInputError('The upload ended before its end. Send it again.', undefined, 'incomplete_body');
}
