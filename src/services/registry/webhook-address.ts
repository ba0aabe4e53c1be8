// Where webhooks may send to, in MLflow's words where they may not.
import { invalidParameter } from '../../domain/registry/rules.js';
import type { WebhookFields } from './webhook-documents.js';

/** Receivers, one attempt at a time, and the check of where they are. */
export interface Receivers {
  once(
    url: string,
    body: string,
    headers: Record<string, string>,
    options: { verifyTls: boolean },
  ): Promise<{ status: number; body: string }>;
  readonly allowsPrivate: boolean;
  forbiddenAddress(url: URL): Promise<string | null>;
}

/** Check the addresses that a webhook is made or changed to. @throws RegistryError in MLflow's words. */
export async function checkAddresses({ url, job }: WebhookFields, receivers: Receivers): Promise<void> {
  for (const address of [url, job?.workspaceUrl]) {
    if (address !== undefined) await checkAddress(address, receivers);
  }
}

async function checkAddress(address: string, receivers: Receivers): Promise<void> {
  if (address.trim() === '') {
    throw invalidParameter(`Webhook URL cannot be empty or just whitespace: '${address}'`);
  }
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(address)?.[1]?.toLowerCase() ?? '';
  const allowed = receivers.allowsPrivate ? ['https', 'http'] : ['https'];
  if (!allowed.includes(scheme)) {
    throw invalidParameter(`Invalid webhook URL scheme: '${scheme}'. Allowed schemes are: ${allowed.join(', ')}.`);
  }
  if (!URL.canParse(address)) throw invalidParameter(`Webhook URL must include a hostname: '${address}'`);
  const url = new URL(address);
  if (url.username !== '' || url.password !== '') {
    throw invalidParameter('Webhook URL must not hold a user name or password; give them as authorization.');
  }
  const forbidden = await receivers.forbiddenAddress(url);
  if (forbidden === null) return;
  throw invalidParameter(
    `Webhook URL must not resolve to a non-public IP address. '${url.hostname}' resolves to ${forbidden}.`,
  );
}
