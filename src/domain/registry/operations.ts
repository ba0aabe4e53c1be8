// What each call makes of the registry: pure functions from the present state to the new form of what changes, with the lines for the log.
import {
  ACTIVE_STAGES,
  type Change,
  type ChangeAction,
  type ModelVersion,
  type RegisteredModel,
  type TrainingMetric,
} from './model.js';
import {
  alreadyExists,
  canonicalStage,
  checkAlias,
  checkModelName,
  checkRunId,
  checkRunLink,
  checkSource,
  checkTag,
  checkTagKey,
  checkText,
  invalidParameter,
  noVersion,
} from './rules.js';
import { isPrompt, type Delta, type RegistryState } from './state.js';

/** Who calls, when, and the id of a model that is made. Time in epoch milliseconds. */
export interface Context {
  now: number;
  by: string;
  newId: () => string;
}

/** What an operation does: the new state of what it touches, and the lines of the log. */
export interface Outcome extends Delta {
  changes: readonly Change[];
}

export type Operation = (state: RegistryState, context: Context) => Outcome;

export interface Tag {
  key: string;
  value: string;
}

const nothing: Outcome = { models: [], versions: [], removedModels: [], removedVersions: [], changes: [] };

/** Times of one thing always grow, also within a millisecond. */
const touched = <T extends { readonly updatedAt: number }>(thing: T, now: number): T => ({
  ...thing,
  updatedAt: Math.max(now, thing.updatedAt + 1),
});

function line(
  { now, by }: Context,
  action: ChangeAction,
  model: RegisteredModel,
  about: Partial<Pick<Change, 'version' | 'key' | 'from' | 'to' | 'comment'>> = {},
): Change {
  return {
    at: now,
    by,
    action,
    modelId: model.id,
    model: model.name,
    version: null,
    key: null,
    from: null,
    to: null,
    comment: null,
    ...about,
  };
}

/** Tags as a map; of a key given twice the last counts. */
function tagMap(tags: readonly Tag[]): Map<string, string> {
  for (const { key, value } of tags) checkTag(key, value);
  return new Map(tags.map(({ key, value }) => [key, value]));
}

function without<K, V>(map: ReadonlyMap<K, V>, key: K): Map<K, V> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}

export interface NewModel {
  name: string;
  tags: readonly Tag[];
  description: string | null;
  deploymentJobId: string | null;
}

export const createModel =
  (input: NewModel): Operation =>
  (state, context) => {
    checkModelName(input.name);
    const tags = tagMap(input.tags);
    const existing = state.find(input.name);
    if (existing !== null) {
      const prompt = isPrompt(existing.tags) && !isPrompt(tags) ? ' The name is already taken by a prompt.' : '';
      throw alreadyExists(`Registered Model (name=${input.name}) already exists.${prompt}`);
    }
    const model: RegisteredModel = {
      id: context.newId(),
      name: input.name,
      description: input.description === null ? null : checkText('description', input.description),
      createdAt: context.now,
      updatedAt: context.now,
      tags,
      aliases: new Map(),
      lastVersion: 0,
      deploymentJobId: input.deploymentJobId,
    };
    return { ...nothing, models: [model], changes: [line(context, 'model_created', model)] };
  };

/** `undefined` leaves a field as it is. */
export const updateModel =
  (name: string, fields: { description?: string | undefined; deploymentJobId?: string | undefined }): Operation =>
  (state, context) => {
    const model = state.model(checkModelName(name));
    const changed = touched(
      {
        ...model,
        description:
          fields.description === undefined ? model.description : checkText('description', fields.description),
        deploymentJobId: fields.deploymentJobId ?? model.deploymentJobId,
      },
      context.now,
    );
    return { ...nothing, models: [changed], changes: [line(context, 'model_updated', changed)] };
  };

