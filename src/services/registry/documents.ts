// Registered models, versions and changes as stored documents, and back.
import { z } from 'zod';
import { STAGES, type Change, type ModelVersion, type RegisteredModel } from '../../domain/registry/model.js';
import type { Delta } from '../../domain/registry/state.js';
import type { RegistryEntry, StoredEntry } from './ports.js';

const textMap = z.array(z.tuple([z.string(), z.string()])).transform((list) => new Map(list));
const numberMap = z.array(z.tuple([z.string(), z.number()])).transform((list) => new Map(list));
const keyValue = z.object({ key: z.string(), value: z.string() });

const modelDoc = z.object({
  name: z.string(),
  description: z.string().nullable(),
  createdAt: z.number(),
  updatedAt: z.number(),
  tags: textMap,
  aliases: numberMap,
  lastVersion: z.number(),
  deploymentJobId: z.string().nullable(),
});

const versionDoc = z.object({
  createdAt: z.number(),
  updatedAt: z.number(),
  stage: z.enum(STAGES),
  description: z.string(),
  source: z.string(),
  storage: z.string(),
  runId: z.string(),
  runLink: z.string(),
  tags: textMap,
  loggedModelId: z.string().nullable(),
  params: z.array(keyValue),
  metrics: z.array(z.object({ key: z.string(), value: z.number() })),
  createdBy: z.string(),
});

const changeDoc = z.object({
  at: z.number(),
  by: z.string(),
  action: z.string().transform((text) => text as Change['action']),
  model: z.string(),
  version: z.number().nullable(),
  key: z.string().nullable(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  comment: z.string().nullable(),
});

/** The kinds that make up the state. */
export const STATE_KINDS = ['model', 'version'];
export const CHANGE_KIND = 'change';

/** Digits of a version number: entries of one model sort by it. */
const DIGITS = 10;

const versionItem = (version: number): string => String(version).padStart(DIGITS, '0');

function modelEntry({ id, ...model }: RegisteredModel): RegistryEntry {
  return { kind: 'model', scope: id, item: '', doc: { ...model, tags: [...model.tags], aliases: [...model.aliases] } };
}

function versionEntry({ modelId, version, ...rest }: ModelVersion): RegistryEntry {
  return { kind: 'version', scope: modelId, item: versionItem(version), doc: { ...rest, tags: [...rest.tags] } };
}

/** What an operation did to models and versions, ready to store. */
export function stateEntries(delta: Delta): RegistryEntry[] {
  return [
    ...delta.models.map(modelEntry),
    ...delta.versions.map(versionEntry),
    ...delta.removedVersions.map(({ modelId, version }) => ({
      kind: 'version',
      scope: modelId,
      item: versionItem(version),
      doc: null,
    })),
    ...delta.removedModels.map(({ id }) => ({ kind: 'model', scope: id, item: '', doc: null })),
  ];
}

/** A line of the log. `item` sorts as the changes happened. */
export function changeEntry({ modelId, ...change }: Change, item: string): RegistryEntry {
  return { kind: CHANGE_KIND, scope: modelId, item, doc: change };
}

export function changeOf(entry: StoredEntry): Change {
  return { modelId: entry.scope, ...changeDoc.parse(entry.doc) };
}

/** Stored entries as what they make of the state. */
export function deltaOf(entries: readonly StoredEntry[]): Delta {
  const models = entries.filter(({ kind }) => kind === 'model');
  const versions = entries.filter(({ kind }) => kind === 'version');
  return {
    models: models.filter(({ doc }) => doc !== null).map(({ scope, doc }) => ({ id: scope, ...modelDoc.parse(doc) })),
    versions: versions
      .filter(({ doc }) => doc !== null)
      .map(({ scope, item, doc }) => ({ modelId: scope, version: Number(item), ...versionDoc.parse(doc) })),
    removedModels: models.filter(({ doc }) => doc === null).map(({ scope }) => ({ id: scope })),
    removedVersions: versions
      .filter(({ doc }) => doc === null)
      .map(({ scope, item }) => ({ modelId: scope, version: Number(item) })),
  };
}
