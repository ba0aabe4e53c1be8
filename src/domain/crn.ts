// Cloudera resource names (CRNs): what they name where no record says it, and the names that our own resources get.

/** The prefix of resources that no Cloudera workspace made. */
export const OWN_PREFIX = 'crn:driftline:ml:::workspace:local';
const KINDS = ['model', 'build', 'deployment'] as const;

/** A deployment of a model's version, under the name that stands in its predictions. */
export interface DeploymentTarget {
  model: string;
  version: string;
  deployment: string;
}

/** What a CRN can name. A build is a version. */
export type CrnTarget =
  | { kind: 'model'; model: string }
  | { kind: 'build'; model: string; version: string }
  | ({ kind: 'deployment' } & DeploymentTarget);

/** The three CRNs of a stored row. */
export interface RowCrns {
  modelCrn: string;
  modelBuildCrn: string;
  modelDeploymentCrn: string;
}

/** Everything before the last `/`, and what follows it; a CRN without one is all resource. */
function split(crn: string): { prefix: string; resource: string } {
  const slash = crn.lastIndexOf('/');
  return slash < 0
    ? { prefix: OWN_PREFIX, resource: crn }
    : { prefix: crn.slice(0, slash), resource: crn.slice(slash + 1) };
}

/** What a CRN of ours names: `.../model@NAME`, `.../build@NAME@VERSION`, `.../deployment@NAME@VERSION@DEPLOYMENT`, percent-encoded. Null for any other. */
export function parseOwnCrn(crn: string): CrnTarget | null {
  const [kind, ...names] = split(crn).resource.split('@');
  const index = KINDS.indexOf(kind as (typeof KINDS)[number]);
  if (index < 0 || names.length !== index + 1) return null;
  let decoded: string[];
  try {
    decoded = names.map((name) => decodeURIComponent(name));
  } catch {
    return null;
  }
  const [model = '', version = '', deployment = ''] = decoded;
  if (model === '' || (index > 0 && version === '')) return null;
  if (index === 0) return { kind: 'model', model };
  return index === 1 ? { kind: 'build', model, version } : { kind: 'deployment', model, version, deployment };
}

/** What is after the last `/`: the name of a model that nobody has mapped. */
export function resourceOf(crn: string): string {
  return split(crn).resource;
}

/** The CRNs of a row. A deployment that is a CRN keeps it and lends its prefix to the two others. */
export function crnsOf(row: DeploymentTarget): RowCrns {
  const own = !row.deployment.startsWith('crn:');
  const prefix = own ? OWN_PREFIX : split(row.deployment).prefix;
  const [model, version, deployment] = [row.model, row.version, row.deployment].map((name) => encodeURIComponent(name));
  return {
    modelCrn: `${prefix}/model@${model}`,
    modelBuildCrn: `${prefix}/build@${model}@${version}`,
    modelDeploymentCrn: own ? `${prefix}/deployment@${model}@${version}@${deployment}` : row.deployment,
  };
}
