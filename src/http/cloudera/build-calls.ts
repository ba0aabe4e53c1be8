// Cloudera APIv2's calls about builds of models, as records.
import { yesNo } from '../mlflow/inputs.js';
import { call } from '../mlflow/protocol.js';
import { buildJson } from './answers.js';
import { BUILD, BUILDS, buildInput, deploymentInput, placementFields } from './fields.js';
import { listCall, plainCall, TAG } from './lists.js';
import { makeBuild, pathOf, reach } from './records.js';

export const BUILD_CALLS = [
  listCall({
    path: BUILDS,
    name: 'model_builds',
    summary: 'Builds of a model, oldest first',
    aliases: { creator: 'creator.username', creator_id: 'creator.username' },
    rows: async (context) => {
      const { projectId, id } = await reach(context);
      return (await context.services.records.builds(projectId, id)).map(buildJson);
    },
  }),
  call({
    method: 'POST',
    path: BUILDS,
    scope: 'admin',
    tag: TAG,
    summary: 'Make a build of a model',
    input: buildInput.extend({
      ...placementFields,
      auto_deploy_model: yesNo('make a deployment of it at once'),
      auto_deployment_config: deploymentInput.optional(),
    }),
    run: async (input, context) => {
      const deploy = input.auto_deploy_model === true ? { ...input, ...input.auto_deployment_config } : null;
      return buildJson(await makeBuild(context, await reach(context), input, deploy));
    },
  }),
  plainCall('GET', BUILD, 'read', 'A build', async (context) => {
    await reach(context);
    return buildJson(await context.services.records.build(pathOf(context)));
  }),
  plainCall('DELETE', BUILD, 'admin', 'Delete a build with its deployments', async (context) => {
    await reach(context);
    await context.services.records.deleteBuild(pathOf(context));
    return {};
  }),
];
