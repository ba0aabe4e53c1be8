// `driftline registry webhooks`: who is told about changes of the registry, and what became of it.
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { z } from 'zod';
import { deliverySchema } from '../../domain/contract/registry.js';
import { InvalidInputError } from '../../domain/errors.js';
import { DATABRICKS_EVENTS } from '../../domain/registry/webhook.js';
import { collect, positive, queryString } from '../arguments.js';
import type { Context } from '../context.js';

const CALLS = '/api/2.0/mlflow/registry-webhooks';
const webhookSchema = z.object({
  id: z.string(),
  model_name: z.string().optional(),
  description: z.string(),
  events: z.array(z.string()),
  status: z.string(),
  http_url_spec: z.object({ url: z.string() }).optional(),
  job_spec: z.object({ job_id: z.string() }).optional(),
});
type Webhook = z.output<typeof webhookSchema>;

const row = (webhook: Webhook) => ({
  id: webhook.id,
  model: webhook.model_name ?? '(all)',
  events: webhook.events.join(' '),
  status: webhook.status,
  to: webhook.http_url_spec?.url ?? `job ${webhook.job_spec?.job_id ?? ''}`,
});

interface AddFlags {
  model?: string;
  event: string[];
  secretFile?: string;
  job?: string;
  tokenFile?: string;
  description?: string;
  test?: boolean;
}

const secretIn = (file: string | undefined): string | undefined =>
  file === undefined ? undefined : readFileSync(file, 'utf8').trim();

/** What a webhook sends to. @throws InvalidInputError for a job without a token */
function target(url: string, { job, tokenFile, secretFile }: AddFlags): object {
  if (job === undefined) return { http_url_spec: { url, secret: secretIn(secretFile) } };
  const token = secretIn(tokenFile);
  if (token === undefined) throw new InvalidInputError('A job is started with a token: give it as --token-file.');
  return { job_spec: { job_id: job, workspace_url: url, access_token: token } };
}

/** The commands. */
export function addRegistryWebhooks(registry: Command, context: Context): void {
  const webhooks = registry.command('webhooks').description("webhooks of the registry, in Databricks' form");
  addChanges(webhooks, context);
  webhooks
    .command('list')
    .description('the webhooks, without their secrets')
    .action(async (_flags: unknown, command: Command) => {
      const answer = z.object({ webhooks: z.array(webhookSchema).default([]) });
      const { webhooks: list } = await (await context.api(command)).get(`${CALLS}/list?max_results=1000`, answer);
      context.output(command).rows(list.map(row), ['id', 'model', 'events', 'status', 'to'], 'There are no webhooks.');
    });
  webhooks
    .command('deliveries')
    .description('what was sent and what is still to be, newest first')
    .addOption(new Option('--state <state>', 'only these').choices(['pending', 'sent', 'failed']))
    .option('--limit <n>', 'how many', positive, 100)
    .action(async (flags: { state?: string; limit: number }, command: Command) => {
      const api = await context.api(command);
      const list = await api.get(`/v1/registry/deliveries${queryString({ ...flags })}`, z.array(deliverySchema));
      const columns = ['time', 'webhook', 'event', 'model', 'state', 'attempts', 'error'];
      context.output(command).rows(list, columns, 'Nothing was sent.');
    });
}

function addChanges(webhooks: Command, context: Context): void {
  webhooks
    .command('add')
    .description('tell an address about events')
    .argument('<url>', 'where to send them; with --job the workspace that has the job')
    .addOption(
      new Option('--event <event>', 'what to tell; may be repeated')
        .choices(DATABRICKS_EVENTS)
        .argParser(collect)
        .makeOptionMandatory(),
    )
    .option('--model <model>', 'only of this model')
    .option('--secret-file <file>', 'sign with the secret in this file: on the command line others would see it')
    .option('--job <id>', 'start this job of Databricks, with the event as a parameter of its notebook')
    .option('--token-file <file>', "the job's workspace is called with the token in this file")
    .option('--description <text>', 'what it is for')
    .option('--test', 'in test mode: it fires by `test` only')
    .action(async (url: string, flags: AddFlags, command: Command) => {
      const body = {
        events: flags.event,
        model_name: flags.model,
        description: flags.description,
        status: flags.test === true ? 'TEST_MODE' : 'ACTIVE',
        ...target(url, flags),
      };
      const answer = z.object({ webhook: webhookSchema });
      const { webhook } = await (await context.api(command)).send('POST', `${CALLS}/create`, answer, { body });
      context.output(command).answer(webhook, webhook.id);
    });
  for (const [name, status, description] of [
    ['pause', 'DISABLED', 'send nothing until it is resumed'],
    ['resume', 'ACTIVE', 'send again, from now on'],
  ] as const) {
    webhooks
      .command(name)
      .description(description)
      .argument('<id>', 'its id, as `webhooks list` shows it')
      .action(async (id: string, _flags: unknown, command: Command) => {
        const answer = z.object({ webhook: webhookSchema });
        const api = await context.api(command);
        const { webhook } = await api.send('PATCH', `${CALLS}/update`, answer, { body: { id, status } });
        context.output(command).answer(webhook, `${id} is ${webhook.status}`);
      });
  }
  webhooks
    .command('test')
    .description('send an example')
    .argument('<id>', 'its id, as `webhooks list` shows it')
    .action(async (id: string, _flags: unknown, command: Command) => {
      const answer = z.object({ status_code: z.number(), body: z.string().nullable() });
      const tested = await (await context.api(command)).send('POST', `${CALLS}/test`, answer, { body: { id } });
      const ok = tested.status_code >= 200 && tested.status_code < 300;
      if (!ok) context.exitCode = 1;
      context
        .output(command)
        .answer(tested, ok ? `answered ${tested.status_code}` : `failed: ${tested.status_code} ${tested.body ?? ''}`);
    });
  webhooks
    .command('remove')
    .description('remove a webhook')
    .argument('<id>', 'its id')
    .action(async (id: string, _flags: unknown, command: Command) => {
      await (await context.api(command)).request('DELETE', `${CALLS}/delete`, { body: { id } });
      context.output(command).answer({ removed: id }, `removed ${id}`);
    });
}
