// Ingest over HTTP, acknowledged after the insert, against the same client inserting the same rows with nothing in between.
import { createClient } from '@clickhouse/client';
import { createChdbConnection } from 'chdb/connection';
import type { PeerOrder, PeerResult } from './ingest-peer.js';
import { held, told, type Result } from './report.js';
import { bodies, predictions } from './rows.js';
import { Sender, startService } from './service.js';
import { cpuSeconds, inChild, load, main, median, quiet, say, withFolder } from './support.js';

const ROWS = 120_000;
const BATCH = 2_000;
const IN_FLIGHT = 3;
const ROUNDS = 3;
/** The share of the peer that must be reached, and the one that is aimed at. */
const REQUIRED = 0.5;
const AIM = 0.75;

interface Measured {
  rowsPerSecond: number;
  cpuMicroseconds: number;
}

const peer = (order: PeerOrder) => inChild<PeerResult>('ingest-peer', order);

/** The same rows to a fresh service. */
async function service(folder: string, ids: boolean): Promise<Measured> {
  const running = await startService(folder);
  const sender = new Sender(`${running.url}/v1/predictions`, 'application/x-ndjson', IN_FLIGHT);
  try {
    await sender.send(bodies(predictions(BATCH * IN_FLIGHT, Date.now(), ids), BATCH));
    const sent = bodies(predictions(ROWS, Date.now(), ids), BATCH);
    const cpu = cpuSeconds(running.pid);
    const started = performance.now();
    await sender.send(sent);
    const seconds = (performance.now() - started) / 1000;
    return {
      rowsPerSecond: ROWS / seconds,
      cpuMicroseconds: ((cpuSeconds(running.pid) - cpu) / ROWS) * 1e6,
    };
  } finally {
    sender.close();
    await running.stop();
  }
}

/** Bytes on disk of one prediction, all tables that it is written to, after the engine's merges. */
async function bytesPerRow(folder: string): Promise<{ table: string; bytes: number }[]> {
  const client = createClient({ connection: createChdbConnection({ path: folder }) } as Parameters<
    typeof createClient
  >[0]);
  try {
    for (const name of ['predictions', 'prediction_places'])
      await client.command({ query: `OPTIMIZE TABLE ${name} FINAL` });
    const answer = await client.query({
      query: `SELECT table, sum(bytes_on_disk) / (SELECT count() FROM predictions) AS bytes FROM system.parts
        WHERE active AND table IN ('predictions', 'prediction_places') GROUP BY table ORDER BY table DESC`,
      format: 'JSONEachRow',
    });
    return await answer.json();
  } finally {
    await client.close();
  }
}

export async function run(): Promise<Result> {
  const rounds = {
    alone: [] as PeerResult[],
    bare: [] as PeerResult[],
    made: [] as Measured[],
    given: [] as Measured[],
  };
  let sizes: { table: string; bytes: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await quiet();
    rounds.alone.push(await peer({ rows: ROWS, batch: BATCH, places: true }));
    rounds.made.push(await withFolder((folder) => service(folder, false)));
    rounds.bare.push(await peer({ rows: ROWS, batch: BATCH, places: false }));
    await withFolder(async (folder) => {
      rounds.given.push(await service(folder, true));
      if (round === ROUNDS - 1) sizes = await bytesPerRow(folder);
    });
    const last = Object.entries(rounds).map(([name, all]) => `${name} ${Math.round(all.at(-1)?.rowsPerSecond ?? 0)}`);
    say(`round ${round + 1}, rows/s: ${last.join(', ')}; load ${load()}`);
  }
  const rate = (all: Measured[]) => median(all.map((one) => one.rowsPerSecond));
  const cpu = (all: Measured[]) => median(all.map((one) => one.cpuMicroseconds));
  const alone = rate(rounds.alone);
  const against = (share: number) => ({
    name: `${share} of client.insert`,
    value: share * alone,
    at: 'least' as const,
  });
  return {
    name: 'ingest',
    about: `${ROWS.toLocaleString('en-US')} predictions of 20 numbers and 2 strings as NDJSON (557 bytes a row, 593 with an id), ${BATCH} a request, ${IN_FLIGHT} requests in flight, over HTTP to the service in a process of its own; median of ${ROUNDS} rounds in turn with the peer. The peer inserts the same rows as flat objects, with \`client.insert\`, into the same tables.`,
    lines: [
      told('`client.insert` alone', alone, 'rows/s'),
      told('`client.insert` alone, without the table of ids', rate(rounds.bare), 'rows/s'),
      held('service, ids made by it', rate(rounds.made), 'rows/s', against(REQUIRED)),
      held('the same, aim', rate(rounds.made), 'rows/s', against(AIM)),
      held('service, UUIDs sent by the client', rate(rounds.given), 'rows/s', against(REQUIRED)),
      held('the same, aim', rate(rounds.given), 'rows/s', against(AIM)),
      told('CPU of `client.insert` a row', cpu(rounds.alone), 'us'),
      told('CPU of the service a prediction, ids made by it', cpu(rounds.made), 'us'),
      told('CPU of the service a prediction, UUIDs sent', cpu(rounds.given), 'us'),
      ...sizes.map(({ table, bytes }) => told(`disk a prediction, table \`${table}\``, bytes, 'bytes')),
    ],
  };
}

await main(run);
