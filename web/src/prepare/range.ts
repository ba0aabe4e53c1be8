// The time range of a page: what the address says, as times.

/** A range that a reader can choose. `newest` ends at the newest data, wherever that is. */
export const PRESETS = [
  { key: 'newest', label: 'Newest 30 days of data', length: null },
  { key: '24h', label: 'Last 24 hours', length: 86_400_000 },
  { key: '7d', label: 'Last 7 days', length: 7 * 86_400_000 },
  { key: '30d', label: 'Last 30 days', length: 30 * 86_400_000 },
  { key: '90d', label: 'Last 90 days', length: 90 * 86_400_000 },
  { key: '1y', label: 'Last year', length: 365 * 86_400_000 },
] as const;

/** ISO times; both null where the service chooses. `key`: the preset, or `absolute`. */
export interface Range {
  key: string;
  from: string | null;
  to: string | null;
}

/** What the address asks for. Relative ranges end at the present minute, so that an address is fetched once a minute at most. */
export function rangeOf(query: URLSearchParams, now: number): Range {
  const [from, until] = [timeOf(query.get('from')), timeOf(query.get('to'))];
  if (from !== null && until !== null && from < until)
    return { key: 'absolute', from: new Date(from).toISOString(), to: new Date(until).toISOString() };
  const preset = PRESETS.find((one) => one.key === query.get('range')) ?? PRESETS[0];
  if (preset.length === null) return { key: preset.key, from: null, to: null };
  const end = Math.ceil(now / 60_000) * 60_000;
  return { key: preset.key, from: new Date(end - preset.length).toISOString(), to: new Date(end).toISOString() };
}

function timeOf(text: string | null): number | null {
  if (text === null || text === '') return null;
  const value = /^\d{10,15}$/.test(text) ? Number(text) : Date.parse(text.length === 10 ? `${text}T00:00:00Z` : text);
  return Number.isNaN(value) ? null : value;
}

/** `YYYY-MM-DDTHH:MM` in a zone, as an input of type datetime-local has it, to an ISO time. */
export function fromInput(text: string, utc: boolean): string | null {
  const value = Date.parse(utc ? `${text}Z` : text);
  return Number.isNaN(value) ? null : new Date(value).toISOString();
}

/** And back. */
export function toInput(iso: string | null, utc: boolean): string {
  if (iso === null) return '';
  const at = new Date(iso).getTime();
  const shifted = utc ? at : at - new Date(at).getTimezoneOffset() * 60_000;
  return new Date(shifted).toISOString().slice(0, 16);
}
