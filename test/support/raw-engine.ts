// The engine without our store layer, on the folder of a test: for pinning what the store layer has to work around.
import { createClient, type ClickHouseClient } from '@clickhouse/client';
import { createChdbConnection, type ChdbExtension } from 'chdb/connection';

export interface RawEngine {
  client: ClickHouseClient;
  chdb: ChdbExtension;
  /** The rows of a statement. */
  rows: (
    query: string,
    params?: Record<string, unknown>,
    settings?: Record<string, number | string>,
  ) => Promise<Record<string, unknown>[]>;
  close: () => Promise<void>;
}

/** One more connection to a folder that this process has open. */
export function openRaw(dataDir: string): RawEngine {
  const connection = createChdbConnection({ path: dataDir });
  const client = createClient({ connection } as Parameters<typeof createClient>[0]);
  return {
    client,
    chdb: connection.chdb,
    rows: async (query, params, settings) => {
      const result = await client.query({
        query,
        format: 'JSONEachRow',
        ...(params === undefined ? {} : { query_params: params }),
        ...(settings === undefined ? {} : { clickhouse_settings: settings }),
      });
      return result.json();
    },
    close: () => client.close(),
  };
}
