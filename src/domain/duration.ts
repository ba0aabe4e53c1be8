// Durations as people write them in rules, models and configuration: a whole number and a unit, such as `15m` or `7d`.
import { z } from 'zod';

/** One second, minute, hour, day and week in milliseconds. */
export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
export const WEEK_MS = 7 * DAY_MS;

const UNIT_MS: Readonly<Record<string, number>> = { s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS, w: WEEK_MS };

/** What a duration looks like: digits, then `s`, `m`, `h`, `d` or `w`, nothing between or around them. */
export const DURATION_PATTERN = /^\d{1,10}[smhdw]$/;

const HELP = 'write a whole number and a unit (s, m, h, d or w), such as "15m", "24h" or "7d"';

/** Milliseconds of `text`, or null where it is not a duration or is too long to count exactly. */
function toMilliseconds(text: string): number | null {
  if (!DURATION_PATTERN.test(text)) return null;
  const unit = UNIT_MS[text.slice(-1)];
  if (unit === undefined) return null;
  const ms = Number(text.slice(0, -1)) * unit;
  return Number.isSafeInteger(ms) ? ms : null;
}

/**
 * Milliseconds of a duration such as `90s`, `15m`, `24h`, `7d` or `1w`; `0s` is 0.
 * @throws RangeError that quotes the text, where it is not a duration.
 */
export function parseDuration(text: string): number {
  const ms = toMilliseconds(text);
  if (ms === null) throw new RangeError(`"${text}" is not a duration: ${HELP}.`);
  return ms;
}

/**
 * The shortest exact text for a span of whole seconds, in the largest unit up to days that divides it: `90s`, `1h`, `7d`.
 * Weeks are written in days, as windows are everywhere else. `parseDuration` reads it back to the same number.
 * @throws RangeError for a negative, fractional or infinite number of seconds.
 */
export function formatDuration(ms: number): string {
  if (!Number.isSafeInteger(ms) || ms < 0 || ms % SECOND_MS !== 0) {
    throw new RangeError(`${ms} ms is not a whole number of seconds.`);
  }
  if (ms === 0) return '0s';
  for (const unit of ['d', 'h', 'm']) {
    const size = UNIT_MS[unit];
    if (size !== undefined && ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms / SECOND_MS}s`;
}

/** A duration that stays the text the caller wrote; read it with `parseDuration`. */
export const durationSchema = z
  .string()
  .refine((text) => toMilliseconds(text) !== null, {
    error: (issue) => `"${String(issue.input)}" is not a duration: ${HELP}`,
    abort: true,
  })
  .meta({ pattern: DURATION_PATTERN.source, examples: ['15m', '24h', '7d'] });

/** A duration longer than nothing. */
export const positiveDurationSchema = durationSchema.refine((text) => toMilliseconds(text) !== 0, {
  error: 'must be longer than 0',
});
