// driftline/client for Node: calls are followed across `await`, items may be kept on disk, and the end of the process sends what is left.
import { AsyncLocalStorage } from 'node:async_hooks';
import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { DriftlineClient } from './client.js';
import type { Current } from './context.js';
import type { EndHooks, Platform, Scope } from './platform.js';
import { SpoolStore } from './spool.js';
import type { ClientOptions } from './types.js';

export { DriftlineClient, type PredictionOptions, type WrapOptions } from './client.js';
export { DriftlineError } from './reader.js';
export type * from './types.js';

const compress = promisify(gzip);
/** The cheapest level: the service is near, the model's CPU is not to be had. */
const LEVEL = 1;

const NODE: Platform = {
  setting: (name) => process.env[name] || undefined,
  replica: () => `${hostname()}:${process.pid}`,
  scope: <T>(): Scope<T> => {
    const storage = new AsyncLocalStorage<T>();
    return {
      get: () => storage.getStore(),
      run: <R>(value: T, work: (value: T) => R, argument: T) => storage.run(value, work, argument),
    };
  },
  gzip: (text) => compress(text, { level: LEVEL }),
  bytes: (text) => Buffer.byteLength(text),
  usage: () => {
    const { user, system } = process.cpuUsage();
    return { cpuMs: (user + system) / 1000, memoryBytes: process.memoryUsage.rss() };
  },
  spool: (folder, options) => {
    try {
      return new SpoolStore(folder, options);
    } catch (error) {
      options.warn('spool', `the spool ${folder} cannot be used (${String(error)}): items wait in memory.`);
      return null;
    }
  },
  later: (work, ms) => {
    const timer = setTimeout(work, ms).unref();
    return () => clearTimeout(timer);
  },
  atEnd: (hooks) => atEnd(hooks),
};

/** `beforeExit`: nothing else to do, so there is time. SIGTERM: a little. `exit`: none, but a child process can still send. */
function atEnd(hooks: EndHooks): () => void {
  const calm = () => void hooks.flush();
  const end = () => sendNow(hooks);
  const stop = () => {
    // Somebody else's handler decides when the process ends; without one, this handler has taken the default away.
    const alone = process.listenerCount('SIGTERM') === 0;
    void hooks.flush().finally(() => {
      if (alone) process.kill(process.pid, 'SIGTERM');
    });
  };
  process.on('beforeExit', calm);
  process.on('exit', end);
  process.once('SIGTERM', stop);
  return () => {
    process.off('beforeExit', calm);
    process.off('exit', end);
    process.off('SIGTERM', stop);
  };
}

/** What the child does: send each body, and end. */
const CHILD = `
let text = '';
process.stdin.setEncoding('utf8').on('data', (chunk) => (text += chunk)).on('end', async () => {
  const { url, headers, bodies } = JSON.parse(text);
  for (const { route, body } of bodies) {
    await fetch(url + route, { method: 'POST', headers: { ...headers, 'content-type': 'application/x-ndjson' }, body }).catch(() => undefined);
  }
});`;

function sendNow({ last, request, timeout }: EndHooks): void {
  const bodies = last();
  if (bodies.length === 0) return;
  const input = JSON.stringify({ ...request, bodies });
  spawnSync(process.execPath, ['-e', CHILD], { input, timeout, stdio: ['pipe', 'ignore', 'ignore'] });
}

const scope = NODE.scope<Current>();

/** A client. One is enough for a process. */
export class Client extends DriftlineClient {
  constructor(options: ClientOptions = {}) {
    super(options, NODE, scope);
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
