// Rows as JSONCompactEachRow text: the typed columns of a prediction without objects in between, and bytes that wait outside of the heap.
import { flatten, type FieldVisitor } from '../domain/fields.js';

const MAX_CACHED = 20_000;
/** Longer texts are not worth their place in the cache. */
const MAX_CACHED_LENGTH = 500;
/** Texts as JSON by what they say: models send the same names and paths all the time. */
const cache = new Map<string, string>();

/** A name as JSON text, remembered. */
export function quoted(name: string): string {
  let text = cache.get(name);
  if (text === undefined) {
    text = JSON.stringify(name);
    if (name.length > MAX_CACHED_LENGTH) return text;
    if (cache.size >= MAX_CACHED) cache.clear();
    cache.set(name, text);
  }
  return text;
}

/** Collects the typed columns of one row as the inside of JSON objects, each entry with a comma in front. */
class ColumnText implements FieldVisitor {
  num = '';
  str = '';
  flag = '';
  text = '';
  number(path: string, value: number): void {
    this.num += `,${quoted(path)}:${value}`;
  }
  string(path: string, value: string): void {
    this.str += `,${quoted(path)}:${JSON.stringify(value)}`;
  }
  boolean(path: string, value: boolean): void {
    this.flag += `,${quoted(path)}:${value}`;
  }
  json(path: string, text: string): void {
    this.text += `,${quoted(path)}:${JSON.stringify(text)}`;
  }
}

/** The columns `num, str, flag, json` of one row, as the text of four JSON objects. @throws FieldError */
export function encodeFields(roots: Record<string, unknown>): string {
  const columns = new ColumnText();
  for (const root of Object.keys(roots)) if (roots[root] !== undefined) flatten(root, roots[root], columns);
  return `{${columns.num.slice(1)}},{${columns.str.slice(1)}},{${columns.flag.slice(1)}},{${columns.text.slice(1)}}`;
}

/** One row's bytes, its newline included: chunk[start, end). */
export interface RowText {
  chunk: Buffer;
  start: number;
  end: number;
}

const CHUNK = 1024 * 1024;
/** UTF-8 bytes of one UTF-16 unit at the most. */
const WIDEST = 3;

/**
 * Turns rows into bytes at once, one after another in large chunks. A batch that waits as strings survives one garbage collection after
 * another, and each copies it: measured, that was 40 % of the time of ingest.
 */
export class RowPool {
  private chunk = Buffer.allocUnsafeSlow(CHUNK);
  private used = 0;

  /** Keep a row; `line` ends with its newline. */
  put(line: string): RowText {
    const room = line.length * WIDEST;
    if (this.used + room > this.chunk.length) {
      this.chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK, room));
      this.used = 0;
    }
    const start = this.used;
    this.used += this.chunk.write(line, start);
    return { chunk: this.chunk, start, end: this.used };
  }
}

/** The bytes of some rows, without a newline at the end. Rows that lie side by side are not copied. */
export function joinRows(rows: readonly RowText[]): Buffer {
  const parts: RowText[] = [];
  for (const row of rows) {
    const last = parts.at(-1);
    if (last !== undefined && last.chunk === row.chunk && last.end === row.start) last.end = row.end;
    else parts.push({ ...row });
  }
  const views = parts.map(({ chunk, start, end }) => chunk.subarray(start, end));
  const [only] = views;
  const body = views.length === 1 && only !== undefined ? only : Buffer.concat(views);
  return body.subarray(0, -1);
}
