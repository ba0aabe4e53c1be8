// Where each prediction id is stored, and the removal of its older places when it is sent again with another time.
import { z } from 'zod';
import { SharedRun } from './shared-run.js';
import type { Store } from './store.js';

/** Ids of one look-up: a server takes at most 128 KiB of one parameter (http_max_field_value_size), 45 bytes an id. */
const LOOKUP_IDS = 2500;
const DELETION_COLUMNS = [
  'model',
  'version',
  'deployment',
  'prediction_id',
  'ts',
  'received_at',
  'row_version',
  'is_deleted',
];
const MARK_COLUMNS = ['model', 'version', 'deployment', 'slot', 'cause', 'row_version'];
const SLOT = 15 * 60_000;

/** One place of an id: its time in epoch ms, and the version of the newest row there. */
export interface Place {
  id: string;
  model: string;
  version: string;
  deployment: string;
  ts: number;
  newest: number;
}

export class PredictionPlaces {
  /** Writers that come one by one share their look-ups: each costs as much as the insert of a row. */
  private readonly lookups = new SharedRun<string>((ids) => this.removeOlderOf(ids));

  constructor(private readonly store: Store) {}

  /** The models that have a prediction of these ids; an id that nobody has is absent. */
  async modelsOf(ids: readonly string[]): Promise<Map<string, string[]>> {
    const models = new Map<string, string[]>();
    for (const part of parts(ids)) {
      const rows = await this.store.query({
        name: 'models_of_predictions',
        sql: 'SELECT toString(prediction_id) AS id, groupUniqArray(model) AS models FROM prediction_places FINAL WHERE prediction_id IN {ids:Array(UUID)} GROUP BY prediction_id',
        params: { ids: part },
        row: z.object({ id: z.string(), models: z.array(z.string()) }),
      });
      for (const row of rows) models.set(row.id, row.models);
    }
    return models;
  }

  /**
   * Leave one row of each id in each model, version and deployment: the newest. The hour is part of the sort key, so an id that is sent again
   * with a timestamp in another hour leaves its old row behind; within the hour the row is replaced, but the window it leaves must be computed
   * again. To be called after the insert: whoever inserts last sees every place.
   */
  removeOlder(ids: readonly string[]): Promise<void> {
    return this.lookups.add(ids);
  }

  /** Remove every place of ids. */
  async removeAll(given: Iterable<string>): Promise<void> {
    for (const ids of parts([...given])) {
      const found = await this.store.query({
        name: 'find_places',
        lane: 'ingest',
        sql: `SELECT toString(prediction_id) AS id, model, version, deployment, toUnixTimestamp64Milli(argMax(ts, row_version)) AS ts, max(row_version) AS newest
          FROM prediction_places WHERE prediction_id IN {ids:Array(UUID)}
          GROUP BY prediction_id, model, version, deployment, slot HAVING argMax(is_deleted, row_version) = 0`,
        params: { ids },
        row: z.object({
          id: z.string(),
          model: z.string(),
          version: z.string(),
          deployment: z.string(),
          ts: z.number(),
          newest: z.number(),
        }),
      });
      await this.remove(found);
    }
  }

  private async removeOlderOf(given: readonly string[]): Promise<void> {
    for (const ids of parts(given)) {
      const found = await this.inSeveralSlots(ids);
      if (found.length > 0) await this.removeAllButNewest(found);
    }
  }

  /** Hardly any id ever moves: this is asked for every id that a client sends, so it reads two columns only. */
  private async inSeveralSlots(ids: readonly string[]): Promise<string[]> {
    const rows = await this.store.query({
      name: 'find_ids_in_several_slots',
      sql: `SELECT toString(prediction_id) AS id FROM prediction_places WHERE prediction_id IN {ids:Array(UUID)}
        GROUP BY prediction_id HAVING min(slot) != max(slot)`,
      params: { ids },
      row: z.object({ id: z.string() }),
    });
    return rows.map((row) => row.id);
  }

  private async removeAllButNewest(ids: readonly string[]): Promise<void> {
    const moved = await this.store.query({
      name: 'find_moved_predictions',
      sql: `SELECT toString(prediction_id) AS id, model, version, deployment, groupArray((ts_ms, newest)) AS places FROM (
          SELECT prediction_id, model, version, deployment, slot, toUnixTimestamp64Milli(argMax(ts, row_version)) AS ts_ms, max(row_version) AS newest
          FROM prediction_places WHERE prediction_id IN {ids:Array(UUID)}
          GROUP BY prediction_id, model, version, deployment, slot HAVING argMax(is_deleted, row_version) = 0
        ) GROUP BY prediction_id, model, version, deployment HAVING count() > 1`,
      params: { ids },
      row: z.object({
        id: z.string(),
        model: z.string(),
        version: z.string(),
        deployment: z.string(),
        places: z.array(z.tuple([z.number(), z.number()])),
      }),
    });
    await this.remove(
      moved.flatMap(({ places, ...entry }) => {
        const newest = Math.max(...places.map(([, version]) => version));
        return places
          .filter(([, version]) => version < newest)
          .map(([ts, version]) => ({ ...entry, ts, newest: version }));
      }),
    );
  }

  /**
   * A deletion has the odd version after the row that it deletes, not the newest one: a row that somebody else stores at the same place in the
   * meantime is newer than the deletion and stays. The windows of the removed rows are marked here, because the jobs look for new versions
   * only: before, so that a crash in between cannot lose the mark, and after, so that a job that ran in between runs again.
   */
  async remove(places: readonly Place[]): Promise<void> {
    if (places.length === 0) return;
    await this.mark(places);
    const deletions = places.map(({ id, model, version, deployment, ts, newest }) => ({
      model,
      version,
      deployment,
      prediction_id: id,
      ts,
      received_at: this.store.now(),
      row_version: newest + 1,
      is_deleted: 1,
    }));
    await this.store.insert('predictions', DELETION_COLUMNS, deletions, 'ingest');
    await this.mark(places);
  }

  private mark(places: readonly Place[]): Promise<void> {
    const row_version = this.store.versions.next();
    const marks = places.map(({ model, version, deployment, ts }) => ({
      model,
      version,
      deployment,
      slot: Math.floor(ts / SLOT) * (SLOT / 1000),
      cause: 'prediction',
      row_version,
    }));
    return this.store.insert('window_marks', MARK_COLUMNS, marks, 'ingest');
  }
}

function* parts(ids: readonly string[]): Iterable<string[]> {
  for (let start = 0; start < ids.length; start += LOOKUP_IDS) yield ids.slice(start, start + LOOKUP_IDS);
}
