// Open Inference Protocol v2: named tensors as rows. `data` is row-major, nested or flat; the first dimension is the batch.
import { BodyError, isRecord } from './mapping.js';

interface Tensor {
  name: string;
  shape: number[];
  datatype: string;
  data: unknown[];
}

/** Whether a value is a list of tensors. */
export function isTensors(value: unknown): value is unknown[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => isRecord(item) && 'name' in item && 'shape' in item)
  );
}

/**
 * The rows of tensors of one batch. A tensor of one value a row is a column under its name; the columns of a wider one take `names` where these are as many
 * as all columns of all tensors, else its name and a number.
 */
export function rowsOfTensors(
  value: readonly unknown[],
  names: readonly string[] | undefined,
): Record<string, unknown>[] {
  const tensors = value.map(parseTensor);
  const [rows = 0, ...others] = new Set(tensors.map(({ shape }) => shape[0] ?? 1));
  if (others.length > 0) throw new BodyError('its tensors are not of one batch size');
  const widths = tensors.map(({ shape }) => shape.slice(1).reduce((product, size) => product * size, 1));
  const columns = tensors.flatMap(({ name }, at) => {
    const width = widths[at] ?? 1;
    return Array.from({ length: width }, (_, column) => ({
      at,
      column,
      width,
      name: width === 1 ? name : `${name}_${column}`,
    }));
  });
  const named = names !== undefined && names.length === columns.length ? names : undefined;
  const someUnnamed = columns.some(({ width }) => width > 1);
  if (names !== undefined && named === undefined && someUnnamed) {
    throw new BodyError(
      `its tensors have ${columns.length} columns, and the model's integration names ${names.length}`,
    );
  }
  return Array.from({ length: rows }, (_, row) =>
    Object.fromEntries(
      columns.map(({ at, column, width, name }, index) => [
        named?.[index] ?? name,
        cell(tensors[at], row * width + column),
      ]),
    ),
  );
}

function cell(tensor: Tensor | undefined, at: number): unknown {
  const value = tensor?.data[at] ?? null;
  if (tensor?.datatype === 'BOOL') return value === null ? null : value === true || value === 1;
  if (typeof value === 'string' && tensor?.datatype !== 'BYTES') return null; // "NaN" and the infinities
  return value;
}

function parseTensor(value: unknown): Tensor {
  const { name, shape, datatype = '', data } = value as Record<string, unknown>;
  if (typeof name !== 'string') throw new BodyError('a tensor has no name');
  if (!Array.isArray(shape) || !shape.every((size) => Number.isInteger(size) && (size as number) >= 0)) {
    throw new BodyError(`the shape of tensor ${name} is no list of sizes`);
  }
  if (!Array.isArray(data)) throw new BodyError(`tensor ${name} has no data: binary tensors are not read`);
  const flat = data.flat(Infinity) as unknown[];
  const size = (shape as number[]).reduce((product, length) => product * length, 1);
  if (flat.length !== size) throw new BodyError(`tensor ${name} has ${flat.length} values, and its shape says ${size}`);
  return { name, shape: shape as number[], datatype: String(datatype), data: flat };
}
