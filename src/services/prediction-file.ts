// Predictions from CSV and Parquet files: rows become items and go the way of every other item, a few batches at a time.
import type { Accepted, Tracked } from '../domain/contract/tracking.js';
import { InvalidInputError, type ItemError } from '../domain/errors.js';
import { flatReader, isTextColumn, type FlatRow } from '../domain/flat-predictions.js';
import type { BatchOptions, PredictionDefaults, UploadedFile } from './api.js';
import { newId } from './ids.js';
import type { PredictionFileReader } from './ingest-ports.js';

/** Rows of one batch, and how many batches may be on their way to the store: what bounds the memory. */
const BATCH = 2_000;
const IN_FLIGHT = 3;
/** Errors that the answer lists, and refused rows that are kept, of one file. */
const MAX_ERRORS = 100;
const MAX_KEPT = 10_000;

/** Where the rows go. */
export interface ItemSink {
  predictions(items: readonly unknown[], allowed: readonly string[] | null, options: BatchOptions): Promise<Tracked>;
  groundTruth(items: readonly unknown[], allowed: readonly string[] | null): Promise<Tracked>;
  /** Remove what was stored under the ids that were counted through from `base`. */
  withdraw(base: string, rows: number): Promise<void>;
}

export interface FileCaller {
  allowed: readonly string[] | null;
  token: string | null;
}

/**
 * Store every row of a file that can be used. Where that fails, rows without an id stay only under a token of the caller's, which replaces them when the
 * file is sent again; without one they are removed. Batches are stored in any order; a repeated id within three batches ends as its last row, as versions are given in order.
 */
export async function storePredictionFile(
  reader: PredictionFileReader,
  sink: ItemSink,
  file: UploadedFile,
  defaults: PredictionDefaults,
  caller: FileCaller,
  progress: (rows: number, rejected: number) => void,
  now: number,
): Promise<Accepted> {
  const opened = await reader.open(file, isTextColumn);
  const base = newId(now).id;
  const running = new Set<Promise<void>>();
  let first = 0;
  try {
    const read = flatReader(opened.columns, { format: file.format, strings: file.strings, defaults });
    const total = new Totals();
    const failures: unknown[] = [];
    for await (const rows of opened.rows(BATCH)) {
      const work: Promise<void> = storeBatch(
        sink,
        rows.map(read),
        { token: caller.token, base, first },
        caller.allowed,
        total,
      )
        .then(() => progress(total.accepted, total.rejected))
        .catch((error: unknown) => void failures.push(error))
        .finally(() => running.delete(work));
      running.add(work);
      first += rows.length;
      if (running.size >= IN_FLIGHT) await Promise.race(running);
      if (failures.length > 0) break;
    }
    await Promise.all(running);
    if (failures.length > 0) throw failures[0];
    return total.answer();
  } catch (error) {
    await Promise.all(running);
    if (caller.token === null) await sink.withdraw(base, first);
    throw error;
  } finally {
    await opened.close();
  }
}

async function storeBatch(
  sink: ItemSink,
  rows: readonly FlatRow[],
  options: BatchOptions,
  allowed: readonly string[] | null,
  total: Totals,
) {
  const keepRejected = total.rejected < MAX_KEPT;
  const items = rows.map((row) => row.item);
  const stored = await sink.predictions(items, allowed, { ...options, keepRejected });
  total.add(stored);
  const labels = rows.flatMap(({ values }, index) => {
    const id = stored.prediction_ids[index];
    return values === null || id === null || id === undefined ? [] : [{ prediction_id: id, values }];
  });
  if (labels.length > 0) await sink.groundTruth(labels, allowed);
}

/** What all batches came to. */
class Totals {
  accepted = 0;
  rejected = 0;
  private readonly errors: (ItemError & { index: number })[] = [];

  add(answer: Tracked): void {
    this.accepted += answer.accepted;
    this.rejected += answer.rejected ?? 0;
    for (const error of answer.errors ?? []) if (this.errors.length < MAX_ERRORS) this.errors.push(error);
  }

  answer(): Accepted {
    if (this.accepted + this.rejected === 0) throw new InvalidInputError('The file has no rows.');
    if (this.rejected === 0) return { accepted: this.accepted };
    this.errors.sort((a, b) => a.index - b.index);
    return { accepted: this.accepted, rejected: this.rejected, errors: this.errors };
  }
}
