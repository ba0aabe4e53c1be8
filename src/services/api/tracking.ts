// What may be asked of tracking: predictions, labels, uploads, erasing, replicas, Cloudera's metrics, inference logs.
import type { ClouderaRead, ClouderaRow } from '../../domain/contract/cloudera.js';
import type { Erased, LabelValue, OrphanLabels, Upload, UploadKind } from '../../domain/contract/ingestion.js';
import type { Halves, Logged } from '../../domain/contract/integrations.js';
import type { Replicas } from '../../domain/contract/replicas.js';
import type {
  Accepted,
  RejectedItem,
  ReplayRequest,
  Replayed,
  StoredPrediction,
  Tracked,
} from '../../domain/contract/tracking.js';
import type { CrnTarget } from '../../domain/crn.js';
import type { LoggedEvent } from '../../domain/logs/events.js';

/** An upload that was spooled to a file. `csv` has a header row. */
export interface UploadedFile {
  path: string;
  format: 'csv' | 'parquet';
  /** CSV columns that stay text whatever they look like. */
  strings: string[];
}

export interface PredictionFilter {
  model: string;
  version: string | null;
  deployment: string | null;
  from: number | null;
  to: number | null;
  /** `path=value`, e.g. `tags.region=EU`. */
  segment: string | null;
  labelled: boolean | null;
}

export type ExportFormat = 'ndjson' | 'csv' | 'parquet';

/** How a batch of predictions is told apart from others. */
export interface BatchOptions {
  /** Makes the ids of items that have none: the same batch under the same token has the same ids, so that a retry replaces its rows. */
  token?: string | null;
  /** Without a token: ids are counted through from this new one. */
  base?: string | undefined;
  /** The index of the first item, where the batch is part of a file. */
  first?: number;
  /** Whether refused items are kept for `GET /v1/rejected`; yes unless said otherwise. */
  keepRejected?: boolean;
  /** The items were refused before and are kept already: a refusal is no new one. */
  again?: boolean;
  /** Paths of private fields whose values are hashes already. */
  hashed?: readonly string[];
  /** The earliest time that is believed, epoch ms; by default the year 2000, before which a time is a mistake of unit. */
  earliest?: number;
}

/** Where the rows of a file of predictions go that do not say it themselves. */
export interface PredictionDefaults {
  model: string | null;
  version: string | null;
  deployment: string | null;
}

export interface IngestApi {
  /** Store predictions; each item is validated on its own. `allowed` limits models (others are rejected per item with code `forbidden`). Never throws for bad items. */
  predictions(items: readonly unknown[], allowed: readonly string[] | null, options?: BatchOptions): Promise<Tracked>;
  groundTruth(items: readonly unknown[], allowed: readonly string[] | null, options?: BatchOptions): Promise<Tracked>;
  delayedMetrics(
    items: readonly unknown[],
    allowed: readonly string[] | null,
    options?: BatchOptions,
  ): Promise<Tracked>;
  aggregateMetrics(
    items: readonly unknown[],
    allowed: readonly string[] | null,
    options?: BatchOptions,
  ): Promise<Accepted>;
  /** The same with values of any kind, and from 1970 on. */
  aggregateDocuments(items: readonly unknown[], allowed: readonly string[] | null): Promise<Accepted>;
  /** What replicas report of themselves. */
  replicaStats(items: readonly unknown[], allowed: readonly string[] | null): Promise<Accepted>;
  /** Ground truth from a CSV or Parquet file, through the engine's own reader. */
  groundTruthFile(file: UploadedFile): Promise<Accepted>;
  /**
   * Predictions from a CSV or Parquet file, with flat columns by prefix; every row goes the way of a single item. `token`: see BatchOptions.
   * @throws InvalidInputError when the file cannot be read or its columns contradict one another.
   */
  predictionsFile(
    file: UploadedFile,
    defaults: PredictionDefaults,
    caller: { allowed: readonly string[] | null; token: string | null },
    progress: (rows: number, rejected: number) => void,
  ): Promise<Accepted>;
  /**
   * Send a refused item again, as it was kept or as `item`; where it is stored, it leaves the list.
   * @throws NotFoundError, ConflictError when what was kept is not the whole item.
   */
  replay(id: string, item: unknown, allowed: readonly string[] | null): Promise<Tracked | Accepted>;
  /** Many of them as they were kept; at most `limit`, then `next` says where to go on. Running it twice changes nothing. */
  replayMany(request: ReplayRequest, allowed: readonly string[] | null): Promise<Replayed>;
  rejected(filter: { model: string | null; limit: number }): Promise<RejectedItem[]>;
}

