// Baselines: loading, profiling (bins are frozen here), activation, and which baseline a version is compared with.
import { randomUUID } from 'node:crypto';
import { iso } from '../domain/contract/common.js';
import type { BaselineCreated, BaselineDetail, BaselineSummary, FreezeBaseline } from '../domain/contract/models.js';
import {
  MAX_BASELINE_FIELDS,
  MAX_CATEGORIES,
  fieldKind,
  inForce,
  type Baseline,
  type BaselineFieldProfile,
  type BaselineSource,
  type FieldCounts,
} from '../domain/drift/baseline.js';
import { binLabels, distinctEdges } from '../domain/drift/bins.js';
import { InvalidInputError, NotFoundError, type ItemError } from '../domain/errors.js';
import type { OwnNumber } from '../domain/quality/baseline.js';
import { FieldError } from '../domain/fields.js';
import type { BaselinesApi, PredictionFilter, UploadedFile } from './api.js';
import type { BaselineStore, BinCounter, FieldExplorer, FieldSource } from './compute-ports.js';
import type { ModelsService } from './models.js';
import type { PrivacyGuard } from './privacy.js';

/** A frozen production window keeps at most this many of its newest rows. */
export const MAX_FROZEN_ROWS = 1_000_000;

export interface BaselineDependencies {
  privacy: PrivacyGuard;
  baselines: BaselineStore;
  fields: FieldExplorer;
  bins: BinCounter;
  /** What a baseline's own rows say of quality. */
  quality: (model: string, id: string) => Promise<readonly OwnNumber[]>;
  models: Pick<ModelsService, 'effective' | 'changed'>;
  /** Told when another baseline is in force. */
  switched: (model: string) => void;
  clock: () => number;
}

interface NewBaseline {
  model: string;
  name: string;
  version: string | null;
  source: BaselineSource;
}

export class BaselinesService implements BaselinesApi {
  constructor(private readonly deps: BaselineDependencies) {}

  async fromRows(
    model: string,
    target: { name: string; version: string | null },
    rows: readonly unknown[],
  ): Promise<BaselineCreated> {
    const objects = requireObjects(rows);
    return this.create({ model, ...target, source: 'upload' }, async (id) => {
      try {
        await this.deps.baselines.loadRows(id, objects, (row) => this.deps.privacy.clean(model, row));
      } catch (error) {
        if (error instanceof FieldError)
          throw new InvalidInputError(`A row cannot be stored: ${error.path}: ${error.message}.`, [
            { code: error.code, path: error.path, message: error.message },
          ]);
        throw error;
      }
      return objects.length;
    });
  }

  fromFile(
    model: string,
    target: { name: string; version: string | null },
    file: UploadedFile,
  ): Promise<BaselineCreated> {
    return this.create({ model, ...target, source: 'upload' }, (id) =>
      this.deps.baselines.loadFile(id, file, (path) => this.deps.privacy.hides(model, path)),
    );
  }

  freeze(model: string, request: FreezeBaseline): Promise<BaselineCreated> {
    const range: PredictionFilter = {
      model,
      version: request.version ?? null,
      deployment: null,
      from: request.from,
      to: request.to,
      segment: null,
      labelled: null,
    };
    return this.create({ model, name: request.name, version: request.version ?? null, source: 'window' }, (id) =>
      this.deps.baselines.loadRange(id, range, MAX_FROZEN_ROWS),
    );
  }

  /** Freeze a range for a version that has no baseline of its own; it ranks behind everything that a person activated. */
  async freezeAutomatically(
    model: string,
    version: string,
    name: string,
    source: 'previous_version' | 'first_window',
    range: PredictionFilter,
  ): Promise<Baseline | null> {
    const id = randomUUID();
    const rows = await this.deps.baselines.loadRange(id, range, MAX_FROZEN_ROWS);
    if (rows === 0) return null;
    return this.profile({ model, name, version, source }, id, rows, 0);
  }

