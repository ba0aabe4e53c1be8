// Ids of predictions: a UUIDv7 where none is given, and the UUID under which the service keeps any other.
import { v5 as uuidv5 } from 'uuid';

/** The namespace of ids that are no UUIDs. The service's own: never change it. */
const NAMESPACE = '6f1d3b52-9a0e-5d4c-8b7a-2f6c1e9d0a43';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Random numbers are fetched for so many ids at once: fetching costs more than using them. */
const IDS = 256;
const random = new Uint16Array(5 * IDS);
let used = random.length;

const HEX = Array.from({ length: 65536 }, (_, value) => value.toString(16).padStart(4, '0'));
let latest = { time: -1, text: '' };

/** A new UUIDv7 (RFC 9562): 48 bits of time, 74 random ones. `now` in epoch milliseconds. */
export function newId(now: number): string {
  if (used === random.length) {
    crypto.getRandomValues(random);
    used = 0;
  }
  if (now !== latest.time) {
    const time = now.toString(16).padStart(12, '0');
    latest = { time: now, text: `${time.slice(0, 8)}-${time.slice(8)}` };
  }
  const next = () => random[used++] ?? 0;
  const version = HEX[0x7000 | (next() & 0x0fff)] ?? '';
  const variant = HEX[0x8000 | (next() & 0x3fff)] ?? '';
  return `${latest.text}-${version}-${variant}-${HEX[next()] ?? ''}${HEX[next()] ?? ''}${HEX[next()] ?? ''}`;
}

/** The UUID under which an id is kept. */
export function uuidOf(given: string): string {
  return UUID.test(given) ? given.toLowerCase() : uuidv5(given, NAMESPACE);
}
