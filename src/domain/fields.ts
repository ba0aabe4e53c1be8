// Inputs, outputs and ground truth as flat fields: dotted paths to typed values, and back to what was sent.

import { findUnstorable, ILL_FORMED, NOT_FINITE } from './unstorable.js';

/** A value in a typed column. `json` holds what is neither a number, a string nor a boolean: null, arrays, empty objects. */
export type FieldVisitor = {
  number(path: string, value: number): void;
  string(path: string, value: string): void;
  boolean(path: string, value: boolean): void;
  json(path: string, text: string): void;
};

/** A value that cannot be stored; `path` names it, `code` is the reason. */
export class FieldError extends Error {
  constructor(
    readonly path: string,
    message: string,
    readonly code: 'invalid_value' | 'invalid_text' | 'too_deep' | 'too_big' = 'invalid_value',
  ) {
    super(message);
  }
}

/** How deep inputs may nest, and how many fields one prediction may have. */
export const MAX_DEPTH = 16;
export const MAX_FIELDS = 2000;
const MAX_PATH = 500;

/** Under this key a root object is kept as it was sent, when its paths alone cannot give it back (keys with dots, empty keys). */
export const VERBATIM = '';

/**
 * Visit every leaf of a value below a root path ("inputs", "outputs"). An object becomes dotted paths; an array stays whole as JSON.
 * @throws FieldError for a number that is not finite, a path that two values share, too deep or too many fields.
 */
export function flatten(root: string, value: unknown, visitor: FieldVisitor): void {
  if (!isObject(value)) return leaf(`${root}.value`, value, visitor);
  const state = { seen: null as Set<string> | null, fields: 0 };
  if (hasDottedKey(value, 0)) {
    state.seen = new Set();
    visitor.json(`${root}.${VERBATIM}`, JSON.stringify(value));
  }
  walk(root, value, visitor, state, 1);
}

type WalkState = { seen: Set<string> | null; fields: number };

function walk(
  prefix: string,
  object: Record<string, unknown>,
  visitor: FieldVisitor,
  state: WalkState,
  depth: number,
): void {
  const paths = pathsBelow(prefix);
  for (const key of Object.keys(object)) {
    const path = paths.get(key) ?? remember(paths, prefix, key);
    const value = object[key];
    if (isObject(value) && Object.keys(value).length > 0) {
      if (depth >= MAX_DEPTH) throw new FieldError(path, `nested deeper than ${MAX_DEPTH} levels`, 'too_deep');
      walk(path, value, visitor, state, depth + 1);
      continue;
    }
    if (!key.isWellFormed()) throw new FieldError(path.toWellFormed(), ILL_FORMED, 'invalid_text');
    if (path.length > MAX_PATH)
      throw new FieldError(`${path.slice(0, 80)}...`, `a path of more than ${MAX_PATH} characters`, 'too_big');
    if (++state.fields > MAX_FIELDS)
      throw new FieldError(path, `more than ${MAX_FIELDS} fields in one object`, 'too_big');
    // Only keys with dots can make two values share a path.
    if (state.seen !== null) {
      if (state.seen.has(path)) throw new FieldError(path, 'two values have this path (a key contains a dot)');
      state.seen.add(path);
    }
    leaf(path, value, visitor);
  }
}

const MAX_CACHED_PATHS = 20_000;
/** Paths by the path above them and the key: models send the same ones all the time, and a path made anew is hashed anew wherever it is looked up. */
const pathCache = new Map<string, Map<string, string>>();
let cachedPaths = 0;

function pathsBelow(prefix: string): Map<string, string> {
  let paths = pathCache.get(prefix);
  if (paths === undefined) {
    paths = new Map();
    if (prefix.length <= MAX_PATH && hasRoom()) pathCache.set(prefix, paths);
  }
  return paths;
}

function remember(paths: Map<string, string>, prefix: string, key: string): string {
  const path = `${prefix}.${key}`;
  if (path.length <= MAX_PATH && hasRoom()) paths.set(key, path);
  return path;
}

/** Count one more entry; where there are too many, all are forgotten. */
function hasRoom(): boolean {
  if (cachedPaths >= MAX_CACHED_PATHS) {
    pathCache.clear();
    cachedPaths = 0;
    return false;
  }
  cachedPaths += 1;
  return true;
}

function leaf(path: string, value: unknown, visitor: FieldVisitor): void {
  switch (typeof value) {
    case 'number':
      if (!Number.isFinite(value)) throw new FieldError(path, NOT_FINITE);
      return visitor.number(path, value);
    case 'string':
      if (!value.isWellFormed()) throw new FieldError(path.toWellFormed(), ILL_FORMED, 'invalid_text');
      return visitor.string(path, value);
    case 'boolean':
      return visitor.boolean(path, value);
    case 'undefined':
      return;
    default: {
      const fault = findUnstorable(value, path);
      if (fault !== null) throw new FieldError(fault.path, fault.message, fault.code);
      return visitor.json(path, JSON.stringify(value));
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasDottedKey(object: Record<string, unknown>, depth: number): boolean {
  if (depth > MAX_DEPTH) return false;
  for (const key of Object.keys(object)) {
    if (key === '' || key.includes('.')) return true;
    const value = object[key];
    if (isObject(value) && hasDottedKey(value, depth + 1)) return true;
  }
  return false;
}

/** The typed columns of a stored row. */
export interface FieldColumns {
  num: Record<string, number>;
  str: Record<string, string>;
  flag: Record<string, boolean>;
  json: Record<string, string>;
}

/**
 * What was sent below a root path: the inverse of flatten. A lone `value` under `outputs` gives the scalar back.
 * Key order inside an object is by column, not as sent: JSON objects have no order.
 */
export function unflatten(root: string, columns: FieldColumns): unknown {
  const verbatim = columns.json[`${root}.${VERBATIM}`];
  if (verbatim !== undefined) return JSON.parse(verbatim) as unknown;
  const prefix = `${root}.`;
  const result: Record<string, unknown> = {};
  const put = (path: string, value: unknown) => {
    if (path.startsWith(prefix)) assign(result, path.slice(prefix.length).split('.'), value);
  };
  for (const [path, value] of Object.entries(columns.num)) put(path, value);
  for (const [path, value] of Object.entries(columns.str)) put(path, value);
  for (const [path, value] of Object.entries(columns.flag)) put(path, value);
  for (const [path, text] of Object.entries(columns.json)) put(path, JSON.parse(text));
  return result;
}

function assign(target: Record<string, unknown>, keys: string[], value: unknown): void {
  let node = target;
  for (const key of keys.slice(0, -1)) {
    const next = Object.hasOwn(node, key) ? node[key] : undefined;
    if (isObject(next)) node = next;
    else node = define(node, key, {}) as Record<string, unknown>;
  }
  define(node, keys[keys.length - 1] ?? '', value);
}

/** Define, not assign: a field called `__proto__` is data. */
function define(node: Record<string, unknown>, key: string, value: unknown): unknown {
  Object.defineProperty(node, key, { value, enumerable: true, configurable: true, writable: true });
  return value;
}
