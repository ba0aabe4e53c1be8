// What the computing services need of the store: baselines, bin counts, tests on raw numbers, windows and their marks.
import type { Baseline, BaselineFieldProfile, FieldCounts } from '../domain/drift/baseline.js';
import type { FineCounts } from '../domain/drift/binned.js';
import type { PairedOutcomes } from '../domain/quality/compare.js';
import type { GroupedRows, GroupKey, WindowSelection } from '../domain/selection.js';
import type { PredictionFilter, UploadedFile } from './api.js';

/** Rows of the store as SQL after FROM, with its parameters. Services pass it on and never read it. */
export interface FieldSource {
  from: string;
  params: Record<string, unknown>;
}

/** A row of a baseline: its parts by root. */
export interface BaselineRow {
  inputs?: unknown;
  outputs?: unknown;
  values?: unknown;
}

export interface BaselineStore {
  list(model: string): Promise<Baseline[]>;
  byIds(ids: readonly string[]): Promise<Baseline[]>;
  put(baseline: Baseline): Promise<void>;
  /** The fields of a baseline, also of one that was replaced meanwhile; null where there never was one. */
  fieldsOf(id: string): Promise<BaselineFieldProfile[] | null>;
  nextActivation(): number;
  /** `clean` takes private fields out of a row. */
  loadRows(
    id: string,
    rows: readonly Record<string, unknown>[],
    clean: (row: BaselineRow) => BaselineRow,
  ): Promise<void>;
  /** Columns whose path is hidden are left out. */
  loadFile(id: string, file: UploadedFile, hidden: (path: string) => boolean): Promise<number>;
  loadRange(id: string, range: PredictionFilter, limit: number): Promise<number>;
  dropRows(id: string): Promise<void>;
  countRows(id: string): Promise<number>;
  source(id: string): FieldSource;
  /** The same without looking for rows that were written twice: what the tests on large samples read. */
  rowsOf(id: string): FieldSource;
  /** The rows as those of one window, of one segment or ('') all. `own`: with the ground truth that they carry. */
  asWindow(id: string, segment: string, own: boolean): GroupedRows;
  countLabelled(rows: GroupedRows, truthKey: string): Promise<{ rows: number; labelled: number }>;
}

export interface FieldExplorer {
  /** Every path that begins with `prefix`, with how many values of each type it has. */
  fields(source: FieldSource, prefix?: string): Promise<FieldCounts[]>;
  numbers(
    source: FieldSource,
    paths: readonly string[],
  ): Promise<{ path: string; deciles: number[]; std: number | null }[]>;
  categories(source: FieldSource, paths: readonly string[], limit: number): Promise<Map<string, string[]>>;
}

export interface GroupCounts {
  group: GroupKey;
  n: number;
  counts: Map<string, number[]>;
}

export interface BinCounter {
  /**
   * Bin counts per group and field, for the groups that have rows. Group columns that the rows do not have read as '' and 0. `known`: the
   * baseline's rows, which tell OTHER from UNSEEN.
   */
  count(rows: GroupedRows, fields: readonly BaselineFieldProfile[], known: FieldSource): Promise<GroupCounts[]>;
}

/** Turns a selection of windows into rows. */
export interface RowSelector {
  /** `prefix`: of its parameters' names, where two of them meet in one statement. */
  predictions(selection: WindowSelection, prefix?: string): Promise<GroupedRows>;
  /** Reports of replicas. */
  replicas(selection: WindowSelection): GroupedRows;
  /** Labelled rows: fields are the ground truth as `values.*`. */
  groundTruth(selection: WindowSelection): Promise<GroupedRows>;
}

export interface TwoSampleResult {
  group: GroupKey;
  path: string;
  d: number | null;
  pValue: number | null;
  distance: number | null;
}

export interface TwoSampleTests {
  compare(
    rows: GroupedRows,
    groups: readonly GroupKey[],
    paths: readonly string[],
    baseline: FieldSource,
    options: { exact: boolean; distance: boolean },
  ): Promise<TwoSampleResult[]>;
}

/** A sample of one field in fine bins. */
export interface FineSample {
  group: GroupKey;
  path: string;
  counts: FineCounts;
}

