// The options of the demo, for `driftline demo` and `npm run demo`.
import { type Command, InvalidArgumentError, Option } from 'commander';

/** How many flights. */
export type DemoSize = '20k' | '3m';

export interface DemoOptions {
  once: boolean;
  rows: DemoSize;
  port?: number;
  keep?: string;
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535) throw new InvalidArgumentError('a port is 1 to 65535');
  return value;
}

/** Describe a command as the demo. */
export function demoOptions(command: Command): Command {
  return command
    .description('replay real flights of 2001 through Driftline, with a fault planted in March')
    .option('--once', 'exit when done: 0 if everything is as it should be, 1 if not', false)
    .addOption(
      new Option('--rows <size>', 'how many flights; 3m takes about 20 minutes').choices(['20k', '3m']).default('20k'),
    )
    .option('--port <port>', 'the port of the service (default: a free one)', port)
    .option('--keep <dir>', 'keep the data in this folder, which must be new or empty');
}
