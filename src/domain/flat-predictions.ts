// Predictions as rows of a table: which column holds what, and a row as the item that a client would have sent.
import { InvalidInputError } from './errors.js';
import { readJson } from './json-text.js';

const TEXTS = ['prediction_id', 'external_id', 'model', 'version', 'deployment', 'status', 'error'];
const NUMBERS = ['latency_ms', 'request_bytes', 'response_bytes', 'cpu_ms', 'memory_bytes'];
const ROOTS = ['inputs', 'outputs', 'metrics', 'tags', 'values'] as const;
type Root = (typeof ROOTS)[number];

const NUMBER_TEXT = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/;
const ZONELESS = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?$/;

/** A row of a file: the item, and the ground truth that stands beside it (null: none). */
export interface FlatRow {
  item: Record<string, unknown>;
  values: Record<string, unknown> | null;
}

/** How a file's values are read: CSV carries text, which is recognised; `strings` names columns that stay text. */
export interface FlatOptions {
  format: 'csv' | 'parquet';
  strings: readonly string[];
  /** Where a row goes that does not say it itself. */
  defaults: Record<'model' | 'version' | 'deployment', string | null>;
}

/** Whether a column's values are names or ids, which keep every digit. */
export function isTextColumn(name: string): boolean {
  return TEXTS.includes(name) || name.startsWith('tags.');
}

/**
 * How rows with these columns are read: `inputs.age`, `outputs.score`, `metrics.cost`, `tags.region`, `values.late` by their prefix, the fields of a
 * prediction by their name, everything else an input. A dot inside a field's name nests.
 * @throws InvalidInputError where two columns claim one place.
 */
export function flatReader(columns: readonly string[], options: FlatOptions): (row: readonly unknown[]) => FlatRow {
  const places = columns.map((name) => placeOf(name));
  refuseOverlaps(columns, places);
  const readers = columns.map((name) => valueReader(name, options));
  const given = Object.entries(options.defaults).filter(([, value]) => value !== null);
  return (row) => {
    const item: Record<string, unknown> = Object.fromEntries(given);
    let externalId: unknown;
    for (let index = 0; index < places.length; index++) {
      const value = readers[index]?.(row[index]);
      if (value === undefined) continue;
      const path = places[index] ?? [];
      if (path[0] === 'external_id') externalId = value;
      else put(item, path, value);
    }
    // An export has both: the id that the client chose, and the UUID that was made of it.
    if (externalId !== undefined) item.prediction_id = externalId;
    const { values, ...rest } = item;
    return { item: rest, values: (values as Record<string, unknown> | undefined) ?? null };
  };
}

/** Where a column's values go: one name for a field of the prediction, several below inputs, outputs, metrics, tags and values. */
function placeOf(name: string): string[] {
  if (TEXTS.includes(name) || NUMBERS.includes(name) || name === 'timestamp') return [name];
  const root = ROOTS.find((candidate) => name === candidate || name.startsWith(`${candidate}.`));
  if (root === undefined) return ['inputs', ...name.split('.')];
  const rest = name.slice(root.length + 1);
  if (rest === '') return [root];
  // Keys of these have no structure: a dot in them is a dot.
  return root === 'inputs' || root === 'outputs' ? [root, ...rest.split('.')] : [root, rest];
}

function refuseOverlaps(columns: readonly string[], places: readonly string[][]): void {
  const taken = new Map(places.map((place, index) => [place.join('\n'), columns[index] ?? '']));
  for (const [index, place] of places.entries()) {
    const own = columns[index] ?? '';
    const same = taken.get(place.join('\n'));
    if (same !== own) throw overlap(own, same ?? '');
    for (let length = 1; length < place.length; length++) {
      const above = taken.get(place.slice(0, length).join('\n'));
      if (above !== undefined) throw overlap(own, above);
    }
  }
}

const overlap = (one: string, other: string): InvalidInputError =>
  new InvalidInputError(
    `The columns "${one}" and "${other}" claim the same place. Leave one of them out, or rename it.`,
  );

/** A value of one column; undefined where the cell is empty. */
function valueReader(name: string, { format, strings }: FlatOptions): (value: unknown) => unknown {
  const present = (value: unknown) => (value === null || value === undefined || value === '' ? undefined : value);
  if (name === 'timestamp') return (value) => time(present(value), format);
  if (isTextColumn(name)) return present;
  if (format === 'parquet') return (value) => value ?? undefined;
  if (strings.includes(name)) return present;
  if ((ROOTS as readonly string[]).includes(name)) return (value) => document(present(value), name as Root);
  return (value) => recognised(present(value));
}

/** CSV text as what it says: a number, true or false, else the text. */
function recognised(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (NUMBER_TEXT.test(value)) {
    const number = Number(value);
    return Number.isFinite(number) ? number : value;
  }
  const lower = value.toLowerCase();
  return lower === 'true' ? true : lower === 'false' ? false : value;
}

/** A cell that holds a whole object as JSON; `outputs` may be a single value. */
function document(value: unknown, root: Root): unknown {
  if (typeof value !== 'string' || !value.trimStart().startsWith('{'))
    return root === 'outputs' ? recognised(value) : value;
  try {
    return readJson(value);
  } catch {
    return value;
  }
}

/** Digits are epoch milliseconds. Times of a Parquet file without a zone are UTC, as its columns have it. */
function time(value: unknown, format: FlatOptions['format']): unknown {
  if (typeof value !== 'string') return value;
  if (format === 'csv') return /^\d{10,15}$/.test(value) ? Number(value) : value;
  return ZONELESS.test(value) ? `${value.replace(' ', 'T')}Z` : value;
}

/** Set a value below a path. Defined, not assigned: a column called `inputs.__proto__` is data. */
function put(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let node = target;
  for (let index = 0; index < path.length - 1; index++) {
    const key = path[index] ?? '';
    const next = Object.hasOwn(node, key) ? (node[key] as Record<string, unknown>) : undefined;
    if (next !== undefined) node = next;
    else node = define(node, key, {}) as Record<string, unknown>;
  }
  define(node, path[path.length - 1] ?? '', value);
}

function define(node: Record<string, unknown>, key: string, value: unknown): unknown {
  if (key !== '__proto__') return (node[key] = value);
  Object.defineProperty(node, key, { value, enumerable: true, configurable: true, writable: true });
  return value;
}
