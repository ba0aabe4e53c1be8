// The time of an alert, and the time before it that it is compared with.

/** The period before an alert, in windows, where the alert itself is shorter. */
const BEFORE_WINDOWS = 7;
/** An alert that lasts long is explained by its newest windows. */
const AFTER_WINDOWS = 48;

/** Times in epoch ms. */
export interface Period {
  from: number;
  to: number;
}

/** The alert's own time up to its newest window, and as much before it began. */
export function periodsAround(
  since: number,
  windowStart: number,
  windowEnd: number,
): { before: Period; after: Period } {
  const length = windowEnd - windowStart;
  const from = Math.max(Math.min(since, windowStart), windowEnd - AFTER_WINDOWS * length);
  const span = Math.max(windowEnd - from, BEFORE_WINDOWS * length);
  return { after: { from, to: windowEnd }, before: { from: since - span, to: since } };
}
