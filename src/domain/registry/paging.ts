// How MLflow's searches are ordered and cut into pages: order_by clauses, page tokens, limits.
import { invalidParameter } from './rules.js';

/** One part of an order: a field, ascending or not. */
export interface Order<F extends string> {
  field: F;
  ascending: boolean;
}

export type ModelField = 'name' | 'last_updated_timestamp' | 'creation_timestamp';
export type VersionField = ModelField | 'version_number';

const MODEL_FIELDS: Record<string, ModelField> = {
  name: 'name',
  // MLflow's own names of one thing.
  timestamp: 'last_updated_timestamp',
  last_updated_timestamp: 'last_updated_timestamp',
  creation_timestamp: 'creation_timestamp',
};
const VERSION_FIELDS: Record<string, VersionField> = {
  name: 'name',
  version_number: 'version_number',
  creation_timestamp: 'creation_timestamp',
  last_updated_timestamp: 'last_updated_timestamp',
};

function parseOrder<F extends string>(
  clauses: readonly string[],
  fields: Readonly<Record<string, F>>,
  valid: string,
): Order<F>[] {
  const orders: Order<F>[] = [];
  for (const clause of clauses) {
    const words = clause.trim().split(/\s+/);
    if (words.length > 2 || words[0] === undefined || words[0] === '') {
      throw invalidParameter(`Invalid order_by clause '${clause}'. Could not be parsed.`);
    }
    const direction = words[1]?.toLowerCase() ?? 'asc';
    if (direction !== 'asc' && direction !== 'desc') {
      throw invalidParameter(`Invalid ordering key in order_by clause '${clause}'.`);
    }
    const key = words[0].replace(/^(`|")(.*)\1$/, '$2').replace(/^attribute\./, '');
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (field === undefined) throw invalidParameter(`Invalid order by key '${key}' specified. Valid keys are ${valid}`);
    if (orders.some((order) => order.field === field)) {
      throw invalidParameter(`\`order_by\` contains duplicate fields: [${clauses.map((c) => `'${c}'`).join(', ')}]`);
    }
    orders.push({ field, ascending: direction === 'asc' });
  }
  return orders;
}

/** The order of a search of models; by name where nothing else is said. @throws RegistryError */
export function modelOrder(clauses: readonly string[]): Order<ModelField>[] {
  const orders = parseOrder(clauses, MODEL_FIELDS, `{'name', 'timestamp', 'creation_timestamp'}`);
  return orders.some(({ field }) => field === 'name') ? orders : [...orders, { field: 'name', ascending: true }];
}

/** The order of a search of versions; newest change first where nothing is said. @throws RegistryError */
export function versionOrder(clauses: readonly string[]): Order<VersionField>[] {
  const valid = `{'name', 'version_number', 'creation_timestamp', 'last_updated_timestamp'}`;
  const given = parseOrder(clauses, VERSION_FIELDS, valid);
  const orders: Order<VersionField>[] =
    given.length === 0 ? [{ field: 'last_updated_timestamp', ascending: false }] : [...given];
  if (!orders.some(({ field }) => field === 'name')) orders.push({ field: 'name', ascending: true });
  if (!orders.some(({ field }) => field === 'version_number'))
    orders.push({ field: 'version_number', ascending: false });
  return orders;
}

/** A page of a list. */
export interface Page<T> {
  items: T[];
  /** null at the end. */
  nextPageToken: string | null;
}

/** The first `max` of the items from `offset`, with the token of the rest. */
export function pageOf<T>(items: readonly T[], offset: number, max: number): Page<T> {
  const end = offset + max;
  return { items: items.slice(offset, end), nextPageToken: end < items.length ? pageToken(end) : null };
}

/** MLflow's own form of a page token, as its Python writes it. */
export function pageToken(offset: number): string {
  return Buffer.from(`{"offset": ${offset}}`).toString('base64');
}

/** @throws RegistryError */
export function pageOffset(token: string | null): number {
  if (token === null || token === '') return 0;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(token) || token.length % 4 !== 0)
    throw invalidParameter('Invalid page token, could not base64-decode');
  const text = Buffer.from(token, 'base64').toString('utf8');
  const offset = Number(/^\s*\{\s*"offset"\s*:\s*"?(\d{1,9})"?\s*\}\s*$/.exec(text)?.[1] ?? NaN);
  if (Number.isNaN(offset)) throw invalidParameter(`Invalid page token, decoded value=${text.slice(0, 200)}`);
  return offset;
}

/** How many items a page may have. @throws RegistryError */
export function pageSize(given: number | null, fallback: number, most: number): number {
  const size = given ?? fallback;
  if (!Number.isInteger(size) || size < 1) {
    throw invalidParameter(
      `Invalid value for request parameter max_results. It must be a positive integer, but got value ${size}`,
    );
  }
  if (size > most) {
    throw invalidParameter(
      `Invalid value for request parameter max_results. It must be at most ${most}, but got value ${size}`,
    );
  }
  return size;
}
