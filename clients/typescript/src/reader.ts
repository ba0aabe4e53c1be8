// Reads back: predictions page by page, computed numbers, Cloudera's rows; and sends files.
import { millis } from './item.js';
import type {
  MetricPoint,
  MetricsQuery,
  MetricsRow,
  Prediction,
  PredictionsQuery,
  ReadMetricsQuery,
  Time,
} from './types.js';

/** An answer that is not the one that was asked for. `status`: 0 where there was none. */
export class DriftlineError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail);
    this.name = 'DriftlineError';
  }
}

type Query = Record<string, string | number | boolean | readonly string[] | null | undefined>;

const PAGE = 1000;

export class Reader {
  constructor(
    private readonly url: string,
    private readonly headers: Record<string, string>,
  ) {}

  async *predictions(model: string, query: PredictionsQuery): AsyncIterableIterator<Prediction> {
    const { version, deployment, segment, labelled, start, end } = query;
    const filter = { model, version, deployment, segment, labelled, from: time(start), to: time(end), limit: PAGE };
    let cursor: string | null = null;
    do {
      const page = (await this.get('/v1/predictions', { ...filter, cursor })) as {
        predictions: Prediction[];
        next_cursor: string | null;
      };
      yield* page.predictions;
      cursor = page.next_cursor;
    } while (cursor !== null);
  }

  async metrics(model: string, query: MetricsQuery): Promise<MetricPoint[]> {
    const { start, end, ...rest } = query;
    return (await this.get(`/v1/models/${encodeURIComponent(model)}/metrics`, {
      ...rest,
      from: time(start),
      to: time(end),
    })) as MetricPoint[];
  }

  async readMetrics(query: ReadMetricsQuery): Promise<{ metrics: MetricsRow[] }> {
    return (await this.call('POST', '/read-metrics', JSON.stringify(query), 'application/json')) as {
      metrics: MetricsRow[];
    };
  }

  /** A CSV or Parquet file of ground truth; Parquet is told by its first bytes. */
  async upload(file: Blob, strings: readonly string[]): Promise<number> {
    const magic = await file.slice(0, 4).text();
    const type = magic === 'PAR1' ? 'application/vnd.apache.parquet' : 'text/csv';
    const query = strings.length === 0 ? '' : `?strings=${encodeURIComponent(strings.join(','))}`;
    const answer = (await this.call('POST', `/v1/ground-truth${query}`, file, type)) as { accepted: number };
    return answer.accepted;
  }

  private get(path: string, query: Query): Promise<unknown> {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value === undefined || value === null) continue;
      for (const one of Array.isArray(value) ? (value as readonly string[]) : [value]) search.append(name, String(one));
    }
    const text = search.toString();
    return this.call('GET', text === '' ? path : `${path}?${text}`);
  }

  private async call(method: string, path: string, body?: string | Blob, type?: string): Promise<unknown> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { ...this.headers, accept: 'application/json', ...(type === undefined ? {} : { 'content-type': type }) },
      body,
    }).catch((error: unknown) => {
      throw new DriftlineError(0, 'unreachable', `No service answers at ${this.url}: ${String(error)}`);
    });
    const text = await response.text();
    if (response.ok) return JSON.parse(text) as unknown;
    throw refusal(response.status, text);
  }
}

function refusal(status: number, text: string): DriftlineError {
  try {
    const { code = 'error', detail = text } = JSON.parse(text) as { code?: string; detail?: string };
    return new DriftlineError(status, code, detail);
  } catch {
    return new DriftlineError(status, 'error', `The service answered with status ${status}.`);
  }
}

function time(given: Time | undefined): number | undefined {
  return given === undefined ? undefined : millis(given);
}
