// The client: what model code calls. Tracking never throws and never waits; what it costs is building one line of JSON.
import { Current, isRecord } from './context.js';
import { Heartbeat } from './heartbeat.js';
import { newId, uuidOf } from './ids.js';
import { Observer } from './observe.js';
import type { Platform, Scope } from './platform.js';
import { Reader } from './reader.js';
import { Sender } from './sender.js';
import { settingsOf, type Settings } from './settings.js';
import { MemoryStore, ROUTES, type ItemStore, type Route } from './stores.js';
import { Tracker } from './tracker.js';
import type {
  ClientOptions,
  MetricPoint,
  MetricsQuery,
  MetricsRow,
  ModelOptions,
  Prediction,
  PredictionsQuery,
  ReadMetricsQuery,
  Stats,
  Time,
  TrackOptions,
} from './types.js';

/** Options of `model`: the id may be taken from the call's arguments. */
export interface WrapOptions extends ModelOptions {
  predictionId?: (...args: never[]) => string | undefined;
}

/** Options of one `prediction`. */
export interface PredictionOptions extends ModelOptions {
  inputs?: unknown;
  predictionId?: string;
}

/** A function that is tracked. */
type Wrap = <T, A extends unknown[], R>(fn: (this: T, ...args: A) => R) => (this: T, ...args: A) => R;

/** How long `flush` and `close` wait unless they are told, ms. */
const FLUSH_MS = 10_000;

export class DriftlineClient {
  private readonly settings: Settings;
  private readonly counts: Stats = {
    ...{ tracked: 0, sent: 0, accepted: 0, rejected: 0, dropped: 0, retries: 0, failures: 0, queued: 0 },
    ...{ nonfinite: 0, summarized: 0, stringified: 0, cut: 0 },
  };
  private readonly store: ItemStore;
  private readonly sender: Sender;
  private readonly reader: Reader;
  private readonly tracker: Tracker;
  private readonly observer: Observer;
  private readonly said = new Set<string>();
  private readonly waiters = new Set<() => void>();
  private readonly cleanups: (() => void)[] = [];
  private off: boolean;

  constructor(
    options: ClientOptions,
    private readonly platform: Platform,
    private readonly scope: Scope<Current>,
  ) {
    const settings = settingsOf(options, platform);
    const { url, replica, apiKey } = settings;
    this.settings = settings;
    this.off = settings.disabled;
    const warn = (kind: string, message: string) => this.warn(kind, message);
    const headers: Record<string, string> = apiKey === null ? {} : { authorization: `Bearer ${apiKey}` };
    this.store = this.openStore(warn);
    this.sender = new Sender(this.store, this.counts, {
      ...settings,
      headers,
      platform,
      warn,
      room: () => this.madeRoom(),
    });
    this.reader = new Reader(url, headers);
    const usage = () => (settings.measure ? platform.usage() : null);
    const beats = settings.heartbeat > 0 && !this.off && replica !== undefined;
    const heartbeat = beats ? new Heartbeat(replica, Date.now(), usage()) : null;
    const wake = () => this.sender.wake();
    this.tracker = new Tracker({ settings, platform, counts: this.counts, store: this.store, heartbeat, warn, wake });
    this.observer = new Observer(scope, this.tracker, usage, () => (settings.onFull === 'block' ? this.room() : null));
    if (heartbeat !== null) {
      const beat = { every: settings.heartbeat, usage, dropped: () => this.counts.dropped };
      this.cleanups.push(heartbeat.start(platform, (items) => this.sender.once('/v1/replica-stats', items), beat));
    }
    if (settings.flushAtExit && !this.off) this.cleanups.push(this.atEnd(headers));
    if (this.store.waiting > 0) this.sender.wake();
  }

  // ---- tracking

  /** Add to the prediction that is being made: a number to its metrics, anything else beside its outputs. Outside one, nothing happens. */
  trackMetric(key: string, value: unknown): void {
    this.scope.get()?.trackMetric(key, value);
  }

  /** Add a tag, for segments, to the prediction that is being made. */
  trackTag(key: string, value: unknown): void {
    this.scope.get()?.trackTag(key, value);
  }

