// The running service over HTTP, for commands: answers are checked, problem documents become the errors that they describe.
import { Agent, fetch, type BodyInit, type Response } from 'undici';
import { z } from 'zod';
import { DriftlineError, StoreUnavailableError } from '../domain/errors.js';

const problemSchema = z.object({
  status: z.number().optional(),
  code: z.string().default('error'),
  title: z.string().default('Error'),
  detail: z.string(),
  errors: z
    .array(z.object({ index: z.number().optional(), code: z.string(), path: z.string(), message: z.string() }))
    .optional(),
});

/** How the calls of the model registry say what is wrong. */
const mlflowErrorSchema = z.object({ error_code: z.string(), message: z.string() });

/** A request. `body` that is text, bytes or a stream goes as it is, anything else as JSON. */
export interface Request {
  body?: unknown;
  headers?: Record<string, string>;
  /** Statuses beside 2xx whose answer the caller reads itself. */
  also?: readonly number[];
}

/** Jobs, exports and uploads take as long as they take. */
const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 });

export class Api {
  constructor(
    readonly url: string,
    private readonly key: string | null,
  ) {}

  /** GET a JSON document. @throws DriftlineError */
  async get<T extends z.ZodType>(path: string, schema: T): Promise<z.output<T>> {
    return this.send('GET', path, schema);
  }

  /** Send a request and read its JSON answer. @throws DriftlineError */
  async send<T extends z.ZodType>(
    method: string,
    path: string,
    schema: T,
    request: Request = {},
  ): Promise<z.output<T>> {
    const response = await this.request(method, path, request);
    const parsed = schema.safeParse(await response.json().catch(() => undefined));
    if (parsed.success) return parsed.data;
    throw new DriftlineError(
      502,
      'bad_answer',
      'Bad answer',
      `${this.url}${path} answered something else than expected: is it a Driftline of this version?`,
    );
  }

  /** Send a request; the answer is the caller's to read. @throws DriftlineError for any other status than 2xx and `also` */
  async request(method: string, path: string, { body, headers = {}, also = [] }: Request = {}): Promise<Response> {
    const raw = body === undefined || typeof body === 'string' || body instanceof Uint8Array || isStream(body);
    const type: Record<string, string> = raw ? {} : { 'content-type': 'application/json' };
    const response = await fetch(new URL(path, this.url), {
      method,
      headers: {
        accept: 'application/json',
        ...type,
        ...(this.key === null ? {} : { authorization: `Bearer ${this.key}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: (raw ? body : JSON.stringify(body)) as BodyInit, duplex: 'half' as const }),
      dispatcher: agent,
    }).catch((error: unknown) => {
      throw new StoreUnavailableError(`No service answers at ${this.url}: ${reason(error)}.`, error);
    });
    if (response.ok || also.includes(response.status)) return response;
    throw await problem(response, `${method} ${path}`);
  }
}

const isStream = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && (Symbol.asyncIterator in body || body instanceof ReadableStream);

/** What stands behind `fetch failed`. */
function reason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  return cause.message === '' && 'code' in cause ? String(cause.code) : cause.message.replace(/\.$/, '');
}

async function problem(response: Response, call: string): Promise<DriftlineError> {
  const text = await response.text();
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    document = undefined;
  }
  return problemError(response.status, document, call);
}

/** The error that a problem document describes; `call` is named where the document is something else. */
export function problemError(status: number, document: unknown, call: string): DriftlineError {
  const parsed = problemSchema.safeParse(document);
  const theirs = mlflowErrorSchema.safeParse(document);
  if (theirs.success)
    return new DriftlineError(status, theirs.data.error_code.toLowerCase(), 'Registry error', theirs.data.message);
  if (!parsed.success)
    return new DriftlineError(status, 'error', 'Error', `${call} was answered with status ${status}.`);
  const { code, title, detail, errors } = parsed.data;
  return new DriftlineError(status, code, title, detail, errors === undefined ? {} : { errors });
}
