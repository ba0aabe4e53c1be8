// How inference logs become predictions: names for columns that have none, and which field is the id. One mapping a model.
import { z } from 'zod';
import { deploymentNameSchema, versionNameSchema } from '../contract/common.js';

const fieldName = z.string().min(1, 'must not be empty').max(200, 'at most 200 characters');

/** `integration` of a model's configuration. */
export const mappingSchema = z.strictObject({
  features: z.array(fieldName).max(2000).optional().describe('names of unnamed input columns, in order'),
  outputs: z.array(fieldName).max(2000).optional().describe('names of unnamed outputs, in order'),
  id: fieldName.optional().describe('the input that is the prediction id'),
  ground_truth: fieldName
    .optional()
    .describe('the name of a label that has none; `ground_truth` of the model by default'),
  version: versionNameSchema.optional().describe('the version of logs that name none'),
  deployment: deploymentNameSchema.optional().describe('the deployment of logs that name none'),
});
export type Mapping = z.output<typeof mappingSchema>;

/** A body that cannot be read. `message` says why, for whoever sent it; it quotes no values. */
export class BodyError extends Error {}

/** One instance's inputs or outputs by name. A row without names takes those of the mapping, else `prefix` and a number. */
export function nameRow(row: unknown, names: readonly string[] | undefined, prefix: string): Record<string, unknown> {
  if (isRecord(row)) return row;
  const cells = Array.isArray(row) ? (row as unknown[]) : [row];
  if (names !== undefined && names.length !== cells.length) {
    throw new BodyError(`a row has ${cells.length} values, and the model's integration names ${names.length}`);
  }
  return Object.fromEntries(cells.map((cell, index) => [names?.[index] ?? `${prefix}${index}`, cell]));
}

/** Columns of equal length as rows. */
export function rowsOfColumns(columns: Readonly<Record<string, unknown>>): Record<string, unknown>[] {
  const entries = Object.entries(columns);
  const lengths = new Set(entries.map(([, values]) => (Array.isArray(values) ? values.length : -1)));
  if (lengths.size !== 1) throw new BodyError('its columns are not of one length');
  const [length = 0] = lengths;
  if (length === -1) return [columns];
  return Array.from({ length }, (_, row) =>
    Object.fromEntries(entries.map(([name, values]) => [name, (values as unknown[])[row] ?? null])),
  );
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
