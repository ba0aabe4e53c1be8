// What the client needs of where it runs: Node and browsers each have one of these.
import type { ItemStore, Route, StoreOptions } from './stores.js';

/** Keeps which prediction is being made, across `await` where the platform can. */
export interface Scope<T> {
  get(): T | undefined;
  run<R>(value: T, work: (value: T) => R, argument: T): R;
}

/** What the process has used so far: CPU time in ms, resident memory in bytes. */
export interface Usage {
  cpuMs: number;
  memoryBytes: number;
}

export interface Platform {
  /** A setting of the environment; undefined where there is none. */
  setting(name: string): string | undefined;
  /** The name of this replica; undefined in a browser, where every visitor would be one. */
  replica(): string | undefined;
  scope<T>(): Scope<T>;
  /** Compress; null where the platform cannot. */
  gzip(text: string): Promise<Uint8Array | null>;
  /** Bytes of a text in UTF-8. */
  readonly bytes: (text: string) => number;
  usage(): Usage | null;
  /** A store that survives the process; null where there is no disk. */
  spool(folder: string, options: StoreOptions): ItemStore | null;
  /** A timer that does not keep the process alive. Returns what stops it. */
  later(work: () => void, ms: number): () => void;
  /** Call at the end of the process, or when the page is hidden. Returns what undoes it. */
  atEnd(hooks: EndHooks): () => void;
}

/** What is done at the end. */
export interface EndHooks {
  /** While work can still be waited for. */
  flush(): Promise<void>;
  /** When it no longer can: what has to be sent at once; nothing where it is kept on disk. */
  readonly last: () => { route: Route; body: string }[];
  timeout: number;
  request: { url: string; headers: Record<string, string> };
}
