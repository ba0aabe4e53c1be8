// What the TypeScript client sends: the vectors of the clients, against a server that keeps what it gets.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Client, trackMetric } from '../../../clients/typescript/src/node.js';
import {
  Client as BrowserClient,
  trackMetric as trackMetricInBrowser,
} from '../../../clients/typescript/src/browser.js';
import { Heartbeat } from '../../../clients/typescript/src/heartbeat.js';
import type { ClientOptions, TrackOptions } from '../../../clients/typescript/src/types.js';
import { ItemReceiver } from '../../support/item-receiver.js';
import { camel, casesOf, revive, vectors, type Case } from '../../support/vectors.js';

let receiver: ItemReceiver;
const open: Client[] = [];
const client = (options: ClientOptions = {}): Client => {
  const made = new Client({
    url: receiver.url,
    replica: 'pod-1',
    heartbeat: 0,
    measure: false,
    flushAtExit: false,
    ...options,
  });
  open.push(made);
  return made;
};

beforeAll(async () => {
  receiver = await ItemReceiver.start();
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close(1000);
  receiver.requests.splice(0);
});
afterAll(() => receiver.stop());

const camelKeys = (object: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [camel(key), value]));

describe('the vectors', () => {
  const predictions = vectors('predictions') as unknown as { cases: Case[]; tracked_metrics: { cases: Case[] } };

  for (const { name, call, id, item, counted } of casesOf(predictions.cases)) {
    test(`track: ${name}`, async () => {
      const { inputs, outputs, ...options } = camelKeys(revive(call) as Record<string, unknown>);
      const on = client();
      expect(on.track(inputs, outputs, options as TrackOptions)).toBe(id);
      await on.flush();
      expect(receiver.items('/v1/predictions')).toEqual([item]);
      expect(on.stats()).toMatchObject({ tracked: 1, sent: 1, accepted: 1, queued: 0, ...(counted as object) });
    });
  }

  for (const { name, argument, tracked, result, item } of predictions.tracked_metrics.cases) {
    test(`trackMetric: ${name}`, async () => {
      const on = client();
      const predict = on.model(
        'm',
        '1',
      )((_input: unknown) => {
        for (const [key, value] of tracked as [string, unknown][]) trackMetric(key, value);
        return result;
      });
      expect(predict(argument)).toEqual(result);
      await on.flush();
      const [sent = {}] = receiver.items('/v1/predictions');
      const { inputs, outputs, metrics } = sent;
      expect({ inputs, outputs, metrics }).toEqual({ outputs: undefined, metrics: undefined, ...(item as object) });
      expect(sent).toMatchObject({
        model: 'm',
        version: '1',
        replica: 'pod-1',
        latency_ms: expect.any(Number) as number,
      });
    });
  }

  for (const found of casesOf(vectors('ground_truth').cases)) {
    test(`ground truth: ${found.name}`, async () => {
      const on = client();
      const [first, second] = revive(found['arguments']) as [never, never];
      const options = { timestamp: found['timestamp'] as number };
      if (found['call'] === 'track_ground_truth') on.trackGroundTruth(first, second, options);
      else on.trackDelayedMetrics(first, second, options);
      await on.flush();
      expect(receiver.items(String(found['path']))).toEqual([found['item']]);
    });
  }

  for (const { name, call, item } of casesOf(vectors('aggregates').cases)) {
    test(`aggregates: ${name}`, async () => {
      const { metrics, start, end, ...options } = revive(call) as Record<string, never>;
      const on = client();
      on.trackAggregateMetrics(metrics ?? {}, start ?? 0, end ?? 0, options);
      await on.flush();
      expect(receiver.items('/v1/aggregate-metrics')).toEqual([item]);
    });
  }

  for (const found of casesOf(vectors('replica_stats').cases)) {
    test(`heartbeats: ${found.name}`, () => {
      const [start = 0, end = 0] = found['interval'] as number[];
      const cpuMs = found['cpu_ms'] as number;
      const memoryBytes = found['memory_bytes'] as number;
      const heart = new Heartbeat('pod-1', start, { cpuMs: 100, memoryBytes: 1 });
      const sums = heart.of({ model: 'm', version: '1', deployment: '' });
      for (const one of found['predictions'] as {
        latency_ms: number;
        request_bytes: number;
        response_bytes: number;
        status: string;
      }[]) {
        sums.requests++;
        sums.failed += one.status === 'error' ? 1 : 0;
        sums.latency += one.latency_ms;
        sums.longest = Math.max(sums.longest, one.latency_ms);
        sums.requestBytes += one.request_bytes;
        sums.responseBytes += one.response_bytes;
      }
      const lost = heart.report(end, { cpuMs: 100 + cpuMs, memoryBytes }, 0);
      expect(lost.items).toEqual([found['item']]);
      // It did not arrive: the next report has the same, over a longer interval. That one does.
      sums.requests++;
      const next = heart.report(end + 1000, { cpuMs: 100 + cpuMs, memoryBytes }, 3);
      expect(next.items).toMatchObject([{ start, end: end + 1000, requests: 3, dropped: 3 }]);
      sums.requests++;
      next.arrived();
      expect(heart.report(end + 2000, null, 3).items).toMatchObject([
        { start: end + 1000, requests: 1, failed: 0, dropped: 0 },
      ]);
    });
  }

  test('the client has every name and counter of the surface', () => {
    const surface = vectors('surface') as unknown as { client: { python: string }[]; counters: string[] };
    const on = client();
    for (const { python } of surface.client)
      expect([python, typeof on[camel(python) as keyof Client]]).toEqual([python, 'function']);
    expect(Object.keys(on.stats()).sort()).toEqual([...surface.counters].sort());
  });
});

