// Cloudera APIv2's documents: registered models, models, builds, deployments, and its errors.
import { iso } from '../../domain/contract/common.js';
import {
  crnOf,
  type ClouderaBuild,
  type ClouderaDeployment,
  type ClouderaModel,
  type Placement,
} from '../../domain/registry/cloudera.js';
import type { RegisteredModel } from '../../domain/registry/model.js';
import { lineageOf } from '../../domain/registry/lineage.js';
import type { RegistryState, VersionOfModel } from '../../domain/registry/state.js';
import { versionId } from '../../services/registry/cloudera-targets.js';
import { tagList } from '../mlflow/answers.js';
import type { ErrorBody } from '../mlflow/protocol.js';

/** gRPC's codes, which its gateway writes beside the HTTP status. */
const CODES: Record<number, number> = { 400: 3, 401: 16, 403: 7, 404: 5, 409: 6, 413: 3, 429: 8, 503: 14 };
const INTERNAL = 13;

export const clouderaError: ErrorBody = (status, errorCode, message) => ({
  error: message,
  // A name that is taken is a 400 of MLflow's; its meaning is that of a conflict.
  code: errorCode === 'RESOURCE_ALREADY_EXISTS' ? CODES[409] : (CODES[status] ?? INTERNAL),
  message,
  details: [],
});

const person = (username: string) => ({ username, name: '', email: '' });

/** Tags that keep what MLflow has no field for; they are fields here. */
export const KEPT = 'cml.';

/** `versions` null: without them, as in a list. */
export function registeredModelJson(state: RegistryState, model: RegisteredModel, versions: VersionPage | null) {
  const all = state.versionsOf(model);
  return {
    model_id: model.id,
    name: model.name,
    description: model.description ?? '',
    owner: person(all[0]?.createdBy ?? ''),
    permission: 'OPERATE',
    visibility: model.tags.get('cml.visibility') ?? 'PUBLIC',
    created_at: iso(model.createdAt),
    updated_at: iso(model.updatedAt),
    count: all.length,
    model_versions: versions?.items ?? [],
    next_page_token: versions?.next_page_token ?? '',
  };
}

export function registeredVersionJson({ model, version }: VersionOfModel) {
  const tags = tagList(version.tags).filter(({ key }) => !key.startsWith(KEPT));
  const metrics = version.metrics.map(({ key, value }) => ({
    key,
    value,
    timestamp: iso(version.createdAt),
    step: '0',
  }));
  const { git_repository, git_commit } = lineageOf(version);
  const training = { metrics, params: version.params, tags };
  return {
    model_id: model.id,
    model_version_id: versionId(model.id, version.version),
    version_name: `${model.name}-${version.version}`,
    number: version.version,
    notes: version.description,
    user: person(version.createdBy),
    created_at: iso(version.createdAt),
    updated_at: iso(version.updatedAt),
    status: 'READY',
    tags,
    error_message: '',
    model_version_metadata: {
      mlops_type: 'MLFLOW',
      tags,
      workspace_url: '',
      project_id: version.tags.get('cml.project_id') ?? '',
      owner: person(version.createdBy),
      mlflow_metadata: {
        experiment_id: version.tags.get('cml.experiment_id') ?? '',
        run_id: version.runId,
        ...training,
      },
      simple_metadata: { git_url: git_repository ?? '', commit_id: git_commit ?? '', ...training },
    },
  };
}
export type VersionPage = { items: ReturnType<typeof registeredVersionJson>[]; next_page_token: string };

const placementJson = ({ acceleratorLabelId, resourceGroupId, resourceProfileId }: Placement) => ({
  accelerator_label_id: acceleratorLabelId,
  resource_group_id: resourceGroupId,
  resource_profile_id: resourceProfileId,
});

export function modelJson(model: ClouderaModel) {
  return {
    id: model.id,
    name: model.name,
    description: model.description,
    creator: person(model.creator),
    access_key: model.accessKey,
    deletion_status: '',
    created_at: iso(model.createdAt),
    updated_at: iso(model.updatedAt),
    crn: crnOf(model.id),
    auth_enabled: model.authEnabled,
    project: {
      id: model.projectId,
      public_identifier: model.projectId,
      name: '',
      default_project_engine: 'ml_runtime',
      slug: '',
    },
    registered_model_id: model.registeredModelId ?? '',
    visibility: model.visibility,
    // 64-bit numbers are text in this protocol.
    default_resources: {
      cpu_millicores: String(model.defaultResources.cpuMillicores),
      memory_mb: String(model.defaultResources.memoryMb),
      nvidia_gpus: String(model.defaultResources.nvidiaGpus),
    },
    default_replication_policy: { num_replicas: String(model.defaultReplicas), type: 'fixed' },
    run_as: model.runAs,
    ...placementJson(model.placement),
  };
}

export function buildJson(build: ClouderaBuild) {
  return {
    id: build.id,
    model_id: build.modelId,
    creator: person(build.creator),
    comment: build.comment,
    file_path: build.filePath,
    function_name: build.functionName,
    engine_image: '',
    kernel: build.kernel,
    created_at: iso(build.createdAt),
    updated_at: iso(build.updatedAt),
    // A record is all there is to build.
    built_at: iso(build.createdAt),
    status: 'built',
    deletion_status: '',
    crn: crnOf(build.id),
    runtime_identifier: build.runtimeIdentifier,
    runtime_addon_identifiers: build.runtimeAddonIdentifiers,
    registered_model_version_id: build.registeredVersion?.id ?? '',
    model_root_dir: build.modelRootDir,
    build_script_path: build.buildScriptPath,
  };
}

export function deploymentJson(deployment: ClouderaDeployment) {
  return {
    project_id: deployment.projectId,
    model_id: deployment.modelId,
    build_id: deployment.buildId,
    id: deployment.id,
    cpu: deployment.cpu,
    memory: deployment.memory,
    nvidia_gpu: deployment.nvidiaGpus,
    environment: JSON.stringify(deployment.environment),
    created_at: iso(deployment.createdAt),
    updated_at: iso(deployment.updatedAt),
    stopped_at: deployment.stoppedAt === null ? null : iso(deployment.stoppedAt),
    crn: crnOf(deployment.id),
    deployer: person(deployment.creator),
    status: deployment.status,
    replicas: deployment.replicas,
    ...placementJson(deployment.placement),
  };
}
