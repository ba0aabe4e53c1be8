// Ground truth from CSV and Parquet files, in one INSERT ... SELECT.
import { z } from 'zod';
import type { Accepted } from '../domain/contract/tracking.js';
import { InvalidInputError } from '../domain/errors.js';
import type { Engine } from './client.js';
import { GROUND_TRUTH_COLUMNS } from './ground-truth.js';
import type { Store } from './store.js';
import { unreadable, type UploadFile } from './upload-source.js';
import { openUpload, quoteName, type StagedUpload } from './uploads.js';

const ID_COLUMN = 'prediction_id';
const MAX_ERRORS = 100;
const UUID_TEXT = `'^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$'`;

export class GroundTruthUpload {
  constructor(
    private readonly store: Store,
    private readonly engine: Engine,
    /** Namespace of external ids, as a UUID. */
    private readonly namespace: string,
    /** Marks the windows of the labels that were stored with versions in [first, last]. */
    private readonly mark: (first: number, last: number) => Promise<void>,
  ) {}

  /** @throws InvalidInputError for a file that cannot be read, that lacks prediction_id, or in which no row can be used. */
  async groundTruth(file: UploadFile): Promise<Accepted> {
    const upload = await openUpload(this.store, this.engine, file);
    try {
      return await this.storeRows(upload);
    } catch (error) {
      throw unreadable(file, error);
    } finally {
      await upload.drop();
    }
  }

  private async storeRows(upload: StagedUpload): Promise<Accepted> {
    const values = upload.columns.filter((column) => column.name !== ID_COLUMN);
    if (values.length === upload.columns.length)
      throw new InvalidInputError(
        `The file has no column ${ID_COLUMN}. It has: ${upload.columns.map((c) => c.name).join(', ')}.`,
      );
    if (values.length === 0)
      throw new InvalidInputError(`The file has only ${ID_COLUMN}: add a column per value, for example late.`);
    const id = `ifNull(toString(${quoteName(ID_COLUMN)}), '')`;
    const bad = `(${id} = '' OR lengthUTF8(${id}) > 200)`;
    const checked = await this.check(upload, bad);
    if (checked.accepted === 0) throw new InvalidInputError('No row of the file can be used.', checked.errors);
    await this.insert(upload, values, id, bad, checked.accepted + (checked.rejected ?? 0));
    return checked;
  }

  /** One pass that counts and finds bad rows, so that the answer is exact and the insert below cannot fail half-way on them. */
  private async check(upload: StagedUpload, bad: string): Promise<Accepted> {
    const [row] = await this.store.query({
      name: 'check_upload',
      lane: 'jobs',
      sql: `SELECT count() AS total, countIf(${bad}) AS bad_rows, groupArrayIf(${MAX_ERRORS})(row_index, ${bad}) AS bad_indexes
        FROM (SELECT *, rowNumberInAllBlocks() AS row_index FROM ${upload.from}) SETTINGS max_threads = 1`,
      params: upload.params,
      row: z.object({ total: z.number(), bad_rows: z.number(), bad_indexes: z.array(z.number()) }),
    });
    if (row === undefined || row.total === 0) throw new InvalidInputError('The file has no rows.');
    if (row.bad_rows === 0) return { accepted: row.total };
    const errors = row.bad_indexes.map((index) => ({
      index,
      code: 'invalid_value',
      path: ID_COLUMN,
      message: 'must have 1 to 200 characters',
    }));
    return { accepted: row.total - row.bad_rows, rejected: row.bad_rows, errors };
  }

  private async insert(
    upload: StagedUpload,
    values: StagedUpload['columns'],
    id: string,
    bad: string,
    rows: number,
  ): Promise<void> {
    // A version per row: later rows win over earlier ones, and all of them over what was stored before.
    const base = this.store.versions.reserve(rows);
    const params: Record<string, unknown> = {
      ...upload.params,
      ns: this.namespace.replaceAll('-', ''),
      now: this.store.now(),
      base,
    };
    const entries = values.map((column, index) => {
      params[`key${index}`] = column.name;
      return `({key${index}:String}, ${column.number}, ${column.text}, ${column.flag})`;
    });
    await this.store.command({
      name: 'insert_ground_truth_file',
      sql: `INSERT INTO ground_truth (${GROUND_TRUTH_COLUMNS.join(', ')})
        SELECT toUUID(id), entry.1, multiIf(entry.2 IS NOT NULL, 'number', entry.4 IS NOT NULL, 'boolean', entry.3 IS NOT NULL, 'string', 'null'),
          ifNull(entry.2, if(ifNull(entry.4, false), 1, 0)), multiIf(entry.4 IS NOT NULL, if(entry.4, 'true', 'false'), ifNull(entry.3, '')),
          fromUnixTimestamp64Milli({now:Int64}, 'UTC'), fromUnixTimestamp64Milli({now:Int64}, 'UTC'), {base:UInt64} + row_index, 0
        FROM (
          SELECT row_index, if(match(given, ${UUID_TEXT}), lower(given), concat(substring(h, 1, 8), '-', substring(h, 9, 4), '-5', substring(h, 14, 3), '-',
              lower(hex(bitOr(bitAnd(reinterpretAsUInt8(unhex(substring(h, 17, 2))), 63), 128))), substring(h, 19, 2), '-', substring(h, 21, 12))) AS id, entries
          FROM (
            SELECT rowNumberInAllBlocks() AS row_index, ${id} AS given, lower(hex(SHA1(concat(unhex({ns:String}), given)))) AS h, [${entries.join(', ')}] AS entries
            FROM ${upload.from} WHERE NOT ${bad}
          )
        ) ARRAY JOIN entries AS entry SETTINGS max_threads = 1`,
      params,
    });
    // While the file was stored, later labels may have come and a job may have read past these versions: they are marked here.
    await this.mark(base, base + rows);
  }
}
