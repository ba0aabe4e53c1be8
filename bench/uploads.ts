// Files: a million labels as Parquet, stored and their windows computed again; and a large CSV of predictions, for the memory that it takes.
import { createReadStream, createWriteStream, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { request } from 'node:http';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { held, told, type Result } from './report.js';
import { startService } from './service.js';
import { DAY, generatePredictions, MODEL, START } from './stored.js';
import { load, main, quiet, say, timed, withContainer, withFolder } from './support.js';

const LABELS = 1_000_000;
const LABEL_LIMIT = 15;
/** MB of the CSV; 1024 for the gigabyte of the limit. */
const CSV_MB = Number(process.env.DRIFTLINE_BENCH_CSV_MB ?? 100);
const MEMORY_LIMIT = 600;
const MB = 1024 * 1024;

/** Seconds to store the labels and to compute their windows. */
function labels(): Promise<{ store: number; compute: number; windows: number }> {
  return withContainer((container) =>
    withFolder(async (folder) => {
      const { store } = container.tables;
      await generatePredictions(container, { rows: LABELS, from: START, to: START + DAY, shift: 0 });
      await container.services.models.configure(MODEL, {
        task: 'binary',
        score: 'outputs.score',
        ground_truth: 'late',
        window: '1h',
      });
      const now = START + 2 * DAY;
      const quality = () => container.jobs.run('quality', { model: null, from: null, to: null, now }, 'cli');
      await quality();
      const file = path.join(folder, 'labels.parquet');
      await store.command({
        name: 'bench_labels',
        sql: `INSERT INTO FUNCTION file('${file}', Parquet) SELECT toString(prediction_id) AS prediction_id, cityHash64(prediction_id) % 2 = 0 AS late FROM predictions`,
      });
      await quiet();
      const upload = { path: file, format: 'parquet' as const, strings: [] };
      const stored = await timed(() => container.services.ingest.groundTruthFile(upload));
      let windows = 0;
      const computed = await timed(async () => {
        windows = (await quality()).windows;
      });
      return { store: stored / 1000, compute: computed / 1000, windows };
    }),
  );
}

function* csv(bytes: number): Iterable<string> {
  const columns = Array.from({ length: 20 }, (_, index) => `inputs.feature_${index}`);
  yield `model,version,prediction_id,timestamp,${columns.join(',')},outputs.score\n`;
  for (let made = 0, row = 0; made < bytes;) {
    let text = '';
    for (let n = 0; n < 1000; n++, row++) {
      const values = columns.map((_, index) => ((row * 7919 + index * 104_729) % 1_000_003) / 100);
      text += `big,1,row-${row},${START + row * 20},${values.join(',')},${(row % 1000) / 1000}\n`;
    }
    made += text.length;
    yield text;
  }
}

function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

function post(url: string, file: string): Promise<{ accepted: number }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers: { 'content-type': 'text/csv' } }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve(JSON.parse(text) as { accepted: number }));
    });
    sent.on('error', reject);
    createReadStream(file).pipe(sent);
  });
}

/** The most memory above idle while a CSV is uploaded, MB, and rows a second. */
function csvUpload(): Promise<{ above: number; idle: number; rows: number; seconds: number; megabytes: number }> {
  return withFolder(async (folder) => {
    const file = path.join(folder, 'predictions.csv');
    await pipeline(Readable.from(csv(CSV_MB * MB)), createWriteStream(file));
    const service = await startService(path.join(folder, 'data'));
    try {
      const idle = residentMb(service.pid);
      let most = idle;
      const watch = setInterval(() => (most = Math.max(most, residentMb(service.pid))), 50);
      let rows = 0;
      const taken = await timed(async () => {
        rows = (await post(`${service.url}/v1/predictions`, file)).accepted;
      });
      clearInterval(watch);
      return { above: most - idle, idle, rows, seconds: taken / 1000, megabytes: (await stat(file)).size / MB };
    } finally {
      await service.stop();
    }
  });
}

export async function run(): Promise<Result> {
  const parquet = await labels();
  const both = parquet.store + parquet.compute;
  say(`labels: ${parquet.store.toFixed(1)} s and ${parquet.compute.toFixed(1)} s; load ${load()}`);
  const big = await csvUpload();
  say(`csv: ${big.above.toFixed(0)} MB above ${big.idle.toFixed(0)} MB; load ${load()}`);
  return {
    name: 'uploads',
    about: `${LABELS.toLocaleString('en-US')} labels as one Parquet file over ${parquet.windows} windows of a million predictions. A CSV of ${big.megabytes.toFixed(0)} MB of predictions of 20 numbers over HTTP; resident memory of the service, looked at every 50 ms.`,
    lines: [
      held('labels stored and their windows computed', both, 's', {
        name: 'the limit',
        value: LABEL_LIMIT,
        at: 'most',
      }),
      told('of it, stored', parquet.store, 's'),
      held('CSV: memory above idle', big.above, 'MB', { name: 'the limit', value: MEMORY_LIMIT, at: 'most' }),
      told('CSV: rows', big.rows / big.seconds, 'rows/s'),
    ],
  };
}

await main(run);
