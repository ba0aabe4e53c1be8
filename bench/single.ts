// Predictions sent one by one, each acknowledged after its insert: at a given rate, whatever the answers take, and as fast as answers come.
import { held, told, type Result } from './report.js';
import { bodies, predictions } from './rows.js';
import { Sender, startService, type Service } from './service.js';
import { cpuSeconds, load, main, quantile, quiet, say, withFolder } from './support.js';

const RATE = 500;
const SECONDS = 10;
/** Connections: more than are ever needed at this rate. */
const CONNECTIONS = 64;
const CLOSED_LOOP = 16;
const CLOSED_ROWS = 3_000;

/** Send at the rate, each at its time; latency counts from when a prediction should have been sent. */
async function atRate(service: Service, sender: Sender, sent: readonly Buffer[]) {
  const cpu = cpuSeconds(service.pid);
  const started = performance.now();
  const latencies: Promise<number>[] = [];
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(sent.length, Math.floor(((performance.now() - started) / 1000) * RATE));
      for (let next = latencies.length; next < due; next++) {
        const late = performance.now() - (started + (next / RATE) * 1000);
        latencies.push(sender.post(sent[next] ?? Buffer.alloc(0)).then((taken) => taken + late));
      }
      if (latencies.length < sent.length) return;
      clearInterval(timer);
      resolve();
    }, 1);
  });
  const all = await Promise.all(latencies);
  const seconds = (performance.now() - started) / 1000;
  return { all, rate: all.length / seconds, cpu: (cpuSeconds(service.pid) - cpu) / seconds };
}

export function run(): Promise<Result> {
  return withFolder(async (folder) => {
    const service = await startService(folder);
    const url = `${service.url}/v1/predictions`;
    const open = new Sender(url, 'application/json', CONNECTIONS);
    const closed = new Sender(url, 'application/json', CLOSED_LOOP);
    try {
      await closed.send(bodies(predictions(500, Date.now(), true), 1));
      const sent = bodies(predictions(RATE * SECONDS, Date.now(), true), 1);
      await quiet();
      const { all, rate, cpu } = await atRate(service, open, sent);
      say(
        `at a rate: p50 ${quantile(all, 0.5).toFixed(1)} ms, p99 ${quantile(all, 0.99).toFixed(1)} ms; load ${load()}`,
      );
      const many = bodies(predictions(CLOSED_ROWS, Date.now(), true), 1);
      const started = performance.now();
      const fast = await closed.send(many);
      const fastest = CLOSED_ROWS / ((performance.now() - started) / 1000);
      return {
        name: 'single',
        about: `One prediction a request, as JSON with a UUID of the client's, answered after its insert. First ${RATE} a second for ${SECONDS} s, each sent at its time (latency counts from then); then ${CLOSED_LOOP} clients that each wait for the answer.`,
        lines: [
          held('acknowledged at the rate', rate, '/s', { name: 'the rate, less 1 %', value: RATE * 0.99, at: 'least' }),
          held('latency p50', quantile(all, 0.5), 'ms', { name: 'the limit', value: 5, at: 'most' }),
          held('latency p99', quantile(all, 0.99), 'ms', { name: 'the limit', value: 30, at: 'most' }),
          told('processors that the service kept busy', cpu, ''),
          told(`${CLOSED_LOOP} clients, as fast as they can`, fastest, '/s'),
          told('their latency p50', quantile(fast, 0.5), 'ms'),
          told('their latency p99', quantile(fast, 0.99), 'ms'),
        ],
      };
    } finally {
      open.close();
      closed.close();
      await service.stop();
    }
  });
}

await main(run);
