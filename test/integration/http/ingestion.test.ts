// Around ingestion over HTTP: files of predictions, uploads and their progress, orphan labels, history, replay, the audit log.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, expectProblem } from '../../support/http.js';
import { startTestService, TEST_NOW, type TestService } from '../../support/service.js';

const ADMIN = 'an-admin-key-for-tests';
const CSV = { 'content-type': 'text/csv' };
const NDJSON = { 'content-type': 'application/x-ndjson' };
let service: TestService;

beforeAll(async () => {
  service = await startTestService({ adminKey: ADMIN });
});
afterAll(() => service.close());

const send = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, options: Parameters<typeof call>[3] = {}) =>
  call(service.app, method, url, { key: ADMIN, ...options });
const rows = (answer: { text: string }) => JSON.parse(answer.text) as Record<string, unknown>[];

describe('predictions as a file', () => {
  const body = [
    'prediction_id,model,version,timestamp,inputs.age,inputs.address.city,colour,outputs.score,tags.region,metrics.cost,latency_ms,values.late',
    `f-1,files,1,${TEST_NOW - 1000},41,Bern,red,0.25,007,1.5,12,true`,
    `f-2,files,1,2020-02-01T10:00:00+01:00,,Ulm,,0.5,,,,`,
    `f-3,files,1,yesterday,1,Ulm,red,1,x,1,1,false`,
  ].join('\n');

  test('CSV columns become fields by their prefix, labels included; a bad row is named by its index', async () => {
    const answer = await send('POST', '/v1/predictions?upload_id=first', { body, headers: CSV });
    expect(answer.status).toBe(207);
    expect(answer.json()).toMatchObject({ accepted: 2, rejected: 1, errors: [{ index: 2, path: 'timestamp' }] });
    expect(answer.headers['x-upload-id']).toBe('first');
    expect((await send('GET', '/v1/predictions/f-1')).json()).toMatchObject({
      external_id: 'f-1',
      version: '1',
      inputs: { age: 41, address: { city: 'Bern' }, colour: 'red' },
      outputs: { score: 0.25 },
      tags: { region: '007' },
      metrics: { cost: 1.5 },
      latency_ms: 12,
      ground_truth: { late: true },
    });
    expect((await send('GET', '/v1/predictions/f-2')).json()).toMatchObject({
      timestamp: '2020-02-01T09:00:00.000Z',
      inputs: { address: { city: 'Ulm' } },
      ground_truth: null,
    });
    const upload = (await send('GET', '/v1/uploads/first')).json();
    expect(upload).toMatchObject({
      kind: 'predictions',
      state: 'done',
      bytes: body.length,
      rows: 2,
      rejected: 1,
      error: null,
    });
  });

  test('what is exported as CSV and as Parquet can be sent back, to the same rows', async () => {
    const read = async (accept: string) =>
      (await send('GET', '/v1/predictions?model=files', { headers: { accept } })).bytes;
    const before = (await read('application/x-ndjson')).toString();
    for (const type of ['text/csv', 'application/vnd.apache.parquet']) {
      const answer = await send('POST', '/v1/predictions', {
        body: await read(type),
        headers: { 'content-type': type },
      });
      expect(answer.json()).toEqual({ accepted: 2 });
      const after = (await read('application/x-ndjson')).toString();
      const facts = (text: string) =>
        text
          .trim()
          .split('\n')
          .map((line) => ({ ...(JSON.parse(line) as object), received_at: null, ground_truth_at: null }));
      expect(facts(after)).toEqual(facts(before));
    }
  });

  test('a file without ids that is sent again under its upload_id stores nothing twice', async () => {
    const file = `inputs.n\n${Array.from({ length: 5000 }, (_, n) => n).join('\n')}\n`;
    for (let time = 0; time < 2; time++) {
      const answer = await send('POST', '/v1/predictions?model=again&upload_id=again', { body: file, headers: CSV });
      expect(answer.json()).toEqual({ accepted: 5000 });
    }
    expect(rows(await send('GET', '/v1/models')).find((row) => row.model === 'again')).toMatchObject({
      predictions: 5000,
    });
  });

  test('columns that claim one place are refused, with both names', async () => {
    const answer = await send('POST', '/v1/predictions?model=m', { body: 'inputs.a,inputs.a.b\n1,2\n', headers: CSV });
    expect(expectProblem(answer, 400, 'invalid_input').detail).toContain('"inputs.a.b" and "inputs.a"');
    const failed = (await send('GET', `/v1/uploads/${String(answer.headers['x-upload-id'])}`)).json();
    expect(failed).toMatchObject({ state: 'failed', error: expect.stringContaining('claim the same place') as string });
  });

  test('a key that is limited to models writes only their rows', async () => {
    const { key } = (
      await send('POST', '/v1/api-keys', { body: { name: 'files', scopes: ['ingest', 'read'], models: ['mine'] } })
    ).json() as { key: string };
    const file = 'model,inputs.n\nmine,1\nyours,2\n';
    const answer = await send('POST', '/v1/predictions', { body: file, headers: CSV, key });
    expect(answer.json()).toMatchObject({ accepted: 1, rejected: 1, errors: [{ index: 1, code: 'forbidden' }] });
    expectProblem(
      await send('POST', '/v1/predictions?model=yours', { body: file, headers: CSV, key }),
      403,
      'forbidden',
    );
    expect(rows(await send('GET', '/v1/uploads', { key }))).toEqual([]);
  });
});