  async list(model: string): Promise<BaselineSummary[]> {
    await this.deps.models.effective(model);
    const all = await this.deps.baselines.list(model);
    return all.map((baseline) => summary(baseline, all));
  }

  async get(model: string, name: string, version: string | null): Promise<BaselineDetail> {
    const { baseline, all } = await this.find(model, name, version);
    const fields = baseline.fields.map((field) => ({
      path: field.path,
      kind: field.kind,
      reason: field.reason,
      edges: field.kind === 'numeric' ? field.edges : null,
      categories: field.kind === 'categorical' ? field.categories : null,
      labels: field.kind === 'skipped' ? [] : binLabels(binsOf(field)),
      counts: field.counts,
    }));
    const quality = await this.deps.quality(model, baseline.id);
    return { ...summary(baseline, all), fields, quality: [...quality] };
  }

  async activate(model: string, name: string, version: string | null): Promise<BaselineSummary> {
    const { baseline } = await this.find(model, name, version);
    const activated = { ...baseline, activated: this.deps.baselines.nextActivation() };
    await this.deps.models.changed(model);
    await this.deps.baselines.put(activated);
    await this.deps.models.changed(model);
    this.deps.switched(model);
    return summary(activated, await this.deps.baselines.list(model));
  }

  /** The newest active baseline of a version, else of the model, else null. */
  async active(model: string, version: string): Promise<Baseline | null> {
    return inForce(await this.deps.baselines.list(model), version);
  }

  /** A baseline by its name: that of the version where it has one, else the model's. @throws NotFoundError */
  async named(model: string, name: string, version: string): Promise<Baseline> {
    const all = await this.deps.baselines.list(model);
    const own = all.find((baseline) => baseline.name === name && baseline.version === version);
    return own ?? (await this.find(model, name, null)).baseline;
  }

  /** Rows as a baseline that is not stored: its bins and counts, for one comparison. */
  async sampled(model: string, name: string, version: string, source: FieldSource, rows: number): Promise<Baseline> {
    return this.measured({ model, name, version, source: 'window' }, '', source, rows, 0);
  }

  private async find(
    model: string,
    name: string,
    version: string | null,
  ): Promise<{ baseline: Baseline; all: Baseline[] }> {
    const all = await this.deps.baselines.list(model);
    const named = all.filter((baseline) => baseline.name === name);
    const baseline =
      version === null ? (named.find((b) => b.version === '') ?? named[0]) : named.find((b) => b.version === version);
    if (baseline === undefined) {
      const names = [...new Set(all.map((b) => b.name))].join(', ');
      throw new NotFoundError(
        `Model "${model}" has no baseline "${name}"${version === null ? '' : ` for version "${version}"`}. It has: ${names === '' ? 'none' : names}.`,
      );
    }
    return { baseline, all };
  }

  private async create(target: NewBaseline, load: (id: string) => Promise<number>): Promise<BaselineCreated> {
    const id = randomUUID();
    const rows = await load(id).catch(async (error: unknown) => {
      await this.deps.baselines.dropRows(id);
      throw error;
    });
    if (rows === 0) throw new InvalidInputError('There are no rows to make a baseline of.');
    const replaced = (await this.deps.baselines.list(target.model)).find(
      (b) => b.name === target.name && b.version === (target.version ?? ''),
    );
    // Before and after, as every change that makes numbers stale: a crash in between must not leave them standing.
    await this.deps.models.changed(target.model);
    const baseline = await this.profile(target, id, rows, this.deps.baselines.nextActivation());
    if (replaced !== undefined) await this.deps.baselines.dropRows(replaced.id);
    await this.deps.models.changed(target.model);
    this.deps.switched(target.model);
    return { baseline_id: id, name: target.name, rows, fields: baseline.fields.length };
  }

  /** Look at the rows, decide each field's kind, freeze its bins, count the baseline into them, and store the result. */
  private async profile(target: NewBaseline, id: string, rows: number, activated: number): Promise<Baseline> {
    const baseline = await this.measured(target, id, this.deps.baselines.source(id), rows, activated);
    await this.deps.baselines.put(baseline);
    return baseline;
  }