  /**
   * Track one prediction. `inputs`: an object; anything else goes as `{value}`. `outputs`: a scalar or an object.
   * @returns the UUID under which it is kept; '' where nothing is tracked: the client is disabled or closed, or no model is named
   */
  track(inputs?: unknown, outputs?: unknown, options: TrackOptions = {}): string {
    if (this.off) return '';
    const target = this.tracker.target(options.model, options.version, options.deployment);
    if (target === undefined) return '';
    const now = Date.now();
    const id = options.predictionId ?? newId(now);
    const seen = { id, timestamp: this.tracker.time(options.timestamp, now), inputs, outputs, tail: '' };
    this.tracker.prediction(target, seen, options);
    return options.predictionId === undefined ? id : uuidOf(id);
  }

  /**
   * Wrap a predict function: each call is a prediction with its argument (several: an array of them), its result, latency, status and error, and what
   * `trackMetric` adds. The wrapped function does what the function does, whatever becomes of the tracking.
   */
  model(name: string, version?: string, options: WrapOptions = {}): Wrap {
    const { deployment, tags, predictionId: idOf } = options;
    const target = this.tracker.target(name, version, deployment);
    const observe = <R>(args: unknown[], work: (current: Current) => R): R => {
      if (this.off || target === undefined) return work(new Current(''));
      const id = idOf === undefined ? undefined : this.guarded(() => idOf(...(args as never[])));
      return this.observer.observe({ target, inputs: args.length < 2 ? args[0] : args, tags, id, work });
    };
    return (fn) =>
      function wrapped(...args) {
        return observe(args, () => fn.apply(this, args));
      };
  }

  /**
   * Track what `work` does as one prediction; its result is the outputs. It is handed the prediction, whose `trackMetric` works where no call can be
   * followed across `await`: in browsers.
   */
  prediction<R>(
    name: string,
    version: string | undefined,
    options: PredictionOptions,
    work: (current: Current) => R,
  ): R {
    const target = this.off ? undefined : this.tracker.target(name, version, options.deployment);
    if (target === undefined) return work(new Current(''));
    return this.observer.observe({
      target,
      inputs: options.inputs,
      tags: options.tags,
      id: options.predictionId,
      work,
    });
  }

  /** Label a prediction: an object, or a scalar that is kept as `value`. @returns the prediction's UUID */
  trackGroundTruth(predictionId: string, values: unknown, options: { timestamp?: Time } = {}): string {
    return this.label('/v1/ground-truth', 'values', predictionId, values, options.timestamp);
  }

  /** Cloudera's name for the same: metrics that are known later. @returns the prediction's UUID */
  trackDelayedMetrics(
    metrics: Readonly<Record<string, unknown>>,
    predictionUuid: string,
    options: { timestamp?: Time } = {},
  ): string {
    return this.label('/v1/delayed-metrics', 'metrics', predictionUuid, metrics, options.timestamp);
  }

  /**
   * Labels by the dozen or the million: records `{predictionId, values, timestamp?}`, or rows with a `prediction_id` whose other columns are values, from
   * any iterable or async iterable; or a CSV or Parquet file as a Blob, which goes to the service as it is. Waits for room in the queue.
   * @returns how many were handed over, or accepted of a file
   * @throws Error where a file is refused, TypeError for a record without an id
   */
  async trackGroundTruths(
    source: Iterable<unknown> | AsyncIterable<unknown> | Blob,
    options: { strings?: readonly string[] } = {},
  ): Promise<number> {
    if (source instanceof Blob) return this.reader.upload(source, options.strings ?? []);
    let count = 0;
    for await (const record of source) {
      const { id, values, timestamp } = labelOf(record);
      await this.room();
      this.trackGroundTruth(id, values, { timestamp });
      count++;
    }
    return count;
  }

  /** Numbers that were computed elsewhere, over a range of time. */
  trackAggregateMetrics(
    metrics: Readonly<Record<string, unknown>>,
    start: Time,
    end: Time,
    options: { model?: string; version?: string; deployment?: string } = {},
  ): void {
    const target = this.off ? undefined : this.tracker.target(options.model, options.version, options.deployment);
    if (target !== undefined) this.tracker.aggregate(target, metrics, start, end);
  }

