// One POST of JSON to an address that somebody configured: a time limit, no redirects, no way into the private network.
import { lookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, isIP, type LookupFunction } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { DeliveryError, type Delivered } from '../domain/alerts/notice.js';
import { isPublicAddress } from './addresses.js';
import { AttemptError, DEFAULT_RETRY, withRetry, type RetryOptions } from './retry.js';

export interface HttpOptions {
  /** Let webhooks reach private and loopback addresses. */
  allowPrivate: boolean;
  timeoutMs?: number;
  retry?: RetryOptions;
  /** How names become addresses; the system's way unless a test says otherwise. */
  resolve?: Resolve;
  /** A clock that only runs forward, ms. */
  uptime?: () => number;
}

/** All addresses of a name. */
export type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

const TIMEOUT_MS = 10_000;
/** What a receiver may answer before the connection is cut: its text is used in tests only. */
const MAX_ANSWER_BYTES = 64 * 1024;

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function refusal(host: string): AttemptError {
  return new AttemptError(
    `${host} is a private or loopback address; set DRIFTLINE_ALLOW_PRIVATE_WEBHOOKS=on to allow that`,
    true,
  );
}

/**
 * A DNS lookup that refuses a name when any of its addresses is not public. It is the connection's own: the addresses that were checked are the
 * ones that are connected to, whatever the name says a moment later.
 */
function guarded(resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) return callback(error ?? new Error(`no address for ${hostname}`), '');
      if (!addresses.every(({ address }) => isPublicAddress(address))) return callback(refusal(hostname), '');
      if (options.all === true) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };
}

/** How one address is spoken to. */
export interface PostOptions {
  /** Default: true. Off, a certificate that cannot be checked is taken. */
  verifyTls?: boolean;
}

/** What a receiver answered. `body` is cut at 64 KiB. */
export interface HttpAnswer {
  status: number;
  body: string;
  /** How long to wait before asking again, ms (`Retry-After`); null where nothing was said. */
  retryAfterMs: number | null;
}

/** Sends JSON to webhooks. */
export class HttpSender {
  private readonly resolve: Resolve;
  private readonly uptime: () => number;
  /** Receivers that asked to be left alone: until when, and what they answered. */
  private readonly resting = new Map<string, { until: number; error: string }>();

  constructor(private readonly options: HttpOptions) {
    this.resolve = options.resolve ?? lookup;
    this.uptime = options.uptime ?? (() => performance.now());
  }

  private addressesOf(host: string): Promise<LookupAddress[]> {
    return new Promise((done) => {
      // A name that cannot be looked up now has none: that shows when it is used.
      this.resolve(host, { all: true }, (error, addresses) => done(error === null ? addresses : []));
    });
  }

  /** Why an address may not be reached, or null. A name that cannot be looked up now is no reason: that shows when it is used. */
  async problemOf(url: string): Promise<string | null> {
    if (this.options.allowPrivate) return null;
    const host = hostOf(new URL(url));
    if (isIP(host) !== 0) return isPublicAddress(host) ? null : refusal(host).message;
    const found = await this.addressesOf(host);
    return found.every(({ address }) => isPublicAddress(address)) ? null : refusal(host).message;
  }

  /**
   * POST `body`, with retries for temporary failures. The headers are made anew for each attempt. A receiver that asked for time (`Retry-After`)
   * is not asked before it is over. @throws DeliveryError
   */
  post(
    url: string,
    body: string,
    headers: () => Record<string, string>,
    options: PostOptions = {},
  ): Promise<Delivered> {
    const rest = this.resting.get(url);
    if (rest !== undefined && this.uptime() < rest.until)
      return Promise.reject(new DeliveryError(rest.error, 0, false));
    this.resting.delete(url);
    return withRetry(async () => {
      const answer = await this.attempt(new URL(url), Buffer.from(body), headers(), options);
      try {
        assertAccepted(answer);
      } catch (error) {
        if (error instanceof AttemptError && error.waitMs !== null)
          this.resting.set(url, { until: this.uptime() + error.waitMs, error: error.message });
        throw error;
      }
      return null;
    }, this.options.retry ?? DEFAULT_RETRY);
  }

  /** POST once, for a test that somebody watches: whatever is answered is the answer. @throws AttemptError where nothing is */
  once(url: string, body: string, headers: Record<string, string>, options: PostOptions = {}): Promise<HttpAnswer> {
    return this.attempt(new URL(url), Buffer.from(body), headers, options);
  }

  /** Whether addresses of the private network are let through. */
  get allowsPrivate(): boolean {
    return this.options.allowPrivate;
  }

