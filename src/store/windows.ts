// Which windows changed: marks collected from what arrived, and what each job has computed.
import { z } from 'zod';
import { ChangedWindows, type ChangedWindow } from './changed-windows.js';
import { SMALL_READ, type Store } from './store.js';

/** A series of predictions with the time range that has marks. Slots in epoch ms. */
export interface MarkedSeries {
  version: string;
  deployment: string;
  firstSlot: number;
  lastSlot: number;
}

/** A computed window, to be recorded. */
export interface ComputedWindow {
  version: string;
  deployment: string;
  start: number;
  end: number;
  inputVersion: number;
}

const COMPUTED_COLUMNS = [
  'job',
  'model',
  'version',
  'deployment',
  'window_start',
  'window_end',
  'input_version',
  'computed_at',
  'row_version',
  'is_deleted',
];
const SLOT = 'toStartOfInterval(ts, toIntervalMinute(15))';

type Arrivals = 'predictions' | 'labels';

/** Marks of the predictions that arrived in (after, upto]. */
const PREDICTION_MARKS = `SELECT model, version, deployment, ${SLOT} AS slot, 'prediction', max(predictions.row_version) FROM predictions
  WHERE row_version > {after:UInt64} AND row_version <= {upto:UInt64} GROUP BY model, version, deployment, slot`;

/** Marks of the predictions whose labels arrived in (after, upto]; a label without a prediction waits for it. */
const LABEL_MARKS = `SELECT p.model, p.version, p.deployment, toStartOfInterval(p.place_ts, toIntervalMinute(15)) AS slot, 'label', greatest(max(a.newest), {at_least:UInt64})
  FROM (SELECT prediction_id, max(row_version) AS newest FROM label_arrivals WHERE row_version > {after:UInt64} AND row_version <= {upto:UInt64} GROUP BY prediction_id) AS a
  INNER JOIN (
    SELECT prediction_id, model, version, deployment, argMax(ts, row_version) AS place_ts FROM prediction_places
    WHERE prediction_id IN (SELECT prediction_id FROM label_arrivals WHERE row_version > {after:UInt64} AND row_version <= {upto:UInt64})
    GROUP BY prediction_id, model, version, deployment, slot HAVING argMax(is_deleted, row_version) = 0
  ) AS p ON a.prediction_id = p.prediction_id GROUP BY p.model, p.version, p.deployment, slot`;

export class WindowTable {
  private positions: Record<Arrivals, number> | null = null;
  private readonly changes: ChangedWindows;
  private collecting: Promise<void> = Promise.resolve();
  /** How far writing had come when arrivals were last looked for. */
  private looked: number | null = null;

  /** `settle`: how many microseconds of arrivals are read again, because concurrent inserts of a server need not become visible in order. */
  constructor(
    private readonly store: Store,
    private readonly settle: number,
  ) {
    this.changes = new ChangedWindows(store, settle);
  }

  /** Turn what arrived since the last call into marks. Reading an arrival twice changes nothing. Calls run one after another. */
  collect(): Promise<void> {
    const next = this.collecting.then(() => this.collectOnce());
    this.collecting = next.catch(() => undefined);
    return next;
  }

  private async collectOnce(): Promise<void> {
    const { writes } = this.store.engine;
    if (writes !== null && writes === this.looked) return;
    const read = await this.readPositions();
    const after = {
      predictions: Math.max(0, read.predictions - this.settle),
      labels: Math.max(0, read.labels - this.settle),
    };
    const newest = await this.store.one({
      name: 'newest_arrivals',
      // On the ingest lane: an insert over several months becomes visible month by month, and a position taken in between would pass rows by.
      lane: 'ingest',
      sql: `SELECT (SELECT max(row_version) FROM predictions WHERE row_version > {predictions:UInt64}) AS predictions,
          (SELECT max(row_version) FROM label_arrivals WHERE row_version > {labels:UInt64}) AS labels ${SMALL_READ}`,
      params: after,
      row: z.object({ predictions: z.number(), labels: z.number() }),
    });
    await this.mark('predictions', PREDICTION_MARKS, after.predictions, newest.predictions);
    await this.mark('labels', LABEL_MARKS, after.labels, newest.labels);
    this.looked = writes;
  }

  /** Other processes can only be further; to read again what they have read costs time and changes nothing. */
  private async readPositions(): Promise<Record<Arrivals, number>> {
    this.positions ??= { predictions: await this.position('predictions'), labels: await this.position('labels') };
    return this.positions;
  }

  private async mark(name: Arrivals, marks: string, after: number, newest: number): Promise<void> {
    const position = this.positions?.[name] ?? 0;
    if (newest === 0 || (newest === position && this.settle === 0)) return;
    await this.store.command({
      name: `mark_${name}`,
      sql: `INSERT INTO window_marks (model, version, deployment, slot, cause, row_version) ${marks}`,
      params: { after, upto: newest, at_least: 0 },
    });
    if (newest <= position) return;
    await this.setPosition(name, newest);
    if (this.positions !== null) this.positions[name] = newest;
  }

  /** Mark the windows of labels whose versions lie in [first, last], as changed now. */
  markLabels(first: number, last: number): Promise<void> {
    return this.store.command({
      name: 'mark_uploaded_labels',
      sql: `INSERT INTO window_marks (model, version, deployment, slot, cause, row_version) ${LABEL_MARKS}`,
      params: { after: first - 1, upto: last, at_least: this.store.versions.next() },
    });
  }

  setPosition(name: string, position: number): Promise<void> {
    return this.store.insert(
      'watermarks',
      ['name', 'position', 'row_version'],
      [{ name, position, row_version: this.store.versions.next() }],
    );
  }