/** A running upload, as the route that receives it reports it. */
export interface RunningUpload {
  readonly id: string;
  received(bytes: number): void;
  /** Everything arrived. */
  storing(): void;
  progress(rows: number, rejected: number): void;
  done(rows: number, rejected: number): Promise<void>;
  failed(error: unknown): Promise<void>;
}

export interface UploadsApi {
  /** @throws ConflictError while an upload of this id runs. `id` null: a new one. */
  begin(start: {
    id: string | null;
    kind: UploadKind;
    model: string | null;
    bytesTotal: number | null;
  }): Promise<RunningUpload>;
  /** @throws NotFoundError */
  get(id: string, allowed: readonly string[] | null): Promise<Upload>;
  list(limit: number, allowed: readonly string[] | null): Promise<Upload[]>;
}

export interface OrphanLabelsApi {
  read(limit: number): Promise<OrphanLabels>;
}

/** Erasing what is known of people. What is gone is gone from every answer when the call returns. */
export interface ErasureApi {
  /** @throws NotFoundError when nothing is stored under the id. `id` is a UUID or an external id. */
  prediction(id: string): Promise<Erased>;
  /** Everything of the predictions of a model that carry a tag. @throws NotFoundError for an unknown model. */
  tagged(model: string, tag: { key: string; value: string }): Promise<Erased>;
}

/** Which replicas, over which range, in steps of how many ms; null: chosen by the service. Epoch ms. */
export interface ReplicaQuery {
  version: string | null;
  deployment: string | null;
  from: number | null;
  to: number | null;
  step: number | null;
}

export interface ReplicasApi {
  /** @throws NotFoundError for a model of which nothing is known, InvalidInputError for an empty range or too many steps. */
  read(model: string, query: ReplicaQuery): Promise<Replicas>;
}

/** Cloudera's model metrics. Each batch call validates item by item, as the tracking routes do. */
export interface ClouderaApi {
  predictions(items: readonly unknown[], allowed: readonly string[] | null): Promise<Tracked>;
  delayed(items: readonly unknown[], allowed: readonly string[] | null): Promise<Tracked>;
  aggregates(items: readonly unknown[], allowed: readonly string[] | null): Promise<Accepted>;
  /** As `IngestApi.replicaStats`, where a deployment that is a CRN also says which model and version it is of. */
  replicaStats(items: readonly unknown[], allowed: readonly string[] | null): Promise<Accepted>;
  /** What a read asks for. */
  target(body: ClouderaRead): Promise<CrnTarget>;
  /** Predictions ascending by start, then aggregates; nothing for what is not known. */
  read(body: ClouderaRead, target: CrnTarget): AsyncIterable<ClouderaRow>;
}

export interface PredictionsApi {
  list(
    filter: PredictionFilter,
    page: { limit: number; cursor: string | null; order?: 'asc' | 'desc' | null },
  ): Promise<{ predictions: StoredPrediction[]; next_cursor: string | null }>;
  /** @throws NotFoundError. `id` is a UUID or an external id. */
  get(id: string, allowed: readonly string[] | null): Promise<StoredPrediction>;
  /** Every value that the prediction's ground truth had. Asked for after `get`. */
  history(id: string): Promise<LabelValue[]>;
  /** The whole range, in chunks of bytes. */
  export(filter: PredictionFilter, format: ExportFormat): AsyncIterable<Buffer>;
}

export interface InferenceLogsApi {
  /** Halves of logged inferences; null for an event that is no inference, an Error for one that cannot be read. */
  events(events: readonly (LoggedEvent | null | Error)[], allowed: readonly string[] | null): Promise<Logged>;
  /** Inferences with both sides. */
  pairs(items: readonly unknown[], allowed: readonly string[] | null): Promise<Logged>;
  /** Lines of SageMaker's data capture and ground truth. */
  sagemaker(
    lines: readonly unknown[],
    place: { model: string; version: string | null; deployment: string | null },
    allowed: readonly string[] | null,
  ): Promise<Logged>;
  waiting(models: readonly string[] | null, limit: number): Promise<Halves>;
}
