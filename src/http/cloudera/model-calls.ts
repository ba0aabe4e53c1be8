// Cloudera APIv2's calls about the models of a project, as records.
import { z } from 'zod';
import { assertModel, mayReach } from '../plugins/auth.js';
import { required, text, yesNo } from '../mlflow/inputs.js';
import { call } from '../mlflow/protocol.js';
import { listPage, modelJson } from './answers.js';
import {
  MODEL,
  MODELS,
  buildInput,
  deploymentInput,
  makeBuild,
  makeDeployment,
  modelFields,
  pathOf,
  reach,
  requireRegistered,
} from './records.js';
import { listInput, TAG } from './registry-calls.js';

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
        creator_id: 'creator.username',
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
];
