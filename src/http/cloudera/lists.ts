// Lists of Cloudera APIv2: filtered by a JSON object in text, sorted by a field, cut into pages; and calls that answer one, or one document.
import { z } from 'zod';
import type { Scope } from '../../domain/contract/alerts.js';
import { readJson } from '../../domain/json-text.js';
import { pageOffset, pageToken } from '../../domain/registry/paging.js';
import { invalidParameter } from '../../domain/registry/rules.js';
import { text, whole } from '../mlflow/inputs.js';
import { call, type CallContext } from '../mlflow/protocol.js';

export const TAG = 'cloudera';

export const listInput = z.object({
  search_filter: text('a JSON object in text, such as {"name":"churn"}'),
  sort: text('a field, with - before it for the other way round'),
  page_size: whole('100 by default, 1000 at the most'),
  page_token: text('next_page_token of the page before'),
});
export type ListQuery = z.output<typeof listInput>;

/** A call that answers a list under a name of its own. `aliases`: filters and orders that look at another field. */
export const listCall = (list: {
  path: string;
  name: string;
  summary: string;
  aliases: Readonly<Record<string, string>>;
  rows: (context: CallContext) => Promise<Row[]>;
}) =>
  call({
    method: 'GET',
    path: list.path,
    scope: 'read',
    tag: TAG,
    summary: list.summary,
    input: listInput,
    run: async (input, context) => {
      const { items, next_page_token } = listPage(await list.rows(context), input, list.aliases);
      return { [list.name]: items, next_page_token };
    },
  });

/** A call whose path says everything. */
export const plainCall = (
  method: 'GET' | 'DELETE' | 'POST',
  path: string,
  scope: Scope,
  summary: string,
  run: (context: CallContext) => unknown,
) =>
  call({ method, path, scope, tag: TAG, summary, input: z.object({}), run: async (_input, context) => run(context) });

const DEFAULT_PAGE = 100;
export const MAX_PAGE = 1000;

/** A filter as a document. @throws RegistryError */
function filterOf(text: string | undefined): Record<string, unknown> {
  if (text === undefined || text === '') return {};
  try {
    const filter = readJson(text);
    if (typeof filter === 'object' && filter !== null && !Array.isArray(filter))
      return filter as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw invalidParameter(
    `search_filter must be a JSON object in text, such as {"name":"churn"}; got ${text.slice(0, 200)}`,
  );
}

type Row = Record<string, unknown>;

/** Where the text of a filter's key is: some are known under another name, some are within. */
function fieldOf(row: Row, key: string, aliases: Readonly<Record<string, string>>): unknown {
  const named = Object.hasOwn(aliases, key) ? aliases[key] : undefined;
  const [head = '', rest] = (named ?? key).split('.', 2);
  const value = own(row, head);
  return rest === undefined ? value : own(value, rest);
}

/** A field of a document; nothing that every object has, such as `constructor`. */
function own(document: unknown, key: string): unknown {
  if (typeof document !== 'object' || document === null || !Object.hasOwn(document, key)) return undefined;
  return (document as Row)[key];
}

/** Equality as text; true and false may be short, as Cloudera's documentation has them. */
function isSame(value: unknown, wanted: unknown): boolean {
  const text = String(wanted);
  return String(value) === text || (typeof value === 'boolean' && String(value).charAt(0) === text);
}

/** One page of a list: filtered by equality, sorted, cut. `rows` come oldest first. @throws RegistryError */
export function listPage<T extends Row>(
  rows: readonly T[],
  query: ListQuery,
  aliases: Readonly<Record<string, string>>,
  defaultPage = DEFAULT_PAGE,
): { items: T[]; next_page_token: string } {
  const filter = Object.entries(filterOf(query.search_filter));
  const known = (row: T, key: string) => fieldOf(row, key, aliases) !== undefined;
  for (const [key] of filter) {
    if (rows.some((row) => !known(row, key))) throw invalidParameter(`search_filter cannot look for ${key}.`);
  }
  const found = rows.filter((row) => filter.every(([key, value]) => isSame(fieldOf(row, key, aliases), value)));
  const sorted = sortedBy(found, query.sort, aliases);
  const size =
    query.page_size === undefined || query.page_size <= 0 ? defaultPage : Math.min(query.page_size, MAX_PAGE);
  const offset = pageOffset(query.page_token ?? null);
  const end = offset + size;
  return { items: sorted.slice(offset, end), next_page_token: end < sorted.length ? pageToken(end) : '' };
}

function sortedBy<T extends Row>(rows: T[], sort: string | undefined, aliases: Readonly<Record<string, string>>): T[] {
  if (sort === undefined || sort === '') return rows;
  const [, sign = '', key = ''] = /^([-+]?)(.*)$/.exec(sort) ?? [];
  if (rows.some((row) => fieldOf(row, key, aliases) === undefined))
    throw invalidParameter(`Lists cannot be sorted by ${key}.`);
  const direction = sign === '-' ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [fieldOf(a, key, aliases), fieldOf(b, key, aliases)];
    if (typeof x === 'number' && typeof y === 'number') return direction * (x - y);
    const [s, t] = [String(x), String(y)];
    return s === t ? 0 : direction * (s < t ? -1 : 1);
  });
}
