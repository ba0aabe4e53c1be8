// Cloudera APIv2's calls about builds of models, as records.
import { z } from 'zod';
import { yesNo } from '../mlflow/inputs.js';
import { call } from '../mlflow/protocol.js';
import { buildJson, listPage } from './answers.js';
import { BUILD, BUILDS, buildInput, deploymentInput, makeBuild, makeDeployment, pathOf, reach } from './records.js';
import { listInput, TAG } from './registry-calls.js';

export const BUILD_CALLS = [
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
      const { items, next_page_token } = listPage(builds, input, {
        creator: 'creator.username',
        creator_id: 'creator.username',
      });
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
];
