// What no store takes in a JSON value: half of a surrogate pair, which is valid in JSON and not in UTF-8, and a number beyond the largest, which JSON.parse reads as infinity.

/** What is wrong with a value, where, and the stable code of the reason. */
export interface Unstorable {
  path: string;
  code: 'invalid_text' | 'invalid_value';
  message: string;
}

export const ILL_FORMED = 'holds half of a surrogate pair, which is not valid text';
export const NOT_FINITE = 'not a finite number';

/** The first text, key or value, or number that cannot be stored, by its dotted path; null where all can. */
export function findUnstorable(value: unknown, path = ''): Unstorable | null {
  if (typeof value === 'string') return value.isWellFormed() ? null : illFormed(path);
  if (typeof value === 'number')
    return Number.isFinite(value) ? null : { path, code: 'invalid_value', message: NOT_FINITE };
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, inner] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    if (!key.isWellFormed()) return illFormed(at.toWellFormed());
    const found = findUnstorable(inner, at);
    if (found !== null) return found;
  }
  return null;
}

const illFormed = (path: string): Unstorable => ({ path, code: 'invalid_text', message: ILL_FORMED });
