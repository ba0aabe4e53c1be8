// SageMaker's data capture and ground truth, one JSON object a line: captured requests with their answers, and labels by id.
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { readJson } from '../json-text.js';
import { inputsOf, outputsOf } from './bodies.js';
import { BodyError, isRecord, nameRow, type Mapping } from './mapping.js';

const partSchema = z.object({ data: z.string(), encoding: z.enum(['CSV', 'JSON', 'BASE64']).default('CSV') });

export const captureSchema = z.object({
  captureData: z.object({ endpointInput: partSchema.optional(), endpointOutput: partSchema.optional() }),
  eventMetadata: z.object({
    eventId: z.string().min(1),
    inferenceId: z.string().min(1).optional(),
    inferenceTime: z.iso.datetime({ offset: true }).optional(),
  }),
});
export const truthSchema = z.object({
  groundTruthData: partSchema,
  eventMetadata: z.object({ eventId: z.string().min(1) }),
});

/** One prediction of a captured request. */
export interface Captured {
  id: string;
  timestamp: number | null;
  inputs: Record<string, unknown>;
  outputs: unknown;
}

/** The id of an instance: that of the request where it is the only one, so that ground truth finds it. */
const idOf = (event: string, index: number, count: number): string => (count === 1 ? event : `${event}#${index}`);

/** The predictions of a line of capture. @throws BodyError */
export function captured(line: z.output<typeof captureSchema>, mapping: Mapping): Captured[] {
  const { endpointInput, endpointOutput } = line.captureData;
  const { eventId, inferenceId, inferenceTime } = line.eventMetadata;
  if (endpointInput === undefined) throw new BodyError('it has no endpointInput');
  const inputs = rowsOf(endpointInput, (body) => inputsOf(body, mapping)).map((row) =>
    nameRow(row, mapping.features, 'f'),
  );
  const outputs = endpointOutput === undefined ? null : outputRows(endpointOutput, mapping);
  if (outputs !== null && outputs.length !== inputs.length) {
    throw new BodyError(`it has ${inputs.length} instances and ${outputs.length} outputs`);
  }
  return inputs.map((row, index) => ({
    id: namedId(row, mapping) ?? idOf(inferenceId ?? eventId, index, inputs.length),
    timestamp: inferenceTime === undefined ? null : Date.parse(inferenceTime),
    inputs: row,
    outputs: outputs?.[index],
  }));
}

/** The labels of a line of ground truth. `label`: the name of one that has none. @throws BodyError */
export function truths(
  line: z.output<typeof truthSchema>,
  label: string,
): { id: string; values: Record<string, unknown> }[] {
  const rows = rowsOf(line.groundTruthData, (body) => (Array.isArray(body) ? body : [body]));
  return rows.map((row, index) => {
    const single = Array.isArray(row) && row.length === 1 ? (row[0] as unknown) : row;
    const values = isRecord(single)
      ? single
      : Array.isArray(single)
        ? nameRow(single, undefined, 'value')
        : { [label]: single };
    return { id: idOf(line.eventMetadata.eventId, index, rows.length), values };
  });
}

/** The field of the inputs that the mapping calls the id, as text; null where there is none. */
export function namedId(inputs: Record<string, unknown>, mapping: Mapping): string | null {
  if (mapping.id === undefined) return null;
  const value = inputs[mapping.id];
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw new BodyError(`an instance has no ${mapping.id}, which the model's integration calls the id`);
  }
  return String(value);
}

function outputRows(part: z.output<typeof partSchema>, mapping: Mapping): unknown[] {
  const read = (body: unknown): unknown[] => {
    const answer = outputsOf(isRecord(body) || Array.isArray(body) ? body : { predictions: [body] }, mapping);
    if ('error' in answer) throw new BodyError('its output is an error');
    return answer.outputs;
  };
  return part.encoding === 'JSON' ? rowsOf(part, read) : read(rowsOf(part, read));
}

/** A row for each instance: a line of CSV each, or what `read` finds in JSON. */
function rowsOf(part: z.output<typeof partSchema>, read: (body: unknown) => unknown[]): unknown[] {
  const text = part.encoding === 'BASE64' ? Buffer.from(part.data, 'base64').toString('utf8') : part.data;
  if (part.encoding === 'CSV') return csvRows(text);
  const body = parseJson(text);
  if (body !== undefined) return read(body);
  if (part.encoding === 'BASE64' && !/[\0\uFFFD]/.test(text)) return csvRows(text);
  throw new BodyError(`its ${part.encoding} data is neither JSON nor CSV`);
}

/** In CSV everything is text: what looks like a number is one. */
function csvRows(text: string): unknown[] {
  try {
    const rows: string[][] = parse(text, { relax_column_count: true, skip_empty_lines: true, trim: true });
    return rows.map((row) => row.map(csvValue));
  } catch {
    throw new BodyError('its CSV cannot be read');
  }
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i;

function csvValue(text: string): unknown {
  if (text === '') return null;
  return NUMBER.test(text) ? Number(text) : text;
}

function parseJson(text: string): unknown {
  try {
    return readJson(text);
  } catch {
    return undefined;
  }
}
