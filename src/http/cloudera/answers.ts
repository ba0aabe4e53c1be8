// Cloudera APIv2's documents: registered models, models, builds, deployments, and its errors and pages.
import { iso } from '../../domain/contract/common.js';
import { readJson } from '../../domain/json-text.js';
import {
  crnOf,
  type ClouderaBuild,
  type ClouderaDeployment,
  type ClouderaModel,
} from '../../domain/registry/cloudera.js';
import type { RegisteredModel } from '../../domain/registry/model.js';
import { pageOffset, pageToken } from '../../domain/registry/paging.js';
import { invalidParameter } from '../../domain/registry/rules.js';
import type { RegistryState, VersionOfModel } from '../../domain/registry/state.js';
import { versionId } from '../../services/registry/cloudera-targets.js';
import { tagList } from '../mlflow/answers.js';
import type { ErrorBody } from '../mlflow/protocol.js';

/** gRPC's codes, which its gateway writes beside the HTTP status. */
const CODES: Record<number, number> = { 400: 3, 401: 16, 403: 7, 404: 5, 409: 6, 413: 3, 429: 8, 503: 14 };
const INTERNAL = 13;

export const clouderaError: ErrorBody = (status, errorCode, message) => ({
  error: message,
  // A name that is taken is a 400 of MLflow's; its meaning is that of a conflict.
  code: errorCode === 'RESOURCE_ALREADY_EXISTS' ? CODES[409] : (CODES[status] ?? INTERNAL),
  message,
  details: [],
});

const person = (username: string) => ({ username });

export function registeredModelJson(state: RegistryState, model: RegisteredModel, withVersions: boolean) {
  const versions = state.versionsOf(model);
  const first = versions[0];
  return {
    model_id: model.id,
    name: model.name,
    description: model.description ?? '',
    owner: person(first?.createdBy ?? ''),
    permission: 'OPERATE',
    visibility: model.tags.get('cml.visibility') ?? 'PUBLIC',
    created_at: iso(model.createdAt),
    updated_at: iso(model.updatedAt),
    count: versions.length,
    model_versions: withVersions ? versions.map((version) => registeredVersionJson({ model, version })) : [],
    next_page_token: '',
  };
}

export function registeredVersionJson({ model, version }: VersionOfModel) {
  const { tags } = version;
  return {
    model_id: model.id,
    model_version_id: versionId(model.id, version.version),
    version_name: `${model.name}-${version.version}`,
    number: version.version,
    notes: tags.get('cml.notes') ?? '',
    user: person(version.createdBy),
    created_at: iso(version.createdAt),
    updated_at: iso(version.updatedAt),
    status: 'READY',
    tags: tagList(tags),
    error_message: '',
    model_version_metadata: {
      mlops_type: 'MLFLOW',
      tags: tagList(tags),
      workspace_url: '',
      project_id: tags.get('cml.project_id') ?? '',
      owner: version.createdBy,
      mlflow_metadata: {
        experiment_id: tags.get('cml.experiment_id') ?? '',
        run_id: version.runId,
        metrics: version.metrics.map(({ key, value }) => ({
          key,
          value,
          timestamp: String(version.createdAt),
          step: '0',
        })),
        params: version.params,
        tags: tagList(tags),
      },
    },
  };
}

export function modelJson(model: ClouderaModel) {
  return {
    id: model.id,
    name: model.name,
    description: model.description,
    creator: person(model.creator),
    access_key: model.accessKey,
    deletion_status: '',
    created_at: iso(model.createdAt),
    updated_at: iso(model.updatedAt),
    crn: crnOf(model.id),
    auth_enabled: model.authEnabled,
    project: { id: model.projectId },
    registered_model_id: model.registeredModelId ?? '',
    visibility: model.visibility,
    run_as: model.runAs ?? '',
  };
}

export function buildJson(build: ClouderaBuild) {
  return {
    id: build.id,
    model_id: build.modelId,
    creator: person(build.creator),
    comment: build.comment,
    file_path: build.filePath,
    function_name: build.functionName,
    kernel: build.kernel,
    created_at: iso(build.createdAt),
    updated_at: iso(build.updatedAt),
    // A record is all there is to build.
    built_at: iso(build.createdAt),
    status: 'built',
    crn: crnOf(build.id),
    runtime_identifier: build.runtimeIdentifier,
    runtime_addon_identifiers: build.runtimeAddonIdentifiers,
    registered_model_version_id: build.registeredVersion?.id ?? '',
  };
}

