// Calls of MLflow's registry in tests: a path below the prefix, a document, and the answer's status and JSON.
import type { App } from '../../src/http/app.js';
import { call, type Method } from './http.js';

export const MLFLOW = '/api/2.0/mlflow/';

type Json = Record<string, unknown>;

/** What a test asks of the registry. GET sends the document as a query, lists as repeated keys. */
export type Mlflow = (
  method: Method,
  path: string,
  document?: Json,
  options?: { prefix?: string; key?: string },
) => Promise<{ status: number; json: Json }>;

export function queryOf(document: Json): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(document)) {
    for (const one of [value].flat()) query.append(key, typeof one === 'string' ? one : JSON.stringify(one));
  }
  return query.size === 0 ? '' : `?${query.toString()}`;
}

export function mlflowOf(app: App): Mlflow {
  return async (method, path, document = {}, { prefix = MLFLOW, key } = {}) => {
    const url = `${prefix}${path}${method === 'GET' ? queryOf(document) : ''}`;
    const answer = await call(app, method, url, {
      ...(method === 'GET' ? {} : { body: document }),
      ...(key === undefined ? {} : { key }),
    });
    return { status: answer.status, json: answer.json() };
  };
}