describe('a batch that is sent again', () => {
  test('with the same Idempotency-Key stores its rows once, without ids of their own', async () => {
    const body = Array.from({ length: 10 }, (_, n) => ({ model: 'idempotent', inputs: { n } }));
    const headers = { 'idempotency-key': 'batch-1' };
    const first = await send('POST', '/v1/predictions', { body, headers });
    const second = await send('POST', '/v1/predictions', { body, headers });
    expect(second.json()).toEqual(first.json());
    await send('POST', '/v1/predictions', { body, headers: { 'idempotency-key': 'batch-2' } });
    expect(rows(await send('GET', '/v1/models')).find((row) => row.model === 'idempotent')).toMatchObject({
      predictions: 20,
    });
  });
});

describe('labels', () => {
  test('without a prediction are listed and counted until it comes', async () => {
    await send('POST', '/v1/ground-truth', { body: { prediction_id: 'early', values: { late: true } } });
    const waiting = (await send('GET', '/v1/orphan-labels')).json();
    expect(waiting).toMatchObject({ total: 1, expire_after_days: null, orphans: [{ values: { late: true } }] });
    await send('POST', '/v1/predictions', { body: { model: 'late', prediction_id: 'early' } });
    expect((await send('GET', '/v1/orphan-labels')).json()).toMatchObject({ total: 0, orphans: [] });
    expect((await send('GET', '/v1/predictions/early')).json()).toMatchObject({ ground_truth: { late: true } });
  });

  test('keep every value that they had, in order; one that was only sent again is listed once', async () => {
    await send('POST', '/v1/predictions', { body: { model: 'history', prediction_id: 'h' } });
    for (const values of [{ late: true }, { late: true }, { late: false, minutes: 3 }, { late: true }])
      await send('POST', '/v1/ground-truth', { body: { prediction_id: 'h', values } });
    const { ground_truth_history: history } = (await send('GET', '/v1/predictions/h?history=true')).json();
    expect((history as { key: string; value: unknown }[]).map(({ key, value }) => [key, value])).toEqual([
      ['late', true],
      ['late', false],
      ['minutes', 3],
      ['late', true],
    ]);
    expect((await send('GET', '/v1/predictions/h')).json()).not.toHaveProperty('ground_truth_history');
  });
});

