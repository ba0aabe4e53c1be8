// What happened to a field: it appeared, disappeared or changed its type, by its baseline or by earlier rows.
import type { FIELD_CHANGES } from './contract/models.js';

export type ValueType = 'number' | 'string' | 'boolean' | 'json' | 'null';

/** Values of one type of a field in the newest rows. Times in epoch ms. */
export interface TypeTimes {
  type: ValueType;
  n: number;
  /** How many of them lie in the newest window. */
  recent: number;
  first: number;
  last: number;
}

/** What is known of a field. `total`, `totalRecent`: rows looked at, and those in the newest window. */
export interface FieldHistory {
  types: readonly TypeTimes[];
  total: number;
  totalRecent: number;
  /** Time of the first of the rows looked at. */
  since: number;
  /** Length of a window, ms. */
  window: number;
  /** The type of the baseline's values, `any`: of more than one, or not kept; null: it does not have the field; undefined: there is no baseline. */
  baseline: ValueType | 'any' | null | undefined;
}

export interface FieldChange {
  change: (typeof FIELD_CHANGES)[number];
  /** Epoch ms; null where the rows looked at do not tell. */
  at: number | null;
  detail: string;
}

/** A field that usually has this many values in a window and now has none is gone: chance leaves it out less than once in a hundred. */
const EXPECTED_VALUES = 5;

const isValue = ({ type }: TypeTimes): boolean => type !== 'null';

/** The change of a field, the most recent kind first: gone, of another type, new; null where it is as it was. */
export function fieldChange(field: FieldHistory): FieldChange | null {
  return disappeared(field) ?? typeChanged(field) ?? appeared(field);
}

function disappeared({ types, total, totalRecent, baseline }: FieldHistory): FieldChange | null {
  const values = types.filter(isValue);
  if (values.length === 0) {
    if (baseline === undefined || baseline === null) return null;
    return { change: 'disappeared', at: null, detail: 'the baseline has it, none of the newest predictions does' };
  }
  if (values.some(({ recent }) => recent > 0)) return null;
  const before = total - totalRecent;
  const share = before === 0 ? 0 : values.reduce((sum, { n }) => sum + n, 0) / before;
  if (share * totalRecent < EXPECTED_VALUES) return null;
  const at = Math.max(...values.map(({ last }) => last));
  return {
    change: 'disappeared',
    at,
    detail: `no prediction of the newest window has it; before, ${percent(share)} did`,
  };
}

function typeChanged({ types, window, baseline }: FieldHistory): FieldChange | null {
  const values = types.filter(isValue).sort((a, b) => a.first - b.first);
  const [oldest] = values;
  if (oldest === undefined) return null;
  const known = baseline === undefined || baseline === null || baseline === 'any' ? oldest.type : baseline;
  const fresh = values.find(
    ({ type, recent, first }) =>
      recent > 0 && type !== known && (known !== oldest.type || type === oldest.type || first >= oldest.first + window),
  );
  if (fresh === undefined) return null;
  return { change: 'type_changed', at: fresh.first, detail: `${fresh.type} values where ${known} values were before` };
}

function appeared({ types, since, window, baseline }: FieldHistory): FieldChange | null {
  const values = types.filter(isValue);
  if (values.length === 0 || (baseline !== undefined && baseline !== null)) return null;
  const at = Math.min(...values.map(({ first }) => first));
  if (baseline === null) return { change: 'appeared', at, detail: 'the baseline does not have it' };
  return at < since + window
    ? null
    : { change: 'appeared', at, detail: 'no earlier prediction of those looked at has it' };
}

function percent(share: number): string {
  return `${Math.round(Math.min(1, share) * 1000) / 10} %`;
}
