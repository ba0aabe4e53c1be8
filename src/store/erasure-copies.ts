// Rows of baselines that name no prediction: copies of production from before their ids were kept, and rows of files.
import { z } from 'zod';
import type { QueryParams } from './client.js';
import type { ErasureScope } from './erasure-scopes.js';
import type { Store } from './store.js';

/** The id of a row that is a copy of no prediction. */
export const NO_ID = '00000000-0000-0000-0000-000000000000';

/** What a row says, labels left out: they were added to the copy. Rows that say the same are the same here. */
const CONTENT = `sipHash128(${['num', 'str', 'flag'].map((map) => `toString(mapSort(mapFilter((k, v) -> NOT startsWith(k, 'values.'), ${map})))`).join(', ')})`;

export interface OlderCopies {
  /** On `baseline_rows`: rows with the content of one of the predictions; null where there is nothing to search. */
  condition: string | null;
  params: QueryParams;
  searchedByContent: string[];
  notSearched: string[];
}

export class CopySearch {
  constructor(private readonly store: Store) {}

  /** The baselines of a scope's models whose rows name no prediction: those that were frozen from production are searched by content. */
  async withoutIds({ models, predictions, params }: ErasureScope): Promise<OlderCopies> {
    const found = await this.store.query({
      name: 'baselines_without_ids',
      lane: 'jobs',
      sql: `SELECT toString(baseline_id) AS id, model, name, source FROM baselines FINAL WHERE model IN (${models}) AND baseline_id IN (
          SELECT baseline_id FROM baseline_rows WHERE prediction_id = toUUID('${NO_ID}')
            AND baseline_id IN (SELECT baseline_id FROM baselines WHERE model IN (${models})))
        ORDER BY model, name`,
      params,
      row: z.object({ id: z.string(), model: z.string(), name: z.string(), source: z.string() }),
    });
    const named = (uploaded: boolean) =>
      found
        .filter(({ source }) => (source === 'upload') === uploaded)
        .map(({ model, name, ...row }) => ({ ...row, name: `${model}/${name}` }));
    const frozen = named(false);
    return {
      condition:
        frozen.length === 0
          ? null
          : `prediction_id = toUUID('${NO_ID}') AND baseline_id IN {frozen:Array(UUID)}
            AND ${CONTENT} IN (SELECT ${CONTENT} FROM predictions WHERE (${predictions}) AND is_deleted = 0)`,
      params: frozen.length === 0 ? {} : { frozen: frozen.map(({ id }) => id) },
      searchedByContent: frozen.map(({ name }) => name),
      notSearched: named(true).map(({ name }) => name),
    };
  }
}
