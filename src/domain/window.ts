// Time windows of a model, and the plan: which windows a job has to compute now.
import { DAY_MS, MINUTE_MS, WEEK_MS } from './duration.js';

/** The granularity of dirty marks: every window starts and ends on a multiple of it, so a slot lies in exactly one window. */
export const SLOT_MS = 15 * MINUTE_MS;
/** The longest window of a model. */
export const MAX_WINDOW_MS = 30 * DAY_MS;
/** How many windows without data, counted back from now, are computed when the caller does not say. */
export const DEFAULT_EMPTY_LOOKBACK = 48;

/** 1970-01-05T00:00Z, a Monday: windows of whole weeks start on Mondays. */
const MONDAY_ORIGIN = 4 * DAY_MS;

/** `[start, end)` in epoch milliseconds, UTC. */
export interface Window {
  start: number;
  end: number;
}

/** Something in a 15-minute slot changed: a prediction came, a label of one of its predictions, or the configuration. */
export interface Mark {
  /** Start of the slot, epoch milliseconds. */
  slot: number;
  /** The `row_version` of the newest row or label that touched the slot; a positive safe integer. */
  version: number;
}

/** What the last computation of a window had seen. */
export interface Computed {
  /** Start of the window, epoch milliseconds. */
  start: number;
  /** `PlannedWindow.inputVersion` of the plan that computed it. */
  inputVersion: number;
}

/**
 * Why a window is computed: `due`, never computed and the newest complete one; `missed`, never computed and older;
 * `dirty`, computed before its newest row or label; `requested`, named by the caller.
 */
export type PlanReason = 'due' | 'missed' | 'dirty' | 'requested';

/** A window to compute. After computing it, record `{start, inputVersion}` as its `Computed`. */
export interface PlannedWindow extends Window {
  reason: PlanReason;
  /** The newest version known to lie in the window (0 where it has none); never below what was recorded before. */
  inputVersion: number;
}

/**
 * What `planWindows` needs to know. It believes what it is given and assumes nothing about the rest, so the caller may
 * leave old history out as long as:
 * - `computed` holds only windows of this `length` (after a change of length, nothing has been computed);
 * - for every window that a mark in `marks` touches, its `Computed` is given if there is one;
 * - from `firstData` to now, `computed` is complete. A caller that reads only a recent part of the history therefore
 *   passes the later of the first prediction's time and the start of that part.
 *
 * A mark whose rows are not yet readable must not be given: take the marks first, then read the rows.
 */
export interface PlanInput {
  /** Length of the model's windows in milliseconds. */
  length: number;
  /** Epoch milliseconds. */
  now: number;
  /** In any order; several of one slot count as the newest. */
  marks: readonly Mark[];
  /** In any order; several of one window count as the one that had seen most. */
  computed: readonly Computed[];
  /** With `from` or `to` only the windows that intersect `[from, to)` are planned. Default: `firstData`, else the oldest mark. */
  from?: number;
  /** Default: `now`. */
  to?: number;
  /** With `trailing`, how many of the newest complete windows may be planned although no data has come since. */
  emptyLookback?: number;
  /** Time of the newest prediction; null or absent where there is none, or where windows without data are not wanted. */
  lastData?: number | null;
  /** Time from which windows without data are planned (see above); null or absent: none are. */
  firstData?: number | null;
  /** Plan windows after `lastData` too, so that a feed that stopped shows as `no_data`. */
  trailing?: boolean;
}

/** Whether a model may have windows of this length: a multiple of 15 minutes, from 15 minutes to 30 days. */
export function isValidWindowLength(length: number): boolean {
  return Number.isSafeInteger(length) && length >= SLOT_MS && length <= MAX_WINDOW_MS && length % SLOT_MS === 0;
}

/** Start of the window of this length that holds `ts`. */
function startOf(ts: number, length: number): number {
  const origin = length % WEEK_MS === 0 ? MONDAY_ORIGIN : 0;
  return Math.floor((ts - origin) / length) * length + origin;
}

function assertLength(length: number): void {
  if (!isValidWindowLength(length)) {
    throw new RangeError(
      `${length} ms is not a window length: take a multiple of 15 minutes, from 15 minutes to 30 days.`,
    );
  }
}