describe('a refused item', () => {
  const rejected = async (model: string) => rows(await send('GET', `/v1/rejected?model=${model}`));

  test('is stored by its replay once it is corrected, and leaves the list with all of its reasons', async () => {
    await send('POST', '/v1/predictions', { body: { model: 'replay', latency: 1, latency_ms: -1 } });
    const [row] = await rejected('replay');
    const again = await send('POST', `/v1/rejected/${String(row?.id)}/replay`);
    expectProblem(again, 400, 'all_rejected');
    expect(await rejected('replay')).toHaveLength(2);
    const item = { model: 'replay', latency_ms: 1 };
    expect((await send('POST', `/v1/rejected/${String(row?.id)}/replay`, { body: { item } })).status).toBe(201);
    expect(await rejected('replay')).toEqual([]);
    expectProblem(await send('POST', `/v1/rejected/${String(row?.id)}/replay`), 404, 'not_found');
  });

  test('that is not JSON is asked for in whole', async () => {
    await send('POST', '/v1/predictions', { body: '{"model": "broken"', headers: NDJSON });
    const [row] = rows(await send('GET', '/v1/rejected?limit=1'));
    expectProblem(await send('POST', `/v1/rejected/${String(row?.id)}/replay`), 400, 'all_rejected');
    const item = { model: 'broken' };
    expect((await send('POST', `/v1/rejected/${String(row?.id)}/replay`, { body: { item } })).status).toBe(201);
  });

  test('keeps its hashes: what was hashed when it was refused is not hashed again', async () => {
    await send('PUT', '/v1/models/private', { body: { privacy: { hash: ['inputs.email'] } } });
    const body = { model: 'private', prediction_id: 'p', inputs: { email: 'a@b.c' }, timestamp: TEST_NOW + 7_200_000 };
    await send('POST', '/v1/predictions', { body });
    const [row] = await rejected('private');
    expect(String(row?.item)).not.toContain('a@b.c');
    service.clock.set(TEST_NOW + 7_200_000);
    expect((await send('POST', `/v1/rejected/${String(row?.id)}/replay`)).status).toBe(201);
    await send('POST', '/v1/predictions', { body: { ...body, prediction_id: 'q' } });
    const read = async (id: string) => (await send('GET', `/v1/predictions/${id}`)).json().inputs;
    expect(await read('p')).toEqual(await read('q'));
    service.clock.set(TEST_NOW);
  });
});

describe('the audit log', () => {
  test('says who changed what, with the document before and after, and never a secret', async () => {
    await send('PUT', '/v1/models/audited', { body: { window: '1d' } });
    await send('PUT', '/v1/models/audited', { body: { window: '2d' } });
    await send('PUT', '/v1/channels/hook', {
      body: { type: 'webhook', url: 'https://user:pa55@example.org/x?token=t0ken', secret: 's3cret-value-of-it' },
    });
    const { id, key } = (
      await send('POST', '/v1/api-keys', { body: { name: 'n', scopes: ['read'] } })
    ).json() as Record<string, string>;
    await send('DELETE', `/v1/api-keys/${id}`);
    expectProblem(await send('PUT', '/v1/models/audited', { body: { window: 'x' } }), 400, 'invalid_input');
    const log = rows(await send('GET', '/v1/audit?limit=5'));
    expect(log.map((row) => [row.action, row.target])).toEqual([
      ['DELETE /v1/api-keys/:id', `/v1/api-keys/${id}`],
      ['POST /v1/api-keys', '/v1/api-keys'],
      ['PUT /v1/channels/:name', '/v1/channels/hook'],
      ['PUT /v1/models/:model', '/v1/models/audited'],
      ['PUT /v1/models/:model', '/v1/models/audited'],
    ]);
    expect(log[3]).toMatchObject({ actor: 'admin', before: { window: '1d' }, after: { window: '2d' } });
    expect(log[4]).toMatchObject({ before: null, after: { window: '1d' } });
    expect(log[0]).toMatchObject({ before: { name: 'n' }, after: null });
    const text = JSON.stringify(log);
    for (const secret of ['pa55', 't0ken', 's3cret-value', key ?? '?', key?.slice(15) ?? '?'])
      expect(text).not.toContain(secret);
  });
});
