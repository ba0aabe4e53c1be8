// Models, builds and deployments of Cloudera APIv2 as stored documents.
import { z } from 'zod';
import {
  ANYWHERE,
  DEFAULT_RESOURCES,
  DEPLOYMENT_STATES,
  type ClouderaBuild,
  type ClouderaDeployment,
  type ClouderaModel,
} from '../../domain/registry/cloudera.js';

// Defaults are of fields that came later than the first records.
const placement = z
  .object({ acceleratorLabelId: z.string(), resourceGroupId: z.number(), resourceProfileId: z.number() })
  .default(ANYWHERE);
const common = { projectId: z.string(), creator: z.string(), createdAt: z.number(), updatedAt: z.number() };
export const modelDoc = z.object({
  ...common,
  name: z.string(),
  description: z.string(),
  registeredModelId: z.string().nullable(),
  accessKey: z.string(),
  authEnabled: z.boolean(),
  visibility: z.string(),
  runAs: z.union([z.number(), z.string(), z.null()]).transform((account) => Number(account ?? 0) || 0),
  defaultResources: z
    .object({ cpuMillicores: z.number(), memoryMb: z.number(), nvidiaGpus: z.number() })
    .default(DEFAULT_RESOURCES),
  defaultReplicas: z.number().default(1),
  placement,
});
export const buildDoc = z.object({
  ...common,
  modelId: z.string(),
  number: z.number(),
  comment: z.string(),
  filePath: z.string(),
  functionName: z.string(),
  kernel: z.string(),
  runtimeIdentifier: z.string(),
  runtimeAddonIdentifiers: z.array(z.string()).readonly(),
  modelRootDir: z.string().default(''),
  buildScriptPath: z.string().default(''),
  registeredVersion: z.object({ id: z.string(), modelId: z.string(), version: z.number() }).nullable(),
});
export const deploymentDoc = z.object({
  ...common,
  modelId: z.string(),
  buildId: z.string(),
  cpu: z.number(),
  memory: z.number(),
  nvidiaGpus: z.number(),
  replicas: z.number(),
  placement,
  environment: z.record(z.string(), z.string()),
  status: z.enum(DEPLOYMENT_STATES),
  stoppedAt: z.number().nullable(),
});

type Made = 'id' | 'creator' | 'createdAt' | 'updatedAt';
export type NewClouderaModel = Omit<ClouderaModel, Made | 'accessKey'>;
export type NewClouderaBuild = Omit<ClouderaBuild, Made | 'number' | 'registeredVersion'> & {
  registeredVersionId: string | null;
};
export type NewClouderaDeployment = Omit<ClouderaDeployment, Made | 'status' | 'stoppedAt'>;

/** Kinds of entries, by what they are. */
export const KINDS = { model: 'cml_model', build: 'cml_build', deployment: 'cml_deployment' } as const;

/** Keep a record as it was read; a doc of null is gone. */
export function put<T>(records: Map<string, T & { id: string }>, id: string, doc: unknown, schema: z.ZodType<T>): void {
  if (doc === null) records.delete(id);
  else records.set(id, { ...schema.parse(doc), id });
}
