// What services hand to the store's tables around ingestion and jobs, and get back. Times in epoch ms.
import type { UploadKind, UploadState } from './contract/ingestion.js';
import type { ItemError } from './errors.js';

/** An upload's state; `model` is empty where a file holds several. */
export interface UploadRow {
  id: string;
  kind: UploadKind;
  model: string;
  state: UploadState;
  bytes: number;
  bytesTotal: number | null;
  rows: number;
  rejected: number;
  startedAt: number;
  finishedAt: number | null;
  updatedAt: number;
  error: string;
}

/** A run of a job as it is written. */
export interface JobRunRecord {
  id: string;
  job: string;
  trigger: string;
  model: string | null;
  status: string;
  startedAt: number;
  finishedAt: number | null;
  now: number;
  windows: number;
  windowsTotal: number;
  about: string;
  points: number;
  errors: string[];
}

/** What became of a label file's rows: how many were refused, by reason, and the first of these as items. */
export interface StoredLabels {
  accepted: number;
  rejectedBy: Record<string, number>;
  refused: { error: ItemError; item: unknown }[];
}

/** How much an erasure found. */
export interface ErasedRows {
  predictions: number;
  labels: number;
  rejected: number;
  inferenceHalves: number;
  baselineRows: number;
  /** Baselines that lost rows. */
  baselines: string[];
  /** Baselines whose rows name no prediction: looked through by content, or not at all. */
  searchedByContent: string[];
  notSearched: string[];
  alertEvents: number;
  windows: number;
}

/** Which refused items: `models`: null for all; `after`: time and id of the last one that was seen. */
export interface ReplayFilter {
  models: readonly string[] | null;
  code: string | null;
  ids: readonly string[] | null;
  after: { time: number; id: string } | null;
  limit: number;
}
