// Ground truth from CSV and Parquet files, in one INSERT ... SELECT.
import { z } from 'zod';
import { InvalidInputError } from '../domain/errors.js';
import type { StoredLabels } from '../domain/stored-ingestion.js';
import type { Engine } from './client.js';
import { GROUND_TRUTH_COLUMNS } from './ground-truth.js';
import type { Store } from './store.js';
import { unreadable, type UploadFile } from './upload-source.js';
import { columnOf, openUpload, type StagedUpload } from './uploads.js';

const ID_COLUMN = 'prediction_id';
/** Refused rows of one file that are kept. */
const MAX_KEPT = 1000;
const ID_RULE = 'must have 1 to 200 characters';
const refusedRow = z.object({
  row_index: z.number(),
  given: z.string(),
  numbers: z.array(z.number().nullable()),
  texts: z.array(z.string().nullable()),
  flags: z.array(z.boolean().nullable()),
});
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
  async groundTruth(file: UploadFile): Promise<StoredLabels> {
    const upload = await openUpload(this.store, this.engine, file);
    try {
      return await this.storeRows(upload);
    } catch (error) {
      throw unreadable(file, error);
    } finally {
      await upload.drop();
    }
  }

  private async storeRows(upload: StagedUpload): Promise<StoredLabels> {
    const values = upload.columns.filter((column) => column.name !== ID_COLUMN);
    if (values.length === upload.columns.length)
      throw new InvalidInputError(
        `The file has no column ${ID_COLUMN}. It has: ${upload.columns.map((c) => c.name).join(', ')}.`,
      );
    if (values.length === 0)
      throw new InvalidInputError(`The file has only ${ID_COLUMN}: add a column per value, for example late.`);
    const id = `ifNull(toString(${columnOf(ID_COLUMN)}), '')`;
    const bad = `(${id} = '' OR lengthUTF8(${id}) > 200)`;
    const { total, required, too_big } = await this.check(upload, id);
    const accepted = total - required - too_big;
    const refused = accepted === total ? [] : await this.refusedRows(upload, values, id, bad);
    if (accepted > 0) await this.insert(upload, values, id, bad, total);
    return { accepted, rejectedBy: { required, too_big }, refused };
  }

  /** One pass that counts and finds bad rows, so that the answer is exact and the insert below cannot fail half-way on them. */
  private async check(upload: StagedUpload, id: string) {
    const counts = await this.store.one({
      name: 'check_upload',
      lane: 'jobs',
      sql: `SELECT count() AS total, countIf(${id} = '') AS required, countIf(lengthUTF8(${id}) > 200) AS too_big FROM ${upload.from}`,
      params: upload.params,
      row: z.object({ total: z.number(), required: z.number(), too_big: z.number() }),
    });
    if (counts.total === 0) throw new InvalidInputError('The file has no rows.');
    return counts;
  }

  /** The first refused rows, as the items that they would be. */
  private async refusedRows(upload: StagedUpload, values: StagedUpload['columns'], id: string, bad: string) {
    const list = (part: 'number' | 'text' | 'flag') => `[${values.map((column) => column[part]).join(', ')}]`;
    const rows = await this.store.query({
      name: 'refused_upload_rows',
      lane: 'jobs',
      sql: `SELECT row_index, given, numbers, texts, flags
        FROM (SELECT rowNumberInAllBlocks() AS row_index, ${id} AS given, ${list('number')} AS numbers, ${list('text')} AS texts, ${list('flag')} AS flags, ${bad} AS is_bad FROM ${upload.from})
        WHERE is_bad ORDER BY row_index LIMIT ${MAX_KEPT} SETTINGS max_threads = 1`,
      params: upload.params,
      row: refusedRow,
    });
    return rows.map(({ row_index: index, given, numbers, texts, flags }) => {
      const entries = values.map(({ name }, at) => [name, numbers[at] ?? flags[at] ?? texts[at] ?? null] as const);
      const code = given === '' ? 'required' : 'too_big';
      return {
        error: { index, code, path: ID_COLUMN, message: ID_RULE },
        item: { prediction_id: given, values: Object.fromEntries(entries) },
      };
    });
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
