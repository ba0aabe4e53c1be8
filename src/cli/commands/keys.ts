// `driftline keys`: make, list and remove API keys.
import { type Command, Option } from 'commander';
import { z } from 'zod';
import { apiKeySchema, scopeSchema } from '../../domain/contract/alerts.js';
import { collect } from '../arguments.js';
import type { Context } from '../context.js';

const createdSchema = z.object({ id: z.string(), key: z.string() });

interface CreateFlags {
  scope: string[];
  model?: string[];
}

/** The commands. */
export function addKeys(program: Command, context: Context): void {
  const keys = program.command('keys').description('API keys');
  addCreate(keys, context);
  keys
    .command('list')
    .description('the keys, without their secrets')
    .action(async (_flags: unknown, command: Command) => {
      const list = await (await context.api(command)).get('/v1/api-keys', z.array(apiKeySchema));
      context.output(command).rows(
        list.map((key) => ({ ...key, scopes: key.scopes.join(' '), models: key.models?.join(' ') ?? '(all)' })),
        ['id', 'name', 'scopes', 'models', 'created_at'],
        'There are no keys.',
      );
    });
  keys
    .command('remove')
    .description('remove a key; who uses it is refused within ten seconds')
    .argument('<id>', 'its id, as `keys list` shows it')
    .action(async (id: string, _flags: unknown, command: Command) => {
      await (await context.api(command)).request('DELETE', `/v1/api-keys/${encodeURIComponent(id)}`);
      context.output(command).answer({ removed: id }, `removed ${id}`);
    });
}

function addCreate(keys: Command, context: Context): void {
  keys
    .command('create')
    .description('make a key; it is shown once')
    .argument('<name>', 'what it is for')
    .addOption(
      new Option('--scope <scope>', 'what it may do; may be repeated')
        .choices(scopeSchema.options)
        .argParser(collect)
        .makeOptionMandatory(),
    )
    .option('--model <model>', 'reach only this model; may be repeated', collect)
    .addHelpText('after', '\nExample:\n  $ driftline keys create churn-service --scope ingest --model churn')
    .action(async (name: string, flags: CreateFlags, command: Command) => {
      const body = { name, scopes: flags.scope, models: flags.model };
      const answer = await (await context.api(command)).send('POST', '/v1/api-keys', createdSchema, { body });
      context.output(command).answer(answer, answer.key);
    });
}
