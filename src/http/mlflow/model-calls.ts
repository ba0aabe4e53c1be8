// MLflow's calls about registered models.
import { z } from 'zod';
import {
  createModel,
  deleteAlias,
  deleteModel,
  deleteModelTag,
  renameModel,
  setAlias,
  setModelTag,
  updateModel,
} from '../../domain/registry/model-operations.js';
import { modelOrder, pageOf, pageOffset, pageSize } from '../../domain/registry/paging.js';
import {
  canonicalStage,
  checkAlias,
  checkAliasForm,
  checkModelName,
  versionNumber,
} from '../../domain/registry/rules.js';
import { MODEL_GRAMMAR, parseFilter } from '../../domain/registry/search.js';
import { mayReach } from '../plugins/auth.js';
import { modelJson, pageJson, versionJson, versionList } from './answers.js';
import { required, tags, text, texts, versionText, whole } from './inputs.js';
import { call, type CallContext } from './protocol.js';

const name = required("the model's name");
const named = z.object({ name });
const ofName = (input: { name: string }) => [input.name];
const MAX_MODELS = 1000;
const DEFAULT_MODELS = 100;

const latestInput = z.object({ name, stages: texts('stages; all of them where left out') });

async function latestVersions(input: z.output<typeof latestInput>, { services }: CallContext) {
  const stages = input.stages.map(canonicalStage);
  return services.registry.read((state) => {
    const model = state.model(checkModelName(input.name));
    return pageJson(
      'model_versions',
      versionList(state, model, state.latest(model, stages.length > 0 ? stages : undefined)),
      null,
    );
  });
}

const alias = z.string().describe('the alias');
const byAlias = z.object({ name, alias });

export const MODEL_CALLS = [
  call({
    method: 'POST',
    path: '/registered-models/create',
    scope: 'ingest',
    summary: 'Register a model',
    input: z.object({ name, tags, description: text('what it is'), deployment_job_id: text('kept as given') }),
    models: ofName,
    run: (input, { services, principal }) =>
      services.registry.change(
        createModel({
          name: input.name,
          tags: input.tags,
          description: input.description ?? null,
          deploymentJobId: input.deployment_job_id ?? null,
        }),
        principal.name,
        (state) => ({ registered_model: modelJson(state, state.model(input.name)) }),
      ),
  }),
  call({
    method: 'POST',
    path: '/registered-models/rename',
    scope: 'admin',
    summary: 'Rename a registered model, with its versions',
    input: z.object({ name, new_name: required('the new name') }),
    models: (input) => [input.name, input.new_name],
    run: (input, { services, principal }) =>
      services.registry.change(renameModel(input.name, input.new_name), principal.name, (state) => ({
        registered_model: modelJson(state, state.model(input.new_name)),
      })),
  }),
  call({
    method: 'PATCH',
    path: '/registered-models/update',
    scope: 'ingest',
    summary: 'Change the description of a registered model',
    input: z.object({ name, description: text('the new description'), deployment_job_id: text('kept as given') }),
    models: ofName,
    run: (input, { services, principal }) =>
      services.registry.change(
        updateModel(input.name, { description: input.description, deploymentJobId: input.deployment_job_id }),
        principal.name,
        (state) => ({ registered_model: modelJson(state, state.model(input.name)) }),
      ),
  }),
  call({
    method: 'DELETE',
    path: '/registered-models/delete',
    scope: 'admin',
    summary: 'Delete a registered model and its versions',
    input: named,
    models: ofName,
    run: (input, { services, principal }) =>
      services.registry.change(deleteModel(input.name), principal.name, () => ({})),
  }),
  call({
    method: 'GET',
    path: '/registered-models/get',
    scope: 'read',
    summary: 'A registered model',
    input: named,
    models: ofName,
    run: (input, { services }) =>
      services.registry.read((state) => ({
        registered_model: modelJson(state, state.model(checkModelName(input.name))),
      })),
  }),
  call({
    method: 'GET',
    path: '/registered-models/search',
    scope: 'read',
    summary: 'Search registered models',
    input: z.object({
      filter: text("such as: name LIKE 'churn%' AND tags.team = 'crm'"),
      max_results: whole(`1 to ${MAX_MODELS}, ${DEFAULT_MODELS} by default`),
      order_by: texts('name, timestamp, last_updated_timestamp or creation_timestamp, with ASC or DESC'),
      page_token: text('next_page_token of the page before'),
    }),
    run: (input, { services, principal }) => {
      const max = pageSize(input.max_results ?? null, DEFAULT_MODELS, MAX_MODELS);
      const clauses = parseFilter(input.filter ?? '', MODEL_GRAMMAR);
      const order = modelOrder(input.order_by);
      const offset = pageOffset(input.page_token ?? null);
      return services.registry.read((state) => {
        const found = state.searchModels(clauses, order).filter((model) => mayReach(principal, model.name));
        const page = pageOf(found, offset, max);
        return pageJson(
          'registered_models',
          page.items.map((model) => modelJson(state, model)),
          page.nextPageToken,
        );
      });
    },
  }),
  ...(['GET', 'POST'] as const).map((method) =>
    call({
      method,
      path: '/registered-models/get-latest-versions',
      scope: 'read',
      summary: 'The highest version of each stage',
      input: latestInput,
      models: ofName,
      run: latestVersions,
    }),
  ),
  call({
    method: 'POST',
    path: '/registered-models/set-tag',
    scope: 'ingest',
    summary: 'Set a tag of a registered model',
    input: z.object({ name, key: required('the tag'), value: z.string().default('') }),
    models: ofName,
    run: (input, { services, principal }) =>
      services.registry.change(setModelTag(input.name, input), principal.name, () => ({})),
  }),
  call({
    method: 'DELETE',
    path: '/registered-models/delete-tag',
    scope: 'ingest',
    summary: 'Remove a tag of a registered model',
    input: z.object({ name, key: required('the tag') }),
    models: ofName,
    run: (input, { services, principal }) =>
      services.registry.change(deleteModelTag(input.name, input.key), principal.name, () => ({})),
  }),
  call({
    method: 'POST',
    path: '/registered-models/alias',
    scope: 'admin',
    summary: 'Give an alias to a version; one that is there moves',
    input: z.object({ name, alias, version: versionText }),
    models: ofName,
    run: (input, { services, principal }) =>
      services.registry.change(
        setAlias(input.name, checkAlias(input.alias), versionNumber(input.version)),
        principal.name,
        () => ({}),
      ),
  }),
  call({
    method: 'DELETE',
    path: '/registered-models/alias',
    scope: 'admin',
    summary: 'Remove an alias',
    input: byAlias,
    models: ofName,
    run: (input, { services, principal }) =>
      services.registry.change(deleteAlias(input.name, input.alias), principal.name, () => ({})),
  }),
  call({
    method: 'GET',
    path: '/registered-models/alias',
    scope: 'read',
    summary: 'The version that an alias names',
    input: byAlias,
    models: ofName,
    run: (input, { services }) =>
      services.registry.read((state) => ({
        model_version: versionJson(state, state.byAlias(checkModelName(input.name), checkAliasForm(input.alias))),
      })),
  }),
];