  private async measured(
    target: NewBaseline,
    id: string,
    source: FieldSource,
    rows: number,
    activated: number,
  ): Promise<Baseline> {
    const config = await this.deps.models.effective(target.model);
    const found = (await this.deps.fields.fields(source)).slice(0, MAX_BASELINE_FIELDS);
    const kinds = found.map((counts) => ({ counts, ...fieldKind(counts, rows, config.features[counts.path]) }));
    const bare = await this.freezeBins(source, kinds);
    const [counted] = await this.deps.bins.count(
      {
        params: source.params,
        from: (columns) => `(SELECT ${['0 AS w', ...columns].join(', ')} FROM ${source.from})`,
        groups: ['w'],
      },
      bare,
      source,
    );
    const fields = bare.map((field) => ({ ...field, counts: counted?.counts.get(field.path) ?? [] }));
    return {
      model: target.model,
      name: target.name,
      version: target.version ?? '',
      id,
      source: target.source,
      rows,
      fields,
      createdAt: this.deps.clock(),
      activated,
    };
  }

  private async freezeBins(
    source: FieldSource,
    kinds: { counts: FieldCounts; kind: BaselineFieldProfile['kind']; reason: string | null }[],
  ): Promise<BaselineFieldProfile[]> {
    const paths = (kind: string) => kinds.filter((field) => field.kind === kind).map((field) => field.counts.path);
    const numbers = new Map((await this.deps.fields.numbers(source, paths('numeric'))).map((row) => [row.path, row]));
    const categories = await this.deps.fields.categories(source, paths('categorical'), MAX_CATEGORIES);
    return kinds.map(({ counts, kind, reason }) => {
      const values = categories.get(counts.path) ?? [];
      const summary = numbers.get(counts.path);
      return {
        path: counts.path,
        kind,
        reason,
        edges: kind === 'numeric' ? distinctEdges(summary?.deciles ?? []) : [],
        categories: kind === 'categorical' ? values.slice(0, MAX_CATEGORIES) : [],
        more: values.length > MAX_CATEGORIES,
        counts: [],
        present: kind === 'numeric' ? counts.numbers : counts.numbers + counts.strings + counts.booleans,
        std: kind === 'numeric' ? (summary?.std ?? null) : null,
      };
    });
  }
}

/** The bins of a compared field. */
export function binsOf(field: BaselineFieldProfile) {
  return field.kind === 'numeric'
    ? { kind: 'numeric' as const, edges: field.edges }
    : { kind: 'categorical' as const, categories: field.categories };
}

function summary(baseline: Baseline, all: readonly Baseline[]): BaselineSummary {
  const newest = all
    .filter((other) => other.version === baseline.version && other.activated > 0)
    .sort((a, b) => b.activated - a.activated)[0];
  return {
    baseline_id: baseline.id,
    name: baseline.name,
    version: baseline.version === '' ? null : baseline.version,
    source: baseline.source,
    rows: baseline.rows,
    fields: baseline.fields.length,
    active: newest?.name === baseline.name,
    created_at: iso(baseline.createdAt),
  };
}

function requireObjects(rows: readonly unknown[]): Record<string, unknown>[] {
  const errors: ItemError[] = [];
  const objects = rows.filter((row, index): row is Record<string, unknown> => {
    const ok =
      typeof row === 'object' &&
      row !== null &&
      !Array.isArray(row) &&
      Object.keys(row).length > 0 &&
      Object.getPrototypeOf(row) === Object.prototype;
    if (!ok && errors.length < 100)
      errors.push({
        index,
        code: 'invalid_row',
        path: '',
        message: 'expected an object such as {"inputs": {...}, "outputs": {...}, "values": {...}}',
      });
    return ok;
  });
  if (errors.length > 0)
    throw new InvalidInputError('Every row of a baseline must be an object; nothing was stored.', errors);
  return objects;
}
