// What Cloudera APIv2's calls about models, builds and deployments share: how records are reached and made.
import { type z } from 'zod';
import {
  ANYWHERE,
  type ClouderaBuild,
  type ClouderaModel,
  type DefaultResources,
  type Placement,
} from '../../domain/registry/cloudera.js';
import { doesNotExist } from '../../domain/registry/rules.js';
import { assertModel } from '../plugins/auth.js';
import type { CallContext } from '../mlflow/protocol.js';
import { type buildInput, type deploymentInput, type modelFields } from './fields.js';

type ModelFields = z.output<z.ZodObject<typeof modelFields>>;
type DeploymentFields = z.output<typeof deploymentInput>;

/** The ids of a path. */
export function pathOf({ params }: CallContext) {
  return {
    projectId: params.project_id ?? '',
    modelId: params.model_id ?? '',
    buildId: params.build_id ?? '',
    id: params.deployment_id ?? '',
  };
}

/** The model of the path, which the caller's key must reach under the name it is tracked by. */
export async function reach(context: CallContext): Promise<ClouderaModel> {
  const { projectId, modelId } = pathOf(context);
  const { records } = context.services;
  const model = await records.model(projectId, modelId);
  assertModel(context.principal, await records.trackedName(model));
  return model;
}

export async function requireRegistered(context: CallContext, id: string | undefined): Promise<string | null> {
  if (id === undefined || id === '') return null;
  const model = await context.services.registry.read((state) => state.byId(id));
  if (model === null) throw doesNotExist(`There is no registered model ${id}.`);
  assertModel(context.principal, model.name);
  return model.id;
}

/** Fields of a model over those that it has: what is left out stays. */
export const sizesOf = (
  input: ModelFields,
  known: { defaultResources: DefaultResources; defaultReplicas: number; runAs: number; placement: Placement },
) => ({
  defaultResources: {
    cpuMillicores: input.default_resources?.cpu_millicores ?? known.defaultResources.cpuMillicores,
    memoryMb: input.default_resources?.memory_mb ?? known.defaultResources.memoryMb,
    nvidiaGpus: input.default_resources?.nvidia_gpus ?? known.defaultResources.nvidiaGpus,
  },
  defaultReplicas: input.default_replication_policy?.num_replicas ?? known.defaultReplicas,
  runAs: Math.max(0, input.run_as ?? known.runAs),
  placement: placementOf(input, known.placement),
});

const placementOf = (
  input: Pick<ModelFields, 'accelerator_label_id' | 'resource_group_id' | 'resource_profile_id'>,
  known: Placement,
): Placement => ({
  acceleratorLabelId: input.accelerator_label_id ?? known.acceleratorLabelId,
  resourceGroupId: input.resource_group_id ?? known.resourceGroupId,
  resourceProfileId: input.resource_profile_id ?? known.resourceProfileId,
});

/** A build; with `deploy`, a deployment of it too. */
export async function makeBuild(
  context: CallContext,
  model: ClouderaModel,
  input: z.output<typeof buildInput>,
  deploy: Partial<DeploymentFields> | null,
): Promise<ClouderaBuild> {
  const { registered_model_version_id: version = '' } = input;
  const build = await context.services.records.createBuild(
    {
      projectId: model.projectId,
      modelId: model.id,
      comment: input.comment ?? '',
      filePath: input.file_path ?? '',
      functionName: input.function_name ?? '',
      kernel: input.kernel ?? '',
      runtimeIdentifier: input.runtime_identifier ?? '',
      runtimeAddonIdentifiers: input.runtime_addon_identifiers,
      modelRootDir: input.model_root_dir ?? '',
      buildScriptPath: input.build_script_path ?? '',
      registeredVersionId: version === '' ? null : version,
    },
    context.principal.name,
  );
  if (deploy !== null) await makeDeployment(context, model, build.id, deploy);
  return build;
}

/** A deployment. What its size does not say is the model's default. */
export function makeDeployment(
  context: CallContext,
  model: ClouderaModel,
  buildId: string,
  input: Partial<DeploymentFields>,
) {
  const { cpuMillicores, memoryMb, nvidiaGpus } = model.defaultResources;
  return context.services.records.createDeployment(
    {
      projectId: model.projectId,
      modelId: model.id,
      buildId,
      cpu: input.cpu ?? cpuMillicores / 1000,
      memory: input.memory ?? memoryMb / 1024,
      nvidiaGpus: input.nvidia_gpus ?? input.nvidia_gpu ?? nvidiaGpus,
      replicas: input.replicas ?? model.defaultReplicas,
      environment: input.environment ?? {},
      placement: placementOf(input, model.placement),
    },
    context.principal.name,
  );
}

export const NEW_MODEL = { defaultReplicas: 1, runAs: 0, placement: ANYWHERE } as const;
