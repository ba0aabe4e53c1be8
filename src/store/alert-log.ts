// The logs of alerting: what rules found and what was sent. Append-only; the newest line of an alert is its state.
import { z } from 'zod';
import { alertSchema, notificationSchema, type Alert, type Notification } from '../domain/contract/alerts.js';
import { iso } from '../domain/contract/common.js';
import { Conditions } from './conditions.js';
import { SMALL_READ, type Store } from './store.js';

/** A line of the alert log. `at` in epoch milliseconds. */
interface EventLine {
  alert: Alert;
  detail: Record<string, unknown>;
  at: number;
}

/** A line of the notification log. `at` in epoch milliseconds. */
interface NotificationLine extends Omit<Notification, 'at'> {
  deployment: string;
  severities: string[];
  at: number;
}

const eventRow = z
  .object({
    id: z.string(),
    rule: z.string(),
    model: z.string(),
    version: z.string(),
    deployment: z.string(),
    segment: z.string(),
    feature: z.string(),
    metric: z.string(),
    state: alertSchema.shape.state,
    severity: z.enum(['', 'warning', 'critical']),
    value: z.number().nullable(),
    threshold: z.number().nullable(),
    since_ms: z.number(),
    window_start_ms: z.number(),
    window_end_ms: z.number(),
    why: z.string(),
    detail: z.string(),
    at_ms: z.number(),
  })
  .transform(({ since_ms, window_start_ms, window_end_ms, at_ms, detail, severity, ...rest }): EventLine => ({
    alert: {
      ...rest,
      severity: severity === '' ? null : severity,
      since: iso(since_ms),
      window_start: iso(window_start_ms),
      window_end: iso(window_end_ms),
      updated_at: iso(at_ms),
    },
    detail: z.record(z.string(), z.unknown()).parse(JSON.parse(detail)),
    at: at_ms,
  }));

const EVENT_COLUMNS = [
  'alert_id',
  'rule',
  'model',
  'version',
  'deployment',
  'segment',
  'feature',
  'metric',
  'state',
  'severity',
  'value',
  'threshold',
  'since',
  'window_start',
  'window_end',
  'why',
  'detail',
  'at',
  'row_version',
];
const EVENT_FIELDS = `toString(alert_id) AS id, rule, model, version, deployment, segment, feature, metric, state, severity, value, threshold,
  toUnixTimestamp64Milli(since) AS since_ms, toUnixTimestamp64Milli(window_start) AS window_start_ms,
  toUnixTimestamp64Milli(window_end) AS window_end_ms, why, detail, toUnixTimestamp64Milli(at) AS at_ms`;

/** The alert log in the table `alert_events`. */
export class AlertEventTable {
  constructor(private readonly store: Store) {}

  async append(events: readonly EventLine[]): Promise<void> {
    const rows = events.map(({ alert, detail, at }) => ({
      alert_id: alert.id,
      rule: alert.rule,
      model: alert.model,
      version: alert.version,
      deployment: alert.deployment,
      segment: alert.segment,
      feature: alert.feature,
      metric: alert.metric,
      state: alert.state,
      severity: alert.severity ?? '',
      value: alert.value,
      threshold: alert.threshold,
      since: Date.parse(alert.since),
      window_start: Date.parse(alert.window_start),
      window_end: Date.parse(alert.window_end),
      why: alert.why,
      detail: JSON.stringify(detail),
      at,
      row_version: this.store.versions.next(),
    }));
    await this.store.insert('alert_events', EVENT_COLUMNS, rows);
  }

  /** The newest line of every alert, newest first. `states` filters on that newest line. */
  latest(filter: {
    rule: string | null;
    model: string | null;
    states: string[] | null;
    limit: number;
  }): Promise<EventLine[]> {
    const which = new Conditions().equals('rule', filter.rule).equals('model', filter.model);
    const states = filter.states === null ? '' : `WHERE state IN ${which.bind(filter.states, 'Array(String)')}`;
    const limit = which.bind(filter.limit, 'UInt32');
    return this.store.query({
      name: 'latest_alert_events',
      // The newest line is taken first, the states are compared afterwards: otherwise a resolved alert would show its older firing line.
      sql: `SELECT ${EVENT_FIELDS} FROM (SELECT * FROM alert_events ${which.where()} ORDER BY row_version DESC LIMIT 1 BY alert_id) AS newest
        ${states} ORDER BY row_version DESC LIMIT ${limit}`,
      params: which.params,
      row: eventRow,
    });
  }

