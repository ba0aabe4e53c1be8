// `npm run job -- drift --model flights --from 2001-01-01 --to 2001-07-01`: one job from a shell, with a bar where a person watches.
import { Command, InvalidArgumentError, Argument } from 'commander';
import { SingleBar, Presets } from 'cli-progress';
import pino from 'pino';
import { systemClock } from '../src/clock.js';
import { loadConfig } from '../src/config.js';
import { openContainer } from '../src/container.js';
import { queryTimeSchema } from '../src/domain/contract/common.js';
import { JOB_NAMES, type JobName } from '../src/domain/contract/metrics.js';
import { DriftlineError } from '../src/domain/errors.js';

interface Flags {
  model?: string;
  from?: number;
  to?: number;
  now?: number;
  json?: boolean;
}

function time(text: string): number {
  const parsed = queryTimeSchema.safeParse(text);
  if (!parsed.success)
    throw new InvalidArgumentError('Use ISO 8601 (2001-01-31 or 2001-01-31T12:00:00Z) or epoch milliseconds.');
  return parsed.data;
}

async function main(job: JobName, flags: Flags): Promise<void> {
  const config = loadConfig();
  const logger = pino({ level: 'warn' }, pino.destination(2));
  const container = await openContainer(config, { clock: systemClock, logger });
  const bar =
    config.interactive && flags.json !== true
      ? new SingleBar({ format: `${job} |{bar}| {value}/{total} windows` }, Presets.shades_classic)
      : null;
  try {
    await container.migrate();
    await container.start();
    let started = false;
    const progress = (done: number, total: number) => {
      if (bar === null) return;
      if (!started) bar.start(total, done);
      else bar.setTotal(total);
      started = true;
      bar.update(done);
    };
    const options = {
      model: flags.model ?? null,
      from: flags.from ?? null,
      to: flags.to ?? null,
      now: flags.now ?? systemClock(),
      progress,
    };
    const answer = await container.jobs.run(job, options, 'cli');
    bar?.stop();
    if (flags.json === true) console.log(JSON.stringify(answer));
    else
      console.log(
        `${job}: ${answer.status}, ${answer.windows} windows, ${answer.points} numbers${answer.errors.map((error) => `\n  ${error}`).join('')}`,
      );
    if (answer.status !== 'ok') process.exitCode = 1;
  } finally {
    bar?.stop();
    await container.close();
  }
}

const program = new Command()
  .name('npm run job --')
  .description(
    'Run one job now. With the embedded engine, stop the service first or use POST /v1/jobs/{job}/run: one process holds the data folder.',
  )
  .addArgument(new Argument('<job>', 'which job').choices(JOB_NAMES))
  .option('--model <name>', 'only this model')
  .option('--from <time>', 'recompute from here', time)
  .option('--to <time>', 'recompute up to here', time)
  .option('--now <time>', 'the time that decides which windows are complete', time)
  .option('--json', 'print the answer as JSON')
  .action(async (job: JobName, flags: Flags) => {
    try {
      await main(job, flags);
    } catch (error) {
      if (!(error instanceof DriftlineError)) throw error;
      console.error(error.detail);
      process.exitCode = 1;
    }
  });
await program.parseAsync();
