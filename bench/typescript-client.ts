// The TypeScript client: what a tracked call costs against the same function undecorated, and how fast a client fills a service.
import { Client, trackMetric } from '../clients/typescript/src/node.js';
import { held, told, type Result } from './report.js';
import { startService } from './service.js';
import { cpuSeconds, main, median, quantile, quiet, withFolder } from './support.js';

const WARM_UP = 20_000;
const CALLS = 20_000;
/** Calls timed together: the clock itself costs a tenth of what is measured. */
const TOGETHER = 20;
const ROUNDS = 5;
const PREDICTIONS = 100_000;

interface Row {
  age: number;
  tenure: number;
  balance: number;
  products: number;
  salary: number;
  score: number;
  visits: number;
  days: number;
  country: string;
  plan: string;
}

const row = (n: number): Row => ({
  ...{
    age: 20 + (n % 60),
    tenure: n % 12,
    balance: (n % 9000) * 12.5,
    products: 1 + (n % 4),
    salary: 30_000 + (n % 700) * 100,
  },
  ...{
    score: (n % 100) / 100,
    visits: n % 30,
    days: n % 365,
    country: ['DE', 'FR', 'ES'][n % 3] ?? 'DE',
    plan: n % 2 === 0 ? 'basic' : 'pro',
  },
});
const predict = (input: Row) => {
  const probability = Math.round(1000 / (1 + input.age / 40)) / 1000;
  return { late: probability > 0.5, probability };
};

/** Microseconds a call, each of many. The queue is emptied in between, where nobody measures. */
async function times(call: (input: Row) => unknown, between: () => Promise<unknown>): Promise<number[]> {
  const rows = Array.from({ length: 1000 }, (_, n) => row(n));
  for (let n = 0; n < WARM_UP; n++) call(rows[n % 1000] ?? row(n));
  await between();
  const found: number[] = [];
  for (let n = 0; n < CALLS / TOGETHER; n++) {
    const started = performance.now();
    for (let m = 0; m < TOGETHER; m++) call(rows[(n * TOGETHER + m) % 1000] ?? row(n));
    found.push(((performance.now() - started) * 1000) / TOGETHER);
    if (n % 50 === 49) await between();
  }
  return found;
}

async function run(): Promise<Result> {
  return withFolder(async (folder) => {
    const service = await startService(folder);
    try {
      const client = new Client({ url: service.url, model: 'bench', version: '1', maxQueue: 1_000_000 });
      const tracked = client.model('bench', '1')(predict);
      const withMetric = client.model(
        'bench',
        '1',
      )((input: Row) => {
        trackMetric('margin', input.score);
        return predict(input);
      });
      await quiet();
      const rounds: Record<'plain' | 'tracked' | 'metric', number[]>[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const flush = () => client.flush(60_000);
        rounds.push({
          plain: await times(predict, flush),
          tracked: await times(tracked, flush),
          metric: await times(withMetric, flush),
        });
      }
      const over = (name: 'tracked' | 'metric', at: (values: number[]) => number) =>
        median(rounds.map((one) => at(one[name]) - at(one.plain)));
      await client.flush(60_000);
      const before = client.stats().accepted;
      const cpu = process.cpuUsage();
      const cpuOfService = cpuSeconds(service.pid);
      const started = performance.now();
      for (let n = 0; n < PREDICTIONS; n++) {
        tracked(row(n));
        if (n % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await client.flush(120_000);
      const seconds = (performance.now() - started) / 1000;
      const { user, system } = process.cpuUsage(cpu);
      const serving = ((cpuSeconds(service.pid) - cpuOfService) / PREDICTIONS) * 1e6;
      const { accepted, dropped } = client.stats();
      await client.close();
      return {
        name: 'typescript-client',
        about: `A predict function of 8 numbers and 2 strings with an output of two fields, wrapped by \`client.model\`, against the same function undecorated, ${CALLS.toLocaleString('en-US')} calls a round, ${ROUNDS} rounds, ${TOGETHER} calls timed together; and ${PREDICTIONS.toLocaleString('en-US')} predictions through one client into the service in a process of its own, tracked and acknowledged.`,
        lines: [
          held('a tracked call, median over the undecorated one', over('tracked', median), 'us', {
            name: 'stated limit',
            value: 5,
            at: 'most',
          }),
          told(
            'the same, 99th percentile',
            over('tracked', (values) => quantile(values, 0.99)),
            'us',
          ),
          held('with one `trackMetric`, median', over('metric', median), 'us', {
            name: 'stated limit',
            value: 5,
            at: 'most',
          }),
          held('predictions through one client', (accepted - before) / seconds, 'rows/s', {
            name: 'stated limit',
            value: 20_000,
            at: 'least',
          }),
          told('CPU of the client a prediction', (user + system) / PREDICTIONS, 'us'),
          told('CPU of the service a prediction', serving, 'us'),
          held('of them dropped', dropped, 'rows', { name: 'none', value: 0, at: 'most' }),
        ],
      };
    } finally {
      await service.stop();
    }
  });
}

await main(run);
