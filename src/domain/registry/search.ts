// MLflow's search grammar: `key comparator value` joined by AND, parsed to clauses, with its messages for what is wrong.
import { invalidParameter } from './rules.js';

export type Comparator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'LIKE' | 'ILIKE' | 'IN' | 'NOT IN';

/** One condition. `value` is a list with IN and NOT IN, a number for numeric attributes, else text. */
export interface Clause {
  kind: 'attribute' | 'tag';
  key: string;
  comparator: Comparator;
  value: string | number | readonly string[];
}

/** What a kind of search may ask. */
export interface Grammar {
  /** Attributes with text. */
  text: readonly string[];
  numeric: readonly string[];
  /** Attributes that IN and NOT IN may be used on. */
  lists: readonly string[];
}

export const MODEL_GRAMMAR: Grammar = { text: ['name'], numeric: [], lists: ['name'] };
export const VERSION_GRAMMAR: Grammar = {
  text: ['name', 'run_id', 'source_path'],
  numeric: ['version_number'],
  lists: ['name', 'run_id'],
};

/** Longer filters are mistakes. */
const MAX_FILTER = 20_000;
const TEXT_COMPARATORS = ['=', '!=', 'LIKE', 'ILIKE'];
const NUMERIC_COMPARATORS = ['=', '!=', '<', '<=', '>', '>='];

interface Token {
  kind: 'word' | 'text' | 'number' | 'operator' | 'open' | 'close' | 'comma';
  /** As written. */
  raw: string;
  /** Without quotes. */
  value: string;
}

const PATTERNS: readonly [Token['kind'], RegExp][] = [
  ['text', /'(?:[^']|'')*'|"(?:[^"]|"")*"/y],
  // A key: an attribute, or tags.K with K plain, in backticks or in double quotes.
  ['word', /[A-Za-z_]\w*\.(?:`[^`]*`|"[^"]*"|[\p{L}\p{N}_.\-/:]+)|`[^`]*`|[\p{L}_][\p{L}\p{N}_]*/uy],
  ['number', /[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/y],
  ['operator', /!=|<>|<=|>=|==|=|<|>/y],
  ['open', /\(/y],
  ['close', /\)/y],
  ['comma', /,/y],
];

function tokens(filter: string): Token[] {
  const found: Token[] = [];
  for (let at = 0; at < filter.length;) {
    if (/\s/.test(filter[at] ?? '')) {
      at += 1;
      continue;
    }
    const token = tokenAt(filter, at);
    found.push(token);
    at += token.raw.length;
  }
  return found;
}

function tokenAt(filter: string, at: number): Token {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const raw = pattern.exec(filter)?.[0];
    if (raw !== undefined) return { kind, raw, value: kind === 'text' ? unquoted(raw) : raw };
  }
  throw invalidParameter(`Invalid clause(s) in filter string: ${filter.slice(at)}`);
}

const unquoted = (raw: string): string => {
  const quote = raw[0] ?? '';
  return raw.slice(1, -1).replaceAll(quote + quote, quote);
};

/** A filter as clauses; none for an empty one. @throws RegistryError INVALID_PARAMETER_VALUE */
export function parseFilter(filter: string, grammar: Grammar): Clause[] {
  if (filter.length > MAX_FILTER) throw invalidParameter(`The filter is over ${MAX_FILTER} characters.`);
  return new Parser(tokens(filter), grammar).clauses();
}

class Parser {
  private at = 0;

  constructor(
    private readonly list: readonly Token[],
    private readonly grammar: Grammar,
  ) {}

  clauses(): Clause[] {
    const clauses: Clause[] = [];
    if (this.list.length === 0) return clauses;
    for (;;) {
      clauses.push(this.clause());
      if (this.at === this.list.length) return clauses;
      if (!this.isWord('AND')) throw this.invalidRest();
      this.at += 1;
    }
  }

  private clause(): Clause {
    const start = this.at;
    const left = this.list[this.at];
    if (left?.kind !== 'word' || this.isWord('AND')) throw this.invalidRest();
    this.at += 1;
    const { kind, key } = this.identifier(left.raw);
    const comparator = this.comparator(start);
    if (comparator === 'IN' || comparator === 'NOT IN') return this.inClause(kind, key, comparator, start);
    const right = this.list[this.at];
    if (right === undefined) throw this.expectedThree(start);
    this.at += 1;
    if (right.kind === 'word') {
      throw invalidParameter(
        `Parameter value is either not quoted or unidentified quote types used for string value ${right.raw}. Use either single or double quotes.`,
      );
    }
    if (right.kind === 'open') throw invalidParameter(`Invalid comparator for attribute: ${comparator}`);
    if (kind === 'attribute' && this.grammar.numeric.includes(key)) return this.numeric(key, comparator, right);
    if (right.kind !== 'text') {
      throw invalidParameter(
        kind === 'tag'
          ? `Expected a quoted string value for tag (e.g. 'my-value'). Got value ${right.raw}`
          : `Expected a quoted string value or a list of quoted string values for attributes. Got value ${right.raw}`,
      );
    }
    if (!TEXT_COMPARATORS.includes(comparator)) {
      throw invalidParameter(`Invalid comparator for ${kind === 'tag' ? 'tag' : 'attribute'}: ${comparator}`);
    }
    return { kind, key, comparator, value: right.value };
  }

