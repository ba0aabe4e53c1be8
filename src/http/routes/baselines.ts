// Baselines: made from rows, a file or a production window; listed, shown, activated.
import { z } from 'zod';
import { InvalidInputError, type ItemError } from '../../domain/errors.js';
import { slugSchema, versionNameSchema } from '../../domain/contract/common.js';
import {
  baselineCreatedSchema,
  baselineDetailSchema,
  baselineSummarySchema,
  freezeBaselineSchema,
  type BaselineCreated,
  type FreezeBaseline,
} from '../../domain/contract/models.js';
import { uploadIdSchema } from '../../domain/contract/ingestion.js';
import { UnparsableItem } from '../../domain/contract/tracking.js';
import type { UploadedFile } from '../../services/api.js';
import { NdjsonBody, UploadBody, acceptNdjson, acceptUploads } from '../plugins/bodies.js';
import { emptyBody, invalidPart } from '../plugins/errors.js';
import { CSV, JSON_TYPE, NDJSON, PARQUET, json, problemAnswer } from '../schemas/answers.js';
import { columnList, emptyQuery, modelAndNameParams, modelParams, optionalVersion } from '../schemas/query.js';
import type { App, RouteContext } from '../types.js';
import { withUpload } from '../uploads.js';
import { ofKnownModel } from './models.js';

const rowSchema = z.record(z.string(), z.unknown());
const FREEZE_KEYS = new Set(Object.keys(freezeBaselineSchema.shape));
/** Rows of one JSON or NDJSON body; the body limit comes first in practice. */
const MAX_ROWS = 1_000_000;

const createQuery = z.strictObject({
  name: slugSchema.describe('the name of the baseline; required unless the body freezes a window').optional(),
  version: versionNameSchema.describe('the version it is for; the whole model where left out').optional(),
  strings: columnList('CSV columns that stay text whatever they look like, separated by commas'),
  upload_id: uploadIdSchema
    .describe('a name for an uploaded file, under which GET /v1/uploads/{id} shows its progress')
    .optional(),
});
const versionQuery = z.strictObject({ version: optionalVersion });

/** The freeze request that an object body is, or null where it is rows. */
function freezeOf(body: unknown): FreezeBaseline | null {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return null;
  const keys = Object.keys(body);
  if (keys.length === 0 || !keys.every((key) => FREEZE_KEYS.has(key))) return null;
  const parsed = freezeBaselineSchema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw invalidPart('body', freezeBaselineSchema, parsed.error);
}

/** The rows of a body. A baseline is made whole or not at all, so one bad line refuses it. */
function rowsOf(body: unknown): readonly unknown[] {
  if (body === undefined) throw emptyBody();
  const rows = body instanceof NdjsonBody ? body.items : Array.isArray(body) ? body : wrappedRows(body);
  if (rows.length === 0)
    throw new InvalidInputError('There is no row in the body. Send at least one.', undefined, 'no_items');
  const broken = rows.flatMap((row, index): ItemError[] =>
    row instanceof UnparsableItem ? [{ index, code: row.code, path: '', message: row.message }] : [],
  );
  if (broken.length === 0) return rows;
  throw new InvalidInputError(`${broken.length} lines are not JSON: correct them and send all rows again.`, broken);
}

function wrappedRows(body: unknown): readonly unknown[] {
  const [entry, ...others] = typeof body === 'object' && body !== null ? Object.entries(body) : [];
  if (others.length === 0 && entry?.[0] === 'rows' && Array.isArray(entry[1])) return entry[1];
  throw new InvalidInputError(
    'Send an array of rows, {"rows": [...]}, or {"name", "from", "to", "version"} to freeze a production window.',
  );
}

/** The query's name, which rows need. */
function required(name: string | undefined): string {
  if (name !== undefined) return name;
  throw new InvalidInputError('Give the baseline a name: add ?name= to the address.', [
    { code: 'required', path: 'name', message: 'is required' },
  ]);
}

