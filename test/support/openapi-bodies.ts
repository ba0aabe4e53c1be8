// Requests that follow the API's own description and then break it somewhere: from its JSON schemas, for every operation.
import fc from 'fast-check';

type Schema = Record<string, unknown>;
interface Operation {
  parameters?: { name: string; in: string; schema?: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}
export interface ApiDocument {
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
}

/** A request for `app.inject`. */
export interface Malformed {
  /** The operation that it is meant for, `post /v1/predictions`. */
  operation: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  payload: string | Buffer;
}

const DEPTH = 4;
const nasty = fc.constantFrom(
  '', ' ', '\0', '\ud800', '__proto__', 'constructor', '../../etc/passwd', "'; DROP TABLE predictions; --", '{{7*7}}', 'ＮＵＬＬ', 'a'.repeat(300), '%00', 'NaN', '1e999',
); // prettier-ignore
const text = fc.oneof(fc.string({ maxLength: 30, unit: 'binary' }), nasty, fc.string({ maxLength: 12 }));
const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-1, 0, 2 ** 53, -(2 ** 63), 1e308, 5e-324));
/** What JSON.stringify cannot say: a document that nests, and a number beyond the largest. They stand in as text until the body is written. */
const RAW: Record<string, string> = {
  '@nested arrays@': '['.repeat(6_000) + ']'.repeat(6_000),
  '@nested objects@': `${'{"a":'.repeat(6_000)}1${'}'.repeat(6_000)}`,
  '@beyond numbers@': '-1e999',
};
const raw = fc.constantFrom(...Object.keys(RAW));
const anything = fc.oneof(
  { weight: 9, arbitrary: fc.oneof(fc.jsonValue({ maxDepth: 3 }), text, number, fc.constant(null)) },
  { weight: 1, arbitrary: raw },
);
const written = (value: unknown): string =>
  (JSON.stringify(value) ?? '').replace(/"(@[a-z ]+@)"/g, (whole, name: string) => RAW[name] ?? whole);

function resolve(document: ApiDocument, schema: Schema | boolean): Schema {
  // `items: false` closes a tuple.
  if (typeof schema === 'boolean') return {};
  const name = typeof schema.$ref === 'string' ? schema.$ref.split('/').pop() : undefined;
  return name === undefined ? schema : (document.components?.schemas?.[name] ?? {});
}

/** Values of a schema, each part of which may be something else instead. */
function valuesOf(document: ApiDocument, given: Schema | boolean, depth: number): fc.Arbitrary<unknown> {
  const schema = resolve(document, given);
  const sound = soundValues(document, schema, depth);
  return fc.oneof({ weight: 9, arbitrary: sound }, { weight: 1, arbitrary: anything });
}

function soundValues(document: ApiDocument, schema: Schema, depth: number): fc.Arbitrary<unknown> {
  if (depth <= 0) return anything;
  const choices = (schema.anyOf ?? schema.oneOf) as Schema[] | undefined;
  if (choices !== undefined) return fc.oneof(...choices.map((choice) => valuesOf(document, choice, depth)));
  if (Array.isArray(schema.enum)) return fc.constantFrom(...(schema.enum as unknown[]));
  if ('const' in schema) return fc.constant(schema.const);
  switch (schema.type) {
    case 'object':
      return objects(document, schema, depth);
    case 'array':
      return fc.array(valuesOf(document, (schema.items as Schema | boolean | undefined) ?? {}, depth - 1), {
        maxLength: 3,
      });
    case 'string':
      return schema.format === 'date-time'
        ? fc.oneof(
            fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
            text,
          )
        : text;
    case 'integer':
    case 'number':
      return number;
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return anything;
  }
}

function objects(document: ApiDocument, schema: Schema, depth: number): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema.properties as Record<string, Schema> | undefined) ?? {});
  const record = fc.record(
    Object.fromEntries(properties.map(([name, inner]) => [name, valuesOf(document, inner, depth - 1)])),
    { requiredKeys: [] },
  );
  const extra = fc.dictionary(text, anything, { maxKeys: 2 });
  return fc.oneof(
    { weight: 5, arbitrary: record },
    { weight: 1, arbitrary: fc.tuple(record, extra).map(([a, b]) => ({ ...a, ...b })) },
  );
}

