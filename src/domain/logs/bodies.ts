// Bodies of inference requests and responses as rows: KServe v1, Open Inference v2, MLflow scoring, Seldon.
import { BodyError, isRecord, nameRow, rowsOfColumns, type Mapping } from './mapping.js';
import { isTensors, rowsOfTensors } from './tensors.js';

/** Where each form of a request keeps its instances; a body has exactly one. */
const REQUEST_KEYS = ['instances', 'inputs', 'dataframe_split', 'dataframe_records', 'data'] as const;
/** The most instances of one body. */
export const MAX_INSTANCES = 100_000;

/** The inputs of each instance of a request. @throws BodyError */
export function inputsOf(body: unknown, mapping: Mapping): Record<string, unknown>[] {
  const rows = requestRows(body, mapping).map((row) => nameRow(row, mapping.features, 'f'));
  return checked(rows);
}

/** What a response says: an output for each instance, or the error for all of them. @throws BodyError */
export function outputsOf(body: unknown, mapping: Mapping): { outputs: unknown[] } | { error: string } {
  if (isRecord(body) && 'error' in body && !('predictions' in body) && !('outputs' in body)) {
    return { error: typeof body.error === 'string' ? body.error : JSON.stringify(body.error) };
  }
  return { outputs: checked(responseRows(body, mapping)).map((row) => nameOutput(row, mapping.outputs)) };
}

function requestRows(body: unknown, mapping: Mapping): unknown[] {
  if (!isRecord(body)) throw new BodyError('the request is no JSON object');
  const found = REQUEST_KEYS.filter((key) => key in body);
  if (found.length !== 1) {
    const which = found.length === 0 ? 'none' : found.join(' and ');
    throw new BodyError(`the request must have exactly one of ${REQUEST_KEYS.join(', ')}; it has ${which}`);
  }
  switch (found[0]) {
    case 'dataframe_split':
      return splitRows(body.dataframe_split);
    case 'dataframe_records':
      return list(body.dataframe_records, 'dataframe_records');
    case 'data':
      return seldonRows(body.data);
    case 'inputs':
      if (isTensors(body.inputs)) return rowsOfTensors(body.inputs, mapping.features);
      return isRecord(body.inputs) ? rowsOfColumns(body.inputs) : list(body.inputs, 'inputs');
    default:
      return list(body.instances, 'instances');
  }
}

function responseRows(body: unknown, mapping: Mapping): unknown[] {
  if (Array.isArray(body)) return body;
  if (!isRecord(body)) throw new BodyError('the response is no JSON object');
  if (isTensors(body.outputs)) return rowsOfTensors(body.outputs, mapping.outputs);
  if (isRecord(body.data)) return seldonRows(body.data);
  const predictions = body.predictions ?? body.outputs;
  if (isRecord(predictions)) return rowsOfColumns(predictions);
  if (predictions === undefined) throw new BodyError('the response has no predictions, outputs or data');
  return Array.isArray(predictions) ? predictions : [predictions];
}

/** A single value stays one, unless the mapping names it. */
function nameOutput(row: unknown, names: readonly string[] | undefined): unknown {
  if (isRecord(row)) return row;
  const single = Array.isArray(row) && row.length === 1 ? (row[0] as unknown) : row;
  if (!Array.isArray(single) && names?.length !== 1) return single;
  return nameRow(single, names, 'o');
}

function splitRows(value: unknown): unknown[] {
  if (!isRecord(value)) throw new BodyError('dataframe_split is no object');
  const rows = list(value.data, 'dataframe_split.data');
  const columns = value.columns === undefined ? undefined : list(value.columns, 'dataframe_split.columns').map(String);
  if (columns === undefined) return rows;
  return rows.map((row) => {
    if (!Array.isArray(row) || row.length !== columns.length) {
      throw new BodyError(`a row of dataframe_split has not ${columns.length} values, as many as it has columns`);
    }
    return Object.fromEntries(columns.map((name, index) => [name, (row as unknown[])[index]]));
  });
}

/** `{"names": [...], "ndarray": [[...]]}`, or `"tensor": {"shape", "values"}`. */
function seldonRows(value: unknown): unknown[] {
  if (!isRecord(value)) throw new BodyError('data is no object');
  const names = Array.isArray(value.names) && value.names.length > 0 ? value.names.map(String) : undefined;
  if (isRecord(value.tensor)) {
    const { shape, values } = value.tensor;
    const tensor = { name: 't', shape, datatype: '', data: values };
    return rowsOfTensors([tensor], names).map((row) => (names === undefined ? Object.values(row) : row));
  }
  const rows = list(value.ndarray, 'data.ndarray');
  return names === undefined ? rows : rows.map((row) => nameRow(row, names, 'f'));
}

function list(value: unknown, where: string): unknown[] {
  if (!Array.isArray(value)) throw new BodyError(`${where} is no list`);
  return value;
}

function checked<T>(rows: T[]): T[] {
  if (rows.length === 0) throw new BodyError('there is no instance in it');
  if (rows.length > MAX_INSTANCES) throw new BodyError(`it has more than ${MAX_INSTANCES} instances`);
  return rows;
}
