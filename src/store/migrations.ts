// The migration runner: numbered SQL files, applied once, forward only, refused when an applied file has changed.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { StartupError, StoreError } from '../domain/errors.js';
import { renderForCluster } from './cluster.js';
import type { Store } from './store.js';

/** One schema file: `007_windows.sql` has number 7. */
export interface Migration {
  number: number;
  name: string;
  checksum: string;
  statements: string[];
}

/**
 * Split SQL text at the semicolons that end statements: not those in comments, quotes or identifiers.
 * Comments are left out, so that a comment alone is no statement.
 */
export function splitStatements(sql: string): string[] {
  const token = /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|;|[^;'"`/-]+|[/-]/g;
  const statements: string[] = [];
  let current = '';
  for (const [part] of sql.matchAll(token)) {
    if (part.startsWith('--') || part.startsWith('/*')) current += ' ';
    else if (part === ';') {
      statements.push(current);
      current = '';
    } else current += part;
  }
  return [...statements, current].map((statement) => statement.trim()).filter((statement) => statement !== '');
}

/**
 * Read `schema/*.sql` in order.
 * @throws StartupError when a number is missing, repeated or unreadable.
 */
export function readMigrations(folder: string): Migration[] {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort();
  return files.map((file, index) => {
    const number = Number(/^(\d{3})_[a-z0-9_]+\.sql$/.exec(file)?.[1]);
    if (number !== index + 1)
      throw new StartupError(`schema/${file}: expected a name such as ${String(index + 1).padStart(3, '0')}_name.sql`);
    const text = readFileSync(path.join(folder, file), 'utf8');
    return {
      number,
      name: file,
      checksum: createHash('sha256').update(text).digest('hex'),
      statements: splitStatements(text),
    };
  });
}

/** What a server says that lacks the setting, whether itself or for one of the cluster's hosts. */
const NO_PREFIX = /keeper_map_path_prefix/;
const noKeeperMap = (cause: StoreError): StartupError =>
  new StartupError(
    'The cluster cannot make a table of the engine KeeperMap, in which several processes agree who changes the catalogue. Set keeper_map_path_prefix in the configuration of every server, for example <keeper_map_path_prefix>/driftline</keeper_map_path_prefix>, and restart them.',
    cause,
  );

const LEDGER = `CREATE TABLE IF NOT EXISTS schema_migrations
  (number UInt32, name String, checksum String, applied_at DateTime64(3, 'UTC'))
  ENGINE = ReplacingMergeTree ORDER BY number`;

const rendered = (statement: string, cluster: string | null): string[] =>
  cluster === null ? [statement] : renderForCluster(statement, cluster);

const appliedRow = z.object({ number: z.number(), name: z.string(), checksum: z.string() });

/** Which files have been applied, in order. Creates the ledger on a new store. */
async function applied(store: Store, cluster: string | null): Promise<z.infer<typeof appliedRow>[]> {
  for (const sql of rendered(LEDGER, cluster)) await store.command({ name: 'create_migration_ledger', sql });
  return store.query({
    name: 'read_migration_ledger',
    sql: 'SELECT number, name, checksum FROM schema_migrations FINAL ORDER BY number',
    row: appliedRow,
  });
}

/** The files that have not been applied; every applied file is checked against its recorded checksum. */
export async function pendingMigrations(
  store: Store,
  migrations: Migration[],
  cluster: string | null = null,
): Promise<Migration[]> {
  const done = new Map((await applied(store, cluster)).map((row) => [row.number, row]));
  for (const migration of migrations) {
    const row = done.get(migration.number);
    if (row !== undefined && row.checksum !== migration.checksum) {
      throw new StartupError(
        `schema/${migration.name} has changed since it was applied. Put the change into a new file with the next number.`,
      );
    }
  }
  const newest = Math.max(0, ...done.keys());
  if (newest > migrations.length) {
    throw new StartupError(
      `The store has schema ${newest}, this Driftline knows ${migrations.length}: use a newer Driftline.`,
    );
  }
  return migrations.filter((migration) => !done.has(migration.number));
}

/** Apply what is pending, in order; returns the names applied. A crash half-way is safe: every statement is idempotent. */
export async function migrate(store: Store, folder: string, cluster: string | null = null): Promise<string[]> {
  const pending = await pendingMigrations(store, readMigrations(folder), cluster);
  for (const migration of pending) {
    for (const sql of migration.statements.flatMap((statement) => rendered(statement, cluster)))
      await store.command({ name: `migrate_${migration.number}`, sql }).catch((error: unknown) => {
        throw error instanceof StoreError && NO_PREFIX.test(String(error.cause)) ? noKeeperMap(error) : error;
      });
    const row = {
      number: migration.number,
      name: migration.name,
      checksum: migration.checksum,
      applied_at: store.now(),
    };
    await store.insert('schema_migrations', ['number', 'name', 'checksum', 'applied_at'], [row]);
  }
  return pending.map((migration) => migration.name);
}
