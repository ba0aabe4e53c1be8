// Cloudera APIv2's calls about the models of a project, their builds and deployments: records, told to whoever runs them.
import { z } from 'zod';
import { DEPLOYMENT_STATES, type ClouderaDeployment } from '../../domain/registry/cloudera.js';
import { doesNotExist, invalidParameter } from '../../domain/registry/rules.js';
import { assertModel, mayReach } from '../plugins/auth.js';
import { required, text, yesNo } from '../mlflow/inputs.js';
import { call, type CallContext } from '../mlflow/protocol.js';
import { buildJson, deploymentJson, listPage, modelJson } from './answers.js';
import { listInput, TAG } from './registry-calls.js';

const MODELS = '/projects/:project_id/models';
const MODEL = `${MODELS}/:model_id`;
const BUILDS = `${MODEL}/builds`;
const BUILD = `${BUILDS}/:build_id`;
const DEPLOYMENTS = `${BUILD}/deployments`;

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
    return JSON.parse(given) as unknown;
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
const buildInput = z.object(buildFields);
const deploymentInput = z.object({
  cpu,
  memory,
  nvidia_gpus: gpus,
  nvidia_gpu: gpus.optional(),
  replicas,
  environment,
});
const modelFields = {
  description: text('what it is'),
  disable_authentication: yesNo('calls need no key'),
  registered_model_id: text('the registered model that it is of'),
  run_as: text('who it runs as'),
  visibility: text('who sees it'),
};

/** The ids of a path. */
function pathOf({ params }: CallContext) {
  return {
    projectId: params.project_id ?? '',
    modelId: params.model_id ?? '',
    buildId: params.build_id ?? '',
    id: params.deployment_id ?? '',
  };
}

/** The model of the path, which the caller's key must reach under the name it is tracked by. */
async function reach(context: CallContext) {
  const { projectId, modelId } = pathOf(context);
  const { records } = context.services;
  const model = await records.model(projectId, modelId);
  assertModel(context.principal, await records.trackedName(model));
  return model;
}

async function requireRegistered(context: CallContext, id: string | undefined): Promise<string | null> {
  if (id === undefined || id === '') return null;
  const model = await context.services.registry.read((state) => state.byId(id));
  if (model === null) throw doesNotExist(`There is no registered model ${id}.`);
  assertModel(context.principal, model.name);
  return model.id;
}

