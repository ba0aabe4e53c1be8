// Calls of the public API, with its problem documents as errors.
import { during } from './busy.js';

/** A problem document, or what stands for one where the service did not answer. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly fields: readonly { path: string; message: string }[] = [],
    /** Seconds after which another try makes sense; null where it would be refused again. */
    readonly retryAfter: number | null = null,
  ) {
    super(detail);
  }
}

/** Seconds between tries where the service does not say. */
const PATIENCE = 5;

type QueryValue = string | number | boolean | null | undefined | readonly string[];

/** An address of the API with its parameters; null and undefined are left out, lists repeat. */
export function apiUrl(path: string, query: Record<string, QueryValue> = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined) continue;
    for (const item of Array.isArray(value) ? (value as readonly string[]) : [value as string])
      params.append(name, String(item));
  }
  const text = params.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** The path under one model. */
export function modelUrl(model: string, part: string, query: Record<string, QueryValue> = {}): string {
  return apiUrl(`/v1/models/${encodeURIComponent(model)}${part === '' ? '' : `/${part}`}`, query);
}

const signedOut = new Set<() => void>();

/** Be told when a call was refused because nobody is signed in. */
export function onSignedOut(listener: () => void): () => void {
  signedOut.add(listener);
  return () => signedOut.delete(listener);
}

/** GET; the answer as JSON. @throws ApiError */
export async function get<T>(url: string, signal?: AbortSignal): Promise<T> {
  return (await request(url, { signal, headers: { accept: 'application/json' } })) as T;
}

/** Send JSON, or a file as it is. @throws ApiError */
export async function send<T>(method: 'POST' | 'PUT' | 'DELETE' | 'PATCH', url: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method, headers: { accept: 'application/json' } };
  if (body !== undefined) {
    init.headers = { ...init.headers, 'content-type': 'application/json' };
    init.body = JSON.stringify(body);
  }
  return (await request(url, init)) as T;
}

function request(url: string, init: RequestInit): Promise<unknown> {
  return during(answerOf(url, init));
}

async function answerOf(url: string, init: RequestInit): Promise<unknown> {
  const response = await fetch(url, { ...init, credentials: 'same-origin' }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 'unreachable', 'The service does not answer', 'Check that it runs.', [], PATIENCE);
  });
  if (!response.ok) throw await problemOf(response);
  if (response.status === 204) return null;
  return response.json();
}

async function problemOf(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => ({}))) as {
    code?: string;
    title?: string;
    detail?: string;
    errors?: { path: string; message: string }[];
  };
  if (response.status === 401) for (const listener of signedOut) listener();
  return new ApiError(
    response.status,
    body.code ?? String(response.status),
    body.title ?? response.statusText,
    body.detail ?? 'The service gave no reason.',
    body.errors ?? [],
    patienceOf(response),
  );
}

/** What is busy or down says when to come again. */
function patienceOf({ status, headers }: Response): number | null {
  if (status !== 503 && status !== 429 && status !== 502 && status !== 504) return null;
  const wanted = Number(headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(wanted) ? Math.min(300, Math.max(1, wanted)) : PATIENCE;
}

/** Upload a file, telling how much of it has gone. @throws ApiError */
export function upload<T>(url: string, file: File, type: string, progress: (share: number) => void): Promise<T> {
  const whole = new Promise<T>((resolve, reject) => {
    const sent = new XMLHttpRequest();
    sent.open('POST', url);
    sent.setRequestHeader('content-type', type);
    sent.responseType = 'json';
    sent.upload.onprogress = (event) => progress(event.lengthComputable ? event.loaded / event.total : 0);
    sent.onerror = () =>
      reject(
        new ApiError(
          0,
          'unreachable',
          'The upload broke off',
          'The connection ended before the answer came. Send the file again.',
        ),
      );
    sent.onload = () => {
      if (sent.status < 300) return resolve(sent.response as T);
      const problem = (sent.response ?? {}) as {
        code?: string;
        title?: string;
        detail?: string;
        errors?: { path: string; message: string }[];
      };
      reject(
        new ApiError(
          sent.status,
          problem.code ?? String(sent.status),
          problem.title ?? 'The file was refused',
          problem.detail ?? 'The service gave no reason.',
          problem.errors ?? [],
        ),
      );
    };
    sent.send(file);
  });
  return during(whole);
}

/** A call as a command line, for whoever wants the numbers without the page. */
export function asCurl(url: string, authentication: boolean, method = 'GET', body?: unknown): string {
  const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
  const parts = ['curl', '-s', ...(method === 'GET' ? [] : ['-X', method]), quote(new URL(url, location.origin).href)];
  if (authentication) parts.push('-H', '"Authorization: Bearer $DRIFTLINE_KEY"');
  if (body !== undefined) parts.push('-H', quote('content-type: application/json'), '-d', quote(JSON.stringify(body)));
  return parts.join(' ');
}
