// What the pages are tested on: the demo's flights and models over a month that ends inside the planted fault, and two small models besides. The same
// at every run.
import { batches } from '../../demo/client.js';
import { DAY, inputsOf, openFlights, type Flight } from '../../demo/flights.js';
import { type Model, trainModels, VERSIONS } from '../../demo/models.js';

/** The flights' model, as the demo calls it. */
export const FLIGHTS = 'flight-delay';
/** A model whose field has a hostile name, and whose labels never come. */
export const ROUTER = 'support-router';
/** A regression in hourly windows. */
export const PRICES = 'house-price';
export const HOSTILE_FIELD = '<img src=x onerror=alert(1)>';
/** A value of one of its fields. */
export const HOSTILE_VALUE = '<svg onload=alert(2)>';
/** The days that are replayed, and when the planted fault begins: `distance` in kilometres. */
export const FIRST_DAY = Date.UTC(2001, 1, 15);
export const LAST_DAY = Date.UTC(2001, 2, 16);
/** When the jobs run last. */
export const END = LAST_DAY + DAY + 300_000;
const LABELLED_UNTIL = LAST_DAY - 2 * DAY;
const BATCH = 2000;

type Send = (method: string, path: string, body: unknown) => Promise<unknown>;

/** JSON calls of a service. @throws Error for any answer of 300 and above. */
export function sender(url: string, key?: string): Send {
  return async (method, path, body) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 500)}`);
    return text === '' ? null : (JSON.parse(text) as unknown);
  };
}

/** A number in [0, 1) from a whole one. */
const random = (i: number): number => {
  const mixed = Math.imul(i ^ (i >>> 15), 0x2c1b3c6d);
  return (Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39) >>> 0) / 2 ** 32;
};

/** Fill a service that has no data. `webhook`: where alerts go. */
export async function seed(url: string, webhook: string): Promise<void> {
  const send = sender(url);
  await send('PUT', '/v1/channels/on-call', { type: 'webhook', url: webhook });
  await seedFlights(send);
  await seedRouter(send);
  await seedPrices(send);
  await seedRegistry(send);
  for (const job of ['operations', 'drift', 'quality']) await send('POST', `/v1/jobs/${job}/run`, { now: END });
  for (let now = LAST_DAY - 4 * DAY + 300_000; now <= END; now += DAY)
    await send('POST', '/v1/jobs/alerts/run', { now });
}

async function seedFlights(send: Send): Promise<void> {
  await send('PUT', `/v1/models/${FLIGHTS}`, {
    task: 'binary',
    prediction: 'outputs.late',
    score: 'outputs.probability',
    ground_truth: 'late',
    positive_label: true,
    window: '1d',
    label_delay: '2d',
    min_samples: 100,
    segments: ['tags.region'],
    features: { 'inputs.hour': { kind: 'numeric' }, 'inputs.distance': { kind: 'numeric' } },
  });
  const rule = { model: FLIGHTS, channels: ['on-call'], repeat_every: null };
  await send('PUT', '/v1/alert-rules/input-drift', {
    ...rule,
    metric: 'psi',
    feature: 'inputs.*',
    warning: 0.1,
    critical: 0.2,
  });
  await send('PUT', '/v1/alert-rules/accuracy-floor', {
    ...rule,
    metric: 'accuracy',
    op: '<',
    warning: 0.6,
    critical: 0.5,
  });
  const source = await openFlights('20k');
  try {
    const january = (await Promise.all(source.januaryDays.map((day) => source.day(day)))).flat();
    const trained = trainModels(january);
    for (const version of VERSIONS) {
      const { model } = trained[version];
      const rows = january.map((flight) => {
        const inputs = inputsOf(flight);
        return { inputs, outputs: model.score(inputs), values: { late: flight.late } };
      });
      await send('POST', `/v1/models/${FLIGHTS}/baselines?name=january&version=${version}`, rows);
    }
    const days = source.replayDays.filter((day) => day >= FIRST_DAY && day <= LAST_DAY);
    for (const day of days)
      await sendDay(send, await source.day(day), { '1': trained['1'].model, '2': trained['2'].model });
  } finally {
    await source.close();
  }
}

async function sendDay(send: Send, flights: readonly Flight[], models: Record<'1' | '2', Model>): Promise<void> {
  const predictions = VERSIONS.flatMap((version) =>
    flights.map((flight) => {
      const inputs = inputsOf(flight);
      const noise = random(flight.index);
      return {
        model: FLIGHTS,
        version,
        prediction_id: `flight-${flight.index}-v${version}`,
        timestamp: flight.departure,
        inputs,
        outputs: models[version].score(inputs),
        tags: { region: flight.origin < 'L' ? 'east' : 'west' },
        replica: `pod-${'abc'.charAt(flight.index % 3)}`,
        latency_ms: 8 + Math.round(60 * noise * noise * 10) / 10,
        ...(noise < 0.004 ? { status: 'error', error: 'feature store timed out' } : {}),
        request_bytes: 420 + Math.round(80 * noise),
        response_bytes: 64,
        cpu_ms: 2 + Math.round(30 * noise) / 10,
        memory_bytes: 180_000_000 + Math.round(4e6 * noise),
      };
    }),
  );
  for (const batch of batches(predictions, BATCH)) await send('POST', '/v1/predictions', batch);
  const labels = VERSIONS.flatMap((version) =>
    flights
      .filter((flight) => flight.day < LABELLED_UNTIL && random(flight.index + 7) > 0.03)
      .map((flight) => ({
        prediction_id: `flight-${flight.index}-v${version}`,
        values: { late: flight.late },
        timestamp: flight.departure + Math.round(3_600_000 * (2 + 20 * random(flight.index + 3))),
      })),
  );
  for (const batch of batches(labels, BATCH)) await send('POST', '/v1/ground-truth', batch);
}

async function seedRouter(send: Send): Promise<void> {
  await send('PUT', `/v1/models/${ROUTER}`, {
    task: 'multiclass',
    prediction: 'outputs.team',
    ground_truth: 'team',
    window: '1d',
  });
  const teams = ['billing', 'delivery', 'account'];
  const items = Array.from({ length: 900 }, (_, i) => ({
    model: ROUTER,
    version: '2024-11',
    prediction_id: `ticket-${i}`,
    timestamp: LAST_DAY - 5 * DAY + Math.floor(i / 150) * DAY + (i % 150) * 500_000,
    inputs: {
      [HOSTILE_FIELD]: random(i),
      language: ['en', 'fr', HOSTILE_VALUE][i % 3],
      text_length: Math.round(40 + 400 * random(i + 1)),
    },
    outputs: { team: teams[Math.floor(3 * random(i + 2))] },
    latency_ms: 30 + Math.round(20 * random(i + 5)),
  }));
  await send('POST', '/v1/predictions', items);
}

async function seedPrices(send: Send): Promise<void> {
  await send('PUT', `/v1/models/${PRICES}`, {
    task: 'regression',
    prediction: 'outputs.price',
    ground_truth: 'price',
    window: '6h',
    min_samples: 50,
  });
  const start = LAST_DAY - 9 * DAY;
  const items = Array.from({ length: 3000 }, (_, i) => {
    const area = Math.round(40 + 160 * random(i));
    return {
      model: PRICES,
      version: '7',
      prediction_id: `house-${i}`,
      timestamp: start + Math.round((i / 3000) * 10 * DAY),
      inputs: { area_m2: area, rooms: 1 + Math.floor(area / 45), heating: ['gas', 'heat pump', 'oil'][i % 3] },
      outputs: { price: area * 3100 },
      latency_ms: 4 + Math.round(6 * random(i + 9)),
    };
  });
  await send('POST', '/v1/predictions', items);
  await send(
    'POST',
    '/v1/ground-truth',
    items.slice(0, 2800).map((item, i) => ({
      prediction_id: item.prediction_id,
      values: { price: Math.round(item.outputs.price * (0.9 + 0.2 * random(i + 11))) },
      timestamp: item.timestamp + 3_600_000,
    })),
  );
}

/** The flights registered with two versions, the prices with none. */
async function seedRegistry(send: Send): Promise<void> {
  const call = (path: string, body: unknown) => send('POST', `/api/2.0/mlflow/${path}`, body);
  const tags = (record: Record<string, string>) => Object.entries(record).map(([key, value]) => ({ key, value }));
  await call('registered-models/create', {
    name: FLIGHTS,
    description: 'will the flight be late',
    tags: tags({ team: 'airport' }),
  });
  await call('registered-models/create', { name: PRICES, tags: tags({ team: 'estate' }) });
  for (const version of VERSIONS)
    await call('model-versions/create', {
      name: FLIGHTS,
      source: `s3://models/flights/${version}`,
      run_id: `run-${version}`,
      description: version === '1' ? 'hour of day only' : 'with distance',
      tags: tags({ git_commit: `c0ffee${version}`, data_version: '2001-01', 'training.accuracy': '0.72' }),
    });
  await call('model-versions/transition-stage', {
    name: FLIGHTS,
    version: '1',
    stage: 'Archived',
    archive_existing_versions: false,
  });
  await call('model-versions/transition-stage', {
    name: FLIGHTS,
    version: '2',
    stage: 'Production',
    archive_existing_versions: false,
  });
  await call('registered-models/alias', { name: FLIGHTS, alias: 'champion', version: '2' });
}
