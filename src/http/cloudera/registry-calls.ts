// Cloudera APIv2's calls about registered models and their versions.
import { z } from 'zod';
import { createModel, deleteModel, setModelTag, updateModel } from '../../domain/registry/model-operations.js';
import { createVersion, deleteVersion } from '../../domain/registry/version-operations.js';
import { RegistryError } from '../../domain/errors.js';
import { checkModelName, doesNotExist, missingParameter } from '../../domain/registry/rules.js';
import type { RegistryState, VersionOfModel } from '../../domain/registry/state.js';
import type { RegisteredModel } from '../../domain/registry/model.js';
import { versionId } from '../../services/registry/cloudera-targets.js';
import { assertModel, mayReach } from '../plugins/auth.js';
import { required, tags, text, whole } from '../mlflow/inputs.js';
import { call } from '../mlflow/protocol.js';
import { listPage, registeredModelJson, registeredVersionJson } from './answers.js';

export const TAG = 'cloudera';

export const listInput = z.object({
  search_filter: text('a JSON object in text, such as {"name":"churn"}'),
  sort: text('a field, with - before it for the other way round'),
  page_size: whole('100 by default, 1000 at the most'),
  page_token: text('next_page_token of the page before'),
});

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

const createInput = z.object({
  project_id: text('kept as the tag cml.project_id'),
  experiment_id: text('kept as the tag cml.experiment_id'),
  run_id: text('the run that made it'),
  model_path: required('where its files are: a URI, or a path within the artifacts of the run'),
  model_name: required('the name; one that is there gets another version'),
  tags,
  description: text('what it is'),
  notes: text('kept as the tag cml.notes'),
  visibility: text('kept as the tag cml.visibility'),
});

function extraTags(input: z.output<typeof createInput>) {
  const kept = { project_id: input.project_id, experiment_id: input.experiment_id, notes: input.notes };
  return Object.entries(kept).flatMap(([key, value]) =>
    value === undefined || value === '' ? [] : [{ key: `cml.${key}`, value }],
  );
}

const updateInput = z.object({
  description: text('the new description'),
  visibility: text('kept as the tag cml.visibility'),
});

export const REGISTRY_CALLS = [
  call({
    method: 'GET',
    path: '/registry/models',
    scope: 'read',
    tag: TAG,
    summary: 'Registered models, without their versions',
    input: listInput,
    run: (input, { services, principal }) =>
      services.registry.read((state) => {
        const models = state
          .searchModels([], [{ field: 'creation_timestamp', ascending: true }])
          .filter((model) => mayReach(principal, model.name))
          .map((model) => registeredModelJson(state, model, false));
        const { items, next_page_token } = listPage(models, input, {
          model_name: 'name',
          creator: 'owner.username',
          creator_id: 'owner.username',
        });
        return { models: items, next_page_token };
      }),
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
        const visibility = input.visibility === undefined ? [] : [{ key: 'cml.visibility', value: input.visibility }];
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
        description: input.description ?? '',
        tags: [...input.tags, ...extraTags(input)],
        loggedModelId: null,
        params: [],
        metrics: [],
      };
      return services.registry.change(createVersion(version), by, (state) =>
        registeredModelJson(state, state.model(name), true),
      );
    },
  }),
  call({
    method: 'GET',
    path: '/registry/models/:model_id',
    scope: 'read',
    tag: TAG,
    summary: 'A registered model with its versions',
    input: z.object({}),
    run: (_input, { services, principal, params }) =>
      services.registry.read((state) => {
        const model = modelOf(state, params.model_id ?? '');
        assertModel(principal, model.name);
        return registeredModelJson(state, model, true);
      }),
  }),
  ...(['/registry/models', '/registry/models/:model_id'] as const).map((path) =>
    call({
      method: 'PATCH',
      path,
      scope: 'ingest',
      tag: TAG,
      summary: 'Change a registered model',
      input: updateInput.extend({ model_id: text('the model, where the path does not name it') }),
      run: async (input, { services, principal, params }) => {
        const id = params.model_id ?? input.model_id;
        if (id === undefined) throw missingParameter('model_id');
        const name = await services.registry.read((state) => modelOf(state, id).name);
        assertModel(principal, name);
        if (input.visibility !== undefined) {
          const tag = { key: 'cml.visibility', value: input.visibility };
          await services.registry.change(setModelTag(name, tag), principal.name, () => null);
        }
        return services.registry.change(
          updateModel(name, { description: input.description }),
          principal.name,
          (state) => registeredModelJson(state, modelOf(state, id), true),
        );
      },
    }),
  ),
  call({
    method: 'DELETE',
    path: '/registry/models/:model_id',
    scope: 'admin',
    tag: TAG,
    summary: 'Delete a registered model and its versions',
    input: z.object({}),
    run: async (_input, { services, principal, params }) => {
      const name = await services.registry.read((state) => modelOf(state, params.model_id ?? '').name);
      assertModel(principal, name);
      return services.registry.change(deleteModel(name), principal.name, () => ({}));
    },
  }),
  call({
    method: 'GET',
    path: '/registry/models/:model_id/versions/:version_id',
    scope: 'read',
    tag: TAG,
    summary: 'A version of a registered model',
    input: z.object({}),
    run: (_input, { services, principal, params }) =>
      services.registry.read((state) => {
        const found = versionOf(state, params.model_id ?? '', params.version_id ?? '');
        assertModel(principal, found.model.name);
        return registeredVersionJson(found);
      }),
  }),
  call({
    method: 'DELETE',
    path: '/registry/models/:model_id/versions/:version_id',
    scope: 'admin',
    tag: TAG,
    summary: 'Delete a version of a registered model',
    input: z.object({}),
    run: async (_input, { services, principal, params }) => {
      const { model, version } = await services.registry.read((state) =>
        versionOf(state, params.model_id ?? '', params.version_id ?? ''),
      );
      assertModel(principal, model.name);
      return services.registry.change(deleteVersion(model.name, version.version), principal.name, () => ({}));
    },
  }),
];
