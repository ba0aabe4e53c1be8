// Registered models and versions as MLflow's JSON: 64-bit times as numbers, version numbers as text, unset fields left out.
import type { ModelVersion, RegisteredModel } from '../../domain/registry/model.js';
import type { RegistryState, VersionOfModel } from '../../domain/registry/state.js';

type Json = Record<string, unknown>;

/** What is absent or empty is left out, as protobuf does. */
function present(fields: Json): Json {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0)),
  );
}

export const tagList = (tags: ReadonlyMap<string, string>) => [...tags].map(([key, value]) => ({ key, value }));

export function versionJson(state: RegistryState, { model, version }: VersionOfModel): Json {
  return present({
    name: model.name,
    version: String(version.version),
    creation_timestamp: version.createdAt,
    last_updated_timestamp: version.updatedAt,
    current_stage: version.stage,
    description: version.description,
    source: version.source,
    run_id: version.runId,
    // Without it clients take the version for one that is still being made, and wait.
    status: 'READY',
    tags: tagList(version.tags),
    run_link: version.runLink,
    aliases: state.aliasesOf({ model, version }),
    model_id: version.loggedModelId,
    model_params: version.params.map(({ key, value }) => ({ name: key, value })),
    model_metrics: version.metrics.map(({ key, value }) => ({ key, value, timestamp: version.createdAt, step: 0 })),
  });
}

export function versionList(state: RegistryState, model: RegisteredModel, versions: readonly ModelVersion[]): Json[] {
  return versions.map((version) => versionJson(state, { model, version }));
}

export function modelJson(state: RegistryState, model: RegisteredModel): Json {
  return present({
    name: model.name,
    creation_timestamp: model.createdAt,
    last_updated_timestamp: model.updatedAt,
    description: model.description === '' ? null : model.description,
    latest_versions: versionList(state, model, state.latest(model)),
    tags: tagList(model.tags),
    aliases: [...model.aliases].map(([alias, version]) => ({ alias, version: String(version) })),
    deployment_job_id: model.deploymentJobId,
  });
}

/** A page of a search; an empty list is left out too. */
export function pageJson(name: string, items: readonly Json[], nextPageToken: string | null): Json {
  return present({ [name]: items, next_page_token: nextPageToken });
}
