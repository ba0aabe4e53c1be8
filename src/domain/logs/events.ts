// One logged half of an inference: a request or a response, and how two of one id become predictions, one an instance.
import { inputsOf, outputsOf } from './bodies.js';
import { BodyError, isRecord, type Mapping } from './mapping.js';
import { namedId } from './sagemaker.js';

export type HalfKind = 'request' | 'response';

/** An event that a logger sent, before its body is looked at. Times in epoch milliseconds; null: it names none. */
export interface LoggedEvent {
  id: string;
  kind: HalfKind;
  model: string;
  version: string | null;
  deployment: string | null;
  /** Which part of the service logged it: a transformer and a predictor see the same id. */
  component: string;
  time: number | null;
  body: unknown;
}

/** A half as it waits: its rows by name. `rows` are inputs of a request, outputs of a response; empty with an `error`. */
export interface Half {
  model: string;
  id: string;
  kind: HalfKind;
  version: string;
  deployment: string;
  time: number;
  rows: unknown[];
  error: string | null;
}

/** Read the body of an event. @throws BodyError */
export function halfOf(event: LoggedEvent, mapping: Mapping, now: number): Half {
  const own = event.component === '' || event.component === 'predictor' ? '' : event.component;
  const named = isRecord(event.body) && typeof event.body.model_version === 'string' ? event.body.model_version : null;
  const half = {
    model: event.model,
    id: own === '' ? event.id : `${event.id}/${own}`,
    kind: event.kind,
    version: event.version ?? named ?? mapping.version ?? '',
    deployment: (event.deployment ?? mapping.deployment ?? '') || own,
    time: event.time ?? now,
  };
  if (event.kind === 'request') return { ...half, rows: inputsOf(event.body, mapping), error: null };
  const answer = outputsOf(event.body, mapping);
  return 'error' in answer
    ? { ...half, rows: [], error: answer.error }
    : { ...half, rows: answer.outputs, error: null };
}

/** The predictions of a request and its response, as items of POST /v1/predictions. @throws BodyError where they do not fit */
export function predictionsOf(request: Half, response: Half, mapping: Mapping): Record<string, unknown>[] {
  if (response.error === null && request.rows.length !== response.rows.length) {
    throw new BodyError(
      `the request has ${request.rows.length} instances, and the response ${response.rows.length} predictions`,
    );
  }
  const version = response.version || request.version;
  const deployment = request.deployment || response.deployment;
  const latency = response.time - request.time;
  return request.rows.map((row, index) => {
    const inputs = row as Record<string, unknown>;
    return {
      model: request.model,
      ...(version === '' ? {} : { version }),
      ...(deployment === '' ? {} : { deployment }),
      prediction_id: namedId(inputs, mapping) ?? `${request.id}#${index}`,
      timestamp: request.time,
      inputs,
      ...(latency >= 0 ? { latency_ms: latency } : {}),
      ...(response.error === null
        ? { outputs: response.rows[index] }
        : { status: 'error', error: response.error.slice(0, 10_000) }),
    };
  });
}
