// Cloudera APIv2's models, builds and deployments as records, their CRNs, and which registered version they are of.
import { OWN_PREFIX } from '../crn.js';

/** Times in epoch milliseconds. `id` is the resource part of the CRN. */
interface ClouderaRecord {
  id: string;
  projectId: string;
  creator: string;
  createdAt: number;
  updatedAt: number;
}

/** Where Cloudera's scheduler would put it: kept and told as given; 0 and '0' are none. */
export interface Placement {
  acceleratorLabelId: string;
  resourceGroupId: number;
  resourceProfileId: number;
}
export const ANYWHERE: Placement = { acceleratorLabelId: '0', resourceGroupId: 0, resourceProfileId: 0 };

/** What one replica of a deployment gets that says nothing itself. Memory in MiB. */
export interface DefaultResources {
  cpuMillicores: number;
  memoryMb: number;
  nvidiaGpus: number;
}
export const DEFAULT_RESOURCES: DefaultResources = { cpuMillicores: 1000, memoryMb: 2048, nvidiaGpus: 0 };

export interface ClouderaModel extends ClouderaRecord {
  name: string;
  description: string;
  /** The id of the registered model, or null. */
  registeredModelId: string | null;
  accessKey: string;
  authEnabled: boolean;
  visibility: string;
  /** The number of a service account; 0: whoever made it. */
  runAs: number;
  defaultResources: DefaultResources;
  /** How many replicas a deployment has that says nothing itself. */
  defaultReplicas: number;
  placement: Placement;
}

export interface ClouderaBuild extends ClouderaRecord {
  modelId: string;
  /** 1, 2, ... within its model. */
  number: number;
  comment: string;
  filePath: string;
  functionName: string;
  kernel: string;
  runtimeIdentifier: string;
  runtimeAddonIdentifiers: readonly string[];
  modelRootDir: string;
  buildScriptPath: string;
  /** The id of the registered version, and what it is; null for a build of none. */
  registeredVersion: { id: string; modelId: string; version: number } | null;
}

/** States that a deployment may be in. Whoever runs it says which. */
export const DEPLOYMENT_STATES = ['pending', 'deploying', 'deployed', 'failed', 'stopping', 'stopped'] as const;
export type DeploymentState = (typeof DEPLOYMENT_STATES)[number];

export interface ClouderaDeployment extends ClouderaRecord {
  modelId: string;
  buildId: string;
  cpu: number;
  memory: number;
  nvidiaGpus: number;
  replicas: number;
  placement: Placement;
  environment: Readonly<Record<string, string>>;
  status: DeploymentState;
  stoppedAt: number | null;
}

/** A record's CRN. */
export const crnOf = (id: string): string => `${OWN_PREFIX}/${id}`;

/** The id in a CRN of any workspace: what follows the last slash. */
export const idOf = (crn: string): string => crn.slice(crn.lastIndexOf('/') + 1);

/** What predictions of a build without a registered version are tracked as. */
export const buildVersion = (build: ClouderaBuild): string => `build-${build.number}`;
