// Small helpers for tests that speak HTTP to the app: calls with JSON, and the checks every problem document must pass.
import { expect } from 'vitest';
import type { App } from '../../src/http/app.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';

/** What a test sends. `body` goes as JSON unless it is text or bytes, which go as they are with the headers given. */
export interface Call {
  body?: unknown;
  headers?: Record<string, string>;
  key?: string;
}

/** An answer; `json` throws where the body is not JSON. */
export interface Answer {
  status: number;
  headers: Record<string, string | string[] | number | undefined>;
  text: string;
  bytes: Buffer;
  json: () => Record<string, unknown>;
}

/** Call the app without a socket. */
export async function call(
  app: App,
  method: Method,
  url: string,
  { body, headers = {}, key }: Call = {},
): Promise<Answer> {
  const raw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body);
  const response = await app.inject({
    method,
    url,
    headers: {
      ...(body === undefined || raw ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { payload: raw ? body : JSON.stringify(body) }),
  });
  return {
    status: response.statusCode,
    headers: response.headers,
    text: response.body,
    bytes: response.rawPayload,
    json: () => JSON.parse(response.body) as Record<string, unknown>,
  };
}

/** Check that an answer is a whole problem document with this status and code, and give it back. */
export function expectProblem(answer: Answer, status: number, code: string): Record<string, unknown> {
  expect({ status: answer.status, body: answer.text.slice(0, 500) }).toMatchObject({ status });
  expect(String(answer.headers['content-type'])).toMatch(/^application\/problem\+json/);
  const problem = answer.json();
  expect(problem).toMatchObject({ type: 'about:blank', status, code });
  expect(String(problem.title).length).toBeGreaterThan(0);
  expect(String(problem.detail)).toMatch(/\.$/);
  expect(answer.headers['x-request-id']).toBeTruthy();
  return problem;
}
