// Cloudera APIv2's calls about the models of projects, as records.
import { z } from 'zod';
import { DEFAULT_RESOURCES } from '../../domain/registry/cloudera.js';
import { assertModel, mayReach } from '../plugins/auth.js';
import { required, text, yesNo } from '../mlflow/inputs.js';
import { call, type CallContext } from '../mlflow/protocol.js';
import { modelJson } from './answers.js';
import { MODEL, MODELS, buildInput, deploymentInput, modelFields } from './fields.js';
import { listCall, plainCall, TAG } from './lists.js';
import { makeBuild, NEW_MODEL, pathOf, reach, requireRegistered, sizesOf } from './records.js';

/** Models of a project, of all for null, that the caller's key reaches. */
async function reached({ services, principal }: CallContext, projectId: string | null) {
  const all = await services.records.models(projectId);
  const names = await Promise.all(all.map((model) => services.records.trackedName(model)));
  return all.filter((_, index) => mayReach(principal, names[index] ?? '')).map(modelJson);
}
const aliases = { model_name: 'name', creator: 'creator.username', creator_id: 'creator.username' };

export const MODEL_CALLS = [
  listCall({
    path: '/models',
    name: 'models',
    summary: 'Models of all projects, oldest first',
    aliases,
    rows: (context) => reached(context, null),
  }),
  listCall({
    path: MODELS,
    name: 'models',
    summary: 'Models of a project, oldest first',
    aliases,
    rows: (context) => reached(context, pathOf(context).projectId),
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
          ...sizesOf(input, { ...NEW_MODEL, defaultResources: DEFAULT_RESOURCES }),
        },
        context.principal.name,
      );
      if (input.auto_build_model === true || input.auto_deploy_model === true) {
        const deploy = input.auto_deploy_model === true ? (input.auto_deployment_config ?? {}) : null;
        await makeBuild(context, model, input.auto_build_config ?? buildInput.parse({}), deploy);
      }
      return modelJson(model);
    },
  }),
  plainCall('GET', MODEL, 'read', 'A model of a project', async (context) => modelJson(await reach(context))),
  call({
    method: 'PATCH',
    path: MODEL,
    scope: 'admin',
    tag: TAG,
    summary: 'Change a model of a project',
    input: z.object({ ...modelFields, name: text('the new name'), auth_enabled: yesNo('calls need a key') }),
    run: async (input, context) => {
      const { projectId, id } = await reach(context);
      const registered = await requireRegistered(context, input.registered_model_id);
      const keyless = input.disable_authentication;
      const model = await context.services.records.updateModel(projectId, id, (known) => ({
        name: input.name === undefined || input.name === '' ? known.name : input.name,
        description: input.description ?? known.description,
        registeredModelId: registered ?? known.registeredModelId,
        authEnabled: keyless === undefined ? (input.auth_enabled ?? known.authEnabled) : !keyless,
        visibility: input.visibility ?? known.visibility,
        ...sizesOf(input, known),
      }));
      return modelJson(model);
    },
  }),
  plainCall('DELETE', MODEL, 'admin', 'Delete a model with its builds and deployments', async (context) => {
    const { projectId, id } = await reach(context);
    await context.services.records.deleteModel(projectId, id);
    return {};
  }),
];
