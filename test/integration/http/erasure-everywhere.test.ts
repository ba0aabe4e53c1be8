// Erasure reaches every table that there is: each is declared, and after an erasure no column of any table holds what was known of the person.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ERASURE_DUTIES } from '../../../src/store/erasure-tables.js';
import { call } from '../../support/http.js';
import { startTestService, TEST_NOW, type TestService } from '../../support/service.js';

const HOUR = 3_600_000;
const START = TEST_NOW - 48 * HOUR;
/** What is known of the person, each in one place only: an id, the value of a tag, an input, a label, what was refused, logged and tracked elsewhere. */
const ID = 'zz-id-of-eve';
const TAG = 'zz-tag-of-eve';
const TEXTS = [
  'zz-input',
  'zz-label',
  'zz-corrected',
  'zz-refused',
  'zz-broken',
  'zz-cloudera',
  'zz-logged',
  'zz-waits',
];
let service: TestService;

beforeAll(async () => {
  service = await startTestService();
  // The journal is made by the first prediction that comes alone.
  await send('POST', '/v1/predictions', { model: 'first' });
});
afterAll(() => service.close());

const send = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, body?: unknown, headers = {}) =>
  call(service.app, method, url, { headers, ...(body === undefined ? {} : { body }) });
async function jobs(): Promise<void> {
  for (const job of ['operations', 'drift', 'quality', 'alerts'])
    expect((await send('POST', `/v1/jobs/${job}/run`, {})).json()).toMatchObject({ status: 'ok', errors: [] });
}
async function tables(): Promise<string[]> {
  const rows = await service.container.tables.store.query({
    name: 'test_tables',
    sql: `SELECT name FROM system.tables WHERE database = currentDatabase() AND NOT endsWith(engine, 'View') ORDER BY name`,
    row: z.object({ name: z.string() }),
  });
  return rows.map(({ name }) => name);
}
/** The tables of which some row, replaced ones included, holds a text. */
async function holding(text: string, seen: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const table of seen) {
    const { n } = await service.container.tables.store.one({
      name: 'test_search',
      sql: `SELECT count() AS n FROM ${table} WHERE position(toString(tuple(*)), {text:String}) > 0`,
      params: { text },
      row: z.object({ n: z.number() }),
    });
    if (n > 0) found.push(table);
  }
  return found;
}
const event = (kind: string, id: string) => ({
  'content-type': 'application/json',
  'ce-specversion': '1.0',
  'ce-id': id,
  'ce-type': `org.kubeflow.serving.inference.${kind}`,
  'ce-source': 'http://localhost:9081/',
  'ce-time': new Date(START).toISOString(),
  'ce-inferenceservicename': 'people',
  'ce-component': 'predictor',
});
const logged = (kind: string, id: string, body: unknown) =>
  send('POST', '/v1/integrations/cloudevents', JSON.stringify(body), event(kind, id));

test('every table is declared, and says why where it holds nothing of a person', async () => {
  expect(await tables()).toEqual(Object.keys(ERASURE_DUTIES).sort());
  for (const [table, { how }] of Object.entries(ERASURE_DUTIES)) expect(how, table).toMatch(/^\S.{8,}/);
});

test('a table with a column that may hold an id or a row is not declared to hold none', async () => {
  const columns = await service.container.tables.store.query({
    name: 'test_columns',
    sql: `SELECT DISTINCT table FROM system.columns WHERE database = currentDatabase()
      AND (name IN ('prediction_id', 'external_id', 'body', 'num', 'str', 'segment') OR name LIKE '%prediction%')`,
    row: z.object({ table: z.string() }),
  });
  const declared = columns.map(({ table }) => table).filter((table) => table in ERASURE_DUTIES);
  expect(declared.length).toBeGreaterThan(8);
  expect(declared.filter((table) => ERASURE_DUTIES[table]?.duty === 'none')).toEqual([]);
});

