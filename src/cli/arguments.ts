// Readers of arguments that several commands take.
import { InvalidArgumentError } from 'commander';
import { queryTimeSchema } from '../domain/contract/common.js';

/** A time: ISO 8601, a date, or epoch milliseconds; in epoch milliseconds. */
export function time(text: string): number {
  const parsed = queryTimeSchema.safeParse(text);
  if (!parsed.success)
    throw new InvalidArgumentError('Use ISO 8601 (2001-01-31 or 2001-01-31T12:00:00Z) or epoch milliseconds.');
  return parsed.data;
}

/** A port. */
export function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) throw new InvalidArgumentError('A port is 0 to 65535.');
  return value;
}

/** A whole number of at least 1. */
export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Use a whole number of at least 1.');
  return value;
}

/** For options that may be given several times. */
export function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

/** A query string of what is set, with its question mark. */
export function queryString(
  values: Record<string, string | number | boolean | readonly string[] | null | undefined>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined) continue;
    for (const one of Array.isArray(value) ? (value as readonly string[]) : [value]) query.append(name, String(one));
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}
