// One read-only SELECT of a caller: its rows as JSON, CSV or Parquet, and never more of them than the limit.
import { parquetMetadata } from 'hyparquet';
import type { SqlApi } from './api.js';

/** The most rows of one answer. */
export const MAX_ROWS = 10_000;

/** What the service needs of the store. It checks that the statement reads the documented views and nothing else. */
export interface SqlReader {
  /** The first `limit` rows. @throws ForbiddenError, InvalidInputError */
  read(statement: { sql: string; params: Record<string, unknown> }, format: string, limit: number): Promise<Buffer>;
}

/** Rows, and whether there were more of them than the limit. */
interface SqlAnswer {
  contentType: string;
  body: Buffer;
  truncated: boolean;
}

const NEWLINE = 0x0a;
const QUOTE = 0x22;

export class SqlService implements SqlApi {
  constructor(private readonly reader: SqlReader) {}

  async run(request: Parameters<SqlApi['run']>[0]): Promise<SqlAnswer> {
    switch (request.format) {
      case 'json': {
        const lines = firstLines(await this.reader.read(request, 'JSONEachRow', MAX_ROWS + 1), MAX_ROWS, false);
        return { contentType: 'application/json; charset=utf-8', body: jsonArray(lines.kept), truncated: lines.cut };
      }
      case 'csv': {
        const lines = firstLines(await this.reader.read(request, 'CSVWithNames', MAX_ROWS + 1), MAX_ROWS + 1, true);
        return { contentType: 'text/csv; charset=utf-8', body: lines.kept, truncated: lines.cut };
      }
      case 'parquet':
        return { contentType: 'application/vnd.apache.parquet', ...(await this.parquet(request)) };
    }
  }

  /** A Parquet file cannot be cut: it is read once more where it is too long. */
  private async parquet(request: Parameters<SqlReader['read']>[0]): Promise<{ body: Buffer; truncated: boolean }> {
    const body = await this.reader.read(request, 'Parquet', MAX_ROWS + 1);
    const bytes = body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength) as ArrayBuffer;
    if (parquetMetadata(bytes).num_rows <= MAX_ROWS) return { body, truncated: false };
    return { body: await this.reader.read(request, 'Parquet', MAX_ROWS), truncated: true };
  }
}

/** The first `count` lines, and whether there are more. With `quotes`, a line break between double quotes ends no line. */
function firstLines(text: Buffer, count: number, quotes: boolean): { kept: Buffer; cut: boolean } {
  let lines = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === QUOTE && quotes) quoted = !quoted;
    if (text[at] !== NEWLINE || quoted || ++lines < count) continue;
    return { kept: text.subarray(0, at + 1), cut: at + 1 < text.length };
  }
  return { kept: text, cut: false };
}

/** Rows of one line each as one array. They are not parsed: JSON.parse would round the engine's 64-bit integers. */
function jsonArray(lines: Buffer): Buffer {
  const rows = lines.toString('utf8').trimEnd();
  return Buffer.from(`[${rows.replaceAll('\n', ',\n')}]\n`);
}