  // ---- reading

  /** Predictions of a model, ascending by time, fetched page by page. */
  predictions(model: string, query: PredictionsQuery = {}): AsyncIterableIterator<Prediction> {
    return this.reader.predictions(model, query);
  }

  /** Computed numbers of a model, oldest first. */
  metrics(model: string, query: MetricsQuery = {}): Promise<MetricPoint[]> {
    return this.reader.metrics(model, query);
  }

  /** What was tracked for predictions, and aggregates, in Cloudera's form. */
  readMetrics(query: ReadMetricsQuery = {}): Promise<{ metrics: MetricsRow[] }> {
    return this.reader.readMetrics(query);
  }

  // ---- the queue

  /** Wait until everything is answered for. @returns false when that takes longer than `timeout` ms */
  flush(timeout: number = FLUSH_MS): Promise<boolean> {
    return this.sender.flush(timeout);
  }

  /** Flush, then stop: what is tracked afterwards is not kept. What could not be sent stays in the spool where there is one, and is counted as dropped else. */
  async close(timeout: number = FLUSH_MS): Promise<boolean> {
    this.off = true;
    const done = await this.sender.flush(timeout);
    this.sender.stop();
    for (const cleanup of this.cleanups.splice(0)) cleanup();
    if (!done && !this.store.keep()) this.counts.dropped += this.store.size;
    this.madeRoom();
    return done;
  }

  /** Resolves when the queue has room. */
  async room(): Promise<void> {
    while (!this.off && this.store.size >= this.settings.maxQueue) {
      await new Promise<void>((resolve) => this.waiters.add(resolve));
    }
  }

  /** What has been counted so far. */
  stats(): Stats {
    return { ...this.counts, queued: this.store.size };
  }

  // ---- inside

  private label(route: Route, key: 'values' | 'metrics', id: string, values: unknown, timestamp?: Time): string {
    return this.off ? '' : this.tracker.label(route, key, String(id), values, timestamp);
  }

  private openStore(warn: (kind: string, message: string) => void): ItemStore {
    const { spool, maxQueue: maxItems, spoolLimit: maxBytes } = this.settings;
    const kept = spool === null || this.off ? null : this.platform.spool(spool, { maxItems, maxBytes, warn });
    return kept ?? new MemoryStore(maxItems);
  }

  private guarded(idOf: () => string | undefined): string | undefined {
    try {
      return idOf();
    } catch (error) {
      this.warn('id', `the id of a prediction could not be taken from its arguments: ${String(error)}`);
      return undefined;
    }
  }

  private warn(kind: string, message: string): void {
    if (this.said.has(kind)) return;
    this.said.add(kind);
    this.settings.warn(message);
  }

  private madeRoom(): void {
    for (const waiter of this.waiters) waiter();
    this.waiters.clear();
  }

  private atEnd(headers: Record<string, string>): () => void {
    const { url, exitTimeout: timeout } = this.settings;
    return this.platform.atEnd({
      flush: async () => void (await this.sender.flush(timeout)),
      last: () => (this.store.keep() ? [] : this.left()),
      timeout,
      request: { url, headers },
    });
  }

  /** Everything that is not answered for, as the bodies of requests. */
  private left(): { route: Route; body: string }[] {
    const batches = [...this.sender.pending()];
    for (let next = this.store.take(Infinity); next !== null; next = this.store.take(Infinity)) batches.push(next);
    const linesOf = (route: Route) => batches.flatMap((batch) => (batch.route === route ? (batch.held ?? []) : []));
    return ROUTES.map((route) => ({ route, body: linesOf(route).join('\n') })).filter(({ body }) => body !== '');
  }
}

/** A label as a record, or as a row whose other columns are the values. */
function labelOf(record: unknown): { id: string; values: unknown; timestamp: Time | undefined } {
  const { predictionId, prediction_id, values, timestamp, ...columns } = isRecord(record) ? record : {};
  const id = predictionId ?? prediction_id;
  if (typeof id !== 'string' || id === '') throw new TypeError('Each record of ground truth needs a prediction_id.');
  return { id, values: values === undefined ? columns : values, timestamp: timestamp as Time | undefined };
}
