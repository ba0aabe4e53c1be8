// Operations on versions of registered models: made, described, moved, tagged, deleted, talked about.
import { ACTIVE_STAGES, type Change, type ChangeAction, type ModelVersion, type TrainingMetric } from './model.js';
import { line, nothing, tagMap, touched, without, type Operation, type Tag } from './operation.js';
import {
  canonicalStage,
  checkModelName,
  checkRunId,
  checkRunLink,
  checkSource,
  checkTag,
  checkTagKey,
  checkText,
  invalidParameter,
  loggedModelOf,
  modelUri,
} from './rules.js';
import { isPrompt, type RegistryState } from './state.js';

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

/**
 * Where a version comes from. A version of this registry is followed now, to its number, its files and its run: an alias may move and a version be
 * deleted later.
 */
function originOf(state: RegistryState, { source }: NewVersion): { source: string; storage: string; runId: string } {
  if (!source.startsWith('models:') || loggedModelOf(source) !== null) return { source, storage: source, runId: '' };
  const { model, version } = state.resolve(source);
  const named = modelUri(source);
  const byNumber = named?.byAlias === false && /^\d+$/.test(named.suffix);
  const { storage, runId } = version;
  return { source: byNumber ? source : `models:/${model.name}/${version.version}`, storage, runId };
}

export const createVersion =
  (input: NewVersion): Operation =>
  (state, context) => {
    checkModelName(input.name);
    const tags = tagMap(input.tags);
    checkSource(input.source, isPrompt(tags));
    const model = state.model(input.name);
    const origin = originOf(state, input);
    const version: ModelVersion = {
      modelId: model.id,
      version: model.lastVersion + 1,
      createdAt: context.now,
      updatedAt: context.now,
      stage: 'None',
      description: checkText('description', input.description),
      source: origin.source,
      storage: origin.storage,
      runId: checkRunId(input.runId === '' ? origin.runId : input.runId),
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
      changes: [line(context, 'version_created', model, { version: version.version, to: version.source })],
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