describe('a person who is in every table', () => {
  const known = [ID, TAG, ...TEXTS];

  beforeAll(async () => {
    await send('PUT', '/v1/models/people', {
      task: 'binary', prediction: 'outputs.label', ground_truth: 'late', segments: ['tags.user'], min_samples: 1, window: '1h',
      features: { 'inputs.word': { kind: 'categorical' } }, integration: { id: 'person' },
    }); // prettier-ignore
    const others = Array.from({ length: 30 }, (_, n) => ({
      model: 'people', version: '1', prediction_id: `other-${n}`, timestamp: START + n, inputs: { word: n % 2 ? 'a' : 'b' },
      outputs: { label: n % 2 === 0 }, tags: { user: 'others' },
    })); // prettier-ignore
    const eve = {
      model: 'people', version: '1', timestamp: START, inputs: { word: 'zz-input' }, outputs: { label: true }, tags: { user: TAG },
    }; // prettier-ignore
    await send('POST', '/v1/predictions', [...others, { ...eve, prediction_id: ID }]);
    const label = (values: unknown) => send('POST', '/v1/ground-truth', { prediction_id: ID, values });
    await label({ late: false, note: 'zz-label' });
    await label({ note: 'zz-corrected' });
    await send('POST', '/v1/ground-truth', others.map(({ prediction_id }) => ({ prediction_id, values: { late: true } }))); // prettier-ignore
    // Frozen with ids, and one as before ids were kept.
    for (const name of ['frozen', 'older'])
      expect((await send('POST', '/v1/models/people/baselines', { name, from: START, to: START + HOUR })).status).toBe(201); // prettier-ignore
    await service.container.tables.store.command({
      name: 'test_forget_ids',
      sql: `ALTER TABLE baseline_rows UPDATE prediction_id = toUUID('00000000-0000-0000-0000-000000000000')
        WHERE baseline_id IN (SELECT baseline_id FROM baselines WHERE name = 'older') SETTINGS mutations_sync = 1`,
    });
    await send('POST', '/v1/models/people/baselines?name=file', [{ 'inputs.word': 'a' }, { 'inputs.word': 'b' }]);
    await send('POST', '/v1/models/people/baselines/frozen/activate', {});
    // Refused: whole, broken, and in Cloudera's words.
    await send('POST', '/v1/predictions', { ...eve, prediction_id: ID, inputs: { word: 'zz-refused' }, oops: 1 });
    await send('POST', '/v1/predictions', `{"model":"people","prediction_id":"${ID}","inputs":"zz-broken`, {
      'content-type': 'application/x-ndjson',
    });
    await send('POST', '/track-metrics', {
      predictionUuid: ID,
      startTimestampMs: 'never',
      metrics: { x: 'zz-cloudera' },
    });
    // Logged: one whose both halves came, one that waits and names the id as an input.
    await logged('request', ID, { instances: [{ person: `${ID}`, word: 'zz-logged' }] });
    await logged('response', ID, { predictions: [1] });
    await logged('request', 'R-waits', { instances: [{ person: ID, word: 'zz-waits' }] });
    await send('PUT', '/v1/alert-rules/few', {
      model: 'people', metric: 'accuracy', segment: '*', op: '<', critical: 0.9, min_samples: 1,
    }); // prettier-ignore
    await jobs();
  });

  test('is there before', async () => {
    const seen = await tables();
    const found = new Set((await Promise.all(known.map((text) => holding(text, seen)))).flat());
    const id = (await send('GET', `/v1/predictions/${ID}`)).json().prediction_id as string;
    for (const table of await holding(id, seen)) found.add(table);
    // Every table that erasure changes holds something here. Nobody is notified in this test, numbers of a baseline are numbers, and the journal is
    // emptied in turns.
    const without = ['notifications', 'baseline_quality', 'prediction_journal_a', 'prediction_journal_b'];
    const changed = Object.entries(ERASURE_DUTIES).filter(
      ([table, { duty }]) => duty !== 'none' && !without.includes(table),
    );
    expect([...found].sort()).toEqual(expect.arrayContaining(changed.map(([table]) => table).sort()));
    for (const text of known) expect(await holding(text, seen), text).not.toEqual([]);
  });

  test('is nowhere afterwards, and everybody else is still there', async () => {
    const id = (await send('GET', `/v1/predictions/${ID}`)).json().prediction_id as string;
    const answer = (await send('DELETE', `/v1/predictions?model=people&tag=user=${TAG}`)).json();
    expect(answer).toMatchObject({
      predictions: 1,
      baselines_searched_by_content: ['people/older'],
      baselines_not_searched: ['people/file'],
    });
    // Both baselines had the row.
    expect(answer.baseline_rows).toBe(2);
    const rest = (await send('DELETE', `/v1/predictions/${ID}`)).json();
    expect(rest.inference_halves).toBeGreaterThan(0);
    await jobs();
    const seen = await tables();
    for (const text of [...known, id]) {
      const where = await holding(text, seen);
      // Who erased which id is written down; the value of a tag is not.
      expect({ text, where }).toEqual({ text, where: text === ID ? ['audit'] : [] });
    }
    expect((await send('GET', '/v1/predictions?model=people&limit=100')).json().predictions).toHaveLength(30);
    const older = (await send('GET', '/v1/models/people/baselines/older')).json();
    expect(older.rows).toBe(30);
  });
});