function makeBuild(context: CallContext, modelId: string, input: z.output<typeof buildInput>) {
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

function makeDeployment(
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

export const MODEL_CALLS = [
  call({
    method: 'GET',
    path: MODELS,
    scope: 'read',
    tag: TAG,
    summary: 'Models of a project, oldest first',
    input: listInput,
    run: async (input, context) => {
      const { records } = context.services;
      const all = await records.models(pathOf(context).projectId);
      const names = await Promise.all(all.map((model) => records.trackedName(model)));
      const mine = all.filter((_, index) => mayReach(context.principal, names[index] ?? ''));
      const { items, next_page_token } = listPage(mine.map(modelJson), input, {
        model_name: 'name',
        creator: 'creator.username',
      });
      return { models: items, next_page_token };
    },
  }),
  call({
    method: 'POST',
    path: MODELS,
    scope: 'admin',
    tag: TAG,
    summary: 'Make a model of a project',
    input: z.object({
      ...modelFields,
      name: required('the name'),
      auto_build_model: yesNo('make a build at once'),
      auto_build_config: buildInput.optional(),
      auto_deploy_model: yesNo('make a deployment of it at once'),
      auto_deployment_config: deploymentInput.optional(),
    }),
    run: async (input, context) => {
      const registeredModelId = await requireRegistered(context, input.registered_model_id);
      if (registeredModelId === null) assertModel(context.principal, input.name);
      const model = await context.services.records.createModel(
        {
          projectId: pathOf(context).projectId,
          name: input.name,
          description: input.description ?? '',
          registeredModelId,
          authEnabled: input.disable_authentication !== true,
          visibility: input.visibility ?? 'public',
          runAs: input.run_as ?? null,
        },
        context.principal.name,
      );
      if (input.auto_build_model === true || input.auto_deploy_model === true) {
        const build = await makeBuild(context, model.id, input.auto_build_config ?? buildInput.parse({}));
        if (input.auto_deploy_model === true) {
          await makeDeployment(context, model.id, build.id, input.auto_deployment_config ?? deploymentInput.parse({}));
        }
      }
      return modelJson(model);
    },
  }),
  call({
    method: 'GET',
    path: MODEL,
    scope: 'read',
    tag: TAG,
    summary: 'A model of a project',
    input: z.object({}),
    run: async (_input, context) => modelJson(await reach(context)),
  }),
  call({
    method: 'PATCH',
    path: MODEL,
    scope: 'admin',
    tag: TAG,
    summary: 'Change a model of a project',
    input: z.object({ ...modelFields, name: text('the new name') }),
    run: async (input, context) => {
      await reach(context);
      const registered = await requireRegistered(context, input.registered_model_id);
      const { projectId, modelId } = pathOf(context);
      const model = await context.services.records.updateModel(projectId, modelId, {
        ...(input.name === undefined || input.name === '' ? {} : { name: input.name }),
        ...(input.description === undefined ? {} : { description: input.description }),
        ...(registered === null ? {} : { registeredModelId: registered }),
        ...(input.disable_authentication === undefined ? {} : { authEnabled: !input.disable_authentication }),
        ...(input.visibility === undefined ? {} : { visibility: input.visibility }),
        ...(input.run_as === undefined ? {} : { runAs: input.run_as }),
      });
      return modelJson(model);
    },
  }),
  call({
    method: 'DELETE',
    path: MODEL,
    scope: 'admin',
    tag: TAG,
    summary: 'Delete a model with its builds and deployments',
    input: z.object({}),
    run: async (_input, context) => {
      await reach(context);
      const { projectId, modelId } = pathOf(context);
      await context.services.records.deleteModel(projectId, modelId);
      return {};
    },
  }),
  call({
    method: 'GET',
    path: BUILDS,
    scope: 'read',
    tag: TAG,
    summary: 'Builds of a model, oldest first',
    input: listInput,
    run: async (input, context) => {
      await reach(context);
      const { projectId, modelId } = pathOf(context);
      const builds = (await context.services.records.builds(projectId, modelId)).map(buildJson);
      const { items, next_page_token } = listPage(builds, input, { creator: 'creator.username' });
      return { model_builds: items, next_page_token };
    },
  }),
  call({
    method: 'POST',
    path: BUILDS,
    scope: 'admin',
    tag: TAG,
    summary: 'Make a build of a model',
    input: buildInput.extend({
      auto_deploy_model: yesNo('make a deployment of it at once'),
      auto_deployment_config: deploymentInput.optional(),
    }),
    run: async (input, context) => {
      const model = await reach(context);
      const build = await makeBuild(context, model.id, input);
      if (input.auto_deploy_model === true) {
        await makeDeployment(context, model.id, build.id, input.auto_deployment_config ?? deploymentInput.parse({}));
      }
      return buildJson(build);
    },
  }),
  call({
    method: 'GET',
    path: BUILD,
    scope: 'read',
    tag: TAG,
    summary: 'A build',
    input: z.object({}),
    run: async (_input, context) => {
      await reach(context);
      const { projectId, modelId, buildId } = pathOf(context);
      return buildJson(await context.services.records.build(projectId, modelId, buildId));
    },
  }),
  call({
    method: 'DELETE',
    path: BUILD,
    scope: 'admin',
    tag: TAG,
    summary: 'Delete a build with its deployments',
    input: z.object({}),
    run: async (_input, context) => {
      await reach(context);
      const { projectId, modelId, buildId } = pathOf(context);
      await context.services.records.deleteBuild(projectId, modelId, buildId);
      return {};
    },
  }),
  call({
    method: 'GET',
    path: DEPLOYMENTS,
    scope: 'read',
    tag: TAG,
    summary: 'Deployments of a build, oldest first',
    input: listInput,
    run: async (input, context) => {
      await reach(context);
      const { projectId, modelId, buildId } = pathOf(context);
      const deployments = await context.services.records.deployments(projectId, modelId, buildId);
      const { items, next_page_token } = listPage(deployments.map(deploymentJson), input, {
        creator: 'deployer.username',
      });
      return { model_deployments: items, next_page_token };
    },
  }),
  call({
    method: 'POST',
    path: DEPLOYMENTS,
    scope: 'admin',
    tag: TAG,
    summary: 'Make a deployment of a build, and tell whoever runs it',
    input: deploymentInput,
    run: async (input, context) => {
      const model = await reach(context);
      return deploymentJson(await makeDeployment(context, model.id, pathOf(context).buildId, input));
    },
  }),
  call({
    method: 'GET',
    path: `${DEPLOYMENTS}/:deployment_id`,
    scope: 'read',
    tag: TAG,
    summary: 'A deployment',
    input: z.object({}),
    run: async (_input, context) => {
      await reach(context);
      const { projectId, modelId, buildId, id } = pathOf(context);
      return deploymentJson(await context.services.records.deployment(projectId, modelId, buildId, id));
    },
  }),
  call({
    method: 'PATCH',
    path: `${DEPLOYMENTS}/:deployment_id`,
    scope: 'admin',
    tag: TAG,
    summary: 'Say what became of a deployment',
    input: z.object({
      status: z.enum(DEPLOYMENT_STATES).optional().describe('what it is now, by whoever runs it'),
      replicas: z.int().min(0).max(1000).optional().describe('how many run'),
    }),
    run: async (input, context) => {
      await reach(context);
      return deploymentJson(await context.services.records.changeDeployment(pathOf(context), input, null));
    },
  }),
  call({
    method: 'POST',
    // `{deployment_id}:restart` and `{deployment_id}:stop`: the router would take a colon for a parameter.
    path: `${DEPLOYMENTS}/:deployment_action`,
    scope: 'admin',
    tag: TAG,
    summary: 'Restart or stop a deployment: {deployment_id}:restart, {deployment_id}:stop',
    input: z.object({}),
    run: async (_input, context) => {
      await reach(context);
      const [id = '', action] = (context.params.deployment_action ?? '').split(':', 2);
      if (action !== 'restart' && action !== 'stop') {
        throw doesNotExist(
          'A deployment can be restarted ({deployment_id}:restart) or stopped ({deployment_id}:stop).',
        );
      }
      const path = { ...pathOf(context), id };
      const { records } = context.services;
      const changed: ClouderaDeployment =
        action === 'restart'
          ? await records.changeDeployment(path, { status: 'pending' }, 'deployment.restarted')
          : await records.changeDeployment(path, { status: 'stopped' }, 'deployment.stopped');
      return deploymentJson(changed);
    },
  }),
];
