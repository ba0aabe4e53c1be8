// What is asked of stored numbers, and what is answered: the shapes that services and the store's tables share. Names are exact; null means any. Times in epoch ms.
import type { Half } from './logs/events.js';

/** Versions and deployments of one model, in a range of time. */
interface SeriesRange {
  model: string;
  version: string | null;
  deployment: string | null;
}

/** Which stored points to read. */
export interface PointQuery extends Omit<SeriesRange, 'model'> {
  model: string | null;
  metrics: string[];
  features: string[] | null;
  segment: string | null;
  /** Windows that start in [from, to). */
  from: number | null;
  to: number | null;
  /** Only windows that end at or before this time. */
  endingBy: number | null;
  limit: number | null;
}

/** Which stored profiles (counts in bins) to read: windows that lie in [from, to]. */
export interface ProfileQuery extends SeriesRange {
  features: string[] | null;
  segment: string | null;
  from: number;
  to: number;
  /** Windows of this length only, ms. */
  length: number;
}

/** Which numbers that clients sent: ranges that start in [from, to). */
export interface AggregateQuery extends SeriesRange {
  from: number | null;
  to: number | null;
}

/** A number that a client sent, over a range of time. */
export interface AggregateValue {
  version: string;
  deployment: string;
  start: number;
  end: number;
  key: string;
  value: number;
  receivedAt: number;
}

/** The number of a series of a whole model (no segment) in its newest window. */
export interface NewestNumber {
  model: string;
  version: string;
  deployment: string;
  feature: string;
  metric: string;
  value: number;
  upper: number | null;
  windowEnd: number;
}

/** Half of a logged inference. `body`: its rows or error as JSON, '' once it is joined; `hashed`: paths whose values are hashes. */
export interface StoredHalf extends Omit<Half, 'rows' | 'error'> {
  body: string;
  hashed: readonly string[];
  state: 'waiting' | 'joined' | 'unusable';
  receivedAt: number;
}
