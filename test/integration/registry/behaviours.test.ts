// MLflow's documented behaviours: what each call touches besides what it is about, paging, order, copies, prompts, concurrency, limited keys.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mlflowOf, type Mlflow } from '../../support/mlflow.js';
import { startTestService, type TestService } from '../../support/service.js';

interface Version {
  name: string;
  version: string;
  current_stage: string;
  source: string;
  run_id: string;
  last_updated_timestamp: number;
  aliases?: string[];
}
interface Model {
  name: string;
  last_updated_timestamp: number;
  latest_versions?: Version[];
  aliases?: { alias: string; version: string }[];
}

let service: TestService;
let mlflow: Mlflow;
beforeAll(async () => {
  service = await startTestService();
  mlflow = mlflowOf(service.app);
});
afterAll(() => service.close());
/** Time passes between calls. */
beforeEach(() => service.clock.set(service.clock.now() + 1000));

const create = (name: string, more = {}) => mlflow('POST', 'registered-models/create', { name, ...more });
const addVersion = async (name: string, more = {}) =>
  (await mlflow('POST', 'model-versions/create', { name, source: `s3://${name}`, ...more })).json
    .model_version as Version;
const getModel = async (name: string) =>
  (await mlflow('GET', 'registered-models/get', { name })).json.registered_model as Model;
const getVersion = async (name: string, version: string) =>
  (await mlflow('GET', 'model-versions/get', { name, version })).json.model_version as Version;
const move = (name: string, version: string, stage: string, archive = false) =>
  mlflow('POST', 'model-versions/transition-stage', { name, version, stage, archive_existing_versions: archive });

