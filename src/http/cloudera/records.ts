// What Cloudera APIv2's calls about models, builds and deployments share: their paths, what they take, and how records are made.
import { z } from 'zod';
import { readJson } from '../../domain/json-text.js';
import { doesNotExist, invalidParameter } from '../../domain/registry/rules.js';
import { assertModel } from '../plugins/auth.js';
import { text, yesNo } from '../mlflow/inputs.js';
import type { CallContext } from '../mlflow/protocol.js';

export const MODELS = '/projects/:project_id/models';
export const MODEL = `${MODELS}/:model_id`;
export const BUILDS = `${MODEL}/builds`;
export const BUILD = `${BUILDS}/:build_id`;
export const DEPLOYMENTS = `${BUILD}/deployments`;

/** Limits of the field, not of a cluster: a record that says more is a mistake. */
const cpu = z.number().positive().max(1024).default(1).describe('cores of one replica');
const memory = z.number().positive().max(65_536).default(2).describe('GiB of one replica');
const gpus = z.int().min(0).max(64).default(0).describe('GPUs of one replica');
const replicas = z.int().min(1).max(1000).default(1).describe('how many are to run');
const environment = z
  .union([
    z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)),
    z.string().transform((given) => parseEnvironment(given)),
  ])
  .default({})
  .describe('variables; they are told to whoever runs the deployment');

function parseEnvironment(given: string): Record<string, string> {
  const parsed = z.record(z.string(), z.string()).safeParse(given === '' ? {} : jsonOrNull(given));
  if (parsed.success) return parsed.data;
  throw invalidParameter('environment must be an object of text.');
}

function jsonOrNull(given: string): unknown {
  try {
    return readJson(given);
  } catch {
    return null;
  }
}

const buildFields = {
  comment: text('what is new'),
  file_path: text('the script'),
  function_name: text('the function in it'),
  kernel: text('what runs it'),
  runtime_identifier: text('the image it runs in'),
  runtime_addon_identifiers: z.array(z.string()).default([]),
  registered_model_version_id: text('the registered version that it is of'),
};
export const buildInput = z.object(buildFields);
export const deploymentInput = z.object({
  cpu,
  memory,
  nvidia_gpus: gpus,
  nvidia_gpu: gpus.optional(),
  replicas,
  environment,
});
export const modelFields = {
  description: text('what it is'),
  disable_authentication: yesNo('calls need no key'),
  registered_model_id: text('the registered model that it is of'),
  run_as: text('who it runs as'),
  visibility: text('who sees it'),
};

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
export async function reach(context: CallContext) {
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

export function makeBuild(context: CallContext, modelId: string, input: z.output<typeof buildInput>) {
  return context.services.records.createBuild(
    {
      projectId: pathOf(context).projectId,
      modelId,
      comment: input.comment ?? '',
      filePath: input.file_path ?? '',
      functionName: input.function_name ?? '',
      kernel: input.kernel ?? '',
      runtimeIdentifier: input.runtime_identifier ?? '',
      runtimeAddonIdentifiers: input.runtime_addon_identifiers,
      registeredVersionId:
        input.registered_model_version_id === undefined || input.registered_model_version_id === ''
          ? null
          : input.registered_model_version_id,
    },
    context.principal.name,
  );
}

export function makeDeployment(
  context: CallContext,
  modelId: string,
  buildId: string,
  input: z.output<typeof deploymentInput>,
) {
  return context.services.records.createDeployment(
    {
      projectId: pathOf(context).projectId,
      modelId,
      buildId,
      cpu: input.cpu,
      memory: input.memory,
      nvidiaGpus: input.nvidia_gpu ?? input.nvidia_gpus,
      replicas: input.replicas,
      environment: input.environment,
    },
    context.principal.name,
  );
}
