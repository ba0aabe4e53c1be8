// Which windows a job must compute: those with a mark that their last computation had not seen. Marks that every window has seen are not read again.
import { z } from 'zod';
import { SMALL_READ, type Store } from './store.js';

/** A window whose newest mark is newer than what its last computation had seen; `input` null: never computed. Epoch ms. */
export interface ChangedWindow {
  version: string;
  deployment: string;
  start: number;
  newest: number;
  /** The newest mark that is not a label's. */
  newestRow: number;
  input: number | null;
}

/**
 * Marks become visible out of the order of their versions: rows get theirs before they are inserted. What is younger than this is read again
 * (microseconds; an insert that takes longer has failed).
 */
const UNSETTLED = 60_000_000;

const changedRow = z
  .object({
    version: z.string(),
    deployment: z.string(),
    w: z.number(),
    newest: z.number(),
    newest_row: z.number(),
    oldest_unseen: z.number(),
    input: z.number().nullable(),
  })
  .transform(({ w, newest_row, oldest_unseen, ...row }) => ({
    ...row,
    start: w,
    newestRow: newest_row,
    oldestUnseen: oldest_unseen,
  }));

export class ChangedWindows {
  /** Per job, model and length: every mark up to this version has been seen by a computation of its window. */
  private readonly seen = new Map<string, number>();

  /** `settle`: how long a server's concurrent inserts may become visible out of order, microseconds. */
  constructor(
    private readonly store: Store,
    private readonly settle: number,
  ) {}

  /** Windows of one model and length, complete at `now`, in the order of their series and time. */
  async find(job: string, model: string, length: number, origin: number, now: number): Promise<ChangedWindow[]> {
    const key = JSON.stringify([job, model, length]);
    const after = this.seen.get(key) ?? 0;
    const rows = await this.read({ job, model, length, origin, after });
    const unseen = rows.filter((row) => row.newest > (row.input ?? 0));
    const upto =
      unseen.length > 0
        ? Math.min(...unseen.map((row) => row.oldestUnseen)) - 1
        : rows.reduce((newest, row) => Math.max(newest, row.newest), after);
    const settled = this.store.now() * 1000 - Math.max(this.settle, UNSETTLED);
    this.seen.set(key, Math.max(0, Math.min(upto, settled)));
    return unseen.filter((row) => row.start + length <= now).map(({ oldestUnseen: _, ...row }) => row);
  }

  private read(params: { job: string; model: string; length: number; origin: number; after: number }) {
    // Labels change nothing of what the operations job computes, and replicas nothing of what the others do.
    const marks = `FROM window_marks WHERE model = {model:String} AND row_version > {after:UInt64} AND cause != if({job:String} = 'operations', 'label', 'replica')`;
    return this.store.query({
      name: 'changed_windows',
      lane: 'jobs',
      // One pass over marks and computations together: a join of both took half as long again. kind: 2 a mark, 1 a label's, 0 a computation.
      sql: `SELECT version, deployment, w, maxIf(input_version, kind > 0) AS newest, maxIf(input_version, kind = 2) AS newest_row,
          if(countIf(kind = 0) = 0, NULL, maxIf(input_version, kind = 0)) AS input,
          arrayMin(arrayConcat([newest], arrayFilter(v -> v > ifNull(input, 0), groupArrayIf(input_version, kind > 0)))) AS oldest_unseen
        FROM (
          SELECT version, deployment, intDiv(toInt64(toUnixTimestamp(slot)) * 1000 - {origin:Int64}, {length:Int64}) * {length:Int64} + {origin:Int64} AS w,
            if(cause = 'label', 1, 2) AS kind, row_version AS input_version
          ${marks}
          UNION ALL
          SELECT version, deployment, toUnixTimestamp64Milli(window_start), 0, input_version FROM computed_windows FINAL
          WHERE job = {job:String} AND model = {model:String} AND toUnixTimestamp64Milli(window_end) - toUnixTimestamp64Milli(window_start) = {length:Int64}
            AND toUnixTimestamp64Milli(window_end) > (SELECT toInt64(toUnixTimestamp(min(slot))) * 1000 ${marks})
        ) GROUP BY version, deployment, w HAVING countIf(kind > 0) > 0 ORDER BY version, deployment, w ${SMALL_READ}`,
      params,
      row: changedRow,
    });
  }
}
