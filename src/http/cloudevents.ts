// CloudEvents as model servers send them, in all three modes, as logged halves of inferences.
import type { IncomingHttpHeaders } from 'node:http';
import { HTTP, ValidationError, type CloudEventV1 } from 'cloudevents';
import { InvalidInputError } from '../domain/errors.js';
import { assertDepth, readJson } from '../domain/json-text.js';
import type { LoggedEvent } from '../domain/logs/events.js';

/** What the caller says for events that do not. */
export interface EventDefaults {
  model: string | null;
  version: string | null;
  deployment: string | null;
}

/** Ends of the types of KServe (org.kubeflow.serving) and Seldon (io.seldon.serving). */
const KIND = /(?:^|\.)inference\.(request|response)$/;

/**
 * The events of a request; null for one of another type, an Error for one that cannot be used.
 * @throws InvalidInputError where the request holds no event at all
 */
export function eventsOf(
  headers: IncomingHttpHeaders,
  body: string,
  defaults: EventDefaults,
): (LoggedEvent | null | Error)[] {
  const batch = /^application\/cloudevents-batch\+json\b/i.test(headers['content-type'] ?? '');
  if (!batch) return [attempt(() => parseOne(headers, body), defaults, true)];
  const items = parseArray(body);
  const single = { 'content-type': 'application/cloudevents+json' };
  return items.map((item) => attempt(() => parseOne(single, JSON.stringify(item)), defaults, false));
}

function parseArray(body: string): unknown[] {
  try {
    const items = readJson(body);
    if (Array.isArray(items) && items.length > 0) return items;
  } catch {
    // Said below.
  }
  throw new InvalidInputError('A batch of CloudEvents is a JSON array of at least one event.');
}

function parseOne(headers: IncomingHttpHeaders, body: string): CloudEventV1<unknown> {
  const event = HTTP.toEvent<unknown>({ headers, body });
  return Array.isArray(event) ? (event[0] ?? fail()) : event;
}

function fail(): never {
  throw new TypeError('there is no event in the request');
}

/** `alone`: the request is this event, so its fault is the request's. */
function attempt(
  parse: () => CloudEventV1<unknown>,
  defaults: EventDefaults,
  alone: boolean,
): LoggedEvent | null | Error {
  try {
    return loggedEvent(parse(), defaults);
  } catch (error) {
    const why =
      error instanceof ValidationError || error instanceof TypeError || error instanceof SyntaxError
        ? error.message
        : null;
    if (why === null) throw error;
    if (alone)
      throw new InvalidInputError(
        `This is no CloudEvent that can be read: ${why.replace(/\.$/, '')}.`,
        undefined,
        'invalid_event',
      );
    return new Error(why);
  }
}

function loggedEvent(event: CloudEventV1<unknown>, defaults: EventDefaults): LoggedEvent | null {
  for (const name of ['id', 'type', 'source'] as const) {
    if (text(event[name]) === null) throw new TypeError(`the event has no ${name}`);
  }
  const kind = KIND.exec(event.type)?.[1];
  if (kind !== 'request' && kind !== 'response') return null;
  const model = defaults.model ?? text(event.inferenceservicename) ?? text(event.modelid);
  if (model === null || model.length > 200) {
    throw new TypeError(
      'the event names no model: it needs the attribute inferenceservicename, or add ?model= to the address',
    );
  }
  const time = event.time === undefined ? NaN : Date.parse(event.time);
  const endpoint = text(event.endpoint);
  return {
    // Seldon gives each event an id of its own, and both halves one of the request.
    id: (text(event.requestid) ?? event.id).slice(0, 150),
    kind,
    model,
    version: defaults.version,
    deployment: defaults.deployment ?? (endpoint === 'default' ? null : endpoint),
    component: text(event.component) ?? '',
    time: Number.isNaN(time) ? null : time,
    body: bodyOf(event.data),
  };
}

/** Loggers pass the caller's content type on, so that JSON may come as text of any type, or as bytes. */
function bodyOf(data: unknown): unknown {
  assertDepth(data);
  const readable =
    typeof data === 'string' ? data : data instanceof Uint8Array ? Buffer.from(data).toString('utf8') : null;
  if (readable === null) return data;
  try {
    return readJson(readable);
  } catch {
    return readable;
  }
}

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
