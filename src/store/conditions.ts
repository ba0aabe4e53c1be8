// WHERE clauses from optional filters: every value is bound, nothing is quoted by hand.
import type { QueryParams } from './client.js';

/** Collects conditions and their parameters. */
export class Conditions {
  private readonly parts: string[] = [];
  readonly params: QueryParams;

  /** `given`: parameters of a subquery that the statement embeds; they are copied. `prefix`: of the names, where two sets meet in one statement. */
  constructor(
    given: QueryParams = {},
    private readonly prefix = 'p',
  ) {
    this.params = { ...given };
  }

  /** Add `column = value` unless the value is null. */
  equals(column: string, value: string | null, type = 'String'): this {
    if (value !== null) this.add(`${column} = ${this.bind(value, type)}`);
    return this;
  }

  /** Add `column IN (values)` unless the list is null. */
  oneOf(column: string, values: readonly string[] | null, type = 'String'): this {
    if (values !== null) this.add(`${column} IN ${this.bind([...values], `Array(${type})`)}`);
    return this;
  }

  /** Add `column <op> time` unless the time (epoch ms) is null. */
  time(column: string, operator: '>=' | '<' | '<=' | '>', value: number | null): this {
    if (value !== null) this.add(`${column} ${operator} fromUnixTimestamp64Milli(${this.bind(value, 'Int64')}, 'UTC')`);
    return this;
  }

  /** Add a condition as it stands. */
  add(condition: string): this {
    this.parts.push(condition);
    return this;
  }

  /** A placeholder for a value. */
  bind(value: unknown, type: string): string {
    const name = `${this.prefix}${Object.keys(this.params).length}`;
    this.params[name] = value;
    return `{${name}:${type}}`;
  }

  /** `WHERE ...`, or an empty string. */
  where(): string {
    return this.parts.length === 0 ? '' : `WHERE ${this.parts.join(' AND ')}`;
  }
}
