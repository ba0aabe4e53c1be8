// What people's own SQL may be: one SELECT over the documented views. Decided on the engine's parse of the statement, never on one of ours.
//
// formatQuerySingleLine() takes the text as a value and gives back one statement without comments, or refuses; that text is what is looked
// at and what runs. EXPLAIN QUERY TREE run_passes = 0 shows every node of it, without resolving or running anything. EXPLAIN AST would
// not do (measured, 26.7): it prints neither the names of CTEs nor the functions of `* APPLY f`.
import { ForbiddenError } from '../domain/errors.js';
import { isAllowedFunction } from './sql-functions.js';
import { checkPlaceholderType } from './sql-params.js';

/** What may be read. */
export const VIEWS: readonly string[] = ['v_predictions', 'v_metrics', 'v_profiles', 'v_alerts'];

const TOKEN = /'(?:[^'\\]+|\\.)*'|`(?:[^`\\]+|\\.)*`|"(?:[^"\\]+|\\.)*"|\{([A-Za-z_]\w*):([^{}]*)\}/gs;

/**
 * Check the text that the engine formatted, and find its placeholders: name to type.
 * @throws ForbiddenError for another statement than SELECT, for FORMAT and INTO OUTFILE, for placeholders that are more than values.
 */
export function checkText(sql: string): Map<string, string> {
  const placeholders = new Map<string, string>();
  const bare = sql.replace(TOKEN, (token, name?: string, type?: string) => {
    if (name !== undefined && type !== undefined) {
      checkPlaceholderType(name, type);
      placeholders.set(name, type);
    } else if (!token.startsWith("'")) checkQuotedName(token.slice(1, -1));
    return '?';
  });
  const kind = /^\(*(\w*)/.exec(bare)?.[1] ?? '';
  if (kind !== 'SELECT' && kind !== 'WITH') throw new ForbiddenError(`${kind} is not allowed here: send one SELECT.`);
  if (bare.includes('{')) throw new ForbiddenError('This use of { } is not allowed here.');
  if (bare.includes('INTO OUTFILE')) throw new ForbiddenError('INTO OUTFILE is not allowed here.');
  if (bare.includes('PARALLEL WITH')) throw new ForbiddenError('PARALLEL WITH is not allowed here: send one SELECT.');
  if (/ FORMAT \w+(?: SETTINGS .*)?$/.test(bare)) {
    throw new ForbiddenError('FORMAT is not allowed here: ask for a format with the field "format" or with Accept.');
  }
  return placeholders;
}

/** The tree shows names as they are: a line break or `: ` in one could pass for tree, `system.one` in quotes for the engine's own table. */
function checkQuotedName(name: string): void {
  if (/[:\\`"\p{Cc}\p{Zl}\p{Zp}]|^\s|\s$/u.test(name) || name === 'system.one') {
    throw new ForbiddenError(
      'A quoted name with a colon, a quote, a line break or a space at its end is not allowed here.',
    );
  }
}

/** A line of the tree: a node, or the heading of a part of one. */
interface Line {
  indent: number;
  /** `QUERY`, `FUNCTION`, ... or a heading such as `JOIN TREE`. */
  kind: string;
  /** What stands behind the node's id, or null for a heading. */
  rest: string | null;
  /** Nodes directly below. */
  children: number;
  /** Names of the CTEs of a QUERY that are complete so far. */
  ctes: Set<string>;
  /** The name of a CTE, or null. */
  cte: string | null;
}

const NODE = /^([A-Z_]+(?: [A-Z_]+)*) id: (\d+)(?:, (.*))?$/s;
const NODES = new Set(
  `QUERY,UNION,LIST,IDENTIFIER,CONSTANT,FUNCTION,LAMBDA,MATCHER,SORT,INTERPOLATE,JOIN,CROSS JOIN,ARRAY_JOIN,WINDOW,APPLY COLUMN TRANSFORMER,EXCEPT COLUMN TRANSFORMER,REPLACE COLUMN TRANSFORMER`.split(
    ',',
  ),
);
const HEADING =
  /^(?:WITH|PROJECTION|JOIN TREE|PREWHERE|WHERE|GROUP BY|HAVING|WINDOW|QUALIFY|ORDER BY|INTERPOLATE|LIMIT BY LIMIT|LIMIT BY OFFSET|LIMIT BY|LIMIT|OFFSET|QUERIES|ARGUMENTS|PARAMETERS|(?:LEFT |RIGHT )?TABLE EXPRESSION|JOIN EXPRESSIONS?|PARTITION BY|FRAME (?:BEGIN|END) OFFSET|FILL (?:FROM|TO|STEP|STALENESS)|INTERPOLATE_EXPRESSION|EXPRESSION(?: [^:]*)?|REPLACEMENTS \d+|REPLACEMENT NAME [^:]* EXPRESSION) ?$/;
const TABLE_PLACE = /^(?:JOIN TREE|(?:LEFT |RIGHT )?TABLE EXPRESSION)$/;
const IDENTIFIER = /^(?:alias: [^:]*, )?identifier: ([^:]*?)(?:, final: [01])?$/;
const FUNCTION = /(?:^|, )function_name: ([^\s:,]+), function_type: /;
const IN = /^(?:global)?(?:not)?(?:null)?in$/i;

/**
 * Check the unresolved query tree of `SELECT * FROM (<the caller's SELECT>) ...`. `tables` are the names of the store's tables and views: no CTE may have one of them,
 * so that a name can never mean a CTE here and a table to the engine.
 * @throws ForbiddenError naming what is not allowed.
 */
export function checkTree(lines: readonly string[], tables: ReadonlySet<string>): void {
  const open: Line[] = [];
  let nextId = 0;
  for (const text of lines) {
    if (text === '') continue; // an empty list
    const indent = text.search(/\S|$/);
    while (open.length > 0 && (open[open.length - 1]?.indent ?? 0) >= indent) close(open);
    const node = NODE.exec(text.slice(indent));
    // Ids count up from 0: a name that draws a node of its own into the tree breaks the count.
    if (node !== null && Number(node[2]) !== nextId++) throw notUnderstood(text);
    const line = readLine(text, indent, node, tables);
    const parent = open[open.length - 1];
    if (node !== null && parent !== undefined) parent.children++;
    if (line.kind === 'IDENTIFIER' && line.rest !== null) checkIdentifier(line.rest, open);
    if (line.cte !== null) checkHidesNone(line.cte, open);
    open.push(line);
  }
}

function readLine(text: string, indent: number, node: RegExpExecArray | null, tables: ReadonlySet<string>): Line {
  const bare = text.slice(indent);
  const line = { indent, kind: node?.[1] ?? bare.trimEnd(), rest: node === null ? null : (node[3] ?? ''), children: 0 };
  if (node === null) {
    // Those of the whole statement are ours: the caller's SELECT stands in brackets, deeper in the tree.
    const settings = bare.startsWith('SETTINGS ');
    if (settings && indent > 2) throw new ForbiddenError('SETTINGS is not allowed here.');
    if (!settings && !HEADING.test(bare)) throw notUnderstood(bare);
    return { ...line, ctes: new Set(), cte: null };
  }
  checkNode(line.kind, line.rest ?? '');
  return { ...line, ctes: new Set(), cte: cteName(line.kind, line.rest ?? '', tables) };
}

function checkNode(kind: string, rest: string): void {
  if (kind === 'TABLE_FUNCTION') {
    const name = /table_function_name: ([^\s:,]+)/.exec(rest)?.[1] ?? '';
    const what = name === 'viewExplain' ? 'EXPLAIN' : `The table function ${name}`;
    throw new ForbiddenError(`${what} is not allowed here: read ${VIEWS.join(', ')}.`);
  }
  if (!NODES.has(kind)) throw notUnderstood(kind);
  if (kind === 'FUNCTION') {
    const name = FUNCTION.exec(rest)?.[1];
    if (name === undefined) throw notUnderstood(rest);
    if (!isAllowedFunction(name)) throw new ForbiddenError(`The function ${name} is not allowed here.`);
  }
  // These three print a string of the statement as it is.
  if (kind === 'MATCHER' && !/^matcher_type: (?:ASTERISK|COLUMNS_LIST)(?:,|$)/.test(rest)) {
    throw new ForbiddenError('COLUMNS with a pattern is not allowed here: name the columns.');
  }
  if (kind === 'EXCEPT COLUMN TRANSFORMER' && !rest.startsWith('except_transformer_type: COLUMN_LIST')) {
    throw new ForbiddenError('EXCEPT with a pattern is not allowed here: name the columns.');
  }
  if (kind === 'SORT' && rest.includes('collator: ')) throw new ForbiddenError('COLLATE is not allowed here.');
}

function cteName(kind: string, rest: string, tables: ReadonlySet<string>): string | null {
  if (!/(?:^|, )is_cte: 1(?:,|$)/.test(rest)) return null;
  const name = /(?:^|, )cte_name: ([A-Za-z_]\w*)(?:, \w+: |$)/.exec(rest)?.[1];
  if (name === undefined || (kind !== 'QUERY' && kind !== 'UNION')) {
    throw new ForbiddenError('The name of a CTE may have letters, digits and _ only.');
  }
  if (tables.has(name)) throw new ForbiddenError(`The name ${name} is taken by the store: give the CTE another one.`);
  return name;
}

/** The last line of `open` is complete. A CTE can be seen from here on: not in itself, nor in the CTEs before it. */
function close(open: Line[]): void {
  const line = open.pop();
  if (line === undefined || line.cte === null) return;
  const [query, heading, list] = open.slice(-3);
  if (query?.kind !== 'QUERY' || heading?.kind !== 'WITH' || list?.kind !== 'LIST') throw notUnderstood('WITH');
  query.ctes.add(line.cte);
}

/**
 * The engine reads the names in a CTE where the CTE is used, not where it stands, and takes a name for a table where it would be a CTE
 * within itself (measured, 26.7). Both differ from what is checked here only where a CTE hides another one.
 */
function checkHidesNone(cte: string, open: readonly Line[]): void {
  if (open.some((line) => line.ctes.has(cte) || line.cte === cte)) {
    throw new ForbiddenError(`The CTE ${cte} hides another CTE of that name, which is not allowed here: rename one.`);
  }
}

/**
 * Names in FROM and names behind IN are tables; every other name is a column or an alias. Behind IN no name is allowed at all, because
 * the engine follows an alias to a table there: `WITH api_keys AS v_metrics SELECT 'x' IN v_metrics` would read api_keys (measured, 26.7).
 */
function checkIdentifier(rest: string, open: readonly Line[]): void {
  const name = IDENTIFIER.exec(rest)?.[1];
  if (name === undefined) throw notUnderstood(`identifier ${rest}`);
  const parent = open[open.length - 1];
  if (TABLE_PLACE.test(parent?.kind ?? '')) {
    // The engine writes a SELECT without FROM as one FROM system.one, a table of one row.
    if (name !== 'system.one' && !isReadable(name, open)) throw new ForbiddenError(tableMessage(name));
    return;
  }
  const [call, heading, list] = open.slice(-3);
  if (list?.kind !== 'LIST' || heading?.kind !== 'ARGUMENTS' || call?.kind !== 'FUNCTION' || list.children < 2) return;
  if (!IN.test(FUNCTION.exec(call.rest ?? '')?.[1] ?? '')) return;
  throw new ForbiddenError(
    `IN ${name} is not allowed here: put values, a parameter or (SELECT ... FROM ${name}) behind IN.`,
  );
}

function isReadable(name: string, open: readonly Line[]): boolean {
  const recursive = (line: Line) => line.cte === name && /(?:^|, )is_recursive_cte: 1(?:,|$)/.test(line.rest ?? '');
  return VIEWS.includes(name) || open.some((line) => line.ctes.has(name) || recursive(line));
}

const tableMessage = (name: string): string =>
  `The table ${name} is not allowed here: read ${VIEWS.join(', ')}, or a CTE of the statement.`;

const notUnderstood = (what: string): ForbiddenError =>
  new ForbiddenError(`This form of SELECT is not allowed here (${what.trim().slice(0, 60)}).`);