describe('what a call touches', () => {
  it('new, moved and deleted versions change the time of their model, a description only that of its version', async () => {
    await create('times');
    const tick = () => service.clock.set(service.clock.now() + 1000);
    let last = (await getModel('times')).last_updated_timestamp;
    const grows = async () => {
      const now = (await getModel('times')).last_updated_timestamp;
      const grew = now > last;
      last = now;
      tick();
      return grew;
    };
    tick();
    await addVersion('times');
    await addVersion('times');
    expect(await grows()).toBe(true);
    await move('times', '1', 'Staging');
    expect(await grows()).toBe(true);
    const before = (await getVersion('times', '1')).last_updated_timestamp;
    await mlflow('PATCH', 'model-versions/update', { name: 'times', version: '1', description: 'better' });
    expect(await grows()).toBe(false);
    expect((await getVersion('times', '1')).last_updated_timestamp).toBeGreaterThan(before);
    for (const path of ['registered-models/set-tag', 'model-versions/set-tag']) {
      await mlflow('POST', path, { name: 'times', version: '1', key: 'k', value: 'v' });
    }
    expect(await grows()).toBe(false);
    await mlflow('DELETE', 'model-versions/delete', { name: 'times', version: '2' });
    expect(await grows()).toBe(true);
  });

  it('a deleted version is gone everywhere, its aliases too, and its number is not used again', async () => {
    await create('deleted');
    for (let made = 0; made < 3; made += 1) await addVersion('deleted');
    await mlflow('POST', 'registered-models/alias', { name: 'deleted', alias: 'champion', version: '3' });
    await mlflow('DELETE', 'model-versions/delete', { name: 'deleted', version: '3' });
    for (const [method, path, more] of [
      ['GET', 'model-versions/get', {}],
      ['GET', 'model-versions/get-download-uri', {}],
      ['PATCH', 'model-versions/update', { description: 'x' }],
      ['POST', 'model-versions/set-tag', { key: 'k', value: 'v' }],
      ['DELETE', 'model-versions/delete', {}],
    ] as const) {
      expect(await mlflow(method, path, { name: 'deleted', version: '3', ...more })).toMatchObject({ status: 404 });
    }
    const found = await mlflow('GET', 'model-versions/search', { filter: "name = 'deleted'" });
    expect((found.json.model_versions as Version[]).map(({ version }) => version)).toEqual(['2', '1']);
    expect((await getModel('deleted')).aliases).toBeUndefined();
    expect((await addVersion('deleted')).version).toBe('4');
  });

  it('a rename takes versions, aliases and tags along, and frees the old name', async () => {
    await create('old', { tags: [{ key: 'team', value: 'crm' }] });
    await addVersion('old');
    await mlflow('POST', 'registered-models/alias', { name: 'old', alias: 'champion', version: '1' });
    const renamed = await mlflow('POST', 'registered-models/rename', { name: 'old', new_name: 'new' });
    expect(renamed.json).toMatchObject({
      registered_model: {
        name: 'new',
        tags: [{ key: 'team', value: 'crm' }],
        latest_versions: [{ name: 'new', version: '1' }],
      },
    });
    expect(await mlflow('GET', 'model-versions/get', { name: 'old', version: '1' })).toMatchObject({ status: 404 });
    expect(await getVersion('new', '1')).toMatchObject({ name: 'new', aliases: ['champion'] });
    expect(await create('old')).toMatchObject({ status: 200 });
    expect((await addVersion('old')).version).toBe('1');
  });

  it('latest versions are the highest of each stage that has one; without stages, of all four', async () => {
    await create('latest');
    for (let made = 0; made < 5; made += 1) await addVersion('latest');
    await move('latest', '1', 'Production');
    await move('latest', '2', 'Production');
    await move('latest', '3', 'Staging');
    const stages = async (document: object, method: 'GET' | 'POST' = 'POST') => {
      const { json } = await mlflow(method, 'registered-models/get-latest-versions', { name: 'latest', ...document });
      return Object.fromEntries(
        ((json.model_versions as Version[]) ?? []).map((item) => [item.current_stage, item.version]),
      );
    };
    expect(await stages({})).toEqual({ None: '5', Staging: '3', Production: '2' });
    expect(await stages({ stages: [] })).toEqual({ None: '5', Staging: '3', Production: '2' });
    expect(await stages({ stages: ['production', 'Archived'] })).toEqual({ Production: '2' });
    expect(await stages({ stages: ['Staging', 'None'] }, 'GET')).toEqual({ None: '5', Staging: '3' });
    await move('latest', '3', 'Production', true);
    expect(await stages({})).toEqual({ None: '5', Production: '3', Archived: '2' });
  });

  it('a rename to the same name is a rename, and a move that says nothing of the others leaves them where they are', async () => {
    await create('same', { description: '' });
    const before = await getModel('same');
    expect(before).not.toHaveProperty('description');
    const renamed = await mlflow('POST', 'registered-models/rename', { name: 'same', new_name: 'same' });
    expect(renamed).toMatchObject({ status: 200, json: { registered_model: { name: 'same' } } });
    await addVersion('same');
    await addVersion('same');
    for (const version of ['1', '2']) {
      await mlflow('POST', 'model-versions/transition-stage', { name: 'same', version, stage: 'Production' });
    }
    expect((await getVersion('same', '1')).current_stage).toBe('Production');
    expect(await getVersion('same', '2')).not.toHaveProperty('status_message');
  });

  it('setting a tag or alias again replaces it; removing one that is not there is no error', async () => {
    await create('again');
    await addVersion('again');
    await addVersion('again');
    for (const value of ['1', '2', '']) {
      await mlflow('POST', 'registered-models/set-tag', { name: 'again', key: 'k', value });
      await mlflow('POST', 'model-versions/set-tag', { name: 'again', version: '1', key: 'k', value });
    }
    for (const version of ['1', '2']) {
      await mlflow('POST', 'registered-models/alias', { name: 'again', alias: 'c', version });
    }
    expect(await getModel('again')).toMatchObject({
      tags: [{ key: 'k', value: '' }],
      aliases: [{ alias: 'c', version: '2' }],
    });
    for (const [path, more] of [
      ['registered-models/delete-tag', { key: 'absent' }],
      ['registered-models/alias', { alias: 'absent' }],
      ['registered-models/alias', { alias: 'latest' }],
      ['registered-models/alias', { alias: 'v1' }],
      ['model-versions/delete-tag', { version: '1', key: 'absent' }],
    ] as const) {
      expect(await mlflow('DELETE', path, { name: 'again', ...more })).toEqual({ status: 200, json: {} });
    }
  });
});

describe('copies', () => {
  it('of models:/name/version, /stage, @alias point at the files themselves, also when the first is deleted', async () => {
    await create('from');
    await create('to');
    await addVersion('from', { source: 's3://files/1', run_id: 'run-of-1' });
    await move('from', '1', 'Staging');
    await mlflow('POST', 'registered-models/alias', { name: 'from', alias: 'best', version: '1' });
    for (const source of ['models:/from/1', 'models:/from@best', 'models:/from/staging', 'models:/from/latest']) {
      const copy = await addVersion('to', { source });
      // By its number: the stage or the alias may name another version tomorrow.
      expect(copy.source).toBe('models:/from/1');
      expect(copy.run_id).toBe('run-of-1');
      expect(await mlflow('GET', 'model-versions/get-download-uri', { name: 'to', version: copy.version })).toEqual({
        status: 200,
        json: { artifact_uri: 's3://files/1' },
      });
    }
    await mlflow('DELETE', 'registered-models/delete', { name: 'from' });
    expect(await mlflow('GET', 'model-versions/get-download-uri', { name: 'to', version: '1' })).toMatchObject({
      json: { artifact_uri: 's3://files/1' },
    });
    expect((await addVersion('to', { source: 'runs:/abc123/model', run_id: 'abc123' })).source).toBe(
      'runs:/abc123/model',
    );
  });

  it('of a logged model keep its address: the tracking server that logged it knows the files', async () => {
    await create('logged');
    const made = await addVersion('logged', { source: 'models:/m-583b9ba3d573', model_id: 'm-583b9ba3d573' });
    expect(made).toMatchObject({ source: 'models:/m-583b9ba3d573', model_id: 'm-583b9ba3d573' });
    const version = { name: 'logged', version: made.version };
    expect(await mlflow('GET', 'model-versions/get-download-uri', version)).toMatchObject({
      json: { artifact_uri: 'models:/m-583b9ba3d573' },
    });
  });
});

