// Uploads and how far they are: live where they run, from the store for everybody else.
import { randomUUID } from 'node:crypto';
import { iso, isoOrNull } from '../domain/contract/common.js';
import type { Upload, UploadKind, UploadState } from '../domain/contract/ingestion.js';
import { ConflictError, DriftlineError, NotFoundError } from '../domain/errors.js';
import type { UploadRow } from '../domain/stored-ingestion.js';
import type { RunningUpload, UploadsApi } from './api.js';

export interface UploadsDependencies {
  log: {
    put(row: UploadRow): Promise<void>;
    get(id: string): Promise<UploadRow | null>;
    list(limit: number): Promise<UploadRow[]>;
  };
  /** Whether other processes write to the same store: what is not running here may run there. */
  shared: boolean;
  clock: () => number;
  warn: (message: string, error: unknown) => void;
}

/** How often a running upload is written down, ms: what other processes see of it, and the sign that it lives. */
const HEARTBEAT = 5_000;
/** Without such a sign for so long an upload is taken for interrupted, ms. */
const SILENCE = 60_000;

export class UploadsService implements UploadsApi {
  private readonly running = new Map<string, UploadRow>();

  constructor(private readonly deps: UploadsDependencies) {}

  async begin(start: {
    id: string | null;
    kind: UploadKind;
    model: string | null;
    bytesTotal: number | null;
  }): Promise<RunningUpload> {
    const id = start.id ?? randomUUID();
    if (this.running.has(id)) throw stillRunning(id);
    const now = this.deps.clock();
    const row: UploadRow = {
      id,
      kind: start.kind,
      model: start.model ?? '',
      state: 'receiving',
      bytes: 0,
      bytesTotal: start.bytesTotal,
      rows: 0,
      rejected: 0,
      startedAt: now,
      finishedAt: null,
      updatedAt: now,
      error: '',
    };
    // Reserved before the first await: two requests with one id must not both pass.
    this.running.set(id, row);
    try {
      const known = start.id === null || !this.deps.shared ? null : await this.deps.log.get(id);
      // One that another process runs; one that fell silent may be sent again.
      if (known !== null && isOpen(known.state) && !this.isSilent(known)) throw stillRunning(id);
      await this.deps.log.put(row);
    } catch (error) {
      this.running.delete(id);
      throw error;
    }
    return this.handle(row);
  }

  async get(id: string, allowed: readonly string[] | null): Promise<Upload> {
    const row = this.running.get(id) ?? (await this.deps.log.get(id));
    if (row === null || !reaches(allowed, row))
      throw new NotFoundError(`There is no upload "${id}". GET /v1/uploads lists the newest.`);
    return this.show(row);
  }

  async list(limit: number, allowed: readonly string[] | null): Promise<Upload[]> {
    // More than asked for where some may be out of reach.
    const stored = await this.deps.log.list(allowed === null ? limit : 1000);
    const rows = [...this.running.values(), ...stored.filter((row) => !this.running.has(row.id))];
    return rows
      .filter((row) => reaches(allowed, row))
      .sort((a, b) => b.startedAt - a.startedAt)
      .slice(0, limit)
      .map((row) => this.show(row));
  }

  private handle(row: UploadRow): RunningUpload {
    const save = () => this.deps.log.put({ ...row, updatedAt: (row.updatedAt = this.deps.clock()) });
    const note = () => {
      save().catch((error: unknown) => this.deps.warn('the progress of an upload could not be written down', error));
    };
    const beat = setInterval(note, HEARTBEAT).unref();
    const end = async (state: UploadState, error: string) => {
      clearInterval(beat);
      Object.assign(row, { state, error, finishedAt: this.deps.clock() });
      // The file itself is stored or refused by now: a state that cannot be kept does not change that.
      await save().catch((cause: unknown) => this.deps.warn('the end of an upload could not be written down', cause));
      this.running.delete(row.id);
    };
    return {
      id: row.id,
      received: (bytes) => void (row.bytes += bytes),
      storing: () => {
        row.state = 'storing';
        note();
      },
      progress: (rows, rejected) => void Object.assign(row, { rows, rejected }),
      done: (rows, rejected) => {
        Object.assign(row, { rows, rejected });
        return end('done', '');
      },
      failed: (error) =>
        end('failed', error instanceof DriftlineError ? error.detail : 'The service failed; its log has the details.'),
    };
  }

  /** A row that says it runs, and does not. */
  private stateOf(row: UploadRow): UploadState {
    if (!isOpen(row.state) || this.running.has(row.id)) return row.state;
    return this.deps.shared && !this.isSilent(row) ? row.state : 'interrupted';
  }

  private isSilent(row: UploadRow): boolean {
    return this.deps.clock() - row.updatedAt > SILENCE;
  }

  private show(row: UploadRow): Upload {
    const state = this.stateOf(row);
    const error = state === 'interrupted' ? INTERRUPTED : row.error;
    return {
      id: row.id,
      kind: row.kind,
      model: row.model === '' ? null : row.model,
      state,
      bytes: row.bytes,
      bytes_total: row.bytesTotal,
      rows: row.rows,
      rejected: row.rejected,
      started_at: iso(row.startedAt),
      finished_at: isoOrNull(row.finishedAt),
      error: error === '' ? null : error,
    };
  }
}

const INTERRUPTED =
  'The process ended before the upload did: some of its rows may be stored, also more than `rows` says. Send the file again; rows with ids, and all rows under the same upload_id, replace themselves.';

const isOpen = (state: UploadState): boolean => state === 'receiving' || state === 'storing';

/** A key that is limited to models sees the uploads that name one of them. */
const reaches = (allowed: readonly string[] | null, row: UploadRow): boolean =>
  allowed === null || allowed.includes(row.model);

const stillRunning = (id: string): ConflictError =>
  new ConflictError(`The upload "${id}" is still running. Wait for its end, or choose another upload_id.`);
