// Files of predictions as rows: read by the engine, streamed as text, so that memory does not grow with the file.
import type { Engine } from './client.js';
import type { Store } from './store.js';
import { describeUpload, stageUpload, unreadable, type UploadFile } from './upload-source.js';
import { columnOf, refuseRepeated } from './uploads.js';

/** A file that can be read row by row. `rows` gives batches; a row has its values in the order of the columns, null where it has none. */
export interface OpenedRows {
  columns: string[];
  rows(size: number): AsyncIterable<unknown[][]>;
  close(): Promise<void>;
}

const NEWLINE = 0x0a;

export class PredictionUpload {
  constructor(
    private readonly store: Store,
    private readonly engine: Engine,
  ) {}

  /**
   * @param isText columns whose values are names or ids: they come as text, with every digit.
   * @throws InvalidInputError when it is not such a file, or names a column twice. Always close() what is opened.
   */
  async open(file: UploadFile, isText: (column: string) => boolean): Promise<OpenedRows> {
    const described = await describeUpload(this.store, this.engine, file);
    const columns = described.map((column) => column.name);
    refuseRepeated(columns);
    const source = await stageUpload(this.store, this.engine, file, described);
    const selected = described.map(({ name, type }) =>
      isText(name) ? `toString(${columnOf(name)})` : readable(columnOf(name), type),
    );
    const statement = {
      name: 'read_prediction_file',
      lane: 'jobs' as const,
      sql: `SELECT ${selected.join(', ')} FROM ${source.from} SETTINGS max_threads = 1, input_format_parallel_parsing = 0, output_format_parallel_formatting = 0, output_format_json_quote_64bit_integers = 0, output_format_json_quote_denormals = 0`,
      params: source.params,
    };
    const stream = () => this.store.stream(statement, 'JSONCompactEachRow');
    return {
      columns,
      rows: (size) => batches(file, stream(), size),
      close: () => source.drop(),
    };
  }
}

/** A column as JSON has it: times as ISO 8601 in UTC, decimals as numbers; integers beyond 64 bits keep their digits as text. */
function readable(column: string, type: string): string {
  const plain = type.replace(/^LowCardinality\((.*)\)$/, '$1').replace(/^Nullable\((.*)\)$/, '$1');
  if (/^DateTime/.test(plain))
    return `concat(replaceOne(toString(toDateTime64(${column}, 3, 'UTC'), 'UTC'), ' ', 'T'), 'Z')`;
  if (/^Date/.test(plain)) return `concat(toString(${column}), 'T00:00:00.000Z')`;
  if (/^Decimal/.test(plain)) return `toFloat64(${column})`;
  if (/^(U?Int(128|256)|UUID|Enum|FixedString|IPv)/.test(plain)) return `toString(${column})`;
  return column;
}

async function* batches(file: UploadFile, chunks: AsyncIterable<Buffer>, size: number): AsyncIterable<unknown[][]> {
  let batch: unknown[][] = [];
  try {
    for await (const line of lines(chunks)) {
      batch.push(JSON.parse(line) as unknown[]);
      if (batch.length < size) continue;
      yield batch;
      batch = [];
    }
  } catch (error) {
    throw unreadable(file, error);
  }
  if (batch.length > 0) yield batch;
}

async function* lines(chunks: AsyncIterable<Buffer>): AsyncIterable<string> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      if (end > start) yield bytes.toString('utf8', start, end);
      start = end + 1;
    }
    rest = bytes.subarray(start);
  }
  if (rest.length > 0) yield rest.toString('utf8');
}
