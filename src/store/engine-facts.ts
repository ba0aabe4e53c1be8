// What the engine says of itself: its release, its clock, and how much room is left.
import { z } from 'zod';
import type { Store } from './store.js';

const versionRow = z.object({ version: z.string(), now_ms: z.number() });
const diskRow = z.object({ name: z.string(), free: z.number(), total: z.number() });

/** A disk of the engine; sizes in bytes. */
export type Disk = z.output<typeof diskRow>;

export class EngineFacts {
  constructor(private readonly store: Store) {}

  /** `now`: the engine's clock, epoch milliseconds. */
  async version(): Promise<{ kind: 'embedded' | 'server'; version: string; now: number }> {
    const { version, now_ms } = await this.store.one({
      name: 'engine_version',
      sql: 'SELECT version() AS version, toFloat64(toUnixTimestamp64Milli(now64(3))) AS now_ms',
      row: versionRow,
    });
    return { kind: this.store.engine.kind, version, now: now_ms };
  }

  /** Empty where the engine does not let its disks be seen. */
  disks(): Promise<Disk[]> {
    return this.store.query({
      name: 'engine_disks',
      sql: 'SELECT name, toFloat64(unreserved_space) AS free, toFloat64(total_space) AS total FROM system.disks ORDER BY name',
      row: diskRow,
    });
  }
}
