// What Cloudera APIv2's calls about models, builds and deployments take, and their paths.
import { z } from 'zod';
import { readJson } from '../../domain/json-text.js';
import { invalidParameter } from '../../domain/registry/rules.js';
import { text, yesNo } from '../mlflow/inputs.js';

export const MODELS = '/projects/:project_id/models';
export const MODEL = `${MODELS}/:model_id`;
export const BUILDS = `${MODEL}/builds`;
export const BUILD = `${BUILDS}/:build_id`;
export const DEPLOYMENTS = `${BUILD}/deployments`;

// Limits of the field, not of a cluster: a record that says more is a mistake.
const MAX_CPU = 1024;
const MAX_MEMORY = 65_536;
const MAX_GPUS = 64;
const MAX_REPLICAS = 1000;

/** A 64-bit number: text in this protocol, a number from people. */
const long = (least: number, most: number) =>
  z
    .union([
      z.int(),
      z
        .string()
        .regex(/^\d{1,15}$/)
        .transform(Number),
    ])
    .pipe(z.int().min(least).max(most))
    .optional();

export const placementFields = {
  accelerator_label_id: z
    .union([z.string().regex(/^\d{1,19}$/), z.int().min(0).transform(String)])
    .optional()
    .describe('kept as given, and told to whoever runs it'),
  resource_group_id: z.int().min(0).optional().describe('kept as given, and told to whoever runs it'),
  resource_profile_id: z.int().min(0).optional().describe('kept as given, and told to whoever runs it'),
};

const environment = z
  .union([
    z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)),
    z.string().transform((given) => parseEnvironment(given)),
  ])
  .default({})
  .describe('variables; they are told to whoever runs the deployment');

function parseEnvironment(given: string): Record<string, string> {
  const parsed = z.record(z.string(), z.string()).safeParse(given === '' ? {} : jsonOrNull(given));
  if (parsed.success) return parsed.data;
  throw invalidParameter('environment must be an object of text.');
}

function jsonOrNull(given: string): unknown {
  try {
    return readJson(given);
  } catch {
    return null;
  }
}

const secrets = z
  .record(z.string(), z.unknown())
  .refine((given) => Object.keys(given).length === 0, {
    error: 'secrets of deployments are not kept here; give them to the system that runs it',
  })
  .optional()
  .describe('refused: give them to the system that runs it');

const gpus = z
  .int()
  .min(0)
  .max(MAX_GPUS)
  .optional()
  .describe("GPUs of one replica; the model's default where left out");

export const buildInput = z.object({
  comment: text('what is new'),
  file_path: text('the script'),
  function_name: text('the function in it'),
  kernel: text('what runs it'),
  runtime_identifier: text('the image it runs in'),
  runtime_addon_identifiers: z.array(z.string()).default([]),
  registered_model_version_id: text('the registered version that it is of'),
  model_root_dir: text('the folder that file_path is in'),
  build_script_path: text('a script that builds it'),
});
export const deploymentInput = z.object({
  cpu: z
    .number()
    .positive()
    .max(MAX_CPU)
    .optional()
    .describe("cores of one replica; the model's default where left out"),
  memory: z
    .number()
    .positive()
    .max(MAX_MEMORY)
    .optional()
    .describe("GiB of one replica; the model's default where left out"),
  nvidia_gpus: gpus,
  nvidia_gpu: gpus,
  replicas: z
    .int()
    .min(1)
    .max(MAX_REPLICAS)
    .optional()
    .describe("how many are to run; the model's default where left out"),
  environment,
  deployment_secrets: secrets,
  ...placementFields,
});
export const modelFields = {
  description: text('what it is'),
  disable_authentication: yesNo('calls need no key'),
  registered_model_id: text('the registered model that it is of'),
  run_as: z.int().optional().describe('the number of a service account; 0 or less: whoever made it'),
  visibility: text('who sees it'),
  default_resources: z
    .object({
      cpu_millicores: long(1, MAX_CPU * 1000),
      memory_mb: long(1, MAX_MEMORY * 1024),
      nvidia_gpus: long(0, MAX_GPUS),
    })
    .optional()
    .describe('what one replica of a deployment gets that says nothing itself'),
  default_replication_policy: z
    .object({ num_replicas: long(1, MAX_REPLICAS), type: z.enum(['fixed', '']).optional() })
    .optional()
    .describe('how many replicas a deployment has that says nothing itself'),
  ...placementFields,
};
