// Who changed what, and when: one row per administrative change, without secrets.
import type { AuditRow } from '../domain/contract/ingestion.js';
import type { AuditApi } from './api.js';

export interface AuditDependencies {
  log: {
    append(entry: Omit<AuditRow, 'id' | 'at'> & { at: number }): Promise<void>;
    list(filter: { actor: string | null; target: string | null; limit: number }): Promise<AuditRow[]>;
  };
  clock: () => number;
}

const MASK = '********';
/** Keys whose values are secrets, whatever document they stand in. */
const SECRET = /secret|password|passwd|token|authorization|credential|^key$|^hash$|api_?key|access_?key/i;

export class AuditService implements AuditApi {
  constructor(private readonly deps: AuditDependencies) {}

  append(entry: Omit<AuditRow, 'id' | 'at'>): Promise<void> {
    return this.deps.log.append({
      ...entry,
      at: this.deps.clock(),
      before: withoutSecrets(entry.before),
      after: withoutSecrets(entry.after),
    });
  }

  list(filter: { actor: string | null; target: string | null; limit: number }): Promise<AuditRow[]> {
    return this.deps.log.list(filter);
  }
}

/** A copy of a document with its secrets replaced: values under telling keys, and what in a URL may be one. */
export function withoutSecrets(value: unknown, depth = 0): unknown {
  if (typeof value === 'string')
    return URL.canParse(value) && /^https?:/i.test(value) ? withoutUrlSecrets(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (depth > 20) return MASK;
  if (Array.isArray(value)) return value.map((entry) => withoutSecrets(entry, depth + 1));
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] =>
    SECRET.test(key) && (typeof inner === 'string' || typeof inner === 'number')
      ? [key, MASK]
      : [key, withoutSecrets(inner, depth + 1)],
  );
  return Object.fromEntries(entries);
}

/** Webhook addresses carry their secrets in the path (Slack), the query or as credentials: only where they lead is kept. */
function withoutUrlSecrets(text: string): string {
  const { origin, pathname, search } = new URL(text);
  return pathname === '/' && search === '' ? origin : `${origin}/${MASK}`;
}
