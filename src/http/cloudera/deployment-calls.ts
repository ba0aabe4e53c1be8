// Cloudera APIv2's calls about deployments of builds: records, told to whoever runs them.
import { z } from 'zod';
import { DEPLOYMENT_STATES, type ClouderaDeployment } from '../../domain/registry/cloudera.js';
import { doesNotExist } from '../../domain/registry/rules.js';
import { call } from '../mlflow/protocol.js';
import { deploymentJson, listPage } from './answers.js';
import { DEPLOYMENTS, deploymentInput, makeDeployment, pathOf, reach } from './records.js';
import { listInput, TAG } from './registry-calls.js';

export const DEPLOYMENT_CALLS = [
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
        creator_id: 'deployer.username',
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
