// Cluster mode: every statement of the schema, and every statement that the service runs, rendered for a cluster and parsed by the engine itself.
import path from 'node:path';
import { createChdbConnection, type ChdbConnection } from 'chdb/connection';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { packageRoot } from '../../src/package-root.js';
import { BY_PREDICTION, renderForCluster, statementForCluster } from '../../src/store/cluster.js';
import { readMigrations } from '../../src/store/migrations.js';
import { call } from '../support/http.js';
import { startTestService, TEST_NOW, type TestService } from '../support/service.js';

const CLUSTER = 'main';
const SCHEMA = readMigrations(path.join(packageRoot(), 'schema')).flatMap(({ name, statements }) =>
  statements.map((statement) => ({ name, statement, rendered: renderForCluster(statement, CLUSTER) })),
);
let service: TestService;
let raw: ChdbConnection;
beforeAll(async () => {
  service = await startTestService();
  raw = createChdbConnection({ path: service.container.config.dataDir });
});
afterAll(async () => {
  await raw.close();
  await service.close();
});

/** The engine's own reading of a statement: it throws where it cannot be parsed, and explains the tree that it found. */
async function parsed(sql: string): Promise<string> {
  const { store } = service.container.tables;
  const { text } = await store.one({
    name: 'parse',
    sql: 'SELECT formatQuerySingleLine({sql:String}) AS text',
    params: { sql },
    row: z.object({ text: z.string() }),
  });
  const tree = (await raw.chdb.queryAsync(`EXPLAIN AST ${sql}`, { format: 'TSV' })).text().trim().split('\n');
  expect(tree.length).toBeGreaterThan(1);
  return text;
}

/** Whether a reading statement joins predictions with their labels. */
const joinsLabels = (sql: string): boolean =>
  [
    /^\s*(\/\*.*?\*\/)?\s*(SELECT|WITH)/,
    /\bJOIN\b/,
    /\b(FROM|JOIN) predictions\b/,
    /\b(FROM|JOIN) ground_truth\b/,
  ].every((pattern) => pattern.test(sql));

/** Every table that rows are kept in. */
async function parts(): Promise<string[]> {
  const rows = await service.container.tables.store.query({
    name: 'test_tables',
    sql: `SELECT name FROM system.tables WHERE database = currentDatabase() AND endsWith(engine, 'MergeTree') AND NOT endsWith(name, '_local')`,
    row: z.object({ name: z.string() }),
  });
  return rows.map(({ name }) => name);
}

describe('the schema on a cluster', () => {
  test('every statement of every file is rendered, parsed and explained by the engine', async () => {
    expect(SCHEMA.length).toBeGreaterThan(30);
    for (const { name, statement, rendered } of SCHEMA) {
      for (const sql of rendered) {
        const text = await parsed(sql).catch((error: unknown) => {
          throw new Error(`${name}: ${sql}`, { cause: error });
        });
        if (/^(CREATE|ALTER|DROP)/.test(statement)) expect(text, name).toContain(`ON CLUSTER ${CLUSTER}`);
      }
    }
  });

  test('every table is replicated on its shard and distributed by what its rows are replaced by', async () => {
    const tables = SCHEMA.filter(
      ({ statement, name }) => statement.startsWith('CREATE TABLE') && name !== '020_catalogue_lease.sql',
    );
    expect(tables.length).toBeGreaterThan(20);
    for (const { statement, rendered } of tables) {
      const name = /EXISTS (\w+)/.exec(statement)?.[1] ?? '';
      const [shard = '', whole = '', ...others] = rendered;
      expect(others).toEqual([]);
      expect(shard).toMatch(
        new RegExp(
          `EXISTS ${name}_local ON CLUSTER ${CLUSTER} [\\s\\S]*ENGINE = Replicated(Replacing)?MergeTree\\('/clickhouse/tables/\\{shard\\}/`,
        ),
      );
      expect(whole).toContain(`AS ${name}_local`);
      const key = /cityHash64\((\w+)\)\)$/.exec(whole)?.[1] ?? '';
      // Rows with one sort key must meet: what shards them is part of that key.
      const order = /ORDER BY ([\s\S]*?)(?:SETTINGS|$)/.exec(statement)?.[1] ?? '';
      if (statement.includes('ReplacingMergeTree')) expect(order, name).toContain(key);
      expect(key === 'prediction_id', name).toBe(BY_PREDICTION.includes(name));
    }
  });

  test('the lease of the catalogue is one table in Keeper, whose keys are written once', async () => {
    const [{ rendered }] = SCHEMA.filter(({ name }) => name === '020_catalogue_lease.sql') as [(typeof SCHEMA)[number]];
    expect(rendered).toHaveLength(1);
    expect(rendered[0]).toMatch(
      /ON CLUSTER main [\s\S]*ENGINE = KeeperMap\('\/driftline\/' \|\| currentDatabase\(\) \|\| '\/catalogue_lease'\) PRIMARY KEY generation$/,
    );
    // The engine knows all of it and misses its Keeper only.
    const here =
      rendered[0]?.replace(`ON CLUSTER ${CLUSTER}`, '').replace('catalogue_lease ', 'lease_in_keeper ') ?? '';
    await expect(raw.chdb.queryAsync(here)).rejects.toThrow('keeper_map_path_prefix');
    // The insert names the setting that refuses a key which is there; old states are removed from the table itself.
    expect(
      await parsed(
        "INSERT INTO catalogue_lease (generation, owner, held, written) SETTINGS insert_deduplication_token = 'lease-1', keeper_map_strict_mode = 1 FORMAT JSONCompactEachRow",
      ),
    ).toContain('keeper_map_strict_mode = 1');
    const forget = 'ALTER TABLE catalogue_lease DELETE WHERE generation < 5';
    expect(statementForCluster(forget, CLUSTER)).toBe(forget);
  });

  test('views that copy rows read and fill the parts of their own shard', () => {
    const views = SCHEMA.filter(({ statement }) => statement.startsWith('CREATE MATERIALIZED'));
    expect(views.length).toBeGreaterThanOrEqual(3);
    for (const { rendered } of views)
      expect(rendered[0]).toMatch(/ON CLUSTER main TO \w+_local AS[\s\S]*FROM \w+_local$/);
  });

  test('a kind of statement that nobody thought of is refused, not applied to one node', () => {
    expect(() => renderForCluster('CREATE DICTIONARY d (id UInt64) PRIMARY KEY id', CLUSTER)).toThrow(
      'cannot be rendered',
    );
  });
});