export const renameModel =
  (name: string, newName: string): Operation =>
  (state, context) => {
    checkModelName(newName, 'new_name');
    const model = state.model(checkModelName(name));
    if (state.find(newName) !== null) throw alreadyExists(`Registered Model (name=${newName}) already exists.`);
    const renamed = touched({ ...model, name: newName }, context.now);
    const versions = state.versionsOf(model).map((version) => touched(version, context.now));
    const change = line(context, 'model_renamed', renamed, { from: name, to: newName });
    return { ...nothing, models: [renamed], versions, changes: [change] };
  };

export const deleteModel =
  (name: string): Operation =>
  (state, context) => {
    const model = state.model(checkModelName(name));
    return {
      ...nothing,
      removedModels: [model],
      removedVersions: state.versionsOf(model),
      changes: [line(context, 'model_deleted', model)],
    };
  };

export const setModelTag =
  (name: string, { key, value }: Tag): Operation =>
  (state, context) => {
    checkModelName(name);
    checkTag(key, value);
    const model = state.model(name);
    const changed = { ...model, tags: new Map(model.tags).set(key, value) };
    const about = { key, from: model.tags.get(key) ?? null, to: value };
    return { ...nothing, models: [changed], changes: [line(context, 'model_tag_set', model, about)] };
  };

export const deleteModelTag =
  (name: string, key: string): Operation =>
  (state, context) => {
    checkModelName(name);
    checkTagKey(key);
    const model = state.model(name);
    if (!model.tags.has(key)) return nothing;
    const about = { key, from: model.tags.get(key) ?? null };
    return {
      ...nothing,
      models: [{ ...model, tags: without(model.tags, key) }],
      changes: [line(context, 'model_tag_deleted', model, about)],
    };
  };

export const setAlias =
  (name: string, alias: string, version: number): Operation =>
  (state, context) => {
    checkModelName(name);
    checkAlias(alias);
    const model = state.model(name);
    if (state.findVersion(model, version) === null) throw noVersion(name, version);
    const before = model.aliases.get(alias);
    if (before === version) return nothing;
    const from = before === undefined ? null : String(before);
    const about = { version, key: alias, from, to: String(version) };
    return {
      ...nothing,
      models: [{ ...model, aliases: new Map(model.aliases).set(alias, version) }],
      changes: [line(context, 'alias_set', model, about)],
    };
  };

export const deleteAlias =
  (name: string, alias: string): Operation =>
  (state, context) => {
    checkModelName(name);
    checkAlias(alias);
    const model = state.model(name);
    const version = model.aliases.get(alias);
    if (version === undefined) return nothing;
    const about = { version, key: alias, from: String(version) };
    return {
      ...nothing,
      models: [{ ...model, aliases: without(model.aliases, alias) }],
      changes: [line(context, 'alias_deleted', model, about)],
    };
  };

export interface NewVersion {
  name: string;
  source: string;
  runId: string;
  runLink: string;
  description: string;
  tags: readonly Tag[];
  loggedModelId: string | null;
  params: readonly { key: string; value: string }[];
  metrics: readonly TrainingMetric[];
}

export const createVersion =
  (input: NewVersion): Operation =>
  (state, context) => {
    checkModelName(input.name);
    const tags = tagMap(input.tags);
    checkSource(input.source, isPrompt(tags));
    const model = state.model(input.name);
    const version: ModelVersion = {
      modelId: model.id,
      version: model.lastVersion + 1,
      createdAt: context.now,
      updatedAt: context.now,
      stage: 'None',
      description: checkText('description', input.description),
      source: input.source,
      // A version of this registry is followed now: the version that it names may be deleted later.
      storage: /^models:\/?[^/]/.test(input.source) ? state.resolve(input.source).version.storage : input.source,
      runId: checkRunId(input.runId),
      runLink: checkRunLink(input.runLink),
      tags,
      loggedModelId: input.loggedModelId,
      params: input.params,
      metrics: input.metrics,
      createdBy: context.by,
    };
    return {
      ...nothing,
      models: [touched({ ...model, lastVersion: version.version }, context.now)],
      versions: [version],
      changes: [line(context, 'version_created', model, { version: version.version, to: input.source })],
    };
  };

