// A key of the service's own, made when it is first needed and kept in the store: every process has the same one.
import { randomBytes } from 'node:crypto';
import type { DocumentStore } from './ports.js';

/** The key with a name. Two processes that ask at once for one that is not there get one key: the second sees what the first made. */
export async function keptKey(settings: DocumentStore<{ key: string }>, name: string): Promise<string> {
  const known = await settings.get(name);
  if (known !== null) return known.key;
  return settings.exclusively(async () => {
    const made = await settings.get(name);
    if (made !== null) return made.key;
    const key = randomBytes(32).toString('base64url');
    await settings.put(name, { key });
    return key;
  });
}