  /** The newest line of every alert among those written after a version, at most `limit` a rule and model, and how many lines the log has. */
  async newerThan(version: number, limit: number): Promise<NewLines<EventLine>> {
    const lines = await this.store.query({
      name: 'newer_alert_events',
      lane: 'jobs',
      sql: `SELECT ${EVENT_FIELDS}, row_version FROM (SELECT * FROM alert_events WHERE row_version > {version:UInt64} ORDER BY row_version DESC LIMIT 1 BY alert_id) AS newest
        ORDER BY row_version DESC LIMIT {limit:UInt32} BY rule, model ${SMALL_READ}`,
      params: { version, limit },
      row: z
        .looseObject({ row_version: z.number() })
        .transform((row) => ({ line: eventRow.parse(row), version: row.row_version })),
    });
    return { lines, total: await countLines(this.store, 'alert_events') };
  }

  /** Every line of one alert, oldest first; empty when there is none. */
  byId(id: string): Promise<EventLine[]> {
    return this.store.query({
      name: 'alert_events_by_id',
      sql: `SELECT ${EVENT_FIELDS} FROM alert_events WHERE alert_id = toUUIDOrZero({id:String}) ORDER BY row_version`,
      params: { id },
      row: eventRow,
    });
  }
}

const notificationRow = z
  .object({
    id: z.string(),
    rule: z.string(),
    model: z.string(),
    deployment: z.string(),
    channel: z.string(),
    kind: notificationSchema.shape.kind,
    reason: z.string(),
    alert_ids: z.array(z.string()),
    severities: z.array(z.string()),
    message_id: z.string(),
    outcome: notificationSchema.shape.outcome,
    attempts: z.number(),
    error: z.string(),
    subject: z.string(),
    at_ms: z.number(),
  })
  .transform(({ at_ms, error, ...rest }): NotificationLine => ({
    ...rest,
    error: error === '' ? null : error,
    at: at_ms,
  }));

const NOTIFICATION_COLUMNS = [
  'id',
  'rule',
  'model',
  'deployment',
  'channel',
  'kind',
  'reason',
  'alert_ids',
  'severities',
  'message_id',
  'outcome',
  'attempts',
  'error',
  'subject',
  'at',
  'row_version',
];

/** Lines of a log with their versions, newest first; `total`: how many lines the whole log has. */
interface NewLines<Line> {
  lines: { line: Line; version: number }[];
  total: number;
}

/** From the table's own counters: no row is read. */
async function countLines(store: Store, table: 'alert_events' | 'notifications'): Promise<number> {
  const { n } = await store.one({
    name: `count_${table}`,
    lane: 'jobs',
    sql: `SELECT count() AS n FROM ${table}`,
    row: z.object({ n: z.number() }),
  });
  return n;
}

const NOTIFICATION_FIELDS = `toString(id) AS id, rule, model, deployment, channel, kind, reason, arrayMap(x -> toString(x), alert_ids) AS alert_ids,
  severities, message_id, outcome, attempts, error, subject, toUnixTimestamp64Milli(at) AS at_ms`;

/** The notification log in the table `notifications`. */
export class NotificationTable {
  constructor(private readonly store: Store) {}

  async append(row: NotificationLine): Promise<void> {
    const line = { ...row, error: row.error ?? '', row_version: this.store.versions.next() };
    await this.store.insert('notifications', NOTIFICATION_COLUMNS, [line]);
  }

  /** Newest first. */
  list(filter: { rule: string | null; model: string | null; limit: number }): Promise<NotificationLine[]> {
    const which = new Conditions().equals('rule', filter.rule).equals('model', filter.model);
    const limit = which.bind(filter.limit, 'UInt32');
    return this.store.query({
      name: 'list_notifications',
      sql: `SELECT ${NOTIFICATION_FIELDS}
        FROM notifications ${which.where()} ORDER BY row_version DESC LIMIT ${limit}`,
      params: which.params,
      row: notificationRow,
    });
  }

  /** Of the lines written after a version: the newest of each group, channel, outcome and kind, tests left out. */
  async newerThan(version: number): Promise<NewLines<NotificationLine>> {
    const lines = await this.store.query({
      name: 'newer_notifications',
      lane: 'jobs',
      sql: `SELECT ${NOTIFICATION_FIELDS}, row_version FROM notifications WHERE row_version > {version:UInt64} AND kind != 'test'
        ORDER BY row_version DESC LIMIT 1 BY rule, model, deployment, channel, outcome, kind ${SMALL_READ}`,
      params: { version },
      row: z
        .looseObject({ row_version: z.number() })
        .transform((row) => ({ line: notificationRow.parse(row), version: row.row_version })),
    });
    return { lines, total: await countLines(this.store, 'notifications') };
  }
}
