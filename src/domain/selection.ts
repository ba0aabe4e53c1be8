// Which windows of which series a computation reads.

/** One window of one series; start in epoch ms. */
export interface SeriesWindow {
  version: string;
  deployment: string;
  start: number;
}

/** Windows of one model. */
export interface WindowSelection {
  model: string;
  /** Length of the windows in ms; null: everything in [from, to) is one window that starts at `from`. */
  length: number | null;
  /** Where windows of this length are counted from, epoch ms. */
  origin: number;
  /** The time range that holds all of them, epoch ms. */
  from: number;
  to: number;
  /** The windows; null: whatever lies in the range. */
  windows: SeriesWindow[] | null;
  version: string | null;
  /** Only this deployment; null or absent: all. */
  deployment?: string | null;
  /** Segment paths; each row also counts in its segments. */
  segments: readonly string[];
  /** Of a range that is one window: what its rows read as the window's start, where that is not `from`. */
  start?: number;
  /** `path=value`: only the rows of this one segment; absent: all rows, and their segments by `segments`. */
  only?: string | null;
  /** Rows of all versions and deployments as one series, whose names read as ''. */
  pooled?: boolean;
}

/** A selection as SQL: its parameters and the names of the group columns. */
export interface GroupedRows {
  /**
   * What stands after FROM, in parentheses: the group columns and these columns or aliased expressions over the row's columns. Ask for
   * little: what the engine spends on a small window is the planning of the statement.
   */
  from(columns: readonly string[]): string;
  params: Record<string, unknown>;
  groups: readonly string[];
  /** The rows carry their ground truth themselves, as `values.*` in their maps: nothing is joined. */
  ownTruth?: boolean;
}

/** A group of rows: a window of a series in one segment ('' is the whole window). `w`: its start, epoch ms. */
export interface GroupKey {
  version: string;
  deployment: string;
  segment: string;
  w: number;
}

/** Labels of one key by the window of their timestamp. Times in epoch ms; from null: no start; length null: one window that starts at `from`. */
export interface LabelWindows {
  key: string;
  from: number | null;
  to: number | null;
  length: number | null;
  origin: number;
  /** Windows at the most, the newest first. */
  limit: number;
}
