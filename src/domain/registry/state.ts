// The registry as it is now, in memory: models by id and name, versions by number, and MLflow's look-ups and searches over them.
import type { ModelVersion, RegisteredModel, Stage } from './model.js';
import { STAGES } from './model.js';
import type { ModelField, Order, VersionField } from './paging.js';
import {
  badSource,
  doesNotExist,
  invalidParameter,
  isLatest,
  modelUri,
  noModel,
  noVersion,
  versionNumber,
} from './rules.js';
import { meets, type Clause } from './search.js';

/** Models with this tag set to true are prompts, which MLflow keeps in the same store and hides from searches. */
export const PROMPT_TAG = 'mlflow.prompt.is_prompt';

export const isPrompt = (tags: ReadonlyMap<string, string>): boolean => tags.get(PROMPT_TAG)?.toLowerCase() === 'true';

/** A version with the model it belongs to. */
export interface VersionOfModel {
  model: RegisteredModel;
  version: ModelVersion;
}

/** What one operation makes of the registry: the new form of what it changed. */
export interface Delta {
  models: readonly RegisteredModel[];
  versions: readonly ModelVersion[];
  removedModels: readonly Pick<RegisteredModel, 'id'>[];
  removedVersions: readonly Pick<ModelVersion, 'modelId' | 'version'>[];
}

interface Entry {
  model: RegisteredModel;
  versions: Map<number, ModelVersion>;
  /** By stage, the highest version in it; made when first asked for after a change. */
  latest: ReadonlyMap<Stage, ModelVersion> | null;
}

/** Everything that is registered. Values are immutable; `apply` replaces them. */
export class RegistryState {
  private readonly entries = new Map<string, Entry>();
  private readonly names = new Map<string, string>();

  apply(delta: Delta): void {
    for (const model of delta.models) this.putModel(model);
    for (const version of delta.versions) {
      const entry = this.entries.get(version.modelId);
      entry?.versions.set(version.version, version);
      if (entry !== undefined) entry.latest = null;
    }
    for (const version of delta.removedVersions) {
      const entry = this.entries.get(version.modelId);
      entry?.versions.delete(version.version);
      if (entry !== undefined) entry.latest = null;
    }
    for (const model of delta.removedModels) this.removeModel(model.id);
  }

  private putModel(model: RegisteredModel): void {
    const entry = this.entries.get(model.id);
    if (entry !== undefined && this.names.get(entry.model.name) === model.id) this.names.delete(entry.model.name);
    this.names.set(model.name, model.id);
    if (entry === undefined) this.entries.set(model.id, { model, versions: new Map(), latest: null });
    else entry.model = model;
  }

