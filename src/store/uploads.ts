// Uploaded CSV and Parquet files: read by the engine itself, column by column, never row by row in Node.
import { InvalidInputError } from '../domain/errors.js';
import type { Engine } from './client.js';
import { describeUpload, stageUpload, UPLOAD_ROWS, type UploadFile, type UploadSource } from './upload-source.js';
import type { Store } from './store.js';

/** A column of an upload with the three typed readings of its values; each is an SQL expression, NULL where it does not apply. */
export interface UploadColumn {
  name: string;
  number: string;
  text: string;
  flag: string;
}

const NUMERIC = /^(U?Int\d+|Float\d+|BFloat16|Decimal.*)$/;
const NUMBER_TEXT = String.raw`'^[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d{1,3})?$'`;

/** Quote a column name of a file. Names come from people's files: backslashes and backticks are escaped. */
export function quoteName(name: string): string {
  return `\`${name.replace(/\\/g, '\\\\').replace(/`/g, '\\`')}\``;
}

/** A column of an upload in a statement that selects from it. */
export function columnOf(name: string): string {
  return `${UPLOAD_ROWS}.${quoteName(name)}`;
}

/** How one column's values are read, by its type in the file. CSV columns are text and recognised value by value. */
export function readColumn(name: string, type: string, source: UploadFile): UploadColumn {
  const column = columnOf(name);
  const plain = type.replace(/^LowCardinality\((.*)\)$/, '$1').replace(/^Nullable\((.*)\)$/, '$1');
  const nothing = {
    number: 'CAST(NULL AS Nullable(Float64))',
    text: 'CAST(NULL AS Nullable(String))',
    flag: 'CAST(NULL AS Nullable(Bool))',
  };
  if (source.format === 'csv') {
    const filled = `nullIf(${column}, '')`;
    if (source.strings.includes(name)) return { name, ...nothing, text: filled };
    const isNumber = `match(${column}, ${NUMBER_TEXT}) AND isFinite(toFloat64OrZero(${column}))`;
    const isFlag = `lower(${column}) IN ('true', 'false')`;
    return {
      name,
      number: `if(${isNumber}, toFloat64OrNull(${column}), NULL)`,
      flag: `if(${isFlag}, CAST(lower(${column}) = 'true' AS Nullable(Bool)), NULL)`,
      text: `if((${isNumber}) OR ${isFlag}, NULL, ${filled})`,
    };
  }
  if (NUMERIC.test(plain))
    return {
      name,
      ...nothing,
      number: `if(isFinite(toFloat64(${column})), CAST(${column} AS Nullable(Float64)), NULL)`,
    };
  if (plain === 'Bool') return { name, ...nothing, flag: `CAST(${column} AS Nullable(Bool))` };
  return { name, ...nothing, text: `CAST(toString(${column}) AS Nullable(String))` };
}

/** An upload that is ready to be selected from. */
export interface StagedUpload extends UploadSource {
  columns: UploadColumn[];
}

/** Columns of one file: a statement names each several times, and the engine's time for it grows with the square. */
const MAX_COLUMNS = 1000;

/**
 * Make a file readable for the engine and describe it; always drop() afterwards.
 * @throws InvalidInputError when it is not such a file, names a column twice, or has too many.
 */
export async function openUpload(store: Store, engine: Engine, file: UploadFile): Promise<StagedUpload> {
  const described = await describeUpload(store, engine, file);
  refuseRepeated(described.map((column) => column.name));
  if (described.length > MAX_COLUMNS)
    throw new InvalidInputError(
      `The file has ${described.length} columns, more than the ${MAX_COLUMNS} that a file may have here. Send rows of so many fields as NDJSON.`,
    );
  const source = await stageUpload(store, engine, file, described);
  return { ...source, columns: described.map((column) => readColumn(column.name, column.type, file)) };
}

/** @throws InvalidInputError when a name occurs twice: which of the values would count? */
export function refuseRepeated(names: readonly string[]): void {
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw new InvalidInputError(`The file names the column "${repeated}" twice.`);
}