/**
 * The window that holds `ts`. Windows count from 1970-01-01T00:00Z, those of whole weeks from Monday 1970-01-05.
 * @throws RangeError where the length is not valid.
 */
export function windowOf(ts: number, length: number): Window {
  assertLength(length);
  const start = startOf(ts, length);
  return { start, end: start + length };
}

/**
 * Every window that shares time with `[from, to)`, ascending; none where `to <= from`.
 * @throws RangeError where the length is not valid.
 */
export function windowsBetween(from: number, to: number, length: number): Window[] {
  assertLength(length);
  const windows: Window[] = [];
  if (!(to > from)) return windows;
  for (let start = startOf(from, length); start < to; start += length) windows.push({ start, end: start + length });
  return windows;
}

/** The greatest `version` for each `key`. */
function newestByKey(entries: Iterable<readonly [key: number, version: number]>): Map<number, number> {
  const newest = new Map<number, number>();
  for (const [key, version] of entries) newest.set(key, Math.max(version, newest.get(key) ?? version));
  return newest;
}

/** Starts of the windows that `[from, to)` names, with the defaults for an open side. */
function requestedStarts(input: PlanInput, marked: ReadonlyMap<number, number>): number[] {
  const oldest = (): number | null => (marked.size === 0 ? null : [...marked.keys()].reduce((a, b) => Math.min(a, b)));
  const from = input.from ?? input.firstData ?? oldest();
  if (from === null) return [];
  return windowsBetween(from, input.to ?? input.now, input.length).map((window) => window.start);
}

/** Starts of the complete windows that are looked at whether or not a mark lies in them. */
function expectedStarts(input: PlanInput, newest: number): number[] {
  const { length, firstData = null, lastData = null, trailing = false } = input;
  if (firstData === null || lastData === null) return [];
  const first = startOf(firstData, length);
  const last = startOf(lastData, length);
  const starts: number[] = [];
  for (let start = first; start <= Math.min(last, newest); start += length) starts.push(start);
  if (!trailing) return starts;
  const lookback = input.emptyLookback ?? DEFAULT_EMPTY_LOOKBACK;
  const oldestTrailing = Math.max(first, last + length, newest - (lookback - 1) * length);
  for (let start = oldestTrailing; start <= newest; start += length) starts.push(start);
  return starts;
}

/**
 * The windows to compute now, ascending, each once.
 *
 * Only complete windows (`end <= now`) are planned, unless `from` or `to` asks for a range: then every window that
 * intersects it, complete or not, and nothing else. Otherwise a window is planned when
 * - it has marks and was never computed, or was computed before its newest mark;
 * - it has none, was never computed, and lies between `firstData` and `lastData`;
 * - it has none, was never computed, lies after `lastData`, and `trailing` asks for it: at most `emptyLookback` of them.
 *
 * Without `from` and `to`, planning again after recording the plan gives nothing. A mark never plans a window other than its own.
 * @throws RangeError where the length is not valid.
 */
export function planWindows(input: PlanInput): PlannedWindow[] {
  const { length, now } = input;
  assertLength(length);
  const marked = newestByKey(input.marks.map((mark) => [startOf(mark.slot, length), mark.version] as const));
  const computed = newestByKey(input.computed.map((one) => [one.start, one.inputVersion] as const));
  const newest = startOf(now, length) - length;

  const planned = (start: number, reason: PlanReason): PlannedWindow => {
    const inputVersion = Math.max(marked.get(start) ?? 0, computed.get(start) ?? 0);
    return { start, end: start + length, reason, inputVersion };
  };
  if (input.from !== undefined || input.to !== undefined) {
    return requestedStarts(input, marked).map((start) => planned(start, 'requested'));
  }

  const complete = [...marked.keys()].filter((start) => start <= newest);
  const candidates = [...new Set([...complete, ...expectedStarts(input, newest)])].sort((a, b) => a - b);
  return candidates.flatMap((start) => {
    const seen = computed.get(start);
    if (seen === undefined) return [planned(start, start === newest ? 'due' : 'missed')];
    return (marked.get(start) ?? 0) > seen ? [planned(start, 'dirty')] : [];
  });
}