describe("the service's statements on a cluster", () => {
  test('all that a day of use runs are parsed: ingest, labels, jobs, reads, retention, erasure', async () => {
    const { engine, store } = service.container.tables;
    const seen = new Map<string, Record<string, unknown>>();
    for (const method of ['rows', 'command', 'bytes'] as const) {
      const original = engine[method].bind(engine) as (...args: unknown[]) => Promise<never>;
      engine[method] = (...args: unknown[]) => {
        seen.set(String(args[1]), args[2] as Record<string, unknown>);
        return original(...args);
      };
    }
    const send = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, body?: unknown) =>
      call(service.app, method, url, body === undefined ? {} : { body });
    const rows = Array.from({ length: 300 }, (_, n) => ({
      model: 'c',
      version: '1',
      prediction_id: `c-${n}`,
      timestamp: TEST_NOW - 3 * 3_600_000 + n * 30_000,
      inputs: { n, kind: n % 2 ? 'a' : 'b' },
      outputs: { label: n % 2 === 0, score: n / 300 },
      tags: { user: String(n % 5) },
    }));
    await send('POST', '/v1/predictions', rows);
    await send(
      'POST',
      '/v1/ground-truth',
      rows.map(({ prediction_id }, n) => ({ prediction_id, values: { late: n % 3 === 0 } })),
    );
    await send('PUT', '/v1/models/c', { retention_days: 1, segments: ['tags.user'] });
    await send('POST', '/v1/predictions', { model: 'c', oops: 1 });
    await send('POST', '/v1/rejected/replay', {});
    await send('POST', '/v1/models/c/baselines', { name: 'frozen', from: TEST_NOW - 4 * 3_600_000, to: TEST_NOW });
    await store.command({
      name: 'test_forget_ids',
      sql: `ALTER TABLE baseline_rows UPDATE prediction_id = toUUID('00000000-0000-0000-0000-000000000000') WHERE row_number < 10 SETTINGS mutations_sync = 1`,
    });
    await service.container.tables.predictionWriter.withdrawIds(() => [['0197a2b0-0000-7000-8000-000000000000']], 1);
    for (const job of ['operations', 'drift', 'quality', 'alerts', 'retention'])
      await send('POST', `/v1/jobs/${job}/run`, {});
    for (const url of [
      '/v1/models',
      '/v1/models/c',
      '/v1/models/c/fields',
      '/v1/models/c/versions',
      '/v1/predictions?model=c',
      '/v1/predictions/c-1?history=true',
      '/v1/models/c/metrics',
      '/v1/rejected',
      '/v1/orphan-labels',
      '/metrics',
      '/v1/audit',
      '/v1/uploads',
    ])
      expect((await send('GET', url)).status, url).toBe(200);
    await send('DELETE', '/v1/predictions/c-1');
    await send('DELETE', '/v1/predictions?model=c&tag=user=2');
    await send('DELETE', '/v1/models/c');
    expect(seen.size).toBeGreaterThan(60);
    // What a shard has: mutations name it, and every column that they use must be found there.
    for (const name of await parts()) await raw.chdb.queryAsync(`CREATE TABLE IF NOT EXISTS ${name}_local AS ${name}`);
    const elsewhere: string[] = [];
    const kinds = { mutations: 0, local: 0, global: 0, labelJoins: 0 };
    for (const [sql, params] of [...seen]) {
      const rendered = statementForCluster(sql, CLUSTER);
      if (joinsLabels(sql)) {
        kinds.labelJoins += 1;
        if (!rendered.includes("distributed_product_mode = 'local'"))
          elsewhere.push(/driftline:(\w+)/.exec(sql)?.[1] ?? sql);
      }
      if (rendered.includes('ON CLUSTER'))
        await expect(engine.command('jobs', rendered.replace(` ON CLUSTER ${CLUSTER}`, ''), params)).resolves.toBeUndefined(); // prettier-ignore
      if (rendered.includes('ON CLUSTER')) kinds.mutations += 1;
      if (rendered.includes("'local'")) kinds.local += 1;
      if (rendered.includes("'global'")) kinds.global += 1;
      const check = store.one({
        name: 'parse',
        sql: 'SELECT formatQuerySingleLine({sql:String}) AS text',
        params: { sql: rendered },
        row: z.object({ text: z.string() }),
      });
      await expect(check, rendered).resolves.toBeDefined();
      expect(rendered).not.toMatch(/ALTER TABLE \w+(?<!_local) (DELETE|UPDATE)/);
    }
    expect(elsewhere).toEqual([]);
    expect(Math.min(kinds.mutations, kinds.local, kinds.global, kinds.labelJoins)).toBeGreaterThanOrEqual(3);
  });
});
