// Webhooks of the registry as stored documents, and what they are made or changed to.
import { z } from 'zod';
import { WEBHOOK_STATUSES, type Webhook, type WebhookStatus } from '../../domain/registry/webhook.js';
import type { SecretBox } from '../secret-box.js';

export const WEBHOOK_KIND = 'webhook';

export const webhookDoc = z.object({
  kind: z.enum(['databricks', 'mlflow', 'driftline']),
  name: z.string(),
  modelId: z.string().nullable(),
  description: z.string(),
  status: z.enum(WEBHOOK_STATUSES),
  events: z.array(z.string()),
  url: z.string().nullable(),
  secret: z.string().nullable(),
  authorization: z.string().nullable(),
  verifyTls: z.boolean(),
  job: z.object({ jobId: z.string(), workspaceUrl: z.string(), accessToken: z.string() }).nullable(),
  createdAt: z.number(),
  updatedAt: z.number(),
});

/** What a webhook is made or changed to. `undefined` leaves a field as it is; an empty secret removes it. Secrets are in plain text. */
export interface WebhookFields {
  name?: string | undefined;
  model?: string | undefined;
  description?: string | undefined;
  status?: WebhookStatus | undefined;
  events?: readonly string[] | undefined;
  url?: string | undefined;
  secret?: string | undefined;
  authorization?: string | undefined;
  verifyTls?: boolean | undefined;
  job?: { jobId: string; workspaceUrl: string; accessToken: string } | undefined;
}

/** A webhook with fields changed; secrets sealed. */
export function changedWebhook(webhook: Webhook, fields: WebhookFields, secrets: SecretBox): Webhook {
  const seal = (text: string | undefined, known: string | null) =>
    text === undefined ? known : text === '' ? null : secrets.seal(text, webhook.id);
  const { job } = fields;
  const isJob = job !== undefined;
  const isUrl = fields.url !== undefined;
  return {
    ...webhook,
    name: fields.name ?? webhook.name,
    description: fields.description ?? webhook.description,
    status: fields.status ?? webhook.status,
    events: fields.events === undefined ? webhook.events : [...new Set(fields.events)],
    url: isJob ? null : (fields.url ?? webhook.url),
    secret: isJob ? null : seal(fields.secret, webhook.secret),
    authorization: isJob ? null : seal(fields.authorization, webhook.authorization),
    verifyTls: fields.verifyTls ?? webhook.verifyTls,
    job: isJob ? { ...job, accessToken: secrets.seal(job.accessToken, webhook.id) } : isUrl ? null : webhook.job,
  };
}
