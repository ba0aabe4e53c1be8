// What the rows of baselines themselves say of quality.
import { z } from 'zod';
import type { BaselineQuality } from '../domain/quality/baseline.js';
import type { Store } from './store.js';

const numbers = z.array(
  z.object({
    metric: z.string(),
    value: z.number(),
    lower: z.number().nullable(),
    upper: z.number().nullable(),
    n: z.number(),
  }),
);

export class BaselineQualityTable {
  constructor(private readonly store: Store) {}

  /** What is stored of the baselines of some models. */
  of(models: readonly string[]): Promise<BaselineQuality[]> {
    return this.store.query({
      name: 'baseline_quality',
      sql: `SELECT toString(baseline_id) AS id, settings, numbers, toUnixTimestamp64Milli(computed_at) AS computed_ms FROM baseline_quality FINAL WHERE model IN {models:Array(String)}`,
      params: { models: [...models] },
      row: z
        .object({ id: z.string(), settings: z.string(), numbers: z.string(), computed_ms: z.number() })
        .transform(({ id, settings, computed_ms, ...row }): BaselineQuality => ({
          id,
          settings,
          numbers: numbers.parse(JSON.parse(row.numbers)),
          computedAt: computed_ms,
        })),
    });
  }

  async put(model: string, row: BaselineQuality): Promise<void> {
    await this.store.insert(
      'baseline_quality',
      ['model', 'baseline_id', 'settings', 'numbers', 'computed_at', 'row_version'],
      [
        {
          model,
          baseline_id: row.id,
          settings: row.settings,
          numbers: JSON.stringify(row.numbers),
          computed_at: row.computedAt,
          row_version: this.store.versions.next(),
        },
      ],
    );
  }
}