describe('a wrapped function', () => {
  test('keeps its this, its arguments, its result and its error, synchronous or not', async () => {
    const on = client();
    class Model {
      factor = 2;
      predict = on.model('m')(function (this: Model, x: number) {
        return x * this.factor;
      });
    }
    expect(new Model().predict(21)).toBe(42);
    const failing = on.model('m')(async (x: { a: number }) => {
      await Promise.resolve();
      trackMetric('seen', x.a);
      throw new RangeError('too far');
    });
    const sync = on.model('m')(() => {
      throw new Error('at once');
    });
    expect(() => sync()).toThrow('at once');
    await expect(failing({ a: 3 })).rejects.toThrow(new RangeError('too far'));
    await on.flush();
    const [times2, atOnce, tooFar] = receiver.items('/v1/predictions');
    expect(times2).toMatchObject({ inputs: { value: 21 }, outputs: 42 });
    expect(atOnce).toMatchObject({ status: 'error', error: 'Error: at once' });
    expect(tooFar).toMatchObject({ inputs: { a: 3 }, error: 'RangeError: too far', metrics: { seen: 3 } });
    for (const failed of [atOnce, tooFar]) expect(failed).not.toHaveProperty('outputs');
  });

  test("two that run at once do not see one another's metrics", async () => {
    const on = client();
    const predict = on.model('m', '1', { tags: { a: 'b' }, predictionId: (x: { n: number }) => `p-${x.n}` })(async ({
      n,
    }: {
      n: number;
    }) => {
      trackMetric('n', n);
      await new Promise((resolve) => setImmediate(resolve));
      on.trackTag('n', n);
      trackMetric('double', 2 * n);
      return n;
    });
    await Promise.all([1, 2, 3].map((n) => predict({ n })));
    await on.flush();
    const items = receiver.items('/v1/predictions');
    expect(items).toHaveLength(3);
    for (const item of items) {
      const n = item['outputs'] as number;
      expect(item).toMatchObject({
        prediction_id: `p-${n}`,
        metrics: { n, double: 2 * n },
        tags: { a: 'b', n: String(n) },
      });
    }
  });

  test('a value that throws when it is looked at, an id that cannot be made: the model goes on, and it is counted and said once', async () => {
    const said: string[] = [];
    const on = client({ warn: (message) => said.push(message) });
    const mean = {
      get a(): number {
        throw new Error('not now');
      },
    };
    const predict = on.model('m', '1', {
      predictionId: () => {
        throw new Error('no id');
      },
    })((_x: unknown) => 7);
    expect([predict(mean), predict(mean), predict({ fine: 1 })]).toEqual([7, 7, 7]);
    await on.flush();
    expect(receiver.items('/v1/predictions')).toHaveLength(1);
    expect(on.stats().cut).toBe(2);
    expect(said).toHaveLength(2);
  });

  test('outside a prediction, disabled, closed or without a model: nothing happens', async () => {
    expect(() => trackMetric('a', 1)).not.toThrow();
    const off = client({ disabled: true });
    expect([off.track({ a: 1 }, 2, { model: 'm' }), off.model('m')(() => 5)()]).toEqual(['', 5]);
    const said: string[] = [];
    const nameless = client({ warn: (message) => said.push(message) });
    expect([nameless.track({ a: 1 }), nameless.track({ a: 2 })]).toEqual(['', '']);
    expect(said).toHaveLength(1);
    const closed = client();
    await closed.close();
    expect(closed.track({ a: 1 }, 2, { model: 'm' })).toBe('');
    expect(receiver.requests).toEqual([]);
  });
});

describe('in a browser', () => {
  test('the same lines; a call is followed until its first await, and the prediction that is handed over until its end', async () => {
    const on = new BrowserClient({ url: receiver.url, model: 'm' });
    const predict = on.model('m')(async (x: number) => {
      trackMetricInBrowser('early', x);
      await Promise.resolve();
      trackMetricInBrowser('late', x);
      return x;
    });
    await predict(3);
    await on.prediction('m', undefined, { inputs: { a: 1 } }, async (prediction) => {
      await Promise.resolve();
      prediction.trackMetric('late', 4);
    });
    on.track({ text: 'x'.repeat(2000) }, 1);
    await on.close();
    const items = receiver.items('/v1/predictions');
    expect(items).toMatchObject([
      { inputs: { value: 3 }, outputs: 3, metrics: { early: 3 } },
      { inputs: { a: 1 }, metrics: { late: 4 } },
      { outputs: 1, request_bytes: 2011 },
    ]);
    expect(receiver.requests[0]?.headers['content-encoding']).toBe('gzip');
    expect(items.some((item) => 'replica' in item)).toBe(false);
  });
});