/** POST of a baseline, in a scope of its own for its content types. */
export function baselineUploadRoutes(app: App, { services, config }: RouteContext): void {
  acceptNdjson(app, config.bodyLimit, MAX_ROWS);
  acceptUploads(app);

  app.route({
    method: 'POST',
    url: '/v1/models/:model/baselines',
    config: {
      scope: 'ingest',
      slow: true,
      docs: {
        body: {
          [JSON_TYPE]: z.union([z.array(rowSchema), z.object({ rows: z.array(rowSchema) }), freezeBaselineSchema]),
          [NDJSON]: z.string().describe('one row a line'),
          [CSV]: z.string().describe('a header row, then one row a line'),
          [PARQUET]: z.string().describe('a Parquet file'),
        },
        response: { 201: json('The baseline, active at once.', baselineCreatedSchema) },
      },
    },
    schema: {
      tags: ['baselines'],
      summary: 'Make a baseline from rows, a file or a production window',
      description:
        'A row is `{inputs, outputs, values}`; flat columns are read by prefix (`inputs.age`, `outputs.score`, `values.late`), and one without a prefix is an input. `{"name", "from", "to", "version"}` freezes a window of production instead. A key with the scope `ingest` may do this, so that a training job can send its own training data; a key limited to models only for those.',
      params: modelParams,
      querystring: createQuery,
    },
    handler: async (request, reply) => {
      const { model } = request.params;
      const { name, version = null, strings, upload_id: id = null } = request.query;
      const { body } = request;
      let created: BaselineCreated;
      if (body instanceof UploadBody) {
        const target = { name: required(name), version };
        const upload = { kind: 'baseline' as const, model, id, limit: config.uploadLimit, strings };
        const store = (file: UploadedFile) => services.baselines.fromFile(model, target, file);
        const counted = ({ rows }: BaselineCreated) => ({ rows, rejected: 0 });
        created = await withUpload(request, reply, services.uploads, upload, store, counted);
      } else {
        const freeze = freezeOf(body);
        if (freeze !== null && (name !== undefined || version !== null)) {
          throw new InvalidInputError(
            'Name and version of a frozen window stand in the body: leave them out of the address.',
          );
        }
        if (freeze === null) {
          const rows = rowsOf(body);
          created = await services.baselines.fromRows(model, { name: required(name), version }, rows);
        } else created = await services.baselines.freeze(model, freeze);
      }
      return reply.code(201).send(created);
    },
  });
}

/** Reading and activating baselines. */
export function baselineRoutes(app: App, { services }: RouteContext): void {
  const missing = { response: { 404: problemAnswer('There is no such model or baseline.') } };

  app.route({
    method: 'GET',
    url: '/v1/models/:model/baselines',
    config: { scope: 'read', docs: missing },
    schema: {
      tags: ['baselines'],
      summary: 'Baselines of a model',
      params: modelParams,
      querystring: emptyQuery,
      response: { 200: json('The baselines.', z.array(baselineSummarySchema)) },
    },
    handler: async (request, reply) => {
      const { model } = request.params;
      return reply.send(await ofKnownModel(services.models, model, await services.baselines.list(model)));
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/models/:model/baselines/:name',
    config: { scope: 'read', docs: missing },
    schema: {
      tags: ['baselines'],
      summary: 'One baseline, with bin edges and counts of each field',
      params: modelAndNameParams,
      querystring: versionQuery,
      response: { 200: json('The newest of this name.', baselineDetailSchema) },
    },
    handler: async (request, reply) => {
      const { model, name } = request.params;
      return reply.send(await services.baselines.get(model, name, request.query.version));
    },
  });

  app.route({
    method: 'POST',
    url: '/v1/models/:model/baselines/:name/activate',
    config: { scope: 'admin', docs: missing },
    schema: {
      tags: ['baselines'],
      summary: 'Compare with this baseline from now on',
      params: modelAndNameParams,
      querystring: versionQuery,
      response: { 200: json('The baseline.', baselineSummarySchema) },
    },
    handler: async (request, reply) => {
      const { model, name } = request.params;
      const baseline = await services.baselines.activate(model, name, request.query.version);
      const text = `baseline ${name} activated`;
      await services.events.note(model, {
        kind: 'baseline',
        version: baseline.version,
        text,
        by: request.principal.name,
      });
      return reply.send(baseline);
    },
  });
}
