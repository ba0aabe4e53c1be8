// Predictions of 20 numbers and 2 strings, 557 bytes as a line of NDJSON on average: as they are sent, and as flat rows of the table.
import { randomUUID } from 'node:crypto';
import { mulberry32 } from '../demo/random.js';
import { flatten } from '../src/domain/fields.js';

/** A prediction as a client sends it. */
export interface Prediction {
  model: string;
  version: string;
  prediction_id?: string;
  timestamp: number;
  inputs: Record<string, number | string>;
  outputs: Record<string, number | string>;
}

const REGIONS = ['north', 'south', 'east', 'west'];
const FEATURES = 19;
/** How far apart predictions are, ms. */
const STEP = 50;

/** `count` predictions in the hours before `now` (epoch ms). `ids`: with an id of the client's. The same numbers each time. */
export function predictions(count: number, now: number, ids: boolean): Prediction[] {
  const random = mulberry32(1);
  return Array.from({ length: count }, (_, index) => {
    const inputs: Prediction['inputs'] = {};
    for (let f = 0; f < FEATURES; f++) inputs[`feature_${f}`] = Math.round(random() * 1e7) / 1e4;
    inputs.region = REGIONS[Math.floor(random() * REGIONS.length)] ?? '';
    return {
      model: 'credit-risk-europe',
      version: '2026-01',
      ...(ids ? { prediction_id: randomUUID() } : {}),
      timestamp: now - (count - index) * STEP,
      inputs,
      outputs: { score: Math.round(random() * 1e6) / 1e6, label: random() < 0.5 ? 'accepted' : 'declined' },
    };
  });
}

/** Bodies of NDJSON, `size` lines each. */
export function bodies(rows: readonly Prediction[], size: number): Buffer[] {
  const result: Buffer[] = [];
  for (let start = 0; start < rows.length; start += size)
    result.push(
      Buffer.from(
        rows
          .slice(start, start + size)
          .map((row) => JSON.stringify(row))
          .join('\n'),
      ),
    );
  return result;
}

/** The same predictions as flat objects with every column that the service fills. */
export function flatRows(rows: readonly Prediction[], now: number): Record<string, unknown>[] {
  return rows.map((row, index) => {
    const num: Record<string, number> = {};
    const str: Record<string, string> = {};
    const visitor = {
      number: (path: string, value: number) => void (num[path] = value),
      string: (path: string, value: string) => void (str[path] = value),
      boolean: () => undefined,
      json: () => undefined,
    };
    flatten('inputs', row.inputs, visitor);
    flatten('outputs', row.outputs, visitor);
    return {
      model: row.model,
      version: row.version,
      prediction_id: row.prediction_id ?? randomUUID(),
      ts: row.timestamp,
      num,
      str,
      status: 'ok',
      received_at: now,
      row_version: now * 1000 + index,
    };
  });
}
