// `driftline serve`: the service, in this process.
import { type Command, Option } from 'commander';
import { loadConfig, type Config } from '../../config.js';
import { port } from '../arguments.js';

interface Flags {
  host?: string;
  port?: number;
  dataDir?: string;
  scheduler: boolean;
}

/** The command. Settings come from the environment; the options go before them. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .description('start the service; it runs until Ctrl-C')
    .addOption(new Option('--host <host>', 'the address to listen on (DRIFTLINE_HOST)'))
    .option('--port <port>', 'the port to listen on, 0 for a free one (DRIFTLINE_PORT)', port)
    .option('--data-dir <folder>', 'the folder of the embedded engine (DRIFTLINE_DATA_DIR)')
    .option('--no-scheduler', 'run no jobs by themselves (DRIFTLINE_SCHEDULER=off)')
    .addHelpText(
      'after',
      '\nExamples:\n  $ driftline serve\n  $ DRIFTLINE_ADMIN_KEY=... driftline serve --host 0.0.0.0',
    )
    .action(async (flags: Flags) => {
      const { serve } = await import('../../service.js');
      await serve(() => settings(flags));
    });
}

function settings(flags: Flags): Config {
  return loadConfig(undefined, {
    ...(flags.host === undefined ? {} : { DRIFTLINE_HOST: flags.host }),
    ...(flags.port === undefined ? {} : { DRIFTLINE_PORT: String(flags.port) }),
    ...(flags.dataDir === undefined ? {} : { DRIFTLINE_DATA_DIR: flags.dataDir }),
    ...(flags.scheduler ? {} : { DRIFTLINE_SCHEDULER: 'off' }),
  });
}
