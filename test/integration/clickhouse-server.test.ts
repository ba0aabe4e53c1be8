// The store on a real ClickHouse server, in a container. Where no Docker engine answers, the suite is skipped and says so.
import { GenericContainer, getContainerRuntimeClient, Wait, type StartedTestContainer } from 'testcontainers';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { packageRoot } from '../../src/package-root.js';
import { openServer, type Engine } from '../../src/store/client.js';
import { GroundTruthTable } from '../../src/store/ground-truth.js';
import { migrate, readMigrations } from '../../src/store/migrations.js';
import { PredictionWriter } from '../../src/store/prediction-writer.js';
import { PredictionTable } from '../../src/store/predictions.js';
import { ProfileQueries } from '../../src/store/profile-queries.js';
import { Store } from '../../src/store/store.js';
import { TwoSampleQueries } from '../../src/store/two-sample.js';
import { BaselineTable } from '../../src/store/baselines.js';
import { WindowRows } from '../../src/store/window-rows.js';
import { aPrediction, STORE_NOW } from '../support/store-rows.js';
import { SCHEMA } from '../support/test-store.js';
import { uuid } from '../support/upload-cases.js';

/** Why there is no Docker engine, or null. */
const absent = await getContainerRuntimeClient().then(
  () => null,
  (error: unknown) => (error instanceof Error ? error.message : String(error)),
);
if (absent !== null)
  console.info(
    `skipped: the tests on a ClickHouse server need a Docker engine, and none answers (${absent.split('\n')[0]})`,
  );

describe.skipIf(absent !== null)('a ClickHouse server', () => {
  const compose = parse(readFileSync(path.join(packageRoot(), 'docker-compose.yml'), 'utf8')) as {
    services: { clickhouse: { image: string } };
  };
  let container: StartedTestContainer;
  let engine: Engine;
  let store: Store;

  beforeAll(async () => {
    container = await new GenericContainer(compose.services.clickhouse.image)
      .withEnvironment({ CLICKHOUSE_DB: 'driftline', CLICKHOUSE_USER: 'driftline', CLICKHOUSE_PASSWORD: 'secret' })
      .withExposedPorts(8123)
      .withWaitStrategy(Wait.forHttp('/ping', 8123))
      .start();
    engine = openServer(`http://driftline:secret@${container.getHost()}:${container.getMappedPort(8123)}/driftline`);
    store = new Store(engine, () => STORE_NOW);
  }, 300_000);
  afterAll(async () => {
    await engine.close();
    await container.stop();
  });

  test('takes every schema file, twice', async () => {
    expect(await migrate(store, SCHEMA)).toHaveLength(readMigrations(SCHEMA).length);
    expect(await migrate(store, SCHEMA)).toEqual([]);
    for (const sql of readMigrations(SCHEMA).flatMap((migration) => migration.statements))
      await store.command({ name: 'again', sql });
  });

  test('gives a prediction and its ground truth back, and keeps one row of an id that moves', async () => {
    const writer = new PredictionWriter(store, {
      limits: { maxRows: 1000, maxPendingBytes: 1e8 },
      flushed: () => undefined,
    });
    const truth = new GroundTruthTable(store);
    for (const timestamp of [STORE_NOW, STORE_NOW + 3_600_000, STORE_NOW]) {
      await writer.write([writer.encode(aPrediction(uuid(1), { timestamp, inputs: { x: 0.5, text: `it's` } }), true)]);
    }
    await truth.insert([{ id: uuid(1), key: 'late', value: true, ts: STORE_NOW }]);
    const stored = await new PredictionTable(store, truth).byId(uuid(1));
    expect(stored).toMatchObject([{ inputs: { x: 0.5, text: `it's` }, ground_truth: { late: true } }]);
  });

  test('counts a window in the bins of a baseline, and compares both samples', async () => {
    const writer = new PredictionWriter(store, {
      limits: { maxRows: 1000, maxPendingBytes: 1e8 },
      flushed: () => undefined,
    });
    await writer.write(
      [1, 2, 3].map((x) => writer.encode(aPrediction(uuid(10 + x), { model: 'drift', inputs: { x } }), false)),
    );
    await new BaselineTable(store, engine).loadRows(
      uuid(2),
      [1, 2].map((x) => ({ inputs: { x, gone: x } })),
      (row) => row,
    );
    const selection = {
      model: 'drift',
      length: null,
      origin: 0,
      from: 0,
      to: STORE_NOW * 2,
      windows: null,
      version: null,
      segments: [],
    };
    const rows = await new WindowRows(store).predictions(selection);
    const field = {
      path: 'inputs.x',
      kind: 'numeric' as const,
      reason: null,
      edges: [1.5],
      categories: [],
      more: false,
      counts: [1, 1, 0],
      present: 2,
      std: 0.5,
    };
    const baseline = new BaselineTable(store, store.engine).rowsOf(uuid(2));
    const [group] = await new ProfileQueries(store).count(rows, [field], baseline);
    expect(group?.counts.get('inputs.x')).toEqual([1, 2, 0]);
    const groups = [{ version: '1', deployment: '', segment: '', w: 0 }];
    const compared = await new TwoSampleQueries(store).compare(rows, groups, ['inputs.x', 'inputs.gone'], baseline, {
      exact: true,
      distance: true,
    });
    expect(compared).toMatchObject([{ path: 'inputs.x', d: expect.closeTo(1 / 3, 12) as number }]);
  });
});
