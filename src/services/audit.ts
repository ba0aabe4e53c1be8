// Who changed what, and when: one row per administrative change, without secrets.
import type { AuditRow } from '../domain/contract/ingestion.js';
import type { AuditApi } from './api.js';
import type { DocumentStore } from './ports.js';

export interface AuditDependencies {
  log: {
    append(entry: Omit<AuditRow, 'id' | 'at'> & { at: number }): Promise<void>;
    list(filter: { actor: string | null; target: string | null; limit: number }): Promise<AuditRow[]>;
  };
  clock: () => number;
}

/** Writes down a change that is no call; `target` is the address under which people see the document. */
export type Note = (action: string, target: string, before: unknown, after: unknown) => Promise<void>;

/** Documents whose changes leave a row: for what is set without a call. `path`: the address of their kind. */
export function auditedDocuments<T>(documents: DocumentStore<T>, path: string, note: Note): DocumentStore<T> {
  const changing = async (action: string, name: string, after: T | null, change: () => Promise<void>) => {
    const before = await documents.get(name);
    await change();
    await note(`${action} ${path}/:name`, `${path}/${name}`, before, after);
  };
  return {
    get: (name) => documents.get(name),
    list: () => documents.list(),
    exclusively: (work) => documents.exclusively(work),
    put: (name, doc) => changing('PUT', name, doc, () => documents.put(name, doc)),
    remove: (name) => changing('DELETE', name, null, () => documents.remove(name)),
  };
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
  const entries = (Object.entries(value) as [string, unknown][]).map(([key, inner]): [string, unknown] => {
    if (SECRET.test(key) && (typeof inner === 'string' || typeof inner === 'number')) return [key, MASK];
    // Variables of a deployment: whatever they are called, they may be passwords.
    if (key === 'environment')
      return [key, typeof inner === 'object' && inner !== null ? masked(Object.keys(inner)) : MASK];
    return [key, withoutSecrets(inner, depth + 1)];
  });
  return Object.fromEntries(entries);
}

const masked = (names: readonly string[]): unknown => Object.fromEntries(names.map((name) => [name, MASK]));

/** Webhook addresses carry their secrets in the path (Slack), the query or as credentials: only where they lead is kept. */
function withoutUrlSecrets(text: string): string {
  const { origin, pathname, search } = new URL(text);
  return pathname === '/' && search === '' ? origin : `${origin}/${MASK}`;
}
