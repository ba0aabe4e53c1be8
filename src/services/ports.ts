// What the services need of the outside: the store's tables, mail, ids. The store and notify layers fit these shapes; the container joins them.
import type { Alert, Notification } from '../domain/contract/alerts.js';
import type { MetricPoint } from '../domain/contract/metrics.js';
import type { PointQuery } from '../domain/stored.js';

export type { SeriesKey } from '../domain/alerts/watched-series.js';

/** Documents of one kind by name (models, rules, channels, silences, keys). Writes are visible to the next read. */
export interface DocumentStore<T> {
  get(name: string): Promise<T | null>;
  list(): Promise<{ name: string; doc: T; updatedAt: number }[]>;
  put(name: string, doc: T): Promise<void>;
  remove(name: string): Promise<void>;
  /** Read, decide and write with nobody else in between: no other change of the catalogue, in no process. */
  exclusively<R>(work: () => Promise<R>): Promise<R>;
}

/** One change of the catalogue at a time (registry, rules, channels, keys, models, ...), also where several processes share a server. */
export interface CatalogueGuard {
  /** Read, decide and write with nobody else in between. @throws StoreUnavailableError where others do not let go. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** Call right before a write that is not of a `DocumentStore`. @throws StoreUnavailableError where this process was too slow. */
  confirm(): void;
  /** Say what is written. */
  wrote(table: string, version: number): void;
  /** The newest row version that anybody wrote to a table; 0 where nobody else writes. */
  writtenTo(table: string): number;
  /** Grows whenever another process may have written since this one did. */
  readonly turns: number;
}

export interface PointStore {
  /** Ascending by window, then series. */
  read(query: PointQuery): Promise<MetricPoint[]>;
  write(points: readonly MetricPoint[]): Promise<void>;
}

/** A line of the alert log. `alert.state` is one of pending, firing, resolved, no_data, acknowledged. */
export interface AlertEvent {
  alert: Alert;
  /** JSON-able facts behind the event: transition, noise limit, n, coverage, baseline. */
  detail: Record<string, unknown>;
  at: number;
}

/** The alert log: append-only; the newest line of an alert is its state. */
export interface AlertLog {
  append(events: readonly AlertEvent[]): Promise<void>;
  /** The newest line of every alert, newest first. */
  latest(filter: {
    rule: string | null;
    model: string | null;
    states: string[] | null;
    limit: number;
  }): Promise<AlertEvent[]>;
  byId(id: string): Promise<AlertEvent[]>;
  /** The newest line of every alert among those written after a version, at most `limit` a rule and model. */
  newerThan(version: number, limit: number): Promise<NewLines<AlertEvent>>;
}

/** Lines of a log with their versions, newest first; `total`: how many lines the whole log has. */
export interface NewLines<Line> {
  lines: { line: Line; version: number }[];
  total: number;
}

/** A line of the notification log, as it is stored. Times in epoch milliseconds. */
export interface NotificationRow extends Omit<Notification, 'at'> {
  deployment: string;
  severities: string[];
  at: number;
}

export interface NotificationLog {
  append(row: NotificationRow): Promise<void>;
  /** Newest first. */
  list(filter: { rule: string | null; model: string | null; limit: number }): Promise<NotificationRow[]>;
  /** Of the lines written after a version: the newest of each group, channel, outcome and kind, tests left out. */
  newerThan(version: number): Promise<NewLines<NotificationRow>>;
}

/** One message to one channel, already rendered. */
export interface Message {
  subject: string;
  text: string;
  html: string;
  messageId: string;
  /** Message-Id of the first mail of the thread, or null. */
  inReplyTo: string | null;
}

/** Sends mail. Rejects when the server refuses for good or all attempts failed. */
export interface Mailer {
  send(to: readonly string[], message: Message): Promise<{ attempts: number }>;
}
