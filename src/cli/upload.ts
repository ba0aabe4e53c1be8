// Sends a file: CSV and Parquet as one streaming request, lines of JSON as batches that are sent again while the service is busy.
import { randomUUID } from 'node:crypto';
import { backOff } from 'exponential-backoff';
import type { Response } from 'undici';
import { z } from 'zod';
import { uploadSchema } from '../domain/contract/ingestion.js';
import { DriftlineError, InvalidInputError } from '../domain/errors.js';
import { problemError, type Api } from './api.js';
import { queryString } from './arguments.js';
import { FILE_TYPES, bytesOf, lineBatches, textOf, type SourceFile } from './files.js';
import type { Progress } from './output.js';

/** What became of the items of a file. */
export interface Sent {
  accepted: number;
  rejected: number;
  errors: { index: number; code: string; path: string; message: string }[];
}

const batchSchema = z.object({
  accepted: z.number(),
  rejected: z.number().optional(),
  errors: z.array(z.object({ index: z.number(), code: z.string(), path: z.string(), message: z.string() })).optional(),
});

/** One batch of lines. */
const BATCH = { bytes: 4 * 1024 * 1024, lines: 10_000 };
/** While the service is busy or not there; waits in ms. */
const RETRY = {
  numOfAttempts: 8,
  maxDelay: 10_000,
  jitter: 'full',
  retry: (error: unknown) => error instanceof DriftlineError && (error.status === 429 || error.status === 503),
} as const;
/** How often the service is asked how far it is, ms. */
const WATCH_MS = 500;
/** Errors that are shown. */
const KEPT_ERRORS = 20;

/** Lines of JSON: the memory does not grow with the file. `edit`: what is done to each batch before it goes, once. */
export async function sendLines(
  api: Api,
  path: string,
  file: SourceFile,
  progress: Progress,
  edit: (text: Buffer) => Uint8Array = (text) => text,
): Promise<Sent> {
  const sent: Sent = { accepted: 0, rejected: 0, errors: [] };
  const source = textOf(file, (bytes) => {
    if (file.bytes !== null) progress.update(bytes, file.bytes);
  });
  for await (const { text, first } of lineBatches(source, BATCH)) {
    add(sent, await sendBatch(api, path, edit(text)), first);
  }
  if (sent.accepted + sent.rejected === 0) throw new InvalidInputError(`There is no line in ${file.path}.`);
  return sent;
}

/** A batch goes again, unchanged, while the service is busy or does not answer: its items have their ids, so nothing counts twice. */
function sendBatch(api: Api, path: string, body: Uint8Array): Promise<Sent> {
  const headers = { 'content-type': FILE_TYPES.ndjson };
  return backOff(async () => readSent(await api.request('POST', path, { body, headers, also: [400, 403] })), RETRY);
}

/** Give every prediction an id that has none. A line that is not an object stays as it is: the service says what is wrong with it. */
export function withIds(text: Buffer, newId: () => string): Uint8Array {
  const lines = text.toString('utf8').split('\n');
  const named = lines.map((line) => {
    const start = line.indexOf('{');
    if (start < 0 || line.slice(0, start).trim() !== '' || hasId(line)) return line;
    const comma = /^\s*\}/.test(line.slice(start + 1)) ? '' : ',';
    return `{"prediction_id":"${newId()}"${comma}${line.slice(start + 1)}`;
  });
  return Buffer.from(named.join('\n'));
}

function hasId(line: string): boolean {
  if (!line.includes('"prediction_id"')) return false;
  try {
    return Object.hasOwn(JSON.parse(line) as object, 'prediction_id');
  } catch {
    return true;
  }
}

/**
 * A file as it is, in one request. While it is stored, the bar says how many rows are. It goes again under the same name while the service is busy or
 * does not answer, unless it came from the standard input: rows without ids get theirs from the name, so nothing counts twice.
 */
export async function sendWhole(
  api: Api,
  { path, query }: { path: string; query: Record<string, string | undefined> },
  file: SourceFile,
  progress: Progress,
): Promise<Response> {
  const id = isTable(file) ? randomUUID() : undefined;
  const address = `${path}${queryString({ ...query, upload_id: id })}`;
  const watch = id === undefined ? undefined : setInterval(() => void sayRows(api, id, progress), WATCH_MS);
  try {
    return await backOff(() => sendOnce(api, address, file, progress), {
      ...RETRY,
      ...(file.path === '-' ? { numOfAttempts: 1 } : {}),
    });
  } finally {
    clearInterval(watch);
  }
}

/** Whether the engine reads the file, not the service. */
export const isTable = (file: SourceFile): boolean => file.format === 'csv' || file.format === 'parquet';

function sendOnce(api: Api, address: string, file: SourceFile, progress: Progress): Promise<Response> {
  const body = bytesOf(file, (bytes) => {
    if (file.bytes !== null) progress.update(bytes, file.bytes);
  });
  return api.request('POST', address, {
    body,
    headers: {
      'content-type': FILE_TYPES[file.format],
      ...(file.gzipped ? { 'content-encoding': 'gzip' } : {}),
      ...(file.bytes === null ? {} : { 'content-length': String(file.bytes) }),
    },
    also: [400, 403],
  });
}

/** A look that fails is no reason to stop: the next one comes. */
async function sayRows(api: Api, id: string, progress: Progress): Promise<void> {
  const upload = await api.get(`/v1/uploads/${id}`, uploadSchema).catch(() => null);
  if (upload !== null && upload.state === 'storing') progress.say(`${upload.rows} rows stored`);
}

/** The verdicts of a batch; a refusal of the whole request is thrown. */
export async function readSent(response: Pick<Response, 'status' | 'json'>): Promise<Sent> {
  const document: unknown = await response.json().catch(() => undefined);
  const parsed = batchSchema.safeParse(document);
  if (parsed.success) {
    const { accepted, rejected = 0, errors = [] } = parsed.data;
    return { accepted, rejected, errors };
  }
  throw refusal(response.status, document);
}

/** The error that a document of another form than expected stands for. */
export function refusal(status: number, document: unknown): DriftlineError {
  return problemError(status, document, 'The upload');
}

function add(sum: Sent, part: Sent, first: number): void {
  sum.accepted += part.accepted;
  sum.rejected += part.rejected;
  for (const error of part.errors) {
    if (sum.errors.length >= KEPT_ERRORS) return;
    sum.errors.push({ ...error, index: error.index + first });
  }
}
