// A service that is killed in the middle of a replay: nothing acknowledged is lost, nothing is doubled, a second replay changes no number.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort, Service } from '../../demo/service.js';

interface Flight {
  date: string;
  delay: number;
  distance: number;
  origin: string;
  destination: string;
}
const file = new URL('../../node_modules/vega-datasets/data/flights-20k.json', import.meta.url);
const february = (JSON.parse(readFileSync(file, 'utf8')) as Flight[])
  .filter((flight) => flight.date.startsWith('2001/02/0'))
  .slice(0, 1500);
const records = february.map((flight, index) => ({
  prediction: {
    model: 'flights',
    version: '1',
    prediction_id: `flight-${index}`,
    timestamp: `${flight.date.replaceAll('/', '-').replace(' ', 'T')}:00Z`,
    inputs: { hour: Number(flight.date.slice(11, 13)), distance: flight.distance, origin: flight.origin },
    outputs: { label: flight.distance > 1000 },
  },
  label: { prediction_id: `flight-${index}`, values: { late: flight.delay > 15 }, timestamp: '2001-02-20T00:00:00Z' },
}));
const BATCH = 25;

const folders: string[] = [];
const services: Service[] = [];
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.stop()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function freshFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'driftline-crash-'));
  folders.push(folder);
  return folder;
}

async function startOn(folder: string): Promise<Service> {
  const service = await Service.start({ dataDir: folder, port: await freePort(), smtpUrl: 'smtp://127.0.0.1:1' });
  services.push(service);
  return service;
}

async function post(url: string, route: string, items: unknown): Promise<boolean> {
  const body = JSON.stringify(items);
  const response = await fetch(url + route, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  }).catch(() => null);
  await response?.arrayBuffer().catch(() => null);
  return response?.status === 201;
}

/** Send batches, three at a time, until all are sent or the service is gone; answers which records were acknowledged. */
async function send(
  url: string,
  from: number,
  onBatch: (sent: number) => void,
): Promise<{ predictions: Set<number>; labels: Set<number> }> {
  const acknowledged = { predictions: new Set<number>(), labels: new Set<number>() };
  let next = from;
  const worker = async () => {
    while (next < records.length) {
      const start = next;
      next += BATCH;
      const part = records.slice(start, start + BATCH);
      const numbers = part.map((_, index) => start + index);
      if (
        await post(
          url,
          '/v1/predictions',
          part.map((record) => record.prediction),
        )
      )
        numbers.forEach((n) => acknowledged.predictions.add(n));
      if (
        await post(
          url,
          '/v1/ground-truth',
          part.map((record) => record.label),
        )
      )
        numbers.forEach((n) => acknowledged.labels.add(n));
      onBatch(next);
    }
  };
  await Promise.all([worker(), worker(), worker()]);
  return acknowledged;
}

interface Stored {
  external_id: string;
  ground_truth: { late: boolean } | null;
}

async function readAll(url: string): Promise<Stored[]> {
  const response = await fetch(`${url}/v1/predictions?model=flights`, { headers: { accept: 'application/x-ndjson' } });
  if (response.status === 404) return [];
  const text = await response.text();
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Stored);
}

async function numbers(url: string): Promise<unknown[]> {
  for (const job of ['operations', 'quality', 'drift']) {
    const response = await fetch(`${url}/v1/jobs/${job}/run`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ now: '2001-02-12T00:00:00Z' }),
    });
    expect(await response.json()).toMatchObject({ status: 'ok', errors: [] });
  }
  const points = (await (await fetch(`${url}/v1/models/flights/metrics`)).json()) as Record<string, unknown>[];
  return points.map(({ computed_at: _, ...point }) => point);
}

describe('kill -9 in the middle of a replay', () => {
  it('loses nothing acknowledged, doubles nothing, and ends at the numbers of an undisturbed replay', async () => {
    const folder = freshFolder();
    for (const killAfter of [200, 600, 1000]) {
      const service = await startOn(folder);
      const crashes: Promise<void>[] = [];
      const acknowledged = await send(service.url, killAfter - 200, (sent) => {
        if (sent >= killAfter && crashes.length === 0) crashes.push(service.crash());
      });
      expect(crashes).toHaveLength(1);
      await Promise.all(crashes);
      const again = await startOn(folder);
      const stored = await readAll(again.url);
      const ids = new Set(stored.map((row) => row.external_id));
      expect(stored.length).toBe(ids.size);
      const labelled = new Set(stored.filter((row) => row.ground_truth !== null).map((row) => row.external_id));
      expect(acknowledged.predictions.size).toBeGreaterThan(0);
      for (const index of acknowledged.predictions) expect(ids).toContain(`flight-${index}`);
      for (const index of acknowledged.labels)
        if (ids.has(`flight-${index}`)) expect(labelled).toContain(`flight-${index}`);
      await again.crash();
    }
    const service = await startOn(folder);
    const complete = await send(service.url, 0, () => undefined);
    expect(complete.predictions.size).toBe(records.length);
    const first = await numbers(service.url);
    expect(first.length).toBeGreaterThan(100);
    await send(service.url, 0, () => undefined);
    expect(await numbers(service.url)).toEqual(first);
    expect((await readAll(service.url)).length).toBe(records.length);

    const undisturbed = await startOn(freshFolder());
    await send(undisturbed.url, 0, () => undefined);
    expect(await numbers(undisturbed.url)).toEqual(first);
  });
});
