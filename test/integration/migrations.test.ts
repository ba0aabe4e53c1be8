// The migration runner on a real store: applied once, checked against what was applied, forward only, and safe to kill half-way.
import { copyFile, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { StartupError } from '../../src/domain/errors.js';
import type { Engine } from '../../src/store/client.js';
import { migrate, pendingMigrations, readMigrations } from '../../src/store/migrations.js';
import { Store } from '../../src/store/store.js';
import { countRows, STORE_NOW } from '../support/store-rows.js';
import { openTestStore, SCHEMA, type TestStore } from '../support/test-store.js';

let opened: TestStore;
let files: string[];
beforeAll(async () => {
  opened = await openTestStore({ migrated: false });
  files = (await readdir(SCHEMA)).filter((file) => file.endsWith('.sql')).sort();
});
afterAll(() => opened.close());
beforeEach(async () => {
  for (const { name } of await tables()) await opened.engine.command('jobs', `DROP TABLE ${name} SYNC`, {});
});

const tables = async () =>
  (await opened.engine.rows(
    'read',
    "SELECT name, create_table_query FROM system.tables WHERE database = currentDatabase() ORDER BY engine IN ('View', 'MaterializedView') DESC, name",
    {},
  )) as { name: string; create_table_query: string }[];
const ledger = () =>
  opened.engine.rows(
    'read',
    'SELECT number, name, checksum, toUnixTimestamp64Milli(applied_at) AS at FROM schema_migrations ORDER BY number',
    {},
  );

/** A folder with the first `count` schema files. */
async function schemaFolder(count = files.length): Promise<string> {
  const folder = await mkdtemp(path.join(opened.folder, 'schema-'));
  for (const file of files.slice(0, count)) await copyFile(path.join(SCHEMA, file), path.join(folder, file));
  return folder;
}

/** A store that fails at the n-th command, as if the process had been killed there. */
function dyingStore(commands: number): Store {
  let left = commands;
  const engine: Engine = Object.assign(Object.create(opened.engine) as Engine, {
    command: (...args: Parameters<Engine['command']>) =>
      left-- > 0 ? opened.engine.command(...args) : Promise.reject(new Error('killed')),
  });
  return new Store(engine, () => STORE_NOW);
}

describe('migrate', () => {
  test('applies every file once, in order, and writes down each', async () => {
    expect(await migrate(opened.store, SCHEMA)).toEqual(files);
    const checksums = readMigrations(SCHEMA).map(({ number, name, checksum }) => ({
      number,
      name,
      checksum,
      at: STORE_NOW,
    }));
    expect(await ledger()).toEqual(checksums);
    const before = await tables();
    expect(await migrate(opened.store, SCHEMA)).toEqual([]);
    expect(await tables()).toEqual(before);
    expect(await ledger()).toEqual(checksums);
  });

  test('applies only what is new when files are added', async () => {
    expect(await migrate(opened.store, await schemaFolder(3))).toEqual(files.slice(0, 3));
    expect(await migrate(opened.store, SCHEMA)).toEqual(files.slice(3));
  });

  test('keeps the rows that are there', async () => {
    await migrate(opened.store, await schemaFolder(4));
    const model = { name: 'm', doc: '{}', updated_at: STORE_NOW, row_version: 2, is_deleted: 0 };
    await opened.store.insert('models', Object.keys(model), [model]);
    await migrate(opened.store, SCHEMA);
    expect(await countRows(opened.store, 'models')).toBe(1);
  });

  test('refuses a changed file by its name and applies nothing of what comes after it', async () => {
    await migrate(opened.store, await schemaFolder(3));
    const changed = await schemaFolder();
    await writeFile(path.join(changed, files[1] ?? ''), 'SELECT 1;');
    const before = await tables();
    await expect(migrate(opened.store, changed)).rejects.toThrow(`schema/${files[1]} has changed since it was applied`);
    await expect(migrate(opened.store, changed)).rejects.toBeInstanceOf(StartupError);
    expect(await tables()).toEqual(before);
  });

  test('refuses a store that is newer than the code', async () => {
    await migrate(opened.store, SCHEMA);
    const older = await schemaFolder(files.length - 1);
    await expect(migrate(opened.store, older)).rejects.toThrow(
      `The store has schema ${files.length}, this Driftline knows ${files.length - 1}: use a newer Driftline.`,
    );
  });

  test('killed after any number of statements, it finishes at the next start with the same tables', async () => {
    await migrate(opened.store, SCHEMA);
    const wanted = await tables();
    const statements = readMigrations(SCHEMA).reduce((sum, migration) => sum + migration.statements.length, 1);
    for (const lived of [1, 2, 3, 4, Math.floor(statements / 2), statements - 1]) {
      for (const { name } of await tables()) await opened.engine.command('jobs', `DROP TABLE ${name} SYNC`, {});
      await expect(migrate(dyingStore(lived), SCHEMA)).rejects.toMatchObject({ name: 'StoreError' });
      const written = await ledger();
      const pending = await pendingMigrations(opened.store, readMigrations(SCHEMA));
      expect(written.length + pending.length).toBe(files.length);
      expect(pending.length).toBeGreaterThan(0);
      expect(await migrate(opened.store, SCHEMA)).toEqual(pending.map((migration) => migration.name));
      expect(await tables()).toEqual(wanted);
    }
  });
});

describe('readMigrations', () => {
  test('refuses a missing number, a repeated one and a name that has none', async () => {
    const names: [string, RegExp][] = [
      ['003_next.sql', /schema\/003_next\.sql: expected a name such as 002_name\.sql/],
      ['001_again.sql', /expected a name such as/],
      ['notes.sql', /schema\/notes\.sql: expected a name such as 002_name\.sql/],
    ];
    for (const [name, message] of names) {
      const folder = await schemaFolder(1);
      await writeFile(path.join(folder, name), 'SELECT 1');
      expect(() => readMigrations(folder), name).toThrow(message);
    }
  });

  test('other files in the folder are no migrations, and a change of one letter changes the checksum', async () => {
    const folder = await schemaFolder(1);
    await writeFile(path.join(folder, 'README.md'), 'notes');
    const [before] = readMigrations(folder);
    await writeFile(path.join(folder, files[0] ?? ''), `${before?.statements.join(';\n')};`);
    const [after, ...more] = readMigrations(folder);
    expect(more).toEqual([]);
    expect(after?.statements).toEqual(before?.statements);
    expect(after?.checksum).not.toBe(before?.checksum);
  });
});
