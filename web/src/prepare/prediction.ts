// Predictions as rows: which fields get a column, and values as text.
import type { StoredPrediction } from '../../../src/domain/contract/tracking.js';

/** Columns that a table of predictions has for fields, at the most. */
const MOST = 5;

type Fields = Pick<StoredPrediction, 'inputs' | 'outputs'>;

/** The paths of the first rows: outputs first, because they are fewer, then inputs. */
export function predictionColumns(rows: readonly Fields[]): string[] {
  const outputs = new Set<string>();
  const inputs = new Set<string>();
  for (const row of rows.slice(0, 20)) {
    for (const [key] of entries(row.outputs)) outputs.add(`outputs.${key}`);
    for (const [key] of entries(row.inputs)) inputs.add(`inputs.${key}`);
  }
  return [...[...inputs].slice(0, Math.max(1, MOST - outputs.size)), ...outputs].slice(0, MOST);
}

/** Key and value of an object; a bare output is its `value`. */
export function entries(value: unknown): [string, unknown][] {
  if (value === null || value === undefined) return [];
  if (typeof value !== 'object' || Array.isArray(value)) return [['value', value]];
  return Object.entries(value);
}

/** A field of a prediction as text; null where it is absent. */
export function fieldText(row: Fields, path: string): string | null {
  const [side = '', ...rest] = path.split('.');
  const key = rest.join('.');
  const found = entries(side === 'outputs' ? row.outputs : row.inputs).find(([name]) => name === key);
  return found === undefined ? null : valueText(found[1]);
}

/** A field of a prediction as it is sorted: a number as a number; null where it is absent. */
export function fieldValue(row: Fields, path: string): string | number | null {
  const text = fieldText(row, path);
  return text !== null && isNumber(text) ? Number(text) : text;
}

/** Whether a field is a number wherever it is there. */
export function isNumeric(rows: readonly Fields[], path: string): boolean {
  const known = rows.flatMap((row) => fieldText(row, path) ?? []);
  return known.length > 0 && known.every(isNumber);
}

const isNumber = (text: string): boolean => /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text);

/** A value as people read it: text as it is, everything else as JSON. */
export function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
