// Pieces that several documents of the HTTP contract share: times, names, JSON values.
import { z } from 'zod';

const A_TIME = 'expected ISO 8601 with an offset (2026-01-31T12:00:00Z) or epoch milliseconds';

/** What a union says of a value that none of its forms can be: undefined leaves the word to the form that came nearest. */
function notATime({ input }: { input?: unknown }): string | undefined {
  if (input === undefined) return 'is required';
  return typeof input === 'string' || typeof input === 'number' ? undefined : A_TIME;
}

/** ISO 8601 with an offset, or epoch milliseconds; parsed to epoch milliseconds. */
export const timeSchema = z.union(
  [
    z.iso.datetime({ offset: true, error: A_TIME }).transform((text) => Date.parse(text)),
    z.number().int('expected whole epoch milliseconds'),
  ],
  { error: notATime },
);

/** A time in a query string: as timeSchema, but digits are epoch milliseconds and a bare date is midnight UTC. */
export const queryTimeSchema = z.union([
  z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}$/)
    .transform((text, context) => asTime(`${text}T00:00:00Z`, context)),
  z
    .string()
    .regex(/^\d{10,15}$/)
    .transform(Number),
  z.iso
    .datetime({ offset: true, error: 'expected ISO 8601 with an offset, a date (2026-01-31) or epoch milliseconds' })
    .transform((text) => Date.parse(text)),
]);

function asTime(text: string, context: z.RefinementCtx): number {
  const time = Date.parse(text);
  // V8 reads 30 February as 2 March.
  if (Number.isNaN(time) || iso(time).slice(0, 10) !== text.slice(0, 10))
    context.addIssue({ code: 'custom', message: 'no such date' });
  return time;
}

export const modelNameSchema = z.string().min(1, 'must not be empty').max(200, 'at most 200 characters');
export const versionNameSchema = z.string().min(1, 'must not be empty').max(200, 'at most 200 characters');
export const deploymentNameSchema = z.string().max(200, 'at most 200 characters');
/** Names of rules, channels, baselines, keys: they stand in URLs. */
export const slugSchema = z.string().regex(/^[\w.@ -]{1,100}$/, 'use 1 to 100 letters, digits, spaces or . _ - @');

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = Record<string, JsonValue>;

/** Times out: ISO 8601 UTC with milliseconds. */
export function iso(time: number): string {
  return new Date(time).toISOString();
}

/** Same for a time that may be absent. */
export function isoOrNull(time: number | null): string | null {
  return time === null ? null : iso(time);
}