export const updateVersion =
  (name: string, number: number, description: string | undefined): Operation =>
  (state, context) => {
    const { model, version } = state.version(checkModelName(name), number);
    const text = description === undefined ? version.description : checkText('description', description);
    return {
      ...nothing,
      versions: [touched({ ...version, description: text }, context.now)],
      changes: [line(context, 'version_updated', model, { version: number })],
    };
  };

export const deleteVersion =
  (name: string, number: number): Operation =>
  (state, context) => {
    const { model, version } = state.version(checkModelName(name), number);
    const aliases = new Map([...model.aliases].filter(([, at]) => at !== number));
    const lost = state.aliasesOf({ model, version });
    return {
      ...nothing,
      models: [touched({ ...model, aliases }, context.now)],
      removedVersions: [version],
      changes: [
        ...lost.map((key) => line(context, 'alias_deleted', model, { version: number, key, from: String(number) })),
        line(context, 'version_deleted', model, { version: number, from: version.stage }),
      ],
    };
  };

export interface Transition {
  name: string;
  version: number;
  stage: string;
  archiveExisting: boolean;
  comment: string | null;
}

export const transition =
  ({ name, version: number, stage: asked, archiveExisting, comment }: Transition): Operation =>
  (state, context) => {
    const stage = canonicalStage(asked);
    if (archiveExisting && !ACTIVE_STAGES.includes(stage)) {
      throw invalidParameter(
        `Model version transition cannot archive existing model versions because '${asked}' is not an Active stage. Valid stages are ['Staging', 'Production']`,
      );
    }
    const { model, version } = state.version(checkModelName(name), number);
    const others = archiveExisting
      ? state.versionsOf(model).filter((other) => other.stage === stage && other.version !== number)
      : [];
    const moved = (one: ModelVersion, to: ModelVersion['stage'], said: string | null): Change =>
      line(context, 'stage_changed', model, { version: one.version, from: one.stage, to, comment: said });
    return {
      ...nothing,
      models: [touched(model, context.now)],
      versions: [
        ...others.map((other) => touched({ ...other, stage: 'Archived' as const }, context.now)),
        touched({ ...version, stage }, context.now),
      ],
      changes: [
        ...others.map((other) => moved(other, 'Archived', null)),
        ...(version.stage === stage ? [] : [moved(version, stage, comment)]),
      ],
    };
  };

export const setVersionTag =
  (name: string, number: number, { key, value }: Tag): Operation =>
  (state, context) => {
    checkModelName(name);
    checkTag(key, value);
    const { model, version } = state.version(name, number);
    const about = { version: number, key, from: version.tags.get(key) ?? null, to: value };
    return {
      ...nothing,
      versions: [{ ...version, tags: new Map(version.tags).set(key, value) }],
      changes: [line(context, 'version_tag_set', model, about)],
    };
  };

export const deleteVersionTag =
  (name: string, number: number, key: string): Operation =>
  (state, context) => {
    checkModelName(name);
    checkTagKey(key);
    const { model, version } = state.version(name, number);
    if (!version.tags.has(key)) return nothing;
    const about = { version: number, key, from: version.tags.get(key) ?? null };
    return {
      ...nothing,
      versions: [{ ...version, tags: without(version.tags, key) }],
      changes: [line(context, 'version_tag_deleted', model, about)],
    };
  };

/** What is said about a version without changing it. */
export type ReviewAction = Extract<
  ChangeAction,
  'comment' | 'transition_requested' | 'transition_approved' | 'transition_rejected' | 'transition_withdrawn'
>;

/** A line of the log about a version: a comment, or what becomes of a request to move it. `creator`: whose request it is. */
export const review =
  (
    action: ReviewAction,
    about: {
      name: string;
      version: number;
      comment: string | null;
      from?: string;
      to?: string;
      creator?: string | null;
    },
  ): Operation =>
  (state, context) => {
    const { model } = state.version(checkModelName(about.name), about.version);
    const comment = about.comment === null ? null : checkText('comment', about.comment);
    const { from = null, to = null, creator = null } = about;
    const change = line(context, action, model, { version: about.version, key: creator, from, to, comment });
    return { ...nothing, changes: [change] };
  };
