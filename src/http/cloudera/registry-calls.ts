// Cloudera APIv2's calls about registered models and their versions.
import { z } from 'zod';
import { createModel, deleteModel, setModelTag, updateModel } from '../../domain/registry/model-operations.js';
import {
  createVersion,
  deleteVersion,
  setVersionTag,
  updateVersion,
} from '../../domain/registry/version-operations.js';
import { RegistryError } from '../../domain/errors.js';
import { tagMap } from '../../domain/registry/operation.js';
import { checkModelName, doesNotExist, missingParameter } from '../../domain/registry/rules.js';
import type { RegistryState, VersionOfModel } from '../../domain/registry/state.js';
import type { RegisteredModel } from '../../domain/registry/model.js';
import { versionId } from '../../services/registry/cloudera-targets.js';
import { assertModel, mayReach } from '../plugins/auth.js';
import { required, tags, text } from '../mlflow/inputs.js';
import { call, type CallContext } from '../mlflow/protocol.js';
import { KEPT, registeredModelJson, registeredVersionJson } from './answers.js';
import { listCall, listInput, listPage, MAX_PAGE, plainCall, TAG, type ListQuery } from './lists.js';

/** The registered model of an id. @throws RegistryError */
function modelOf(state: RegistryState, id: string): RegisteredModel {
  const model = state.byId(id);
  if (model === null) throw doesNotExist(`There is no registered model ${id}.`);
  return model;
}

function versionOf(state: RegistryState, modelId: string, id: string): VersionOfModel {
  const model = modelOf(state, modelId);
  const version = state.versionsOf(model).find((one) => versionId(model.id, one.version) === id);
  if (version === undefined) throw doesNotExist(`There is no registered model version ${id}.`);
  return { model, version };
}

/** Where the files are: a URI as it is, a path within the artifacts of its run. */
function sourceOf(path: string, runId: string | undefined): string {
  if (/^[a-z][a-z0-9+.-]+:/i.test(path)) return path;
  if (runId === undefined || runId === '') throw missingParameter('run_id');
  return `runs:/${runId}/${path.replace(/^\/+/, '')}`;
}

const visibility = z.enum(['PRIVATE', 'PUBLIC']).optional().describe('kept as the tag cml.visibility');
const createInput = z.object({
  project_id: text('kept as the tag cml.project_id'),
  experiment_id: text('kept as the tag cml.experiment_id'),
  run_id: text('the run that made it'),
  model_path: required('where its files are: a URI, or a path within the artifacts of the run'),
  model_name: required('the name; one that is there gets another version'),
  tags,
  description: text('what it is'),
  notes: text('what this version is: its description'),
  visibility,
});

function extraTags(input: z.output<typeof createInput>) {
  const kept = { project_id: input.project_id, experiment_id: input.experiment_id };
  return Object.entries(kept).flatMap(([key, value]) =>
    value === undefined || value === '' ? [] : [{ key: `${KEPT}${key}`, value }],
  );
}

const updateInput = z.object({
  description: text('the new description'),
  visibility,
  model_id: text('the model, where the path does not name it'),
  model_version_id: text('the version whose notes and tags are changed; the model itself where left out'),
  notes: text("the version's new description"),
  tags,
});
type UpdateInput = z.output<typeof updateInput>;

/** The versions that are asked for, oldest first; all of them up to a limit where no page is asked for. */
function versionPage(state: RegistryState, model: RegisteredModel, query: ListQuery) {
  const rows = state.versionsOf(model).map((version) => registeredVersionJson({ model, version }));
  const aliases = { version_number: 'number', versions: 'number', creator_id: 'user.username' };
  return listPage(rows, query, aliases, MAX_PAGE);
}

const wholeModel = (state: RegistryState, model: RegisteredModel) =>
  registeredModelJson(state, model, versionPage(state, model, {}));

async function changeModel(input: UpdateInput, id: string, { services, principal }: CallContext) {
  const name = await services.registry.read((state) => modelOf(state, id).name);
  assertModel(principal, name);
  if (input.visibility !== undefined) {
    const tag = { key: `${KEPT}visibility`, value: input.visibility };
    await services.registry.change(setModelTag(name, tag), principal.name, () => null);
  }
  return services.registry.change(updateModel(name, { description: input.description }), principal.name, (state) =>
    wholeModel(state, modelOf(state, id)),
  );
}

