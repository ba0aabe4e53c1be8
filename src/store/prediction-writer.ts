// Writing predictions: one line of text per row, group commit, and the removal of an id's older place.
import { z } from 'zod';
import { FieldError, flatten, type FieldVisitor } from '../domain/fields.js';
import type { PredictionItem } from '../domain/contract/tracking.js';
import { Batcher, type BatcherLimits, type FlushReport } from './batcher.js';
import type { Store } from './store.js';

const COLUMNS = [
  'model', 'version', 'deployment', 'prediction_id', 'external_id', 'ts', 'num', 'str', 'flag', 'json', 'metrics', 'tags', 'latency_ms', 'status',
  'error', 'request_bytes', 'response_bytes', 'cpu_ms', 'memory_bytes', 'received_at', 'row_version', 'is_deleted',
] as const; // prettier-ignore

/** A validated prediction with its identity and time resolved. */
export interface PredictionRecord extends Omit<PredictionItem, 'prediction_id' | 'timestamp'> {
  id: string;
  externalId: string;
  timestamp: number;
  receivedAt: number;
}

/** A row ready to be written. `known` says that the id came from the client, so an older place may exist. */
export interface EncodedPrediction {
  line: string;
  id: string;
  known: boolean;
}

const MAX_CACHED_KEYS = 20_000;
/** `"inputs.age":` as JSON text by path: models send the same paths all the time. */
const keyCache = new Map<string, string>();

function jsonKey(path: string): string {
  let text = keyCache.get(path);
  if (text === undefined) {
    text = `${JSON.stringify(path)}:`;
    if (keyCache.size >= MAX_CACHED_KEYS) keyCache.clear();
    keyCache.set(path, text);
  }
  return text;
}

/** Collects the typed columns of one row as JSON object text, without building objects in between. */
class ColumnText implements FieldVisitor {
  num = '';
  str = '';
  flag = '';
  text = '';
  number(path: string, value: number): void {
    this.num += `${this.num === '' ? '' : ','}${jsonKey(path)}${value}`;
  }
  string(path: string, value: string): void {
    this.str += `${this.str === '' ? '' : ','}${jsonKey(path)}${JSON.stringify(value)}`;
  }
  boolean(path: string, value: boolean): void {
    this.flag += `${this.flag === '' ? '' : ','}${jsonKey(path)}${value}`;
  }
  json(path: string, text: string): void {
    this.text += `${this.text === '' ? '' : ','}${jsonKey(path)}${JSON.stringify(text)}`;
  }
}

/** The columns `num, str, flag, json` of one row, as the text of four JSON objects. @throws FieldError */
export function encodeFields(roots: Record<string, unknown>): string {
  const columns = new ColumnText();
  for (const root of Object.keys(roots)) if (roots[root] !== undefined) flatten(root, roots[root], columns);
  return `{${columns.num}},{${columns.str}},{${columns.flag}},{${columns.text}}`;
}

const place = z.object({
  id: z.string(),
  model: z.string(),
  version: z.string(),
  deployment: z.string(),
  places: z.array(z.tuple([z.number(), z.number()])),
});
/** Ids of one look-up: a server takes at most 128 KiB of one parameter (http_max_field_value_size), 45 bytes an id. */
const LOOKUP_IDS = 2500;

export class PredictionWriter {
  private readonly batcher: Batcher;

  constructor(
    private readonly store: Store,
    limits: BatcherLimits,
    report: (flush: FlushReport) => void,
  ) {
    this.batcher = new Batcher((body) => store.insertBody('predictions', COLUMNS, body, 'ingest'), limits, report);
  }

  get depth(): number {
    return this.batcher.depth;
  }

