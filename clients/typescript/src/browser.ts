// driftline/client for browsers: fetch and CompressionStream, no disk; a call is followed until its first `await`.
import { DriftlineClient } from './client.js';
import type { Current } from './context.js';
import type { EndHooks, Platform, Scope } from './platform.js';
import type { ClientOptions } from './types.js';

export { DriftlineClient, type PredictionOptions, type WrapOptions } from './client.js';
export { DriftlineError } from './reader.js';
export type * from './types.js';

/** The window, where there is one: a worker has other events. */
const page = globalThis as Partial<Pick<EventTarget, 'addEventListener' | 'removeEventListener'>>;
const encoder = new TextEncoder();

/** The most that a page may send while it goes, by the rules of fetch, bytes. */
const KEEPALIVE_LIMIT = 60_000;

/** The prediction of the call that runs now: JavaScript runs one at a time, and each puts back what it found. */
class CallScope<T> implements Scope<T> {
  private current: T | undefined;

  get(): T | undefined {
    return this.current;
  }

  run<R>(value: T, work: (value: T) => R, argument: T): R {
    const before = this.current;
    this.current = value;
    try {
      return work(argument);
    } finally {
      this.current = before;
    }
  }
}

const BROWSER: Platform = {
  setting: () => undefined,
  replica: () => undefined,
  scope: <T>() => new CallScope<T>(),
  gzip: async (text) => {
    if (typeof CompressionStream === 'undefined') return null;
    const packed = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
    return new Uint8Array(await new Response(packed).arrayBuffer());
  },
  bytes: (text) => encoder.encode(text).length,
  usage: () => null,
  spool: (_folder, options) => {
    options.warn('spool', 'a browser has no folder to keep items in: they wait in memory.');
    return null;
  },
  later: (work, ms) => {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
  atEnd: (hooks) => atEnd(hooks),
};

/** A page that is hidden may never be shown again. `keepalive` lets a request outlive its page; its size is limited. */
function atEnd(hooks: EndHooks): () => void {
  if (page.addEventListener === undefined || page.removeEventListener === undefined) return () => undefined;
  const hide = () => void hooks.flush();
  const go = () => {
    for (const { route, body } of hooks.last()) {
      for (const part of parts(body)) {
        const { url, headers } = hooks.request;
        const init = { method: 'POST', headers: { ...headers, 'content-type': 'application/x-ndjson' }, body: part };
        void fetch(`${url}${route}`, { ...init, keepalive: true }).catch(() => undefined);
      }
    }
  };
  page.addEventListener('visibilitychange', hide);
  page.addEventListener('pagehide', go);
  return () => {
    page.removeEventListener?.('visibilitychange', hide);
    page.removeEventListener?.('pagehide', go);
  };
}

/** A body in parts of whole lines that are not too long. */
function* parts(body: string): Generator<string> {
  let part = '';
  for (const line of body.split('\n')) {
    if (part !== '' && part.length + line.length > KEEPALIVE_LIMIT) {
      yield part;
      part = '';
    }
    part += part === '' ? line : `\n${line}`;
  }
  if (part !== '') yield part;
}

const scope = BROWSER.scope<Current>();

/** A client. One is enough for a page. */
export class Client extends DriftlineClient {
  constructor(options: ClientOptions = {}) {
    super(options, BROWSER, scope);
  }
}

/** Add to the prediction that is being made, whichever client makes it. Outside one, nothing happens. */
export function trackMetric(key: string, value: unknown): void {
  scope.get()?.trackMetric(key, value);
}

/** The same for a tag. */
export function trackTag(key: string, value: unknown): void {
  scope.get()?.trackTag(key, value);
}
