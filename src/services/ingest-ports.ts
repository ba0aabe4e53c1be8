// What the ingest service needs of the store.
import type { AggregateDocument, PredictionItem, RejectedItem } from '../domain/contract/tracking.js';
import type { ItemError } from '../domain/errors.js';
import type { ReplayFilter, StoredLabels } from '../domain/stored-ingestion.js';
import type { UploadedFile } from './api.js';

/** A validated prediction with its identity and time resolved. Times in epoch milliseconds. */
export interface ResolvedPrediction extends Omit<PredictionItem, 'prediction_id' | 'timestamp'> {
  id: string;
  externalId: string;
  timestamp: number;
  receivedAt: number;
}

/** A prediction in the store's own form. */
export interface EncodedPrediction {
  row: unknown;
  id: string;
  known: boolean;
}

export interface PredictionSink {
  /** @throws FieldError when a value cannot be stored. `known`: the caller chose the id. */
  encode(prediction: ResolvedPrediction, known: boolean): EncodedPrediction;
  /** Resolves when the rows are stored. Where it fails, rows whose ids nobody chose are not. @throws BusyError, StoreUnavailableError */
  write(rows: readonly EncodedPrediction[]): Promise<void>;
  /** Remove stored rows and their labels, now or when the store answers again; `parts`: their ids, some at a time. */
  withdrawIds(parts: () => Iterable<readonly string[]>, rows: number): Promise<void>;
  /** The models that have a prediction of these ids. */
  modelsOf(ids: readonly string[]): Promise<Map<string, string[]>>;
}

export interface GroundTruthWriter {
  insert(values: readonly { id: string; key: string; value: unknown; ts: number }[]): Promise<void>;
}

export interface AggregateWriter {
  insert(items: readonly AggregateDocument[]): Promise<void>;
}

/** A refused item as it is kept, for sending it again. */
export interface KeptItem {
  /** One id of the item, always the same: an item with two bad fields is kept with two reasons. */
  id: string;
  route: string;
  /** JSON, or what could not be read as JSON. */
  text: string;
  /** Only the beginning was kept. */
  isCut: boolean;
  /** Paths of private fields that are hashes in it. */
  hashed: readonly string[];
}

export interface RejectedLog {
  append(
    route: string,
    entries: readonly { error: ItemError; item: unknown; hashed?: readonly string[] }[],
  ): Promise<void>;
  get(id: string): Promise<KeptItem | null>;
  /** Items, oldest first, each once. */
  select(filter: ReplayFilter): Promise<(KeptItem & { receivedAt: number })[]>;
  /** Remove every reason that is kept of the items of these. */
  remove(ids: readonly string[]): Promise<void>;
  list(filter: { model: string | null; limit: number }): Promise<RejectedItem[]>;
}

export interface UploadReader {
  /** @throws InvalidInputError when the file cannot be read or has no prediction_id. */
  groundTruth(file: UploadedFile): Promise<StoredLabels>;
}

/** A file of predictions, row by row. */
export interface PredictionFileReader {
  /** @throws InvalidInputError when it cannot be read. Always close() what is opened. */
  open(
    file: UploadedFile,
    isText: (column: string) => boolean,
  ): Promise<{ columns: string[]; rows(size: number): AsyncIterable<unknown[][]>; close(): Promise<void> }>;
}