  private numeric(key: string, comparator: Comparator, right: Token): Clause {
    if (!NUMERIC_COMPARATORS.includes(comparator)) {
      throw invalidParameter(`Invalid comparator for attribute ${key}: ${comparator}`);
    }
    if (right.kind !== 'number') {
      throw invalidParameter(`Expected numeric value type for numeric attribute: ${key}. Found ${right.raw}`);
    }
    if (!/^[-+]?\d+$/.test(right.raw)) {
      throw invalidParameter(`Invalid value for numeric attribute '${key}': ${right.raw}`);
    }
    return { kind: 'attribute', key, comparator, value: Number(right.raw) };
  }

  private inClause(kind: Clause['kind'], key: string, comparator: Comparator, start: number): Clause {
    if (kind === 'tag' || !this.grammar.lists.includes(key)) {
      throw invalidParameter(`Invalid comparator for ${kind}: ${comparator}`);
    }
    if (this.list[this.at]?.kind !== 'open') throw this.expectedThree(start);
    const values: string[] = [];
    do {
      this.at += 1;
      const item = this.list[this.at];
      if (item?.kind !== 'text') {
        throw invalidParameter(
          'While parsing a list in the query, expected a non-empty list of string values, but got ill-formed list.',
        );
      }
      values.push(item.value);
      this.at += 1;
    } while (this.list[this.at]?.kind === 'comma');
    if (this.list[this.at]?.kind !== 'close') {
      throw invalidParameter(
        'While parsing a list in the query, expected a non-empty list of string values, but got ill-formed list.',
      );
    }
    this.at += 1;
    return { kind, key, comparator, value: values };
  }

  private identifier(raw: string): { kind: Clause['kind']; key: string } {
    const dot = raw.startsWith('`') ? -1 : raw.indexOf('.');
    const entity = dot < 0 ? 'attribute' : raw.slice(0, dot);
    const key = (dot < 0 ? raw : raw.slice(dot + 1)).replace(/^[`"]([^]*)[`"]$/, '$1');
    if (!['attribute', 'tag', 'tags'].includes(entity)) {
      throw invalidParameter(`Invalid entity type '${entity}'. Valid entity types are ('attribute', 'tag', 'tags')`);
    }
    if (entity !== 'attribute') return { kind: 'tag', key };
    const valid = [...this.grammar.text, ...this.grammar.numeric];
    if (valid.includes(key)) return { kind: 'attribute', key };
    const names = valid.map((name) => `'${name}'`).join(', ');
    throw invalidParameter(`Invalid attribute key '${key}' specified. Valid keys are '{${names}}'`);
  }

  private comparator(start: number): Comparator {
    const token = this.list[this.at];
    if (token === undefined) throw this.expectedThree(start);
    this.at += 1;
    const text = token.raw.toUpperCase();
    if (token.kind === 'operator' && text !== '==' && text !== '<>') return text as Comparator;
    if (token.kind === 'operator') throw invalidParameter(`Invalid comparator for attribute: ${text}`);
    if (token.kind === 'word' && (text === 'LIKE' || text === 'ILIKE' || text === 'IN')) return text;
    if (text === 'NOT' && this.isWord('IN')) {
      this.at += 1;
      return 'NOT IN';
    }
    this.at = start;
    throw this.invalidRest();
  }

  private isWord(word: string): boolean {
    const token = this.list[this.at];
    return token?.kind === 'word' && token.raw.toUpperCase() === word;
  }

  private invalidRest() {
    const rest = this.list.slice(this.at).map((token) => token.raw);
    return invalidParameter(
      `Invalid clause(s) in filter string: ${rest.length === 0 ? '(nothing after AND)' : rest.join(' ')}`,
    );
  }

  private expectedThree(start: number) {
    return invalidParameter(`Invalid comparison clause. Expected 3 tokens found ${this.list.length - start}`);
  }
}

/** Whether `text` matches a LIKE pattern: `%` any run, `_` one character. Linear in the text for each `%`, so no pattern can stall it. */
export function isLike(pattern: string, text: string, insensitive: boolean): boolean {
  const p = Array.from(insensitive ? pattern.toLowerCase() : pattern);
  const t = Array.from(insensitive ? text.toLowerCase() : text);
  let [at, in_, star, mark] = [0, 0, -1, 0];
  while (in_ < t.length) {
    if (at < p.length && p[at] === '%') {
      star = at;
      mark = in_;
      at += 1;
    } else if (at < p.length && (p[at] === '_' || p[at] === t[in_])) {
      at += 1;
      in_ += 1;
    } else if (star >= 0) {
      at = star + 1;
      mark += 1;
      in_ = mark;
    } else return false;
  }
  while (p[at] === '%') at += 1;
  return at === p.length;
}

/** Whether a value meets a condition; an absent value meets none. */
export function meets(clause: Clause, actual: string | number | undefined): boolean {
  if (actual === undefined) return false;
  const { comparator, value } = clause;
  switch (comparator) {
    case '=':
      return actual === value;
    case '!=':
      return actual !== value;
    case '<':
      return Number(actual) < Number(value);
    case '<=':
      return Number(actual) <= Number(value);
    case '>':
      return Number(actual) > Number(value);
    case '>=':
      return Number(actual) >= Number(value);
    case 'LIKE':
      return isLike(String(value), String(actual), false);
    case 'ILIKE':
      return isLike(String(value), String(actual), true);
    case 'IN':
      return (value as readonly string[]).includes(String(actual));
    case 'NOT IN':
      return !(value as readonly string[]).includes(String(actual));
  }
}
