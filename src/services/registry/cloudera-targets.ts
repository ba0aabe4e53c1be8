// What records of Cloudera APIv2 stand for in the registry: the model and version under which their rows are tracked, and what is told of a deployment.
import { v5 as uuidv5 } from 'uuid';
import { NotFoundError } from '../../domain/errors.js';
import {
  buildVersion,
  crnOf,
  type ClouderaBuild,
  type ClouderaDeployment,
  type ClouderaModel,
} from '../../domain/registry/cloudera.js';
import type { RegistryState } from '../../domain/registry/state.js';

export const missing = (what: string, id: string): NotFoundError => new NotFoundError(`There is no ${what} ${id}.`);

/** The namespace of the ids of registered versions. */
const VERSION_NAMESPACE = '0d5d6f0e-0d1c-5c36-9a5e-2b1f1c7f4a10';

/** The id of a registered version; it stays. */
export const versionId = (modelId: string, version: number): string =>
  uuidv5(`${modelId}/${version}`, VERSION_NAMESPACE);

/** The registered model of a record. */
const registeredModel = (state: RegistryState, id: string | null) => (id === null ? null : state.byId(id));

/** The name and version under which rows of a model's build are tracked. */
export function targetOf(
  state: RegistryState,
  model: ClouderaModel,
  build: ClouderaBuild | null,
): { model: string; version: string | null } {
  const { modelId = model.registeredModelId, version = null } = build?.registeredVersion ?? {};
  const name = registeredModel(state, modelId)?.name ?? model.name;
  if (build === null) return { model: name, version: null };
  return { model: name, version: version === null ? buildVersion(build) : String(version) };
}

export function versionIn(state: RegistryState, { modelId, version }: { modelId: string; version: number }) {
  const model = registeredModel(state, modelId);
  return model === null ? null : state.findVersion(model, version);
}

/** The registered version of an id, looked for in the registered model of the record first. @throws NotFoundError */
export function requireVersion(
  state: RegistryState,
  id: string,
  likely: string | null,
): NonNullable<ClouderaBuild['registeredVersion']> {
  const first = registeredModel(state, likely);
  for (const model of [...(first === null ? [] : [first]), ...state.models()]) {
    const version = state.versionsOf(model).find((one) => versionId(model.id, one.version) === id);
    if (version !== undefined) return { id, modelId: model.id, version: version.version };
  }
  throw missing('registered model version', id);
}

/** What whoever runs a deployment needs to know of it. */
export const deploymentFacts = (deployment: ClouderaDeployment, build: ClouderaBuild) => ({
  crn: crnOf(deployment.id),
  project_id: deployment.projectId,
  model_id: deployment.modelId,
  build_id: deployment.buildId,
  id: deployment.id,
  status: deployment.status,
  cpu: deployment.cpu,
  memory: deployment.memory,
  nvidia_gpus: deployment.nvidiaGpus,
  replicas: deployment.replicas,
  accelerator_label_id: deployment.placement.acceleratorLabelId,
  resource_group_id: deployment.placement.resourceGroupId,
  resource_profile_id: deployment.placement.resourceProfileId,
  file_path: build.filePath,
  function_name: build.functionName,
  runtime_identifier: build.runtimeIdentifier,
  model_root_dir: build.modelRootDir,
  build_script_path: build.buildScriptPath,
  environment: deployment.environment,
});
