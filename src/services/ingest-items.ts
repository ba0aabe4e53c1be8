// Single items of the tracking routes: validated, with their identity and time resolved, or refused with the reason.
import type { z } from 'zod';
import { RefusedItem, UnparsableItem, type GroundTruthItem } from '../domain/contract/tracking.js';
import type { ItemError } from '../domain/errors.js';
import { issuesToErrors } from '../domain/validation.js';
import { findUnstorable } from '../domain/unstorable.js';
import { resolveId } from './ids.js';

const HOUR = 3_600_000;
const YEAR = 366 * 24 * HOUR;
/** Before this a time is a mistake of unit. */
export const EARLIEST = Date.UTC(2000, 0, 1);

/** The result of one item: what to store, or why not. */
export type Outcome<T> = { ok: true; value: T } | { ok: false; errors: ItemError[] };

export interface PreparedTruth {
  id: string;
  values: { id: string; key: string; value: unknown; ts: number }[];
}

export function validate<S extends z.ZodType>(schema: S, item: unknown, index: number): Outcome<z.output<S>> {
  if (item instanceof UnparsableItem)
    return { ok: false, errors: [{ index, code: item.code, path: '', message: item.message }] };
  if (item instanceof RefusedItem) return { ok: false, errors: item.errors.map((error) => ({ ...error, index })) };
  const parsed = schema.safeParse(item);
  return parsed.success
    ? { ok: true, value: parsed.data }
    : { ok: false, errors: issuesToErrors(parsed.error.issues, index) };
}

/** `at`: under which name the caller sent the values. */
export function prepareTruth(
  outcome: Outcome<GroundTruthItem>,
  index: number,
  now: number,
  at: 'values' | 'metrics',
): Outcome<PreparedTruth> {
  if (!outcome.ok) return outcome;
  const { prediction_id, values, timestamp } = outcome.value;
  const unstorable = unstorableErrors({ prediction_id, [at]: values }, index);
  if (unstorable.length > 0) return { ok: false, errors: unstorable };
  const ts = timestamp ?? now;
  const { id } = resolveId(prediction_id);
  const entries: [string, unknown][] =
    typeof values === 'object' && values !== null ? Object.entries(values) : [['value', values]];
  const errors = timeErrors(ts, now, index, 'timestamp');
  if (entries.length === 0) errors.push({ index, code: 'required', path: at, message: 'give at least one value' });
  for (const [key] of entries) {
    if (key === '' || key.length > 200) {
      const path = `${at}.${key.slice(0, 80).toWellFormed()}`;
      errors.push({ index, code: 'invalid_key', path, message: 'a key has 1 to 200 characters' });
    }
  }
  if (errors.length > 0) return { ok: false, errors };
  return { ok: true, value: { id, values: entries.map(([key, value]) => ({ id, key, value, ts })) } };
}

export function unstorableErrors(item: unknown, index: number): ItemError[] {
  const fault = findUnstorable(item);
  return fault === null ? [] : [{ index, ...fault }];
}

export function timeErrors(time: number, now: number, index: number, path: string, earliest = EARLIEST): ItemError[] {
  if (time > now + HOUR)
    return [
      {
        index,
        code: 'invalid_timestamp',
        path,
        message: 'more than an hour in the future; check the clock and the unit (milliseconds)',
      },
    ];
  if (time < earliest)
    return [
      {
        index,
        code: 'invalid_timestamp',
        path,
        message: 'before the year 2000; check the unit (milliseconds, not seconds)',
      },
    ];
  return [];
}

/** A range may reach to the end of a period that has begun, not beyond what the store can hold. */
export function endErrors(end: number, now: number, index: number): ItemError[] {
  if (end <= now + YEAR) return [];
  const message = 'more than a year in the future; check the clock and the unit (milliseconds)';
  return [{ index, code: 'invalid_timestamp', path: 'end', message }];
}

export function modelErrors(model: string, allowed: readonly string[] | null, index: number): ItemError[] {
  if (allowed === null || allowed.includes(model)) return [];
  return [{ index, code: 'forbidden', path: 'model', message: 'this key may not write to that model' }];
}
