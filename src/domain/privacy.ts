// Privacy rules applied to a prediction before it is stored: fields dropped, or replaced by a keyed hash.

/** Which dotted paths (inputs.email, tags.user) are dropped or hashed. A path also covers everything below it. */
export interface PrivacyRules {
  drop: readonly string[];
  hash: readonly string[];
}

type Hash = (text: string) => string;

/** A copy of the value below `path` with the rules applied; `undefined` where all of it is dropped. */
export function applyPrivacy(path: string, value: unknown, rules: PrivacyRules, hash: Hash): unknown {
  if (rules.drop.includes(path)) return undefined;
  if (rules.hash.includes(path))
    return value === null || value === undefined
      ? value
      : hash(typeof value === 'string' ? value : JSON.stringify(value));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    const kept = applyPrivacy(`${path}.${key}`, inner, rules, hash);
    if (kept !== undefined)
      Object.defineProperty(copy, key, { value: kept, enumerable: true, configurable: true, writable: true });
  }
  return copy;
}
