// Cloudera APIv2's calls about deployments of builds: records, told to whoever runs them.
import { z } from 'zod';
import { DEPLOYMENT_STATES, type ClouderaDeployment } from '../../domain/registry/cloudera.js';
import { doesNotExist } from '../../domain/registry/rules.js';
import { call } from '../mlflow/protocol.js';
import { deploymentJson } from './answers.js';
import { DEPLOYMENTS, deploymentInput } from './fields.js';
import { listCall, plainCall, TAG } from './lists.js';
import { makeDeployment, pathOf, reach } from './records.js';

const DEPLOYMENT = `${DEPLOYMENTS}/:deployment_id`;

export const DEPLOYMENT_CALLS = [
  listCall({
    path: DEPLOYMENTS,
    name: 'model_deployments',
    summary: 'Deployments of a build, oldest first',
    aliases: { creator: 'deployer.username', creator_id: 'deployer.username' },
    rows: async (context) => {
      await reach(context);
      return (await context.services.records.deployments(pathOf(context))).map(deploymentJson);
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
      return deploymentJson(await makeDeployment(context, model, pathOf(context).buildId, input));
    },
  }),
  plainCall('GET', DEPLOYMENT, 'read', 'A deployment', async (context) => {
    await reach(context);
    return deploymentJson(await context.services.records.deployment(pathOf(context)));
  }),
  call({
    method: 'PATCH',
    path: DEPLOYMENT,
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
  plainCall(
    'POST',
    // `{deployment_id}:restart` and `{deployment_id}:stop`: the router would take a colon for a parameter.
    `${DEPLOYMENTS}/:deployment_action`,
    'admin',
    'Restart or stop a deployment: {deployment_id}:restart, {deployment_id}:stop',
    async (context) => {
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
  ),
];
