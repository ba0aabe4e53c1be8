// `driftline job drift --model flights --from 2001-01-01 --to 2001-07-01`: one job now, with a bar where a person watches.
import { Argument, type Command } from 'commander';
import { JOB_NAMES, jobRunAnswerSchema, type JobName, type JobRunAnswer } from '../../domain/contract/metrics.js';
import { systemClock } from '../../clock.js';
import { time } from '../arguments.js';
import type { Context } from '../context.js';

interface Flags {
  model?: string;
  from?: number;
  to?: number;
  now?: number;
}

const HELP = `
Without --from and --to: what is due or has changed. With them: that range, computed again.

Examples:
  $ driftline job drift
  $ driftline job quality --model flights --from 2001-01-01 --to 2001-07-01`;

/** The command. */
export function addJob(program: Command, context: Context): void {
  program
    .command('job')
    .description('run one job now')
    .addArgument(new Argument('<job>', 'which job').choices(JOB_NAMES))
    .option('--model <name>', 'only this model')
    .option('--from <time>', 'compute again from here', time)
    .option('--to <time>', 'compute again up to here', time)
    .option('--now <time>', 'the time that decides which windows are complete', time)
    .addHelpText('after', HELP)
    .action(async (job: JobName, flags: Flags, command: Command) => {
      const output = context.output(command);
      const service = await context.running(command);
      const { model, from, to, now } = flags;
      const answer =
        service === null
          ? await runHere(job, flags, context, command)
          : await service.send('POST', `/v1/jobs/${job}/run`, jobRunAnswerSchema, { body: { model, from, to, now } });
      output.answer(answer, describe(job, answer));
      if (answer.status !== 'ok') context.exitCode = 1;
    });
}

/** No service runs: the store is opened. */
async function runHere(job: JobName, flags: Flags, context: Context, command: Command): Promise<JobRunAnswer> {
  const container = await context.container();
  await container.migrate();
  await container.start();
  const bar = context.output(command).progress(job, 'windows');
  try {
    const { model = null, from = null, to = null, now = systemClock() } = flags;
    return await container.jobs.run(
      job,
      { model, from, to, now, progress: (done, total) => bar.update(done, total) },
      'cli',
    );
  } finally {
    bar.stop();
  }
}

function describe(job: JobName, answer: JobRunAnswer): string {
  const errors = answer.errors.map((error) => `\n  ${error}`).join('');
  return `${job}: ${answer.status}, ${answer.windows} windows, ${answer.points} numbers${errors}`;
}
