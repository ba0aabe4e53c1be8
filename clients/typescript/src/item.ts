// A prediction as a line of NDJSON, put together from parts: this is what a tracked call costs.
import { encode, type Conversions } from './values.js';
import type { Time } from './types.js';

/** Epoch milliseconds; NaN where it is no time. */
export function millis(time: Time): number {
  if (typeof time === 'number') return Math.trunc(time);
  return time instanceof Date ? time.getTime() : Date.parse(time);
}

/** Numbers as the JSON of an object; booleans count as 1 and 0, everything else is left out. Empty text: nothing is left. */
export function encodeNumbers(values: Readonly<Record<string, unknown>>, counts: Conversions): string {
  let text = '';
  for (const key of Object.keys(values)) {
    const value = values[key];
    if (typeof value === 'number') {
      if (!Number.isFinite(value)) counts.nonfinite++;
      else text += `${text === '' ? '' : ','}${name(key)}:${value}`;
    } else if (typeof value === 'boolean') text += `${text === '' ? '' : ','}${name(key)}:${value ? 1 : 0}`;
    else if (value !== undefined && value !== null) counts.cut++;
  }
  return text === '' ? '' : `{${text}}`;
}

/** Text as the JSON of an object; numbers and booleans become text. */
export function encodeTags(values: Readonly<Record<string, unknown>>, counts: Conversions): string {
  let text = '';
  for (const key of Object.keys(values)) {
    const value = values[key];
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      if (value !== undefined && value !== null) counts.cut++;
      continue;
    }
    text += `${text === '' ? '' : ','}${name(key)}:${JSON.stringify(String(value).toWellFormed())}`;
  }
  return text === '' ? '' : `{${text}}`;
}

const name = (key: string): string => JSON.stringify(key.toWellFormed());

/** The JSON of a value and its bytes; null where there is nothing to send. */
export function measured(
  value: unknown,
  counts: Conversions,
  bytes: (text: string) => number,
): { text: string; bytes: number } | null {
  if (value === undefined || value === null) return null;
  const text = encode(value, counts);
  return text === undefined ? null : { text, bytes: bytes(text) };
}
