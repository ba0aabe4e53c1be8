// Values as JSON: what JSON has is taken as it is, at the speed of JSON.stringify; everything else is converted, and counted.

/** Counters of conversions. */
export interface Conversions {
  nonfinite: number;
  summarized: number;
  stringified: number;
  cut: number;
}

/** An array of more elements, nested ones included, is described instead. */
export const MAX_ELEMENTS = 1000;
/** Objects and arrays within one another. */
export const MAX_DEPTH = 16;

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** The JSON of a value; undefined where there is nothing to send. Never throws for what it is given, unless a getter of it does. */
export function encode(value: unknown, counts: Conversions): string | undefined {
  if (isPlain(value, 0)) return JSON.stringify(value);
  const converted = convert(value, counts, 0, []);
  return converted === undefined ? undefined : JSON.stringify(converted);
}

/** Whether JSON.stringify does what is wanted. Kept small: it runs for every prediction. */
function isPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value);
    case 'string':
      return value.isWellFormed();
    case 'boolean':
      return true;
    case 'object':
      if (value === null) return true;
      if (depth >= MAX_DEPTH) return false;
      if (Array.isArray(value)) return isPlainArray(value);
      return isPlainObject(value, depth);
    default:
      return false;
  }
}

/** Nested arrays go the slow way: their elements are counted together. */
function isPlainArray(array: readonly unknown[]): boolean {
  if (array.length > MAX_ELEMENTS) return false;
  for (const element of array) {
    if (typeof element === 'object' && element !== null) return false;
    if (!isPlain(element, 0)) return false;
  }
  return true;
}

function isPlainObject(object: object, depth: number): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) return false;
  for (const key in object) {
    if (!key.isWellFormed() || !isPlain((object as Record<string, unknown>)[key], depth + 1)) return false;
  }
  return true;
}

/** Undefined: left out. `above`: what the value lies in, for circles. */
function convert(value: unknown, counts: Conversions, depth: number, above: readonly object[]): unknown {
  switch (typeof value) {
    case 'number':
      return finite(value, counts);
    case 'string':
      return value.toWellFormed();
    case 'boolean':
    case 'undefined':
      return value;
    case 'bigint':
      return value <= SAFE && value >= -SAFE ? Number(value) : value.toString();
    case 'object':
      return value === null ? null : convertObject(value, counts, depth, above);
    default:
      // Functions and symbols are no data.
      counts.cut++;
      return undefined;
  }
}

function finite(value: number, counts: Conversions): number | null {
  if (Number.isFinite(value)) return value;
  counts.nonfinite++;
  return null;
}

function convertObject(value: object, counts: Conversions, depth: number, above: readonly object[]): unknown {
  if (value instanceof Date) return date(value, counts);
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) return base64(new Uint8Array(value));
  if (depth >= MAX_DEPTH || above.includes(value)) {
    counts.cut++;
    return null;
  }
  const inside = [...above, value];
  if (Array.isArray(value)) return convertArray(value, counts, depth, inside);
  if (ArrayBuffer.isView(value))
    return convertArray([...(value as unknown as Iterable<unknown>)], counts, depth, inside);
  if (value instanceof Set) return convertArray([...(value as Set<unknown>)], counts, depth, inside);
  if (value instanceof Error) {
    counts.stringified++;
    return String(value).toWellFormed();
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return convert((value.toJSON as () => unknown)(), counts, depth + 1, inside);
  }
  const entries: Iterable<[unknown, unknown]> =
    value instanceof Map ? (value as Map<unknown, unknown>) : Object.entries(value as Record<string, unknown>);
  return convertEntries(entries, counts, depth, inside);
}

function convertEntries(
  entries: Iterable<[unknown, unknown]>,
  counts: Conversions,
  depth: number,
  inside: readonly object[],
): Record<string, unknown> {
  // Without a prototype, so that a key called __proto__ is one like any other.
  const result = Object.create(null) as Record<string, unknown>;
  for (const [key, inner] of entries) {
    if (typeof key === 'symbol' || typeof key === 'function' || (typeof key === 'object' && key !== null)) {
      counts.cut++;
      continue;
    }
    const converted = convert(inner, counts, depth + 1, inside);
    if (converted !== undefined) result[String(key).toWellFormed()] = converted;
  }
  return result;
}

function convertArray(
  array: readonly unknown[],
  counts: Conversions,
  depth: number,
  inside: readonly object[],
): unknown {
  const size = countElements(array, 0);
  if (size > MAX_ELEMENTS) {
    counts.summarized++;
    return describe(array, size);
  }
  return array.map((element) => convert(element, counts, depth + 1, inside) ?? null);
}

/** Elements that are no arrays themselves; no further than needed to know that there are too many. */
function countElements(array: readonly unknown[], depth: number): number {
  let count = 0;
  for (const element of array)
    count += Array.isArray(element) && depth < MAX_DEPTH ? countElements(element, depth + 1) : 1;
  return count;
}

function describe(array: readonly unknown[], length: number): Record<string, number> {
  let [count, sum, min, max] = [0, 0, Infinity, -Infinity];
  for (const element of array.flat(MAX_DEPTH)) {
    if (typeof element !== 'number' || !Number.isFinite(element)) continue;
    count++;
    sum += element;
    min = Math.min(min, element);
    max = Math.max(max, element);
  }
  return count === 0 ? { length } : { length, min, max, mean: sum / count };
}

function date(value: Date, counts: Conversions): string | null {
  if (!Number.isNaN(value.getTime())) return value.toISOString();
  counts.nonfinite++;
  return null;
}

/** No Buffer: this runs in browsers too. */
function base64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
