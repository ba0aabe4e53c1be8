// MLflow's calls about model versions.
import { z } from 'zod';
import {
  createVersion,
  deleteVersion,
  deleteVersionTag,
  setVersionTag,
  transition,
  updateVersion,
} from '../../domain/registry/version-operations.js';
import { pageOf, pageOffset, pageSize, versionOrder } from '../../domain/registry/paging.js';
import { checkModelName, modelUri, versionNumber } from '../../domain/registry/rules.js';
import { parseFilter, VERSION_GRAMMAR } from '../../domain/registry/search.js';
import type { RegistryState, VersionOfModel } from '../../domain/registry/state.js';
import { mayReach } from '../plugins/auth.js';
import { pageJson, versionJson } from './answers.js';
import { required, tags, text, texts, versionText, whole, yesNo } from './inputs.js';
import { call } from './protocol.js';

const name = required("the model's name");
const one = z.object({ name, version: versionText });
const ofName = (input: { name: string }) => [input.name];
const MAX_VERSIONS = 200_000;
const DEFAULT_VERSIONS = 10_000;

const modelParam = z.object({ name: z.string().min(1), value: z.string().default('') });
/** Numbers may come as text: JSON has no NaN or Infinity. Those are no training results and are refused. */
const metricValue = z.union([
  z.number(),
  z
    .string()
    .regex(/^[-+]?[\d.]+([eE][-+]?\d+)?$/)
    .transform(Number),
]);
const modelMetric = z.object({ key: z.string().min(1), value: metricValue });

/** The version that a request names. @throws RegistryError */
export function versionOf(state: RegistryState, input: { name: string; version: string }): VersionOfModel {
  return state.version(checkModelName(input.name), versionNumber(input.version));
}

export const stageInput = one.extend({
  stage: required('None, Staging, Production or Archived'),
  archive_existing_versions: yesNo('move the versions that are in the stage to Archived; false by default'),
  comment: text('kept in the history'),
});

export const stageChange = (input: z.output<typeof stageInput>) =>
  transition({
    name: input.name,
    version: versionNumber(input.version),
    stage: input.stage,
    archiveExisting: input.archive_existing_versions ?? false,
    comment: input.comment ?? null,
  });

export const VERSION_CALLS = [
  call({
    method: 'POST',
    path: '/model-versions/create',
    scope: 'ingest',
    summary: 'Register a version of a model',
    input: z.object({
      name,
      source: required('where its files are, as a URI'),
      run_id: text('the run that made it'),
      tags,
      run_link: text('a link to the run'),
      description: text('what it is'),
      model_id: text("MLflow's id of the logged model"),
      model_params: z.array(modelParam).default([]).describe('parameters of its training'),
      model_metrics: z.array(modelMetric).default([]).describe('numbers that its training reported'),
    }),
    // A version copied from another model shows where that model's files are.
    models: (input) => [input.name, modelUri(input.source)?.name ?? input.name],
    run: (input, { services, principal }) =>
      services.registry.change(
        createVersion({
          name: input.name,
          source: input.source,
          runId: input.run_id ?? '',
          runLink: input.run_link ?? '',
          description: input.description ?? '',
          tags: input.tags,
          loggedModelId: input.model_id === undefined || input.model_id === '' ? null : input.model_id,
          params: input.model_params.map((param) => ({ key: param.name, value: param.value })),
          metrics: input.model_metrics,
        }),
        principal.name,
        (state) => {
          const model = state.model(input.name);
          return { model_version: versionJson(state, state.version(input.name, model.lastVersion)) };
        },
      ),
  }),
  call({
    method: 'PATCH',
    path: '/model-versions/update',
    scope: 'ingest',
    summary: 'Change the description of a version',
    input: one.extend({ description: text('the new description') }),
    models: ofName,
    run: (input, { services, principal }) =>
      services.registry.change(
        updateVersion(input.name, versionNumber(input.version), input.description),
        principal.name,
        (state) => ({ model_version: versionJson(state, versionOf(state, input)) }),
      ),
  }),
  call({
    method: 'POST',
    path: '/model-versions/transition-stage',
    scope: 'admin',
    summary: 'Move a version to a stage',
    input: stageInput,
    models: ofName,
    run: (input, { services, principal }) =>
      services.registry.change(stageChange(input), principal.name, (state) => ({
        model_version: versionJson(state, versionOf(state, input)),
      })),
  }),
  call({
    method: 'DELETE',
    path: '/model-versions/delete',
    scope: 'admin',
    summary: 'Delete a version; its number is not used again',
    input: one,
    models: ofName,
    run: (input, { services, principal }) =>
      services.registry.change(deleteVersion(input.name, versionNumber(input.version)), principal.name, () => ({})),
  }),
  call({
    method: 'GET',
    path: '/model-versions/get',
    scope: 'read',
    summary: 'A version',
    input: one,
    models: ofName,
    run: (input, { services }) =>
      services.registry.read((state) => ({ model_version: versionJson(state, versionOf(state, input)) })),
  }),
  call({
    method: 'GET',
    path: '/model-versions/search',
    scope: 'read',
    summary: 'Search versions',
    input: z.object({
      filter: text("such as: name = 'churn' AND version_number > 3"),
      max_results: whole(`1 to ${MAX_VERSIONS}, ${DEFAULT_VERSIONS} by default`),
      order_by: texts('name, version_number, creation_timestamp or last_updated_timestamp, with ASC or DESC'),
      page_token: text('next_page_token of the page before'),
    }),
    run: (input, { services, principal }) => {
      const max = pageSize(input.max_results ?? null, DEFAULT_VERSIONS, MAX_VERSIONS);
      const clauses = parseFilter(input.filter ?? '', VERSION_GRAMMAR);
      const order = versionOrder(input.order_by);
      const offset = pageOffset(input.page_token ?? null);
      return services.registry.read((state) => {
        const found = state.searchVersions(clauses, order).filter(({ model }) => mayReach(principal, model.name));
        const page = pageOf(found, offset, max);
        return pageJson(
          'model_versions',
          page.items.map((item) => versionJson(state, item)),
          page.nextPageToken,
        );
      });
    },
  }),
  call({
    method: 'GET',
    path: '/model-versions/get-download-uri',
    scope: 'read',
    summary: 'Where the files of a version are',
    input: one,
    models: ofName,
    run: (input, { services }) =>
      services.registry.read((state) => ({ artifact_uri: versionOf(state, input).version.storage })),
  }),
  call({
    method: 'POST',
    path: '/model-versions/set-tag',
    scope: 'ingest',
    summary: 'Set a tag of a version',
    input: one.extend({ key: required('the tag'), value: z.string().default('') }),
    models: ofName,
    run: (input, { services, principal }) =>
      services.registry.change(
        setVersionTag(input.name, versionNumber(input.version), input),
        principal.name,
        () => ({}),
      ),
  }),
  call({
    method: 'DELETE',
    path: '/model-versions/delete-tag',
    scope: 'ingest',
    summary: 'Remove a tag of a version',
    input: one.extend({ key: required('the tag') }),
    models: ofName,
    run: (input, { services, principal }) =>
      services.registry.change(
        deleteVersionTag(input.name, versionNumber(input.version), input.key),
        principal.name,
        () => ({}),
      ),
  }),
];