describe('searches', () => {
  beforeAll(async () => {
    for (let index = 0; index < 7; index += 1) {
      service.clock.set(service.clock.now() + 1000);
      await create(`page-${index}`, { tags: [{ key: 'parity', value: index % 2 === 0 ? 'even' : 'odd' }] });
      await addVersion(`page-${index}`, { run_id: `run${index}` });
    }
  });
  const names = async (document: Record<string, unknown>) => {
    const found: string[] = [];
    let token: unknown;
    do {
      const page: { json: Record<string, unknown> } = await mlflow('GET', 'registered-models/search', {
        ...document,
        ...(token === undefined ? {} : { page_token: token }),
      });
      found.push(...((page.json.registered_models as Model[]) ?? []).map(({ name }) => name));
      token = page.json.next_page_token;
    } while (token !== undefined);
    return found;
  };
  const page = (...indexes: number[]) => indexes.map((index) => `page-${index}`);

  it('go through pages in every order, each model once', async () => {
    const filter = "name LIKE 'page-%'";
    expect(await names({ filter, max_results: 3 })).toEqual(page(0, 1, 2, 3, 4, 5, 6));
    expect(await names({ filter, max_results: 2, order_by: 'name DESC' })).toEqual(page(6, 5, 4, 3, 2, 1, 0));
    expect(await names({ filter, max_results: 7, order_by: 'timestamp DESC' })).toEqual(page(6, 5, 4, 3, 2, 1, 0));
    expect(await names({ filter: `${filter} AND tags.parity = 'odd'`, max_results: 1 })).toEqual(page(1, 3, 5));
    expect(await names({ filter: "name ILIKE 'PAGE-_' AND tag.`parity` != 'odd'" })).toEqual(page(0, 2, 4, 6));
    expect(await names({ filter: "name IN ('page-3', 'page-1')" })).toEqual(page(1, 3));
    expect(await names({ filter: "name = 'page-7'" })).toEqual([]);
    expect(await names({ filter: "tags.absent != 'x'" })).toEqual([]);
  });

  it('find versions by run, by source and by number', async () => {
    const versions = async (filter: string) =>
      (((await mlflow('GET', 'model-versions/search', { filter })).json.model_versions as Version[]) ?? []).map(
        ({ name, version }) => `${name}/${version}`,
      );
    expect(await versions("run_id IN ('run2', 'run4')")).toEqual(['page-4/1', 'page-2/1']);
    expect(await versions("run_id = 'run5'")).toEqual(['page-5/1']);
    expect(await versions("source_path LIKE 's3://page-%' AND run_id != 'run6' AND version_number <= 1")).toHaveLength(
      6,
    );
    expect(await versions("version_number > 1 AND name = 'page-1'")).toEqual([]);
  });

  it('leave prompts out unless the filter names their tag', async () => {
    const tag = 'mlflow.prompt.is_prompt';
    await create('greeting', { tags: [{ key: tag, value: 'true' }] });
    await mlflow('POST', 'model-versions/create', {
      name: 'greeting',
      source: 'prompt-template',
      tags: [{ key: tag, value: 'true' }],
    });
    expect(await names({ filter: "name = 'greeting'" })).toEqual([]);
    expect(await names({ filter: `name = 'greeting' AND tags.\`${tag}\` = 'true'` })).toEqual(['greeting']);
    expect(await names({ filter: `name = 'page-1' AND tags.\`${tag}\` != 'true'` })).toEqual(['page-1']);
  });
});

describe('concurrency', () => {
  it('50 versions created at once get the numbers 1 to 50', async () => {
    await create('busy');
    const made = await Promise.all(Array.from({ length: 50 }, () => addVersion('busy')));
    expect(made.map(({ version }) => Number(version)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
  });

  it('of several that register one name at once, one succeeds', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => create('once')));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ json }) => json.error_code === 'RESOURCE_ALREADY_EXISTS')).toHaveLength(9);
  });
});
