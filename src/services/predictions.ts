// Reading predictions back: pages, one by id, whole ranges as files.
import type { LabelValue } from '../domain/contract/ingestion.js';
import type { StoredPrediction } from '../domain/contract/tracking.js';
import { InvalidInputError, NotFoundError } from '../domain/errors.js';
import type { ExportFormat, PredictionFilter, PredictionsApi } from './api.js';
import { resolveId } from './ids.js';

/** Where a page begins: after this prediction. */
export interface PageKey {
  ts: number;
  id: string;
  version: string;
  deployment: string;
}

export interface PredictionReader {
  /** Ascending by time, unless `order` says otherwise. */
  page(
    range: PredictionFilter,
    limit: number,
    after: PageKey | null,
    order?: 'asc' | 'desc',
  ): Promise<StoredPrediction[]>;
  byId(id: string): Promise<StoredPrediction[]>;
  /** Rows as CSV or Parquet, a column per field. */
  file(range: PredictionFilter, format: 'csv' | 'parquet'): AsyncIterable<Buffer>;
}

const EXPORT_PAGE = 2000;

export class PredictionsService implements PredictionsApi {
  constructor(
    private readonly reader: PredictionReader,
    private readonly requireModel: (model: string) => Promise<void>,
    private readonly historyOf: (id: string) => Promise<LabelValue[]>,
  ) {}

  history(id: string): Promise<LabelValue[]> {
    return this.historyOf(resolveId(id).id);
  }

  async list(
    filter: PredictionFilter,
    page: { limit: number; cursor: string | null; order?: 'asc' | 'desc' | null },
  ): Promise<{ predictions: StoredPrediction[]; next_cursor: string | null }> {
    await this.requireModel(filter.model);
    // One more than asked for tells whether there is another page.
    const rows = await this.reader.page(
      filter,
      page.limit + 1,
      page.cursor === null ? null : decodeCursor(page.cursor),
      page.order ?? 'asc',
    );
    const predictions = rows.slice(0, page.limit);
    const last = predictions[predictions.length - 1];
    return { predictions, next_cursor: rows.length > page.limit && last !== undefined ? encodeCursor(last) : null };
  }

  async get(id: string, allowed: readonly string[] | null): Promise<StoredPrediction> {
    const found = await this.reader.byId(resolveId(id).id);
    const prediction = found.find((candidate) => allowed === null || allowed.includes(candidate.model));
    if (prediction === undefined)
      throw new NotFoundError(
        `There is no prediction "${id.slice(0, 200)}". Ids are UUIDs, or the external ids that were sent.`,
      );
    return prediction;
  }

  async *export(filter: PredictionFilter, format: ExportFormat): AsyncIterable<Buffer> {
    await this.requireModel(filter.model);
    if (format !== 'ndjson') {
      yield* this.reader.file(filter, format);
      return;
    }
    for await (const rows of pagesOf(this.reader, filter, EXPORT_PAGE))
      yield Buffer.from(`${rows.map((row) => JSON.stringify(row)).join('\n')}\n`);
  }
}

/** A whole range, page by page, ascending by time; no page is empty. */
export async function* pagesOf(
  reader: Pick<PredictionReader, 'page'>,
  filter: PredictionFilter,
  size: number,
): AsyncIterable<StoredPrediction[]> {
  let after: PageKey | null = null;
  for (;;) {
    const rows: StoredPrediction[] = await reader.page(filter, size, after);
    if (rows.length > 0) yield rows;
    const last = rows[rows.length - 1];
    if (rows.length < size || last === undefined) return;
    after = keyOf(last);
  }
}

function keyOf(prediction: StoredPrediction): PageKey {
  return {
    ts: Date.parse(prediction.timestamp),
    id: prediction.prediction_id,
    version: prediction.version,
    deployment: prediction.deployment,
  };
}

function encodeCursor(prediction: StoredPrediction): string {
  const { ts, id, version, deployment } = keyOf(prediction);
  return Buffer.from(JSON.stringify([ts, id, version, deployment])).toString('base64url');
}

function decodeCursor(cursor: string): PageKey {
  try {
    const [ts, id, version, deployment] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown[];
    if (
      typeof ts === 'number' &&
      Number.isSafeInteger(ts) &&
      typeof id === 'string' &&
      /^[0-9a-f-]{36}$/.test(id) &&
      typeof version === 'string' &&
      typeof deployment === 'string'
    ) {
      return { ts, id, version, deployment };
    }
  } catch {
    // Falls through to the one message for every kind of broken cursor.
  }
  throw new InvalidInputError('The cursor is not one that this service gave. Start again without it.', [
    { code: 'invalid_cursor', path: 'cursor', message: 'not a cursor of this service' },
  ]);
}
