// Writing predictions: one line of text per row, group commit, and the removal of an id's older place.
import { BusyError, StoreUnavailableError } from '../domain/errors.js';
import { FieldError } from '../domain/fields.js';
import type { PredictionItem } from '../domain/contract/tracking.js';
import { Batcher, type BatcherLimits, type FlushReport } from './batcher.js';
import { GroundTruthTable } from './ground-truth.js';
import { PredictionPlaces, type Place } from './prediction-places.js';
import { encodeFields, joinRows, quoted, RowPool, type RowText } from './row-text.js';
import type { Store } from './store.js';
import { Withdrawals } from './withdrawals.js';

const COLUMNS = [
  'model', 'version', 'deployment', 'prediction_id', 'external_id', 'ts', 'num', 'str', 'flag', 'json', 'metrics', 'tags', 'latency_ms', 'status',
  'error', 'request_bytes', 'response_bytes', 'cpu_ms', 'memory_bytes', 'replica', 'received_at', 'row_version', 'is_deleted',
] as const; // prettier-ignore

/** A validated prediction with its identity and time resolved. */
export interface PredictionRecord extends Omit<PredictionItem, 'prediction_id' | 'timestamp'> {
  id: string;
  externalId: string;
  timestamp: number;
  receivedAt: number;
}

/** A row ready to be written. `known` says that the id came from the client, so an older place may exist. */
export interface EncodedPrediction {
  row: RowText;
  id: string;
  known: boolean;
}

/** Ms between inserts of few rows: what a prediction waits at the most when many come one by one. */
const SPACING = 20;
/** Inserts keep the engine busy two thirds of the time at the most, measured from start to start. */
const PACE = 1.5;

export class PredictionWriter {
  private readonly batcher: Batcher;
  private readonly places: PredictionPlaces;
  private readonly pool = new RowPool();
  private readonly withdrawals: Withdrawals;
  private readonly groundTruth: GroundTruthTable;

  /** @param givenUp told how many rows of refused batches could not be removed. */
  constructor(
    private readonly store: Store,
    limits: BatcherLimits,
    report: (flush: FlushReport) => void,
    givenUp: (rows: number, error: unknown) => void = () => undefined,
  ) {
    this.withdrawals = new Withdrawals(givenUp);
    this.places = new PredictionPlaces(store);
    this.groundTruth = new GroundTruthTable(store);
    const write = (body: Buffer) => store.insertBody('predictions', COLUMNS, body, 'ingest');
    this.batcher = new Batcher(write, { spacing: SPACING, pace: PACE, ...limits }, report);
  }

  get depth(): number {
    return this.batcher.depth;
  }

  /**
   * One row as JSONCompactEachRow text.
   * @throws FieldError when a value cannot be stored; its path names it.
   */
  encode(record: PredictionRecord, known: boolean): EncodedPrediction {
    const fields = encodeFields({ inputs: record.inputs, outputs: record.outputs });
    const metrics = record.metrics === undefined ? '{}' : encodeMetrics(record.metrics);
    const tags = record.tags === undefined ? '{}' : JSON.stringify(record.tags);
    const externalId = record.externalId === '' ? '""' : JSON.stringify(record.externalId);
    const error = record.error === undefined ? '""' : JSON.stringify(record.error);
    const series = `${quoted(record.model)},${quoted(record.version)},${quoted(record.deployment)}`;
    const technical = `${record.latency_ms ?? null},"${record.status}",${error},${record.request_bytes ?? null},${record.response_bytes ?? null},${record.cpu_ms ?? null},${record.memory_bytes ?? null},${record.replica === undefined ? '""' : quoted(record.replica)}`;
    const line = `[${series},"${record.id}",${externalId},${record.timestamp},${fields},${metrics},${tags},${technical},${record.receivedAt},${this.store.versions.next()},0]\n`;
    return { row: this.pool.put(line), id: record.id, known };
  }

  /** Rows of refused batches that may be stored until the store answers again. */
  get unsettled(): number {
    return this.withdrawals.pending;
  }

  /**
   * Store rows; resolves when they are on disk and no older place of their ids is left. Where it fails, rows whose ids nobody knows are not stored:
   * they are removed if they had been, before anything else is written. Rows with known ids are replaced when they are sent again.
   */
  async write(rows: readonly EncodedPrediction[]): Promise<void> {
    if (rows.length === 0) return;
    if (this.withdrawals.pending > 0) await this.withdrawals.settle();
    try {
      await this.batcher.add(joinRows(rows.map((encoded) => encoded.row)), rows.length);
      await this.places.removeOlder(rows.filter((row) => row.known).map((row) => row.id));
    } catch (error) {
      if (mayBeStored(error)) await this.withdraw(rows.filter((row) => !row.known));
      throw error;
    }
  }

  /**
   * Remove stored predictions, and their labels, of a file that could not be stored to its end: its caller sends it again.
   * @param parts the ids, some at a time.
   */
  async withdrawIds(parts: () => Iterable<readonly string[]>, rows: number): Promise<void> {
    await this.withdrawals.add(rows, async () => {
      for (const ids of parts()) {
        await this.places.removeAll(ids);
        await this.groundTruth.removeAll(ids);
      }
    });
  }

  async idle(): Promise<void> {
    await this.batcher.idle();
    await this.withdrawals.settle().catch(() => undefined);
    this.withdrawals.close();
  }

  /** A deletion of a row wins over the row, also where that arrives only later. */
  private withdraw(rows: readonly EncodedPrediction[]): Promise<void> {
    return this.withdrawals.add(rows.length, () => this.places.remove(rows.map(placeOf)));
  }

  /** The models that have a prediction of these ids; an id that nobody has is absent. */
  modelsOf(ids: readonly string[]): Promise<Map<string, string[]>> {
    return this.places.modelsOf(ids);
  }
}

/** Whether any of it can have reached the store. */
function mayBeStored(error: unknown): boolean {
  return !(error instanceof BusyError) && !(error instanceof StoreUnavailableError && error.nothingSent);
}

/** Where a row is, read from its text: only needed where an insert failed. */
function placeOf({ id, row: { chunk, start, end } }: EncodedPrediction): Place {
  const values = JSON.parse(chunk.toString('utf8', start, end)) as unknown[];
  const at = (column: (typeof COLUMNS)[number]) => values[COLUMNS.indexOf(column)];
  return {
    id,
    model: String(at('model')),
    version: String(at('version')),
    deployment: String(at('deployment')),
    ts: Number(at('ts')),
    newest: Number(at('row_version')),
  };
}

/** @throws FieldError */
function encodeMetrics(metrics: Record<string, number>): string {
  for (const key of Object.keys(metrics))
    if (!Number.isFinite(metrics[key])) throw new FieldError(`metrics.${key}`, 'not a finite number');
  return JSON.stringify(metrics);
}
