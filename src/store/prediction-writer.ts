// Writing predictions: one line of text per row, group commit, and the removal of an id's older place.
import { z } from 'zod';
import { BusyError, StoreUnavailableError } from '../domain/errors.js';
import { FieldError } from '../domain/fields.js';
import type { PredictionItem } from '../domain/contract/tracking.js';
import { Batcher, type BatcherLimits, type FlushReport } from './batcher.js';
import { GroundTruthTable } from './ground-truth.js';
import type { PredictionJournal } from './prediction-journal.js';
import { PredictionPlaces, type Place } from './prediction-places.js';
import { encodeFields, joinRows, quoted, RowPool, type RowText } from './row-text.js';
import type { Store } from './store.js';
import { Withdrawals } from './withdrawals.js';
import { WriteBehind } from './write-behind.js';

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
/** Rows of the journal that are stored at once after a crash. */
const RECOVERED = 5_000;

/** What goes through the journal: rows that come one by one, or few together. Whoever sends more at once shares the cost of an insert already. */
const JOURNAL_ROWS = 50;
const JOURNAL_BYTES = 64 * 1024;
/** Rows of the journal are stored together: after this time, or so many rows or bytes. The journal is emptied after so many entries. */
const BEHIND = { delay: 400, rows: 1_000, bytes: 4 * 1024 * 1024, journal: 5_000 };

export interface WriterOptions {
  limits: BatcherLimits;
  flushed: (report: FlushReport) => void;
  /** Told how many rows of refused batches could not be removed. */
  givenUp?: (rows: number, error: unknown) => void;
  /** Where predictions that come one by one are kept first; null: every one is stored by an insert of its own or a shared one. */
  journal?: PredictionJournal | null;
  /** When rows of the journal are stored, where it is not the usual. */
  behind?: Partial<typeof BEHIND>;
  warn?: (message: string, error: unknown) => void;
}

export class PredictionWriter {
  private readonly batcher: Batcher;
  private readonly places: PredictionPlaces;
  private readonly pool = new RowPool();
  private readonly withdrawals: Withdrawals;
  /** Of files, which may take minutes: nobody waits for them but who sent the file. */
  private readonly fileWithdrawals: Withdrawals;
  private readonly groundTruth: GroundTruthTable;
  private readonly journal: PredictionJournal | null;
  private readonly behind: WriteBehind<string> | null;

  constructor(
    private readonly store: Store,
    { limits, flushed, givenUp = () => undefined, journal = null, behind = {}, warn = () => undefined }: WriterOptions,
  ) {
    this.withdrawals = new Withdrawals(givenUp);
    this.fileWithdrawals = new Withdrawals(givenUp);
    this.places = new PredictionPlaces(store);
    this.groundTruth = new GroundTruthTable(store);
    const write = (body: Buffer) => store.insertBody('predictions', COLUMNS, body, 'ingest');
    this.batcher = new Batcher(write, { spacing: SPACING, pace: PACE, ...limits }, flushed);
    this.journal = journal;
    const save = (body: Buffer, rows: number, known: readonly string[]) => this.save(body, rows, known);
    this.behind =
      journal === null
        ? null
        : new WriteBehind(journal, save, { ...BEHIND, ...behind, maxBytes: limits.maxPendingBytes }, warn);
  }

  get depth(): number {
    return this.batcher.depth + (this.behind?.waitingBytes ?? 0);
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
    const error = JSON.stringify(record.error ?? '');
    const series = `${quoted(record.model)},${quoted(record.version)},${quoted(record.deployment)}`;
    const technical = `${record.latency_ms ?? null},"${record.status}",${error},${record.request_bytes ?? null},${record.response_bytes ?? null},${record.cpu_ms ?? null},${record.memory_bytes ?? null},${quoted(record.replica ?? '')}`;
    const line = `[${series},"${record.id}",${externalId},${record.timestamp},${fields},${metrics},${tags},${technical},${record.receivedAt},${this.store.versions.next()},0]\n`;
    return { row: this.pool.put(line), id: record.id, known };
  }

  /** Rows of refused batches that may be stored until the store answers again. */
  get unsettled(): number {
    return this.withdrawals.pending + this.fileWithdrawals.pending;
  }