/** Bytes of a document, sometimes cut, doubled or with a byte that does not belong. */
const damaged = (whole: fc.Arbitrary<string>): fc.Arbitrary<string | Buffer> =>
  fc.oneof(
    { weight: 6, arbitrary: whole },
    { weight: 1, arbitrary: fc.tuple(whole, fc.nat()).map(([body, at]) => body.slice(0, at % (body.length + 1))) },
    { weight: 1, arbitrary: fc.tuple(whole, whole).map(([a, b]) => `${a}\n${b}`) },
    { weight: 1, arbitrary: fc.tuple(whole, fc.nat(), fc.nat({ max: 255 })).map(([body, at, byte]) => broken(body, at, byte)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  ); // prettier-ignore

function broken(body: string, at: number, byte: number): Buffer {
  const bytes = Buffer.from(body);
  if (bytes.length > 0) bytes[at % bytes.length] = byte;
  return bytes;
}

const TYPES = [
  'application/json',
  'application/x-ndjson',
  'text/csv',
  'application/vnd.apache.parquet',
  'text/plain',
  'application/json; charset=utf-16',
  '',
];

/** Requests to every operation whose path passes `wanted`, and which those are. */
export function malformedRequests(
  document: ApiDocument,
  wanted: (path: string, method: string) => boolean,
): { requests: fc.Arbitrary<Malformed>; operations: string[] } {
  const chosen = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([method]) => wanted(path, method))
      .map(([method, operation]) => ({ path, method, operation })),
  );
  return {
    requests: fc.oneof(...chosen.map(({ path, method, operation }) => requestsOf(document, path, method, operation))),
    operations: chosen.map(({ path, method }) => `${method} ${path}`),
  };
}

function requestsOf(
  document: ApiDocument,
  path: string,
  method: string,
  operation: Operation,
): fc.Arbitrary<Malformed> {
  const content = operation.requestBody?.content ?? {};
  const schema = content['application/json']?.schema ?? {};
  const body = damaged(fc.oneof(valuesOf(document, schema, DEPTH), anything).map(written));
  const query = (operation.parameters ?? []).filter((parameter) => parameter.in === 'query');
  const parameters = fc.record(
    Object.fromEntries(
      query.map(({ name, schema: inner }) => [name, valuesOf(document, inner ?? {}, 1).map((value) => toText(value))]),
    ),
    { requiredKeys: [] },
  );
  const declared = Object.keys(content);
  const type = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...(declared.length > 0 ? declared : TYPES)) },
    { weight: 1, arbitrary: fc.constantFrom(...TYPES) },
  );
  const gzip = fc.oneof(
    { weight: 19, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: fc.constantFrom('gzip', 'br', 'x') },
  );
  const name = fc.oneof(fc.constantFrom('drift', 'flights', '0197a2b0-0000-7000-8000-000000000000'), text);
  return fc.tuple(body, parameters, type, gzip, fc.array(name, { minLength: 3, maxLength: 3 })).map(([payload, given, contentType, coding, names]) => {
    let next = 0;
    const filled = path.replace(/\{\w+\}|\*/g, () => encodeURIComponent((names[next++ % 3] ?? 'x').toWellFormed()));
    const search = new URLSearchParams(given as Record<string, string>).toString();
    return {
      operation: `${method} ${path}`,
      method: method.toUpperCase(),
      url: search === '' ? filled : `${filled}?${search}`,
      headers: { ...(contentType === '' ? {} : { 'content-type': contentType }), ...(coding === '' ? {} : { 'content-encoding': coding }) },
      payload: method === 'get' ? '' : payload,
    };
  }); // prettier-ignore
}

const toText = (value: unknown): string =>
  typeof value === 'string' ? value.toWellFormed() : (JSON.stringify(value) ?? '');