  private removeModel(id: string): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    if (this.names.get(entry.model.name) === id) this.names.delete(entry.model.name);
    this.entries.delete(id);
  }

  find(name: string): RegisteredModel | null {
    const id = this.names.get(name);
    return id === undefined ? null : (this.entries.get(id)?.model ?? null);
  }

  byId(id: string): RegisteredModel | null {
    return this.entries.get(id)?.model ?? null;
  }

  /** @throws RegistryError RESOURCE_DOES_NOT_EXIST */
  model(name: string): RegisteredModel {
    const model = this.find(name);
    if (model === null) throw noModel(name);
    return model;
  }

  models(): RegisteredModel[] {
    return [...this.entries.values()].map(({ model }) => model);
  }

  /** The versions of a model, ascending. */
  versionsOf(model: RegisteredModel): ModelVersion[] {
    return [...(this.entries.get(model.id)?.versions.values() ?? [])].sort((a, b) => a.version - b.version);
  }

  findVersion(model: RegisteredModel, version: number): ModelVersion | null {
    return this.entries.get(model.id)?.versions.get(version) ?? null;
  }

  /** @throws RegistryError RESOURCE_DOES_NOT_EXIST */
  version(name: string, version: number): VersionOfModel {
    const model = this.find(name);
    const found = model === null ? null : this.findVersion(model, version);
    if (model === null || found === null) throw noVersion(name, version);
    return { model, version: found };
  }

  /** The aliases of a version, by name. */
  aliasesOf({ model, version }: VersionOfModel): string[] {
    return [...model.aliases]
      .filter(([, number]) => number === version.version)
      .map(([alias]) => alias)
      .sort();
  }

  /** `latest` is the highest version. @throws RegistryError INVALID_PARAMETER_VALUE for an alias that is not there, as MLflow has it. */
  byAlias(name: string, alias: string): VersionOfModel {
    const model = this.model(name);
    if (isLatest(alias)) {
      const version = this.versionsOf(model).at(-1);
      if (version === undefined) throw doesNotExist(`Latest version not found for model ${name}.`);
      return { model, version };
    }
    const number = model.aliases.get(alias);
    const version = number === undefined ? null : this.findVersion(model, number);
    if (version === null) throw invalidParameter(`Registered model alias ${alias} not found.`);
    return { model, version };
  }

  /** The highest version of each stage that has one, in the order of the stages. */
  latest(model: RegisteredModel, stages: readonly Stage[] = STAGES): ModelVersion[] {
    const entry = this.entries.get(model.id);
    if (entry === undefined) return [];
    entry.latest ??= latestByStage(entry.versions.values());
    const { latest } = entry;
    return STAGES.filter((stage) => stages.includes(stage)).flatMap((stage) => latest.get(stage) ?? []);
  }

  /** The version that a source `models:/...` names: by number, alias, stage or `latest`. @throws RegistryError */
  resolve(source: string): VersionOfModel {
    const uri = modelUri(source);
    if (uri === null) throw badSource(source, 'Use models:/name/version, models:/name/stage or models:/name@alias.');
    const { name, suffix, byAlias } = uri;
    if (byAlias) return this.byAlias(name, suffix);
    if (/^\d+$/.test(suffix)) return this.version(name, versionNumber(suffix));
    const model = this.model(name);
    const stage = STAGES.find((one) => one.toLowerCase() === suffix.toLowerCase());
    const version =
      suffix.toLowerCase() === 'latest'
        ? this.versionsOf(model).at(-1)
        : stage === undefined
          ? undefined
          : this.latest(model, [stage])[0];
    if (version === undefined)
      throw doesNotExist(`No versions of model with name '${name}' and stage '${suffix}' found`);
    return { model, version };
  }

  searchModels(clauses: readonly Clause[], order: readonly Order<ModelField>[]): RegisteredModel[] {
    const { rest, prompts } = promptFilter(clauses);
    const found = this.models().filter(
      (model) =>
        isPrompt(model.tags) === prompts &&
        rest.every((clause) => meets(clause, clause.kind === 'tag' ? model.tags.get(clause.key) : model.name)),
    );
    return found.sort(comparing(order, modelField));
  }

  searchVersions(clauses: readonly Clause[], order: readonly Order<VersionField>[]): VersionOfModel[] {
    const { rest, prompts } = promptFilter(clauses);
    const ofModel = rest.filter((clause) => clause.kind === 'attribute' && clause.key === 'name');
    const ofVersion = rest.filter((clause) => !ofModel.includes(clause));
    const found: VersionOfModel[] = [];
    for (const { model, versions } of this.entries.values()) {
      if (isPrompt(model.tags) !== prompts || !ofModel.every((clause) => meets(clause, model.name))) continue;
      for (const version of versions.values()) {
        if (ofVersion.every((clause) => meets(clause, versionValue(version, clause)))) found.push({ model, version });
      }
    }
    return found.sort(comparing(order, versionField));
  }
}

function latestByStage(versions: Iterable<ModelVersion>): ReadonlyMap<Stage, ModelVersion> {
  const latest = new Map<Stage, ModelVersion>();
  for (const version of versions) {
    const known = latest.get(version.stage);
    if (known === undefined || known.version < version.version) latest.set(version.stage, version);
  }
  return latest;
}

/** Whether a search is for prompts, and the conditions besides that. */
function promptFilter(clauses: readonly Clause[]): { rest: Clause[]; prompts: boolean } {
  const isAbout = (clause: Clause) => clause.kind === 'tag' && clause.key === PROMPT_TAG;
  const asks = (clause: Clause) =>
    String(clause.value).toLowerCase() === (clause.comparator === '=' ? 'true' : 'false');
  const about = clauses.filter(isAbout);
  return { rest: clauses.filter((clause) => !isAbout(clause)), prompts: about.length > 0 && about.every(asks) };
}

function versionValue(version: ModelVersion, clause: Clause): string | number | undefined {
  if (clause.kind === 'tag') return version.tags.get(clause.key);
  switch (clause.key) {
    case 'version_number':
      return version.version;
    case 'run_id':
      return version.runId;
    default:
      return version.source;
  }
}

function modelField(model: RegisteredModel, field: ModelField): string | number {
  if (field === 'name') return model.name;
  return field === 'creation_timestamp' ? model.createdAt : model.updatedAt;
}

function versionField({ model, version }: VersionOfModel, field: VersionField): string | number {
  switch (field) {
    case 'name':
      return model.name;
    case 'version_number':
      return version.version;
    case 'creation_timestamp':
      return version.createdAt;
    case 'last_updated_timestamp':
      return version.updatedAt;
  }
}

function comparing<T, F extends string>(order: readonly Order<F>[], value: (item: T, field: F) => string | number) {
  return (a: T, b: T): number => {
    for (const { field, ascending } of order) {
      const [x, y] = [value(a, field), value(b, field)];
      if (x !== y) return x < y === ascending ? -1 : 1;
    }
    return 0;
  };
}