  /** Windows of a length, from `since` on, whose labels have had their time (`delay`, ms) by now, but had not when they were last computed. */
  matured(job: string, model: string, length: number, delay: number, now: number, since: number) {
    return this.store.query({
      name: 'matured_windows',
      lane: 'jobs',
      sql: `SELECT version, deployment, toUnixTimestamp64Milli(window_start) AS start, toUnixTimestamp64Milli(window_end) AS end, input_version AS inputVersion FROM computed_windows FINAL
        WHERE job = {job:String} AND model = {model:String} AND toUnixTimestamp64Milli(window_end) - toUnixTimestamp64Milli(window_start) = {length:Int64}
          AND window_start >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND toUnixTimestamp64Milli(window_end) + {delay:Int64} <= {now:Int64}
          AND toUnixTimestamp64Milli(computed_at) < toUnixTimestamp64Milli(window_end) + {delay:Int64}`,
      params: { job, model, length, delay, now, since },
      row: z.object({
        version: z.string(),
        deployment: z.string(),
        start: z.number(),
        end: z.number(),
        inputVersion: z.number(),
      }),
    });
  }

  async position(name: string): Promise<number> {
    const [row] = await this.store.query({
      name: 'read_watermark',
      lane: 'jobs',
      sql: 'SELECT position FROM watermarks FINAL WHERE name = {name:String}',
      params: { name },
      row: z.object({ position: z.number() }),
    });
    return row?.position ?? 0;
  }

  /** Remove arrivals that have become marks; the newest day stays, for late readers. */
  async forgetArrivals(): Promise<void> {
    const read = (await this.position('labels')) - 86_400_000_000;
    if (read <= 0) return;
    await this.store.command({
      name: 'forget_arrivals',
      sql: 'DELETE FROM label_arrivals WHERE row_version <= {read:UInt64}',
      params: { read },
    });
  }

  /** Mark every window of a model dirty: its configuration or baseline changed. */
  touch(model: string): Promise<void> {
    return this.store.command({
      name: 'mark_model',
      sql: `INSERT INTO window_marks (model, version, deployment, slot, cause, row_version)
        SELECT DISTINCT model, version, deployment, slot, 'config', {row_version:UInt64} FROM window_marks WHERE model = {model:String}`,
      params: { model, row_version: this.store.versions.next() },
    });
  }

  /** Series that have predictions; for the operations job also those of which only replicas are heard. */
  series(model: string, job: string | null = null): Promise<MarkedSeries[]> {
    return this.store.query({
      name: 'marked_series',
      lane: 'jobs',
      sql: `SELECT version, deployment, toUnixTimestamp(min(slot)) * 1000 AS first_ms, toUnixTimestamp(max(slot)) * 1000 AS last_ms FROM window_marks
        WHERE model = {model:String} AND cause IN {causes:Array(String)} GROUP BY version, deployment ORDER BY version, deployment ${SMALL_READ}`,
      params: { model, causes: job === 'operations' ? ['prediction', 'replica'] : ['prediction'] },
      row: z
        .object({ version: z.string(), deployment: z.string(), first_ms: z.number(), last_ms: z.number() })
        .transform((row) => ({
          version: row.version,
          deployment: row.deployment,
          firstSlot: row.first_ms,
          lastSlot: row.last_ms,
        })),
    });
  }

  /** Windows of one model and length that a job must (re)compute, complete at `now`. */
  changed(job: string, model: string, length: number, origin: number, now: number): Promise<ChangedWindow[]> {
    return this.changes.find(job, model, length, origin, now);
  }

  /** What a job has computed of a series since a time, and the newest window before it. */
  async computedSince(job: string, model: string, length: number, from: number) {
    return this.store.query({
      name: 'computed_windows',
      lane: 'jobs',
      sql: `SELECT version, deployment, toUnixTimestamp64Milli(window_start) AS w, input_version AS input FROM computed_windows FINAL
        WHERE job = {job:String} AND model = {model:String} AND toUnixTimestamp64Milli(window_end) - toUnixTimestamp64Milli(window_start) = {length:Int64}
          AND window_start >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') ${SMALL_READ}`,
      params: { job, model, length, from },
      row: z.object({ version: z.string(), deployment: z.string(), w: z.number(), input: z.number() }),
    });
  }

  /** The newest computed window of each series, epoch ms. */
  lastComputed(job: string, model: string) {
    return this.store.query({
      name: 'last_computed_windows',
      lane: 'jobs',
      sql: `SELECT version, deployment, toUnixTimestamp64Milli(max(window_start)) AS w FROM computed_windows WHERE job = {job:String} AND model = {model:String}
        GROUP BY version, deployment ${SMALL_READ}`,
      params: { job, model },
      row: z.object({ version: z.string(), deployment: z.string(), w: z.number() }),
    });
  }

  /** Record what was computed at `computedAt`, the time that the run was told. */
  async record(job: string, model: string, windows: readonly ComputedWindow[], computedAt: number): Promise<void> {
    const row_version = this.store.versions.next();
    // What a server's concurrent inserts may still add below the newest version is read again at the next run.
    const horizon = this.settle === 0 ? Number.MAX_SAFE_INTEGER : this.store.now() * 1000 - this.settle;
    await this.store.insert(
      'computed_windows',
      COMPUTED_COLUMNS,
      windows.map((window) => ({
        job,
        model,
        version: window.version,
        deployment: window.deployment,
        window_start: window.start,
        window_end: window.end,
        input_version: Math.min(window.inputVersion, horizon),
        computed_at: computedAt,
        row_version,
        is_deleted: 0,
      })),
    );
  }
}
