// Counters of the process, in Prometheus form.
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** What of the store is shown at a scrape. */
export interface StoreState {
  queueBytes(): number;
  /** Rows of refused batches that may be stored until the store answers again. */
  unsettledRows(): number;
  /** Whether callers are refused because the server does not answer. */
  circuitOpen(): boolean;
  retries(): number;
}

/** What the service counts about itself. Labels of its own counters have few values: no model names, no ids. */
export class Counters {
  readonly registry = new Registry();
  private readonly refreshers: (() => Promise<void>)[] = [];
  private readonly storeErrors = new Counter({
    name: 'driftline_store_errors_total',
    help: 'Statements that failed, after retries.',
    labelNames: ['statement'],
    registers: [this.registry],
  });
  private readonly insertErrors = new Counter({
    name: 'driftline_insert_errors_total',
    help: 'Inserts that failed, after retries.',
    labelNames: ['table'],
    registers: [this.registry],
  });
  private readonly acceptedItems = new Counter({
    name: 'driftline_accepted_total',
    help: 'Items stored and acknowledged.',
    labelNames: ['route'],
    registers: [this.registry],
  });
  private readonly rejectedItems = new Counter({
    name: 'driftline_rejected_total',
    help: 'Items refused, each once, by the first reason.',
    labelNames: ['route', 'code'],
    registers: [this.registry],
  });
  private readonly replayedItems = new Counter({
    name: 'driftline_replayed_total',
    help: 'Refused items that were sent again from GET /v1/rejected, by what became of them: stored, refused.',
    labelNames: ['route', 'outcome'],
    registers: [this.registry],
  });
  private readonly flushSeconds = new Histogram({
    name: 'driftline_flush_seconds',
    help: 'Time of one insert of predictions.',
    labelNames: ['ok'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });
  private readonly flushRows = new Histogram({
    name: 'driftline_flush_rows',
    help: 'Rows of one insert of predictions.',
    buckets: [1, 10, 100, 1000, 5000, 10_000, 50_000, 100_000],
    registers: [this.registry],
  });
  private readonly jobSeconds = new Histogram({
    name: 'driftline_job_seconds',
    help: 'Time of one job run.',
    labelNames: ['job', 'status'],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300],
    registers: [this.registry],
  });
  private readonly jobSuccess = new Gauge({
    name: 'driftline_job_last_success_timestamp_seconds',
    help: 'End of the last successful run.',
    labelNames: ['job'],
    registers: [this.registry],
  });

  constructor(store: StoreState) {
    collectDefaultMetrics({ register: this.registry, prefix: 'driftline_' });
    new Gauge({
      name: 'driftline_queue_bytes',
      help: 'Bytes of predictions that wait for their insert or are in it.',
      registers: [this.registry],
      collect() {
        this.set(store.queueBytes());
      },
    });
    new Gauge({
      name: 'driftline_unsettled_rows',
      help: 'Rows of refused batches that may be stored, and are removed once the store answers.',
      registers: [this.registry],
      collect() {
        this.set(store.unsettledRows());
      },
    });
    new Gauge({
      name: 'driftline_store_circuit_open',
      help: '1 while calls are refused because the ClickHouse server does not answer.',
      registers: [this.registry],
      collect() {
        this.set(store.circuitOpen() ? 1 : 0);
      },
    });
    new Counter({
      name: 'driftline_store_retries_total',
      help: 'Statements that were sent again after a lost connection.',
      registers: [this.registry],
      collect() {
        this.reset();
        this.inc(store.retries());
      },
    });
    // Present from the start: a rule over a counter that is not there yet sees nothing.
    this.insertErrors.inc({ table: 'predictions' }, 0);
  }

  accepted(route: string, items: number): void {
    if (items > 0) this.acceptedItems.inc({ route }, items);
  }

  rejected(route: string, code: string, items: number): void {
    this.rejectedItems.inc({ route, code }, items);
  }

  /** Items that were refused before: being refused again is no new refusal. */
  replayed(route: string, stored: number, refused: number): void {
    this.replayedItems.inc({ route, outcome: 'stored' }, stored);
    this.replayedItems.inc({ route, outcome: 'refused' }, refused);
  }

  flush(report: { rows: number; milliseconds: number; ok: boolean }): void {
    this.flushSeconds.observe({ ok: String(report.ok) }, report.milliseconds / 1000);
    if (report.ok) this.flushRows.observe(report.rows);
  }

  /** A statement that failed. */
  failed(statement: string): void {
    this.storeErrors.inc({ statement });
    if (statement.startsWith('insert_')) this.insertErrors.inc({ table: statement.slice('insert_'.length) });
  }

  /** `refresh` is awaited before every scrape; it must not throw. */
  beforeScrape(refresh: () => Promise<void>): void {
    this.refreshers.push(refresh);
  }

  job(job: string, status: string, milliseconds: number, finishedAt: number): void {
    this.jobSeconds.observe({ job, status }, milliseconds / 1000);
    if (status === 'ok') this.jobSuccess.set({ job }, finishedAt / 1000);
  }

  /** Prometheus text. */
  async render(): Promise<{ contentType: string; body: string }> {
    await Promise.all(this.refreshers.map((refresh) => refresh()));
    return { contentType: this.registry.contentType, body: await this.registry.metrics() };
  }
}
