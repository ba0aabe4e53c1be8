// What types the fields of Cloudera APIv2's documents have, and whether those of a document have them.

type Json = Record<string, unknown>;

/** The fields of Cloudera's documents and their types: a generated client fails on a date or a number that is not one. */
export const MODEL_FIELDS = {
  'id crn name description access_key deletion_status registered_model_id visibility': 'text',
  'creator.username creator.name creator.email': 'text',
  'project.public_identifier project.name project.slug project.default_project_engine': 'text',
  'default_resources.cpu_millicores default_resources.memory_mb default_resources.nvidia_gpus': 'long',
  'default_replication_policy.num_replicas accelerator_label_id': 'long',
  'default_replication_policy.type': 'text',
  'run_as resource_group_id resource_profile_id': 'whole',
  'created_at updated_at': 'date',
  auth_enabled: 'boolean',
};
export const BUILD_FIELDS = {
  'id model_id comment file_path function_name engine_image kernel status deletion_status crn': 'text',
  'runtime_identifier registered_model_version_id model_root_dir build_script_path creator.username': 'text',
  'created_at updated_at built_at': 'date',
  runtime_addon_identifiers: 'list',
};
export const DEPLOYMENT_FIELDS = {
  'project_id model_id build_id id environment crn deployer.username status': 'text',
  'nvidia_gpu replicas resource_group_id resource_profile_id': 'whole',
  'cpu memory': 'number',
  'created_at updated_at stopped_at': 'date',
  accelerator_label_id: 'long',
};
export const REGISTERED_FIELDS = {
  'model_id name description owner.username permission visibility next_page_token': 'text',
  'created_at updated_at': 'date',
  count: 'whole',
  model_versions: 'list',
};
const METADATA = 'model_version_metadata';
export const VERSION_FIELDS = {
  'model_id model_version_id version_name notes user.username status error_message': 'text',
  [`${METADATA}.mlops_type ${METADATA}.workspace_url ${METADATA}.project_id ${METADATA}.owner.username`]: 'text',
  [`${METADATA}.mlflow_metadata.experiment_id ${METADATA}.mlflow_metadata.run_id`]: 'text',
  [`${METADATA}.simple_metadata.git_url ${METADATA}.simple_metadata.commit_id`]: 'text',
  [`${METADATA}.mlflow_metadata.metrics ${METADATA}.mlflow_metadata.params ${METADATA}.mlflow_metadata.tags`]: 'list',
  [`tags ${METADATA}.tags ${METADATA}.simple_metadata.metrics`]: 'list',
  'created_at updated_at': 'date',
  number: 'whole',
};

function typeOf(value: unknown, wanted: string): string {
  if (Array.isArray(value)) return 'list';
  if (value === null) return wanted === 'date' ? 'date' : 'null';
  if (wanted === 'date' && typeof value === 'string' && !Number.isNaN(Date.parse(value))) return 'date';
  if (typeof value === 'string') return wanted === 'long' && /^\d+$/.test(value) ? 'long' : 'text';
  if (typeof value === 'number') return wanted === 'whole' && Number.isInteger(value) ? 'whole' : 'number';
  return typeof value;
}

/** The wanted type of each group of fields where all have it, else which have what. */
export function typesOf(document: Json, fields: Readonly<Record<string, string>>): Record<string, string> {
  const valueAt = (path: string) =>
    path.split('.').reduce<unknown>((part, key) => (part as Json | undefined)?.[key], document);
  return Object.fromEntries(
    Object.entries(fields).map(([paths, wanted]) => {
      const wrong = paths
        .split(' ')
        .map((path) => `${path}: ${typeOf(valueAt(path), wanted)}`)
        .filter((found) => !found.endsWith(`: ${wanted}`));
      return [paths, wrong.length === 0 ? wanted : wrong.join(', ')];
    }),
  );
}