  /** An address of a host that webhooks may not reach, or null; null too for a name that cannot be looked up now, because connections are checked again. */
  async forbiddenAddress(url: URL): Promise<string | null> {
    if (this.options.allowPrivate) return null;
    const host = url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0) return isPublicAddress(host) ? null : host;
    const addresses = await this.addressesOf(host);
    return addresses.find(({ address }) => !isPublicAddress(address))?.address ?? null;
  }

  /** Connect, with TLS where the address has it, and send nothing. @throws AttemptError that says why it cannot be reached */
  reach(address: string): Promise<void> {
    const url = new URL(address);
    const host = hostOf(url);
    if (!this.options.allowPrivate && isIP(host) !== 0 && !isPublicAddress(host)) return Promise.reject(refusal(host));
    const secure = url.protocol === 'https:';
    const options = {
      host,
      port: Number(url.port) || (secure ? 443 : 80),
      ...(this.options.allowPrivate ? {} : { lookup: guarded(this.resolve) }),
    };
    const timeoutMs = this.options.timeoutMs ?? TIMEOUT_MS;
    return new Promise<void>((resolve, reject) => {
      const done = () => {
        socket.destroy();
        resolve();
      };
      const socket = secure
        ? tlsConnect({ ...options, servername: isIP(host) === 0 ? host : '' }, done)
        : connect(options, done);
      socket.setTimeout(timeoutMs, () =>
        socket.destroy(new AttemptError(`${host} did not answer within ${timeoutMs} ms`, false)),
      );
      socket.on('error', (error: Error) => reject(describe(error, host, timeoutMs)));
    });
  }

  private attempt(
    url: URL,
    body: Buffer,
    headers: Record<string, string>,
    { verifyTls = true }: PostOptions,
  ): Promise<HttpAnswer> {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    if (!this.options.allowPrivate && isIP(host) !== 0 && !isPublicAddress(host)) return Promise.reject(refusal(host));
    const timeoutMs = this.options.timeoutMs ?? TIMEOUT_MS;
    const options = {
      method: 'POST',
      agent: false as const,
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        'content-type': 'application/json',
        'content-length': body.length,
        'user-agent': 'driftline',
        ...headers,
      },
      ...(this.options.allowPrivate ? {} : { lookup: guarded(this.resolve) }),
      ...(verifyTls ? {} : { rejectUnauthorized: false }),
    };
    return new Promise<HttpAnswer>((resolve, reject) => {
      const fail = (error: Error) => reject(describe(error, host, timeoutMs));
      const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options, (response) => {
        const facts = { status: response.statusCode ?? 0, retryAfterMs: retryAfter(response) };
        drain(response, (body) => resolve({ ...facts, body }), fail);
      });
      request.on('error', fail);
      request.end(body);
    });
  }
}

/** Read the answer to its end, or to a limit. */
function drain(response: IncomingMessage, done: (text: string) => void, fail: (error: Error) => void): void {
  const chunks: Buffer[] = [];
  let received = 0;
  const text = () => Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString('utf8');
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    received += chunk.length;
    if (received <= MAX_ANSWER_BYTES) return;
    done(text());
    response.destroy();
  });
  response.on('end', () => done(text()));
  response.on('error', fail);
}

/** @throws AttemptError unless the status is 2xx. The answer's text stays out: it may hold anything. */
function assertAccepted({ status, retryAfterMs }: HttpAnswer): void {
  if (status >= 200 && status < 300) return;
  if (status >= 300 && status < 400)
    throw new AttemptError(`the receiver answered ${status}; redirects are not followed`, true);
  const temporary = status === 408 || status === 425 || status === 429 || status >= 500;
  throw new AttemptError(`the receiver answered ${status}`, !temporary, temporary ? retryAfterMs : null);
}

/** The longest rest that a receiver gets, ms: an alarm must not wait for days because of a header. */
const LONGEST_REST = 3_600_000;

/** `Retry-After`: seconds, or a date, which is held against the answer's own `Date`. */
function retryAfter({ headers }: IncomingMessage): number | null {
  const text = headers['retry-after']?.trim() ?? '';
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.parse(headers.date ?? '');
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), LONGEST_REST) : null;
}

/** A failure in words that do not contain the URL: it may hold a token. */
function describe(error: Error, host: string, timeoutMs: number): Error {
  if (error instanceof AttemptError) return error;
  if (error.name === 'AbortError' || error.name === 'TimeoutError')
    return new AttemptError(`${host} did not answer within ${timeoutMs} ms`, false, null, true);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return new AttemptError(`${host} cannot be reached (${code})`, false, null, true);
}
