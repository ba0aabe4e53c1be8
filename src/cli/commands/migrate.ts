// `driftline migrate`: apply pending schema files and say which.
import type { Command } from 'commander';
import type { Context } from '../context.js';

/** The command. */
export function addMigrate(program: Command, context: Context): void {
  program
    .command('migrate')
    .description('apply pending schema files; the service does the same when it starts')
    .action(async (_flags: unknown, command: Command) => {
      const applied = await (await context.container()).migrate();
      context
        .output(command)
        .answer(
          { applied },
          applied.length === 0
            ? 'schema is up to date'
            : ['applied:', ...applied.map((name) => `  ${name}`)].join('\n'),
        );
    });
}
