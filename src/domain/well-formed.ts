// Text that UTF-8 can carry: a lone half of a surrogate pair is valid in JSON, and no store takes it.

/** The dotted path of the first text, key or value, that holds a lone surrogate; null where all text is well formed. */
export function illFormedPath(value: unknown, path = ''): string | null {
  if (typeof value === 'string') return value.isWellFormed() ? null : path;
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, inner] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    if (!key.isWellFormed()) return at.toWellFormed();
    const found = illFormedPath(inner, at);
    if (found !== null) return found;
  }
  return null;
}

export const ILL_FORMED = 'holds half of a surrogate pair, which is not valid text';
