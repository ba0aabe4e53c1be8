// The program: global options, the commands, help, completion, and how an error becomes a line and an exit code.
import tab from '@bomb.sh/tab/commander';
import { Command, CommanderError, Option } from 'commander';
import { DriftlineError } from '../domain/errors.js';
import { packageVersion } from '../package-root.js';
import { COMMANDS } from './commands/index.js';
import { Context, type Streams } from './context.js';

/** What the process ends with. */
export const EXIT = { done: 0, failed: 1, usage: 2, unreachable: 3 } as const;

const HELP = `
Commands talk to the running service at --url (DRIFTLINE_URL, by default http://127.0.0.1:8080). Where none runs there, they open
the store of DRIFTLINE_DATA_DIR or CLICKHOUSE_URL themselves, for as long as they take.

Exit codes: 0 done; 1 refused, or something is wrong; 2 wrong usage; 3 nothing answers.

Examples:
  $ driftline serve --port 8080
  $ driftline query "SELECT model, count() FROM v_predictions GROUP BY model"
  $ driftline import ground-truth labels.csv
  $ source <(driftline completion bash)`;

/** Build the program on a context. */
export function buildProgram(context: Context): Command {
  const program = new Command('driftline')
    .description('Driftline: a model-monitoring and metrics store.')
    .version(packageVersion())
    // A command's own --version is the version of a model, wherever it stands.
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => void context.streams.stdout.write(text),
      writeErr: (text) => void context.streams.stderr.write(text),
    })
    .showHelpAfterError('(--help shows how it is used)')
    .addHelpText('after', HELP)
    .exitOverride();
  for (const add of COMMANDS) add(program, context);
  for (const command of [program, ...leaves(program)]) addSharedOptions(command);
  tab(program, { completionCommandName: 'completion' });
  return program;
}

/** The commands that do something, at whatever depth. */
function leaves(command: Command): Command[] {
  return command.commands.flatMap((child) => (child.commands.length === 0 ? [child] : leaves(child)));
}

/** May stand before the command or behind it. */
function addSharedOptions(command: Command): void {
  const shared = [
    new Option('--url <url>', 'the service to talk to (DRIFTLINE_URL)'),
    new Option('--key <key>', 'the API key (DRIFTLINE_API_KEY, else DRIFTLINE_ADMIN_KEY)'),
    new Option('--json', 'print JSON'),
  ];
  for (const option of shared) command.addOption(option.helpGroup('Everywhere:'));
}

/** Run one command line; answers the exit code. */
export async function runCli(args: readonly string[], streams: Streams): Promise<number> {
  const context = new Context(streams);
  try {
    await buildProgram(context).parseAsync(args, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    return report(error, context);
  } finally {
    await context.close();
  }
}

/** Say what went wrong in one line, and one for each item. */
function report(error: unknown, { streams }: Context): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (!(error instanceof DriftlineError)) throw error;
  streams.stderr.write(`${error.detail}\n`);
  for (const item of error.errors ?? []) {
    const where = [item.index === undefined ? '' : `item ${item.index}`, item.path].filter((part) => part !== '');
    streams.stderr.write(`  ${[...where, item.message].join(': ')}\n`);
  }
  return error.status === 503 ? EXIT.unreachable : EXIT.failed;
}