async function changeVersion(input: UpdateInput, id: string, versionId: string, context: CallContext) {
  const { services, principal } = context;
  const { model, version } = await services.registry.read((state) => versionOf(state, id, versionId));
  assertModel(principal, model.name);
  // All are looked at before the first is set.
  for (const [key, value] of tagMap(input.tags)) {
    const tag = { key, value };
    await services.registry.change(setVersionTag(model.name, version.version, tag), principal.name, () => null);
  }
  return services.registry.change(updateVersion(model.name, version.version, input.notes), principal.name, (state) =>
    registeredVersionJson(versionOf(state, id, versionId)),
  );
}

/** The version of a path, which the caller's key must reach. */
function versionOfPath({ services, principal, params }: CallContext): Promise<VersionOfModel> {
  return services.registry.read((state) => {
    const found = versionOf(state, params.model_id ?? '', params.version_id ?? '');
    assertModel(principal, found.model.name);
    return found;
  });
}

const VERSION = '/registry/models/:model_id/versions/:version_id';

export const REGISTRY_CALLS = [
  listCall({
    path: '/registry/models',
    name: 'models',
    summary: 'Registered models, without their versions',
    aliases: { model_name: 'name', creator: 'owner.username', creator_id: 'owner.username' },
    rows: ({ services, principal }) =>
      services.registry.read((state) =>
        state
          .searchModels([], [{ field: 'creation_timestamp', ascending: true }])
          .filter((model) => mayReach(principal, model.name))
          .map((model) => registeredModelJson(state, model, null)),
      ),
  }),
  call({
    method: 'POST',
    path: '/registry/models',
    scope: 'ingest',
    tag: TAG,
    summary: 'Register a model, or another version of one',
    input: createInput,
    models: (input) => [input.model_name],
    run: async (input, { services, principal }) => {
      const name = checkModelName(input.model_name, 'model_name');
      const source = sourceOf(input.model_path, input.run_id);
      const by = principal.name;
      const known = await services.registry.read((state) => state.find(name) !== null);
      if (!known) {
        const visibility =
          input.visibility === undefined ? [] : [{ key: `${KEPT}visibility`, value: input.visibility }];
        const model = { name, tags: visibility, description: input.description ?? null, deploymentJobId: null };
        await services.registry
          .change(createModel(model), by, () => null)
          .catch((error: unknown) => {
            // Somebody registered it in between: this is another version of it.
            if (!(error instanceof RegistryError && error.code === 'resource_already_exists')) throw error;
          });
      }
      const version = {
        name,
        source,
        runId: input.run_id ?? '',
        runLink: '',
        description: input.notes ?? '',
        tags: [...input.tags, ...extraTags(input)],
        loggedModelId: null,
        params: [],
        metrics: [],
      };
      return services.registry.change(createVersion(version), by, (state) => wholeModel(state, state.model(name)));
    },
  }),
  call({
    method: 'GET',
    path: '/registry/models/:model_id',
    scope: 'read',
    tag: TAG,
    summary: 'A registered model with its versions',
    input: listInput,
    run: (input, { services, principal, params }) =>
      services.registry.read((state) => {
        const model = modelOf(state, params.model_id ?? '');
        assertModel(principal, model.name);
        return registeredModelJson(state, model, versionPage(state, model, input));
      }),
  }),
  ...['/registry/models', '/registry/models/:model_id', VERSION].map((path) =>
    call({
      method: 'PATCH',
      path,
      scope: 'ingest',
      tag: TAG,
      summary: 'Change a registered model, or one of its versions',
      input: updateInput,
      run: (input, context) => {
        const { model_id: id = input.model_id, version_id: versionId = input.model_version_id } = context.params;
        if (id === undefined || id === '') throw missingParameter('model_id');
        if (versionId === undefined || versionId === '') return changeModel(input, id, context);
        return changeVersion(input, id, versionId, context);
      },
    }),
  ),
  plainCall(
    'DELETE',
    '/registry/models/:model_id',
    'admin',
    'Delete a registered model and its versions',
    async ({ services, principal, params }) => {
      const name = await services.registry.read((state) => modelOf(state, params.model_id ?? '').name);
      assertModel(principal, name);
      return services.registry.change(deleteModel(name), principal.name, () => ({}));
    },
  ),
  plainCall('GET', VERSION, 'read', 'A version of a registered model', async (context) =>
    registeredVersionJson(await versionOfPath(context)),
  ),
  plainCall('DELETE', VERSION, 'admin', 'Delete a version of a registered model', async (context) => {
    const { model, version } = await versionOfPath(context);
    const { services, principal } = context;
    return services.registry.change(deleteVersion(model.name, version.version), principal.name, () => ({}));
  }),
];
