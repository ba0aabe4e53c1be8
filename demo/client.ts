// The demo's HTTP client: JSON and NDJSON calls, answers checked, errors in words.
import { setTimeout as sleep } from 'node:timers/promises';

/** A call that failed; the message says which call, with what status, and what the service answered. */
export class CallError extends Error {
  constructor(
    readonly call: string,
    /** The HTTP status; 0 where there was no answer. */
    readonly status: number,
    detail: string,
  ) {
    super(`${call} ${status === 0 ? 'got no answer' : `answered ${status}`}: ${detail}`);
  }
}

/** A body as text: at once, or in pieces where it is too large to hold. */
export type TextBody = string | AsyncIterable<string>;

/** The content types of rows. */
export const NDJSON = 'application/x-ndjson';
export const CSV = 'text/csv';

const TIMEOUT = 600_000;
const MAX_TRIES = 8;
const MAX_WAIT_SECONDS = 10;

/** A client of one Driftline service. An aborted `signal` ends the calls under way and refuses further ones. */
export class Client {
  constructor(
    readonly baseUrl: string,
    private readonly signal = new AbortController().signal,
  ) {}

  /** GET a JSON answer. @throws CallError */
  get<T>(path: string): Promise<T> {
    return this.call('GET', path) as Promise<T>;
  }

  /** PUT a JSON document. @throws CallError */
  put<T>(path: string, body: unknown): Promise<T> {
    return this.call('PUT', path, JSON.stringify(body), 'application/json') as Promise<T>;
  }

  /** POST a JSON document. @throws CallError */
  post<T>(path: string, body: unknown): Promise<T> {
    return this.call('POST', path, JSON.stringify(body), 'application/json') as Promise<T>;
  }

  /** POST rows as NDJSON or CSV. @throws CallError */
  postRows<T>(path: string, contentType: typeof NDJSON | typeof CSV, body: TextBody): Promise<T> {
    return this.call('POST', path, body, contentType) as Promise<T>;
  }

  /** POST records as NDJSON and make sure that each was accepted. @throws CallError, also when some were refused */
  async track(path: string, records: readonly unknown[]): Promise<void> {
    const answer = await this.postRows<Tracked>(path, NDJSON, ndjson(records));
    if (answer.accepted === records.length && (answer.rejected ?? 0) === 0) return;
    const why = answer.errors?.slice(0, 3).map((error) => `record ${error.index}, ${error.path}: ${error.message}`);
    throw new CallError(
      `POST ${path}`,
      207,
      `${answer.accepted} of ${records.length} records accepted. ${why?.join('; ') ?? ''}`,
    );
  }

  private async call(method: string, path: string, body?: TextBody, contentType?: string): Promise<unknown> {
    const name = `${method} ${path}`;
    for (let tries = 1; ; tries++) {
      const response = await this.send(name, method, path, body, contentType);
      const text = await response.text();
      if (response.ok) return text === '' ? null : (JSON.parse(text) as unknown);
      const busy = response.status === 429 || response.status === 503;
      const canRepeat = body === undefined || typeof body === 'string';
      if (!busy || !canRepeat || tries === MAX_TRIES) throw new CallError(name, response.status, readProblem(text));
      const wait = Number(response.headers.get('retry-after') ?? 1);
      await sleep(1000 * Math.min(Number.isFinite(wait) ? wait : 1, MAX_WAIT_SECONDS), undefined, {
        signal: this.signal,
      });
    }
  }

  private async send(
    name: string,
    method: string,
    path: string,
    body?: TextBody,
    contentType?: string,
  ): Promise<Response> {
    const streamed = body !== undefined && typeof body !== 'string';
    try {
      return await fetch(this.baseUrl + path, {
        method,
        signal: AbortSignal.any([this.signal, AbortSignal.timeout(TIMEOUT)]),
        ...(contentType === undefined ? {} : { headers: { 'content-type': contentType } }),
        ...(body === undefined ? {} : { body: streamed ? encoded(body) : body }),
        ...(streamed ? { duplex: 'half' } : {}),
      });
    } catch (error) {
      const cause = error instanceof Error ? ((error.cause as Error | undefined) ?? error) : error;
      throw new CallError(name, 0, cause instanceof Error ? cause.message || cause.name : String(cause));
    }
  }
}

/** The answer to tracked records (201 or 207). */
interface Tracked {
  accepted: number;
  rejected?: number;
  errors?: { index: number; path: string; message: string }[];
}

/** Records as NDJSON. */
export function ndjson(records: readonly unknown[]): string {
  return records.map((record) => JSON.stringify(record) + '\n').join('');
}

/** Do the tasks, at most `limit` at a time; the first error stops the rest from starting. */
export async function inParallel<T>(
  limit: number,
  items: readonly T[],
  task: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (const item of queue) {
      if (failed) return;
      try {
        await task(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
}

/** Cut a list into batches. */
export function batches<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, place) => items.slice(place * size, (place + 1) * size));
}

async function* encoded(body: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const piece of body) yield Buffer.from(piece);
}

/** The sentence of a problem document (with the first item errors), or the start of whatever was answered. */
function readProblem(text: string): string {
  try {
    const problem = JSON.parse(text) as {
      detail?: string;
      title?: string;
      errors?: { path?: string; message?: string }[];
    };
    const errors = problem.errors?.slice(0, 3).map((error) => `${error.path ?? ''} ${error.message ?? ''}`.trim());
    return [problem.detail ?? problem.title ?? text.slice(0, 300), ...(errors ?? [])].join(' | ');
  } catch {
    return text.slice(0, 300);
  }
}