export interface FineBinner {
  edges(source: FieldSource, rows: number, paths: readonly string[]): Promise<Map<string, number[]>>;
  count(rows: GroupedRows, groups: readonly GroupKey[], edges: ReadonlyMap<string, number[]>): Promise<FineSample[]>;
}

/** Where prediction, score and truth of a model are found. */
export interface QualityColumns {
  prediction: string | null;
  score: string | null;
  truthKey: string;
  positive: string;
  threshold: number;
}

export interface LabelRow extends GroupKey {
  n: number;
  labelled: number;
  lag50: number | null;
  lag90: number | null;
  lag99: number | null;
}

/** Sufficient statistics of a binary classifier: ll, ll2, br, br2 are sums of log loss, squared log loss, squared error and its square. */
export interface BinaryRow extends GroupKey {
  n: number;
  tp: number;
  fp: number;
  fn: number;
  tn: number;
  scored: number;
  positives: number;
  auc: number | null;
  ap: number | null;
  ll: number | null;
  ll2: number | null;
  br: number | null;
  br2: number | null;
  /** Rows, mean score, mean truth, smallest and largest score of each calibration bin. */
  calibration: [number, number, number, number, number][];
}

/** Sums of errors e = prediction - truth: e, |e|, e^2, e^4. */
export interface RegressionRow extends GroupKey {
  n: number;
  e: number | null;
  abs_e: number | null;
  e2: number | null;
  e4: number | null;
  mape_n: number;
  mape: number | null;
  mape2: number | null;
  truth_var: number | null;
  /** Means of e^2 z^2 and z^4, z = truth - mean truth. */
  e2z2: number | null;
  z4: number | null;
}

export interface MulticlassScoreRow extends GroupKey {
  class: string;
  auc: number | null;
  ll: number | null;
  ll2: number | null;
  ll_n: number;
}

/** A point of the ROC curve: what a threshold finds, of so many positive and negative rows. */
export interface RocRow {
  threshold: number;
  tp: number;
  fp: number;
  positives: number;
  negatives: number;
}

export interface PairedRow extends PairedOutcomes {
  segment: string;
  w: number;
}

export interface CurveReader {
  /** Predictions that both versions made of the same id, by who was right; `rows` hold both versions. */
  paired(
    rows: GroupedRows,
    columns: QualityColumns,
    first: string,
    second: string,
    binary: boolean,
  ): Promise<PairedRow[]>;
  /** At most `points` points of the curve over all groups, from the highest threshold down. */
  roc(rows: GroupedRows, columns: QualityColumns, points: number): Promise<RocRow[]>;
}

export interface QualityReader {
  labels(rows: GroupedRows, truthKey: string | null): Promise<LabelRow[]>;
  binary(rows: GroupedRows, columns: QualityColumns): Promise<BinaryRow[]>;
  regression(rows: GroupedRows, columns: QualityColumns): Promise<RegressionRow[]>;
  confusion(
    rows: GroupedRows,
    columns: QualityColumns,
  ): Promise<(GroupKey & { truth: string; predicted: string; n: number })[]>;
  multiclassScores(rows: GroupedRows, columns: QualityColumns): Promise<MulticlassScoreRow[]>;
}

export interface TechnicalRow extends GroupKey {
  n: number;
  errors: number;
  latency_n: number;
  latencies: (number | null)[];
  request_bytes: number | null;
  response_bytes: number | null;
  cpu_ms: number | null;
  memory_bytes: number | null;
  /** Rows that have the value. */
  request_n: number;
  response_n: number;
  cpu_n: number;
  memory_n: number;
  /** How many values the model tracked itself. */
  tracked: number;
}

/** What the replicas of a series reported in a window. CPU and memory in all of them together; null where none measured it. */
export interface ReplicaRow extends GroupKey {
  replicas: number;
  requests: number;
  failed: number;
  dropped: number;
  cpu_cores: number | null;
  memory_bytes: number | null;
}

export interface OperationsReader {
  technical(rows: GroupedRows): Promise<TechnicalRow[]>;
  replicas(rows: GroupedRows): Promise<ReplicaRow[]>;
  tracked(
    rows: GroupedRows,
  ): Promise<(GroupKey & { key: string; n: number; total: number | null; variance: number | null })[]>;
}
