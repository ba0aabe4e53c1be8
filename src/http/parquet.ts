// Computed numbers as a Parquet file: columns as in the JSON, times as timestamps.
import { parquetWriteBuffer } from 'hyparquet-writer';
import { metricPointSchema, type MetricPointJson } from '../domain/contract/metrics.js';

type Column = keyof typeof metricPointSchema.shape;

const TIMES: ReadonlySet<string> = new Set<Column>(['time', 'window_start', 'window_end', 'computed_at']);
const NUMBERS: ReadonlySet<string> = new Set<Column>([
  'value',
  'lower',
  'upper',
  'n',
  'coverage',
  'compare_value',
  'compare_n',
  'ratio',
  'difference',
  'difference_lower',
  'difference_upper',
  'p_value',
  'pairs',
]);

/** The file's bytes. */
export function parquetOf(points: readonly MetricPointJson[]): Buffer {
  const columnData = (Object.keys(metricPointSchema.shape) as Column[]).map((name) => {
    const data = points.map((point) => point[name] ?? null);
    if (TIMES.has(name))
      return { name, type: 'TIMESTAMP' as const, data: data.map((text) => new Date(String(text))), nullable: false };
    return { name, type: NUMBERS.has(name) ? ('DOUBLE' as const) : ('STRING' as const), data, nullable: true };
  });
  return Buffer.from(parquetWriteBuffer({ columnData }));
}
