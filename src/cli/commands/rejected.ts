// `driftline rejected list` and `rejected replay`: refused items, and sending them again after a correction.
import { z } from 'zod';
import type { Command } from 'commander';
import { rejectedItemSchema, replayedSchema, type Replayed } from '../../domain/contract/tracking.js';
import { queryString } from '../arguments.js';
import type { Context } from '../context.js';

interface Flags {
  model?: string;
  reason?: string;
  id?: string[];
  limit?: string;
}

const HELP = `
Items are sent again as they were kept, the oldest first, after the service or the configuration of their model was corrected. What is stored leaves
the list, what is refused again stays; running it twice stores nothing twice.

Examples:
  $ driftline rejected replay --model churn
  $ driftline rejected replay --reason invalid_timestamp
  $ driftline rejected replay --id 0197a2b0-0000-7000-8000-000000000000`;

/** The commands. */
export function addRejected(program: Command, context: Context): void {
  const group = program.command('rejected').description('refused items of the last seven days');

  group
    .command('list')
    .description('the newest, with the reason')
    .option('--model <name>', 'only of this model')
    .option('--limit <n>', 'how many, at most 1000', '20')
    .action(async ({ model, limit }: Flags, command: Command) => {
      const service = await context.api(command);
      const items = await service.get(`/v1/rejected${queryString({ model, limit })}`, z.array(rejectedItemSchema));
      context.output(command).rows(items, ['id', 'received_at', 'route', 'model', 'code', 'path', 'message'], 'Nothing was refused.'); // prettier-ignore
    });

  group
    .command('replay')
    .description('send them again')
    .option('--model <name>', 'only of this model')
    .option('--reason <code>', 'only those that were refused for this')
    .option('--id <id...>', 'only these')
    .addHelpText('after', HELP)
    .action(async ({ model, reason, id: ids }: Flags, command: Command) => {
      const service = await context.api(command);
      const total: Replayed = { stored: 0, refused: 0, unusable: 0, errors: [], next: null };
      do {
        const after = total.next ?? undefined;
        const body = { model, reason, ids, after };
        const answer = await service.send('POST', '/v1/rejected/replay', replayedSchema, { body });
        total.stored += answer.stored;
        total.refused += answer.refused;
        total.unusable += answer.unusable;
        total.errors.push(...answer.errors);
        total.next = answer.next;
      } while (total.next !== null);
      const output = context.output(command);
      for (const { id, path, message } of total.errors)
        output.note(`${id}: ${path === '' ? '' : `${path}: `}${message}`);
      output.answer(
        total,
        `${total.stored} stored, ${total.refused} refused again, ${total.unusable} that have to be sent anew`,
      );
      if (total.refused + total.unusable > 0) context.exitCode = 1;
    });
}