  /**
   * One row as JSONCompactEachRow text.
   * @throws FieldError when a value cannot be stored; its path names it.
   */
  encode(record: PredictionRecord, known: boolean): EncodedPrediction {
    const metrics = record.metrics ?? {};
    for (const key of Object.keys(metrics))
      if (!Number.isFinite(metrics[key])) throw new FieldError(`metrics.${key}`, 'not a finite number');
    const fields = encodeFields({ inputs: record.inputs, outputs: record.outputs });
    const line = `[${JSON.stringify(record.model)},${JSON.stringify(record.version)},${JSON.stringify(record.deployment)},"${record.id}",${JSON.stringify(record.externalId)},${
      record.timestamp
    },${fields},${JSON.stringify(metrics)},${JSON.stringify(record.tags ?? {})},${record.latency_ms ?? null},"${record.status}",${JSON.stringify(
      record.error ?? '',
    )},${record.request_bytes ?? null},${record.response_bytes ?? null},${record.cpu_ms ?? null},${record.memory_bytes ?? null},${
      record.receivedAt
    },${this.store.versions.next()},0]`;
    return { line, id: record.id, known };
  }

  /** Store rows; resolves when they are on disk and no older place of their ids is left. */
  async write(rows: readonly EncodedPrediction[]): Promise<void> {
    if (rows.length === 0) return;
    await this.batcher.add(Buffer.from(rows.map((row) => row.line).join('\n')), rows.length);
    await this.removeOlderPlaces(rows.filter((row) => row.known).map((row) => row.id));
  }

  idle(): Promise<void> {
    return this.batcher.idle();
  }

  /** The models that have a prediction of these ids; an id that nobody has is absent. */
  async modelsOf(ids: readonly string[]): Promise<Map<string, string[]>> {
    const models = new Map<string, string[]>();
    for (let start = 0; start < ids.length; start += LOOKUP_IDS) {
      const rows = await this.store.query({
        name: 'models_of_predictions',
        sql: 'SELECT toString(prediction_id) AS id, groupUniqArray(model) AS models FROM prediction_places WHERE prediction_id IN {ids:Array(UUID)} GROUP BY prediction_id',
        params: { ids: ids.slice(start, start + LOOKUP_IDS) },
        row: z.object({ id: z.string(), models: z.array(z.string()) }),
      });
      for (const row of rows) models.set(row.id, row.models);
    }
    return models;
  }

  /**
   * The hour is part of the sort key, so an id that is sent again with a timestamp in another hour leaves its old row behind.
   * Looked up after the insert: of two writers with the same id, the later one sees both places.
   */
  private async removeOlderPlaces(ids: string[]): Promise<void> {
    for (let start = 0; start < ids.length; start += LOOKUP_IDS) {
      const moved = await this.store.query({
        name: 'find_moved_predictions',
        sql: `SELECT toString(prediction_id) AS id, model, version, deployment, groupArray((ts_ms, newest)) AS places FROM (
            SELECT prediction_id, model, version, deployment, hour, toUnixTimestamp64Milli(argMax(ts, row_version)) AS ts_ms, max(row_version) AS newest
            FROM prediction_places WHERE prediction_id IN {ids:Array(UUID)}
            GROUP BY prediction_id, model, version, deployment, hour HAVING argMax(is_deleted, row_version) = 0
          ) GROUP BY prediction_id, model, version, deployment HAVING count() > 1`,
        params: { ids: ids.slice(start, start + LOOKUP_IDS) },
        row: place,
      });
      const stale = moved.flatMap((entry) => {
        const newest = Math.max(...entry.places.map(([, version]) => version));
        return entry.places.filter(([, version]) => version < newest).map(([ts]) => ({ ...entry, ts }));
      });
      await this.remove(stale);
    }
  }

  /** Write deletions at exact places. */
  async remove(
    places: readonly { id: string; model: string; version: string; deployment: string; ts: number }[],
  ): Promise<void> {
    if (places.length === 0) return;
    const lines = places.map((p) =>
      JSON.stringify([
        p.model,
        p.version,
        p.deployment,
        p.id,
        '',
        p.ts,
        {},
        {},
        {},
        {},
        {},
        {},
        null,
        'ok',
        '',
        null,
        null,
        null,
        null,
        this.store.now(),
        this.store.versions.next(),
        1,
      ]),
    );
    await this.store.insertBody('predictions', COLUMNS, Buffer.from(lines.join('\n')), 'ingest');
  }
}
