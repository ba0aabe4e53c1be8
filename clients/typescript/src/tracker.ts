// From values to lines: predictions, labels and aggregates. What a tracked call costs is here, and nothing here throws.
import type { Heartbeat, Sums } from './heartbeat.js';
import { isRecord } from './context.js';
import { uuidOf } from './ids.js';
import { encodeNumbers, encodeTags, measured, millis } from './item.js';
import type { Platform } from './platform.js';
import type { Settings } from './settings.js';
import type { ItemStore, Route } from './stores.js';
import type { Stats, Time, TrackOptions } from './types.js';
import { encode } from './values.js';

/** A model as it is served: what stands at the head of each of its lines, and where its counts go. */
export interface Target {
  head: string;
  sums: Sums | null;
}

/** One prediction, as the tracker takes it. `tail`: what the process measured, as JSON behind a comma. */
export interface Seen {
  id: string;
  timestamp: number;
  inputs: unknown;
  outputs: unknown;
  tail: string;
}

export interface TrackerParts {
  settings: Settings;
  platform: Platform;
  counts: Stats;
  store: ItemStore;
  heartbeat: Heartbeat | null;
  warn: (kind: string, message: string) => void;
  /** An item waits. */
  wake: () => void;
}

export class Tracker {
  private readonly targets = new Map<string, Target>();

  constructor(private readonly parts: TrackerParts) {}

  /** The target of a model; undefined, and said once, where there is none. */
  target(name: string | undefined, version: string | undefined, deployment: string | undefined): Target | undefined {
    const { settings, heartbeat, warn } = this.parts;
    const served = {
      model: name ?? settings.model ?? '',
      version: version ?? settings.version,
      deployment: deployment ?? settings.deployment,
    };
    if (served.model === '') {
      warn('model', 'a call names no model: give it, or set DRIFTLINE_MODEL. It is not tracked.');
      return undefined;
    }
    const key = `${served.model}\n${served.version}\n${served.deployment}`;
    let target = this.targets.get(key);
    if (target === undefined) {
      target = { head: headOf(served), sums: heartbeat?.of(served) ?? null };
      this.targets.set(key, target);
    }
    return target;
  }

  /** A prediction. A value that throws when it is looked at must not reach the model. */
  prediction(target: Target, seen: Seen, more: TrackOptions): void {
    try {
      this.push('/v1/predictions', this.line(target, seen, more));
    } catch (error) {
      this.failed(error);
    }
  }

  /** A label. @returns the UUID of its prediction */
  label(route: Route, key: 'values' | 'metrics', id: string, values: unknown, timestamp: Time | undefined): string {
    try {
      const text = encode(values, this.parts.counts) ?? 'null';
      const time = this.time(timestamp, Date.now());
      this.push(route, `{"prediction_id":${idJson(id)},"${key}":${text},"timestamp":${time}}`);
    } catch (error) {
      this.failed(error);
    }
    return uuidOf(id);
  }

  aggregate(target: Target, metrics: Readonly<Record<string, unknown>>, start: Time, end: Time): void {
    const numbers = encodeNumbers(metrics, this.parts.counts);
    if (numbers === '') return this.failed(new TypeError('aggregate metrics without a finite number'));
    const [from, to] = [JSON.stringify(millis(start)), JSON.stringify(millis(end))];
    this.push('/v1/aggregate-metrics', `${target.head},"start":${from},"end":${to},"metrics":${numbers}}`);
  }

  /** Epoch milliseconds; `now` where none is given or it is no time. */
  time(given: Time | undefined, now: number): number {
    if (given === undefined) return now;
    const time = millis(given);
    if (!Number.isNaN(time)) return time;
    this.parts.counts.cut++;
    return now;
  }

  private line(target: Target, seen: Seen, more: TrackOptions): string {
    const { counts, platform, settings } = this.parts;
    const { inputs, outputs } = seen;
    const named = inputs === undefined || inputs === null || isRecord(inputs) || inputs instanceof Map;
    const from = measured(named ? inputs : { value: inputs }, counts, platform.bytes);
    const to = measured(outputs, counts, platform.bytes);
    const requestBytes = more.requestBytes ?? from?.bytes;
    const responseBytes = more.responseBytes ?? to?.bytes;
    let line = `${target.head},"prediction_id":${idJson(seen.id)},"timestamp":${seen.timestamp}`;
    if (from !== null) line += `,"inputs":${from.text}`;
    if (to !== null) line += `,"outputs":${to.text}`;
    const numbers = more.metrics === undefined ? '' : encodeNumbers(more.metrics, counts);
    if (numbers !== '') line += `,"metrics":${numbers}`;
    const tags = more.tags === undefined ? '' : encodeTags(more.tags, counts);
    if (tags !== '') line += `,"tags":${tags}`;
    if (more.latencyMs !== undefined) line += this.number('latency_ms', more.latencyMs);
    if (more.status !== undefined) line += `,"status":${JSON.stringify(more.status)}`;
    if (more.error !== undefined) line += `,"error":${JSON.stringify(more.error.toWellFormed())}`;
    if (requestBytes !== undefined) line += this.number('request_bytes', requestBytes);
    if (responseBytes !== undefined) line += this.number('response_bytes', responseBytes);
    if (more.cpuMs !== undefined) line += this.number('cpu_ms', more.cpuMs);
    if (more.memoryBytes !== undefined) line += this.number('memory_bytes', more.memoryBytes);
    if (settings.replica !== undefined) line += `,"replica":${JSON.stringify(settings.replica)}`;
    if (target.sums !== null) count(target.sums, more, requestBytes ?? 0, responseBytes ?? 0);
    return `${line}${seen.tail}}`;
  }

  private number(key: string, value: number): string {
    if (Number.isFinite(value)) return `,"${key}":${value}`;
    this.parts.counts.nonfinite++;
    return '';
  }

  private push(route: Route, line: string): void {
    const { counts, store, settings, warn, wake } = this.parts;
    counts.tracked++;
    if (store.push(route, line)) return wake();
    counts.dropped++;
    warn('full', `the queue of ${settings.maxQueue} items is full: what comes now is dropped and counted.`);
  }

  private failed(error: unknown): void {
    this.parts.counts.cut++;
    this.parts.warn('build', `a call could not be tracked: ${describeError(error)}`);
  }
}

/** The beginning of a line. */
function headOf({ model, version, deployment }: { model: string; version: string; deployment: string }): string {
  const named = version === '' ? '' : `,"version":${JSON.stringify(version.toWellFormed())}`;
  const placed = deployment === '' ? '' : `,"deployment":${JSON.stringify(deployment.toWellFormed())}`;
  return `{"model":${JSON.stringify(model.toWellFormed())}${named}${placed}`;
}

const SIMPLE_ID = /^[\w-]+$/;
const idJson = (id: string): string => (SIMPLE_ID.test(id) ? `"${id}"` : JSON.stringify(String(id).toWellFormed()));

function count(sums: Sums, more: TrackOptions, requestBytes: number, responseBytes: number): void {
  const latency = more.latencyMs ?? 0;
  sums.requests++;
  if (more.status === 'error') sums.failed++;
  sums.latency += latency;
  if (latency > sums.longest) sums.longest = latency;
  sums.requestBytes += requestBytes;
  sums.responseBytes += responseBytes;
}

/** At most what the service keeps. */
export function describeError(error: unknown): string {
  try {
    return String(error).slice(0, 10_000);
  } catch {
    return 'an error that has no text';
  }
}
