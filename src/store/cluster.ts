// Cluster mode: the same schema files and statements, rendered ON CLUSTER: a replicated table on every shard and a distributed one under the name that everything else uses.
import type { Engine, Lane, QueryParams } from './client.js';
import { PassingEngine } from './passing-engine.js';

/** Tables whose rows go by the prediction's id: they are joined with one another, and every such join stays on one shard. */
export const BY_PREDICTION = [
  'predictions',
  'prediction_places',
  'ground_truth',
  'ground_truth_history',
  'label_arrivals',
];

/** One insert into the registry is stored whole or not at all: that holds on one shard. */
const WHOLE = 'registry';

/** One table for the whole cluster, in its Keeper: a key is there once, whoever writes it first. */
const IN_KEEPER = 'catalogue_lease';

/** The part of a table that one shard holds. */
const local = (table: string): string => `${table}_local`;

const CREATE_TABLE =
  /^CREATE TABLE IF NOT EXISTS (\w+)\s*(\([\s\S]*\))\s*ENGINE = (\w*MergeTree)(?:\(([^)]*)\))?([\s\S]*)$/;
const CREATE_MV = /^CREATE MATERIALIZED VIEW IF NOT EXISTS (\w+) TO (\w+) AS([\s\S]*?)\bFROM (\w+)\s*$/;
const VIEW = /^(CREATE VIEW IF NOT EXISTS|CREATE OR REPLACE VIEW|DROP VIEW IF EXISTS) (\w+)/;
const DROP_TABLE = /^DROP TABLE IF EXISTS (\w+)/;
const ALTER = /^ALTER TABLE (\w+)\s+/;
/** What a distributed table has to know too; everything else is about how rows are kept. */
const ALTERS_COLUMNS = /^ALTER TABLE \w+\s+(ADD|DROP|RENAME|MODIFY) COLUMN\b/;

/**
 * One statement of a schema file as the statements of a cluster. Statements that read and write rows stay as they are: they meet the distributed tables.
 * @throws Error for a kind of statement that is not known, so that a new schema file cannot be applied to one node only.
 */
export function renderForCluster(statement: string, cluster: string): string[] {
  const table = CREATE_TABLE.exec(statement);
  if (table !== null) return renderTable(table, cluster);
  const on = `ON CLUSTER ${cluster}`;
  const materialized = CREATE_MV.exec(statement);
  if (materialized !== null) {
    const [, name = '', target = '', select = '', source = ''] = materialized;
    return [
      `CREATE MATERIALIZED VIEW IF NOT EXISTS ${name} ${on} TO ${local(target)} AS${select}FROM ${local(source)}`,
    ];
  }
  const view = VIEW.exec(statement);
  if (view !== null) return [`${view[1]} ${view[2]} ${on}${statement.slice(view[0].length)}`];
  const dropped = DROP_TABLE.exec(statement);
  if (dropped !== null)
    return [
      `DROP TABLE IF EXISTS ${dropped[1]} ${on} SYNC`,
      `DROP TABLE IF EXISTS ${local(dropped[1] ?? '')} ${on} SYNC`,
    ];
  const altered = ALTER.exec(statement);
  if (altered !== null) {
    const [head, name = ''] = altered;
    const change = statement.slice(head.length);
    const onShards = `ALTER TABLE ${local(name)} ${on} ${change}`;
    // AFTER names a column that the distributed table has as well; indexes and settings are the shards' own.
    return ALTERS_COLUMNS.test(statement) ? [onShards, `ALTER TABLE ${name} ${on} ${change}`] : [onShards];
  }
  if (/^(INSERT|SELECT|OPTIMIZE)\b/.test(statement)) return [statement];
  throw new Error(`this statement cannot be rendered for a cluster: ${statement.slice(0, 80)}`);
}

