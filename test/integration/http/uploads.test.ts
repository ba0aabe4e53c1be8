// CSV and Parquet bodies: stored by the engine from a temporary file that is gone afterwards, whatever happens.
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { SPOOL_FOLDER } from '../../../src/spool.js';
import { call, expectProblem } from '../../support/http.js';
import { TEST_NOW, startTestService, type TestService } from '../../support/service.js';

let service: TestService;
const DAY = 86_400_000;
const CSV = { 'content-type': 'text/csv' };
const PARQUET = 'application/vnd.apache.parquet';
const id = (n: number) => `0197a2b0-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;

/** This process's files: other processes may upload at the same time. */
async function waiting(): Promise<string[]> {
  if (!existsSync(SPOOL_FOLDER)) return [];
  return (await readdir(SPOOL_FOLDER)).filter((name) => name.startsWith(`${process.pid}-`));
}

beforeAll(async () => {
  service = await startTestService({ uploadLimit: 1024 * 1024 });
  const body = Array.from({ length: 20 }, (_, n) => ({
    model: 'm',
    prediction_id: id(n),
    inputs: { n, kind: n % 2 ? 'odd' : 'even' },
    outputs: { score: n },
  }));
  expect((await call(service.app, 'POST', '/v1/predictions', { body })).status).toBe(201);
});
afterAll(async () => {
  await service.close();
});
afterEach(async () => {
  expect(await waiting()).toEqual([]);
});

async function truthOf(n: number): Promise<unknown> {
  return (await call(service.app, 'GET', `/v1/predictions/${id(n)}`)).json().ground_truth;
}

describe('ground truth as CSV', () => {
  test('is typed by its text: numbers, booleans, empty as null', async () => {
    const body = `prediction_id,late,minutes,note\n${id(0)},true,12.5,on the way\n${id(1)},false,,\n`;
    const answer = await call(service.app, 'POST', '/v1/ground-truth', { body, headers: CSV });
    expect(answer.status).toBe(201);
    expect(answer.json()).toMatchObject({ accepted: 2 });
    expect(await truthOf(0)).toEqual({ late: true, minutes: 12.5, note: 'on the way' });
    expect(await truthOf(1)).toMatchObject({ late: false, minutes: null });
  });

  test('keeps the columns named by ?strings as text', async () => {
    const body = `prediction_id,code,size\n${id(2)},007,1\n`;
    const answer = await call(service.app, 'POST', '/v1/ground-truth?strings=code,size', { body, headers: CSV });
    expect(answer.status).toBe(201);
    expect(await truthOf(2)).toEqual({ code: '007', size: '1' });
  });

  test('may be gzipped', async () => {
    const body = gzipSync(`prediction_id,late\n${id(3)},true\n`);
    const answer = await call(service.app, 'POST', '/v1/ground-truth', {
      body,
      headers: { ...CSV, 'content-encoding': 'gzip' },
    });
    expect(answer.status).toBe(201);
    expect(await truthOf(3)).toEqual({ late: true });
  });

  test.each([
    ['an empty body', '', {}, 400, 'empty_body'],
    ['a gzip stream that is not one', 'prediction_id', { 'content-encoding': 'gzip' }, 400, 'malformed_gzip'],
    ['another coding', 'prediction_id', { 'content-encoding': 'br' }, 415, 'unsupported_media_type'],
    ['more than the limit', 'x'.repeat(1024 * 1024 + 1), {}, 413, 'too_large'],
  ])('is refused: %s', async (_name, body, headers, status, code) => {
    const answer = await call(service.app, 'POST', '/v1/ground-truth', { body, headers: { ...CSV, ...headers } });
    expectProblem(answer, status, code);
  });

  test('without a prediction_id column is refused with what to do', async () => {
    const answer = await call(service.app, 'POST', '/v1/ground-truth', { body: 'id,late\n1,0\n', headers: CSV });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('prediction_id');
  });

  test.each([
    ['one row without a newline at the end', `prediction_id,late\n${id(4)},true`],
    ['one row with carriage returns', `prediction_id,late\r\n${id(4)},true\r\n`],
  ])('is read: %s', async (_name, body) => {
    const answer = await call(service.app, 'POST', '/v1/ground-truth', { body, headers: CSV });
    expect(answer.json()).toEqual({ accepted: 1 });
    expect(await truthOf(4)).toEqual({ late: true });
  });

  test.each([
    ['only a header', 'prediction_id,late\n', /no rows/],
    ['more values than names', 'prediction_id,late\na,1,2\n', /the header names 2 columns, a row has 3 values/],
    ['a name twice', 'prediction_id,late,late\na,1,2\n', /names the column "late" more than once/],
    ['text behind a quoted value', 'prediction_id,late\n"a"b,1\n', /a quote inside a value is written twice/],
  ])('that holds %s is refused in words that say what to do', async (_name, body, words) => {
    const answer = await call(service.app, 'POST', '/v1/ground-truth', { body, headers: CSV });
    expect(answer.status).toBe(400);
    expect(answer.json().detail).toMatch(words);
  });

  test('that inflates beyond the limit is 413', async () => {
    const body = gzipSync(Buffer.alloc(2 * 1024 * 1024, 0x61));
    const answer = await call(service.app, 'POST', '/v1/ground-truth', {
      body,
      headers: { ...CSV, 'content-encoding': 'gzip' },
    });
    expectProblem(answer, 413, 'too_large');
  });

  test('whose sender hangs up leaves no file', async () => {
    const { port } = new URL(await service.listen());
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(
      'POST /v1/ground-truth HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 100000\r\n\r\n',
    );
    socket.write('prediction_id,late\n');
    while ((await waiting()).length === 0) await setImmediate();
    const [name = ''] = await waiting();
    expect((await stat(path.join(SPOOL_FOLDER, name))).mode & 0o777).toBe(0o600);
    socket.destroy();
    while ((await waiting()).length > 0) await setImmediate();
  });

  test('over the limit on a socket is answered before the rest is sent', async () => {
    const address = service.app.server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    const socket = connect(address.port, '127.0.0.1');
    const answered = new Promise<string>((resolve, reject) => {
      socket.once('data', (chunk) => resolve(chunk.toString()));
      socket.on('error', reject);
    });
    socket.write(
      'POST /v1/ground-truth HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const chunk = 'x'.repeat(1024 * 1024 + 1);
    socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    expect(await answered).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  });
});

describe('Parquet', () => {
  const parquetOf = async (sql: string): Promise<Buffer> => {
    const answer = await call(service.app, 'POST', '/v1/query', { body: { sql, format: 'parquet' } });
    expect({ status: answer.status, text: answer.status === 200 ? '' : answer.text }).toEqual({
      status: 200,
      text: '',
    });
    return answer.bytes;
  };

  test('that the query route wrote is read as ground truth', async () => {
    const body = await parquetOf(`SELECT '${id(5)}' AS prediction_id, true AS late, 7.5 AS minutes`);
    const answer = await call(service.app, 'POST', '/v1/ground-truth', { body, headers: { 'content-type': PARQUET } });
    expect({ status: answer.status, body: answer.json() }).toMatchObject({ status: 201, body: { accepted: 1 } });
    expect(await truthOf(5)).toEqual({ late: true, minutes: 7.5 });
  });

  test('is read as a baseline, by the prefixes of its columns', async () => {
    const body = await parquetOf('SELECT arrayJoin(range(40)) AS `inputs.n`, `inputs.n` * 2.5 AS `outputs.score`');
    const answer = await call(service.app, 'POST', '/v1/models/m/baselines?name=parquet', {
      body,
      headers: { 'content-type': PARQUET },
    });
    expect({ status: answer.status, body: answer.json() }).toMatchObject({
      status: 201,
      body: { rows: 40, fields: 2 },
    });
  });

  test('that is not Parquet is 400', async () => {
    const answer = await call(service.app, 'POST', '/v1/ground-truth', {
      body: 'not a parquet file',
      headers: { 'content-type': PARQUET },
    });
    expect(answer.status).toBe(400);
    expect(String(answer.headers['content-type'])).toMatch(/^application\/problem\+json/);
  });
});

describe('a baseline', () => {
  const rows = Array.from({ length: 50 }, (_, n) => ({
    inputs: { n, kind: n % 2 ? 'odd' : 'even' },
    outputs: { score: n },
  }));
  const csv = `inputs.n,kind,outputs.score\n${rows.map((row) => `${row.inputs.n},${row.inputs.kind},${row.outputs.score}`).join('\n')}\n`;
  const post = (query: string, body: unknown, headers: Record<string, string> = {}) =>
    call(service.app, 'POST', `/v1/models/m/baselines${query}`, { body, headers });

  test.each([
    ['rows', rows, {}],
    ['wrapped', { rows }, {}],
    ['lines', rows.map((row) => JSON.stringify(row)).join('\n'), { 'content-type': 'application/x-ndjson' }],
    ['csv', csv, CSV],
  ])('from %s counts its rows and shows its fields', async (name, body, headers) => {
    const created = await post(`?name=${name}`, body, headers);
    expect({ status: created.status, text: created.status === 201 ? '' : created.text }).toEqual({
      status: 201,
      text: '',
    });
    expect(created.json()).toMatchObject({ name, rows: 50, fields: 3 });
    const shown = await call(service.app, 'GET', `/v1/models/m/baselines/${name}`);
    const fields = shown.json().fields as { path: string }[];
    expect(fields.map((field) => field.path).sort()).toEqual(['inputs.kind', 'inputs.n', 'outputs.score']);
  });

  test('from a production window is frozen by a document', async () => {
    const created = await post('', { name: 'frozen', from: TEST_NOW - DAY, to: TEST_NOW + DAY });
    expect(created.status).toBe(201);
    expect(created.json()).toMatchObject({ name: 'frozen', rows: 20 });
  });

  test.each([
    ['rows without a name', '', rows, 'name'],
    ['a name that cannot stand in a path', '?name=a%2Fb', rows, 'name'],
    ['a window without an end', '', { name: 'w', from: '2026-01-01T00:00:00Z' }, 'to'],
    [
      'a window that ends before it starts',
      '',
      { name: 'w', from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' },
      'to',
    ],
  ])('is refused: %s', async (_name, query, body, at) => {
    const problem = expectProblem(await post(query, body), 400, 'invalid_input');
    expect(problem.errors).toContainEqual(expect.objectContaining({ path: at }));
  });

  test('is made whole or not at all: a broken line refuses all of it', async () => {
    const answer = await post('?name=broken', '{"inputs":{"n":1}}\n{"inputs":\n', {
      'content-type': 'application/x-ndjson',
    });
    const problem = expectProblem(answer, 400, 'invalid_input');
    expect(problem.errors).toEqual([expect.objectContaining({ index: 1, code: 'malformed_json' })]);
    expectProblem(await call(service.app, 'GET', '/v1/models/m/baselines/broken'), 404, 'not_found');
  });

  test.each([[[]], [{ rows: [] }]])('without rows (%j) is refused', async (body) => {
    expectProblem(await post('?name=none', body), 400, 'no_items');
  });

  test('that is activated is the active one', async () => {
    const answer = await call(service.app, 'POST', '/v1/models/m/baselines/rows/activate');
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ name: 'rows', active: true });
  });
});

describe('a file of very many columns', () => {
  const columns = Array.from({ length: 1_200 }, (_, n) => `c${n}`);
  const body = `prediction_id,${columns.join(',')}\na,${columns.map(() => '1').join(',')}\n`;

  test.each(['/v1/ground-truth', '/v1/models/m/baselines?name=wide'])('is refused before it costs anything: %s', async (url) => {
    const { detail } = expectProblem(await call(service.app, 'POST', url, { body, headers: CSV }), 400, 'invalid_input');
    expect(detail).toContain('1201 columns');
  }); // prettier-ignore
});
