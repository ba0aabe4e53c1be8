// Operations on registered models: made, changed, renamed, deleted, tagged, aliased.
import type { RegisteredModel } from './model.js';
import { line, nothing, tagMap, touched, without, type Operation, type Tag } from './operation.js';
import {
  alreadyExists,
  checkAlias,
  checkAliasForm,
  checkModelName,
  checkTag,
  checkTagKey,
  checkText,
} from './rules.js';
import { isPrompt } from './state.js';

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
    if (newName !== name && state.find(newName) !== null)
      throw alreadyExists(`Registered Model (name=${newName}) already exists.`);
    const renamed = touched({ ...model, name: newName }, context.now);
    const versions = state.versionsOf(model).map((version) => touched(version, context.now));
    const change = line(context, 'model_renamed', renamed, { from: name, to: newName });
    return { ...nothing, models: [renamed], versions, changes: newName === name ? [] : [change] };
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
    const { model } = state.version(name, version);
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
    checkAliasForm(alias);
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