function renderTable(
  [, name = '', columns = '', engine = '', parameters = '', rest = '']: RegExpExecArray,
  cluster: string,
): string[] {
  if (name === IN_KEEPER) {
    const key = /ORDER BY (\w+)/.exec(rest)?.[1] ?? '';
    return [
      `CREATE TABLE IF NOT EXISTS ${name} ON CLUSTER ${cluster} ${columns}
        ENGINE = KeeperMap('/driftline/' || currentDatabase() || '/${name}') PRIMARY KEY ${key}`,
    ];
  }
  const path = `'/clickhouse/tables/{shard}/{database}/${local(name)}', '{replica}'`;
  const replicated = `Replicated${engine}(${[path, ...(parameters === '' ? [] : [parameters])].join(', ')})`;
  return [
    `CREATE TABLE IF NOT EXISTS ${local(name)} ON CLUSTER ${cluster} ${columns} ENGINE = ${replicated}${rest}`,
    `CREATE TABLE IF NOT EXISTS ${name} ON CLUSTER ${cluster} AS ${local(name)}
      ENGINE = Distributed('${cluster}', currentDatabase(), '${local(name)}', ${shardingKey(name, columns, rest)})`,
  ];
}

/**
 * Rows that replace one another must meet on one shard: their key decides. Rows of a prediction go by its id, so that label joins are local; all others by
 * the first column of their sort key.
 */
function shardingKey(name: string, columns: string, rest: string): string {
  if (BY_PREDICTION.includes(name)) return 'cityHash64(prediction_id)';
  if (name === WHOLE) return 'toUInt64(0)';
  const first = /ORDER BY \(?\s*(\w+)/.exec(rest)?.[1] ?? '';
  if (!new RegExp(`[(\\s]${first} `).test(columns))
    throw new Error(`${name}: its sort key does not begin with a column`);
  return `cityHash64(${first})`;
}

const MUTATION = /^((?:\/\*.*?\*\/\s*)?)(?:ALTER TABLE (\w+) (DELETE|UPDATE)\b|DELETE FROM (\w+)\b)([\s\S]*)$/;

/** A statement of the service as it runs on a cluster. */
export function statementForCluster(sql: string, cluster: string): string {
  const mutation = MUTATION.exec(sql);
  if (mutation !== null && mutation[2] !== IN_KEEPER) {
    const [, comment = '', altered, verb = 'DELETE', deleted, rest = ''] = mutation;
    // A distributed table takes no mutations, a replicated one only those that read nothing else unless told that this is meant.
    return settings(`${comment}ALTER TABLE ${local(altered ?? deleted ?? '')} ON CLUSTER ${cluster} ${verb}${rest}`, [
      'mutations_sync = 2',
      'allow_nondeterministic_mutations = 1',
    ]);
  }
  if (!/^\s*(?:\/\*.*?\*\/\s*)?(SELECT|WITH|INSERT)\b/.test(sql)) return sql;
  return settings(sql, [`distributed_product_mode = '${isLocal(sql) ? 'local' : 'global'}'`]);
}

/** Whether every table that a statement reads goes by the prediction's id: subqueries then find all they need on their own shard. */
function isLocal(sql: string): boolean {
  const read = [...sql.matchAll(/\b(?:FROM|JOIN) (\w+)/g)].map(([, table = '']) => table);
  return read.length > 0 && read.every((table) => BY_PREDICTION.includes(table));
}

const HAS_SETTINGS = /\bSETTINGS\s+\w+\s*=[^()]*$/;

function settings(sql: string, added: readonly string[]): string {
  const given = added.filter((setting) => !new RegExp(`\\b${setting.split(' ')[0]} =[^()]*$`).test(sql));
  const changed = sql.replace(/mutations_sync = 1\b/, 'mutations_sync = 2');
  if (given.length === 0) return changed;
  return `${changed}${HAS_SETTINGS.test(changed) ? ',' : ' SETTINGS'} ${given.join(', ')}`;
}

/** A server's engine whose statements are rendered for its cluster. */
export class ClusterEngine extends PassingEngine {
  constructor(
    engine: Engine,
    private readonly cluster: string,
  ) {
    super(engine);
  }

  override rows(lane: Lane, sql: string, params: QueryParams): Promise<unknown[]> {
    return super.rows(lane, statementForCluster(sql, this.cluster), params);
  }

  override bytes(lane: Lane, sql: string, params: QueryParams, format: string): Promise<Buffer> {
    return super.bytes(lane, statementForCluster(sql, this.cluster), params, format);
  }

  override command(lane: Lane, sql: string, params: QueryParams): Promise<void> {
    return super.command(lane, statementForCluster(sql, this.cluster), params);
  }

  override stream(lane: Lane, sql: string, params: QueryParams, format: string): AsyncIterable<Buffer> {
    return super.stream(lane, statementForCluster(sql, this.cluster), params, format);
  }
}