  /**
   * Store rows; resolves when no crash can lose them: they are in the table and no older place of their ids is left, or they are in the journal,
   * and whoever reads the table has them stored first. Where it fails, rows whose ids nobody knows are not stored: they are removed if they had
   * been, before anything else is written. Rows with known ids are replaced when they are sent again.
   */
  async write(rows: readonly EncodedPrediction[]): Promise<void> {
    if (rows.length === 0) return;
    if (this.withdrawals.pending > 0) await this.withdrawals.settle();
    try {
      await this.keep(rows);
    } catch (error) {
      if (mayBeStored(error)) await this.withdraw(rows.filter((row) => !row.known));
      throw error;
    }
  }

  private keep(rows: readonly EncodedPrediction[]): Promise<void> {
    const body = joinRows(rows.map((encoded) => encoded.row));
    const known = rows.filter((row) => row.known).map((row) => row.id);
    const small = rows.length <= JOURNAL_ROWS && body.length <= JOURNAL_BYTES;
    if (small && this.behind !== null && this.journal?.usable === true)
      return this.behind.add(body, rows.length, known);
    // In the order of their versions: a job that has seen these rows looks for newer ones only.
    this.behind?.flush();
    return this.save(body, rows.length, known);
  }

  private async save(body: Buffer, rows: number, known: readonly string[]): Promise<void> {
    await this.batcher.add(body, rows);
    await this.places.removeOlder(known);
  }

  /** Resolves when every row that was acknowledged is in its table. @throws StoreError, StoreUnavailableError */
  settle(): Promise<void> {
    return this.behind?.settle() ?? Promise.resolve();
  }

  /** The same, and the journal holds nothing. */
  clear(): Promise<void> {
    return this.behind?.clear() ?? Promise.resolve();
  }

  /** Store what a crash left in the journal: to be called before anything is written. Returns how many rows it was; they may have been stored already. */
  async recover(): Promise<number> {
    if (this.journal === null) return 0;
    let count = 0;
    for (const rows of inGroups(await this.journal.left())) {
      const ids = rows.map(
        (row) => z.tuple([z.string(), z.string(), z.string(), z.string()]).rest(z.unknown()).parse(JSON.parse(row))[3],
      );
      await this.save(Buffer.from(rows.join('\n')), rows.length, ids);
      count += rows.length;
    }
    if (count > 0) await this.journal.emptyAll();
    return count;
  }

  /**
   * Remove stored predictions, and their labels, of a file that could not be stored to its end: its caller sends it again.
   * @param parts the ids, some at a time.
   */
  async withdrawIds(parts: () => Iterable<readonly string[]>, rows: number): Promise<void> {
    await this.fileWithdrawals.add(rows, async () => {
      await this.settle();
      for (const ids of parts()) {
        await this.places.removeAll(ids);
        await this.groundTruth.removeAll(ids);
      }
    });
  }

  /** Wait until everything is stored. What cannot be stored now stays in the journal for the next start. */
  async idle(): Promise<void> {
    try {
      await this.clear();
    } finally {
      await this.batcher.idle();
      for (const withdrawals of [this.withdrawals, this.fileWithdrawals]) {
        await withdrawals.settle().catch(() => undefined);
        withdrawals.close();
      }
    }
  }

  /** A deletion of a row wins over the row, also where that arrives only later. */
  private withdraw(rows: readonly EncodedPrediction[]): Promise<void> {
    return this.withdrawals.add(rows.length, () => this.places.remove(rows.map(placeOf)));
  }

  /** The models that have a prediction of these ids; an id that nobody has is absent. */
  async modelsOf(ids: readonly string[]): Promise<Map<string, string[]>> {
    await this.settle();
    return this.places.modelsOf(ids);
  }
}

/** Lines of several texts, a bounded number at a time. */
function* inGroups(texts: readonly string[]): Iterable<string[]> {
  const lines = texts.flatMap((text) => text.split('\n').filter((line) => line !== ''));
  for (let start = 0; start < lines.length; start += RECOVERED) yield lines.slice(start, start + RECOVERED);
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
