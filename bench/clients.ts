// The clients in model code: what a tracked call costs against the same function undecorated, and how many predictions a second go through.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { held, told, type Line, type Result } from './report.js';
import { startService } from './service.js';
import { cleanEnvironment, cpuSeconds, main, quiet, ROOT, withFolder } from './support.js';

/** Microseconds that a tracked call may add, at the median, and predictions a second that must go through. */
const PYTHON_OVERHEAD = 20;
const SUSTAINED = 20_000;

interface PythonResult {
  bare: number;
  tracked: number;
  tracked_p99: number;
  rows_per_second: number;
  cpu_us: number;
  lost: number;
  predictions: number;
}

/** The Python client, in a process of its own as model code has it; it needs nothing installed but Python. */
async function python(): Promise<Line[]> {
  const result = await withFolder(async (folder) => {
    const service = await startService(folder);
    try {
      const env = { ...cleanEnvironment(), PYTHONPATH: path.join(ROOT, 'clients/python/src') };
      const script = path.join(ROOT, 'bench/clients.py');
      const before = cpuSeconds(service.pid);
      const { stdout } = await promisify(execFile)('python3', [script, service.url], { env });
      const answer = JSON.parse(stdout) as PythonResult;
      return { ...answer, service_us: ((cpuSeconds(service.pid) - before) / answer.predictions) * 1e6 };
    } finally {
      await service.stop();
    }
  });
  if (result.lost > 0) throw new Error(`${result.lost} predictions were not acknowledged`);
  const limit = { name: 'limit', value: PYTHON_OVERHEAD, at: 'most' as const };
  const rate = { name: 'limit', value: SUSTAINED, at: 'least' as const };
  return [
    told('Python, the function undecorated', result.bare, 'us'),
    held('Python, added by tracking', result.tracked - result.bare, 'us', limit),
    told('Python, a tracked call at the 99th percentile', result.tracked_p99, 'us'),
    held('Python, sustained into the service', result.rows_per_second, 'predictions/s', rate),
    told('Python, CPU a prediction, background included', result.cpu_us, 'us'),
    told('CPU of the service a prediction from Python', result.service_us, 'us'),
    told(
      'Python and the service, processors that the limit takes',
      ((result.cpu_us + result.service_us) * SUSTAINED) / 1e6,
      '',
    ),
  ];
}

export async function run(): Promise<Result> {
  await quiet();
  return {
    name: 'clients',
    about:
      'A predict function over 20 numbers and 2 texts, decorated, with one tracked metric, against the same function undecorated; medians of 40,000 calls in bursts of 20, while the background sends to a service on the same machine. Sustained: 200,000 predictions as fast as one thread makes them, until the last is acknowledged.',
    lines: [...(await python())],
  };
}

await main(run);