export function deploymentJson(deployment: ClouderaDeployment) {
  return {
    project_id: deployment.projectId,
    model_id: deployment.modelId,
    build_id: deployment.buildId,
    id: deployment.id,
    cpu: deployment.cpu,
    memory: deployment.memory,
    nvidia_gpu: deployment.nvidiaGpus,
    environment: JSON.stringify(deployment.environment),
    created_at: iso(deployment.createdAt),
    updated_at: iso(deployment.updatedAt),
    stopped_at: deployment.stoppedAt === null ? '' : iso(deployment.stoppedAt),
    crn: crnOf(deployment.id),
    deployer: person(deployment.creator),
    status: deployment.status,
    replicas: deployment.replicas,
  };
}

/** What a list may be asked for. */
export interface ListQuery {
  search_filter?: string | undefined;
  sort?: string | undefined;
  page_size?: number | undefined;
  page_token?: string | undefined;
}

const DEFAULT_PAGE = 100;
const MAX_PAGE = 1000;

/** A filter as a document. @throws RegistryError */
function filterOf(text: string | undefined): Record<string, unknown> {
  if (text === undefined || text === '') return {};
  try {
    const filter = readJson(text);
    if (typeof filter === 'object' && filter !== null && !Array.isArray(filter))
      return filter as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw invalidParameter(
    `search_filter must be a JSON object in text, such as {"name":"churn"}; got ${text.slice(0, 200)}`,
  );
}

type Row = Record<string, unknown>;

/** Where the text of a filter's key is: some are known under another name, some are within. */
function fieldOf(row: Row, key: string, aliases: Readonly<Record<string, string>>): unknown {
  const named = Object.hasOwn(aliases, key) ? aliases[key] : undefined;
  const [head = '', rest] = (named ?? key).split('.', 2);
  const value = own(row, head);
  return rest === undefined ? value : own(value, rest);
}

/** A field of a document; nothing that every object has, such as `constructor`. */
function own(document: unknown, key: string): unknown {
  if (typeof document !== 'object' || document === null || !Object.hasOwn(document, key)) return undefined;
  return (document as Row)[key];
}

/** One page of a list: filtered by equality, sorted, cut. `rows` come oldest first. @throws RegistryError */
export function listPage<T extends Row>(
  rows: readonly T[],
  query: ListQuery,
  aliases: Readonly<Record<string, string>>,
): { items: T[]; next_page_token: string } {
  const filter = Object.entries(filterOf(query.search_filter));
  const known = (row: T, key: string) => fieldOf(row, key, aliases) !== undefined;
  for (const [key] of filter) {
    if (rows.some((row) => !known(row, key))) throw invalidParameter(`search_filter cannot look for ${key}.`);
  }
  const found = rows.filter((row) =>
    filter.every(([key, value]) => String(fieldOf(row, key, aliases)) === String(value)),
  );
  const sorted = sortedBy(found, query.sort, aliases);
  const size =
    query.page_size === undefined || query.page_size <= 0 ? DEFAULT_PAGE : Math.min(query.page_size, MAX_PAGE);
  const offset = pageOffset(query.page_token ?? null);
  const end = offset + size;
  return { items: sorted.slice(offset, end), next_page_token: end < sorted.length ? pageToken(end) : '' };
}

function sortedBy<T extends Row>(rows: T[], sort: string | undefined, aliases: Readonly<Record<string, string>>): T[] {
  if (sort === undefined || sort === '') return rows;
  const [, sign = '', key = ''] = /^([-+]?)(.*)$/.exec(sort) ?? [];
  if (rows.some((row) => fieldOf(row, key, aliases) === undefined))
    throw invalidParameter(`Lists cannot be sorted by ${key}.`);
  const direction = sign === '-' ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [fieldOf(a, key, aliases), fieldOf(b, key, aliases)];
    if (typeof x === 'number' && typeof y === 'number') return direction * (x - y);
    const [s, t] = [String(x), String(y)];
    return s === t ? 0 : direction * (s < t ? -1 : 1);
  });
}
