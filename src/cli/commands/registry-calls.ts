// What the commands of the registry share: its calls, and pairs as arguments.
import { InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { problemError, type Api } from '../api.js';

const MLFLOW = '/api/2.0/mlflow';
const anything = z.record(z.string(), z.unknown());

export const versionAnswer = z.object({
  model_version: z.object({ name: z.string(), version: z.string(), current_stage: z.string() }),
});

export type Pair = [key: string, value: string];

/** `key=value`. */
export function pair(text: string, before: readonly Pair[] = []): Pair[] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Use key=value.');
  return [...before, [text.slice(0, at), text.slice(at + 1)]];
}

export const modelPath = (model: string, rest = ''): string =>
  `/v1/registry/models/${encodeURIComponent(model)}${rest}`;

/** A call of MLflow's registry. @throws DriftlineError with its code and message */
export const mlflow = <S extends z.ZodType>(
  api: Api,
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  call: string,
  body: object | undefined,
  answer: S,
): Promise<z.output<S>> => api.send(method, `${MLFLOW}/${call}`, answer, body === undefined ? {} : { body });

export const post = (api: Api, call: string, body: object) => mlflow(api, 'POST', call, body, anything);
export const patch = (api: Api, call: string, body: object) => mlflow(api, 'PATCH', call, body, anything);
export const remove = (api: Api, call: string, body: object) => mlflow(api, 'DELETE', call, body, anything);

export const words = (record: Record<string, unknown>): string =>
  Object.entries(record)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(' ');

/** Register a model; false where it is registered already. */
export async function ensureModel(api: Api, model: object): Promise<boolean> {
  const response = await api.request('POST', `${MLFLOW}/registered-models/create`, { body: model, also: [400] });
  if (response.ok) return true;
  const error = problemError(response.status, await response.json(), 'registering the model');
  if (error.code === 'resource_already_exists') return false;
  throw error;
}
