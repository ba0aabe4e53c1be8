// Values for the {name:Type} placeholders of people's own SQL: which types there are, and how values are given to the engine.
import { timeSchema } from '../domain/contract/common.js';
import { ForbiddenError, InvalidInputError } from '../domain/errors.js';
import type { QueryParams } from './client.js';

/** Types that hold a value and nothing else. `Identifier` would let a value choose what is read. */
const VALUE_TYPE =
  /^(?:U?Int(?:8|16|32|64|128)|Float(?:32|64)|Decimal(?:32|64|128)?\([\d, ]+\)|Bool|String|FixedString\(\d+\)|UUID|Date(?:32)?|IPv[46])$/;
const TIME_TYPE = /^DateTime(?:64\(\d(?:, ?'[\w/+-]+')?\)|32|(?:\('[\w/+-]+'\))?)$/;
const WRAPPED = /^(?:Nullable|Array|LowCardinality)\((.*)\)$/;

type Scalar = string | number | boolean | null;

/** The type inside of Array, Nullable and LowCardinality. */
function innerType(type: string): string {
  const inner = WRAPPED.exec(type)?.[1];
  return inner === undefined ? type : innerType(inner);
}

/** @throws ForbiddenError for a type that is more than a value. */
export function checkPlaceholderType(name: string, type: string): void {
  const inner = innerType(type.trim());
  if (!VALUE_TYPE.test(inner) && !TIME_TYPE.test(inner)) {
    throw new ForbiddenError(
      `The parameter {${name}:${type}} has a type that is not allowed. Use String, UUID, Bool, Int64, UInt64, Float64, Date, DateTime64(3) and their like, or Array(...) or Nullable(...) of them.`,
    );
  }
}

/**
 * The values of the placeholders, as the engine takes them. Times are given as everywhere in the contract: ISO 8601 with an offset, or epoch ms.
 * Only names that the statement has are passed on: a name becomes part of the engine's text, its value is escaped.
 * @throws InvalidInputError for a missing value, or one that is neither a scalar nor a list of scalars.
 */
export function bindValues(placeholders: ReadonlyMap<string, string>, given: Record<string, unknown>): QueryParams {
  return Object.fromEntries(
    [...placeholders].map(([name, type]) => {
      if (!Object.hasOwn(given, name)) throw new InvalidInputError(`params has no value for {${name}:${type}}.`);
      const value = given[name];
      const bind = (entry: unknown) => bindScalar(name, innerType(type.trim()), entry);
      return [name, Array.isArray(value) ? value.map(bind) : bind(value)];
    }),
  );
}

function bindScalar(name: string, type: string, value: unknown): Scalar {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw new InvalidInputError(`params.${name} must be a string, a number, a boolean, null, or a list of them.`);
  }
  if (TIME_TYPE.test(type)) return bindTime(name, type, value);
  if (
    typeof value === 'number' &&
    Number.isInteger(value) &&
    !Number.isSafeInteger(value) &&
    !type.startsWith('Float')
  ) {
    throw new InvalidInputError(
      `params.${name} is beyond 2^53 and has lost digits as a JSON number. Send it as a string.`,
    );
  }
  return value;
}

/** Seconds of the epoch: the one form of a time that no time zone of the engine can shift. */
function bindTime(name: string, type: string, value: string | number): string {
  const time = timeSchema.safeParse(value);
  if (!time.success)
    throw new InvalidInputError(`params.${name}: expected ISO 8601 with an offset, or epoch milliseconds.`);
  return type.startsWith('DateTime64') ? (time.data / 1000).toFixed(3) : String(Math.floor(time.data / 1000));
}
