// The registry's outbox at work: each delivery is sent to its webhook in order, tried again for hours, and its outcome written down.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { DeliveryError, type Delivered } from '../../domain/alerts/notice.js';
import type { Webhook } from '../../domain/registry/webhook.js';
import type { RegistryEntry, RegistryStore, StoredEntry } from './ports.js';
import type { SecretBox } from '../secret-box.js';
import { databricksSignature, driftlineSignature, mlflowSignature } from './signing.js';

export const DELIVERY_KIND = 'delivery';

const deliveryDoc = z.object({
  webhook: z.string(),
  event: z.string(),
  model: z.string(),
  body: z.string(),
  deliveryId: z.string(),
  state: z.enum(['pending', 'sent', 'failed']),
  attempts: z.number(),
  error: z.string().nullable(),
  endedAt: z.number().nullable(),
});
/** One body for one webhook. `deliveryId` is the same over all attempts: what a receiver sees twice is one delivery. */
export type Delivery = z.output<typeof deliveryDoc> & { item: string; at: number };

/** The channel to receivers, with the retries of alerts. */
export interface Poster {
  /** @throws DeliveryError */
  post(
    url: string,
    body: string,
    headers: () => Record<string, string>,
    options: { verifyTls: boolean },
  ): Promise<Delivered>;
}

/** Between rounds of attempts, each a few seconds long, ms; the last one repeats. Together about eleven hours. */
export const ROUND_WAITS = [30_000, 60_000, 300_000, 900_000, 1_800_000, 3_600_000] as const;
export const MAX_ROUNDS = 16;
/** How long a stop waits for what is being sent, ms. */
const STOP_WAIT = 3_000;

export interface DispatcherPorts {
  store: RegistryStore;
  poster: Poster;
  secrets: SecretBox;
  clock: () => number;
  webhook: (id: string) => Webhook | null;
  warn: (message: string, error: unknown) => void;
  /** Between rounds of attempts, ms. */
  waits?: readonly number[];
}

export function deliveryEntry(delivery: Delivery): RegistryEntry {
  const { item, at, ...doc } = delivery;
  return { kind: DELIVERY_KIND, scope: '', item, doc, at };
}

export function deliveryOf(entry: StoredEntry): Delivery {
  return { ...deliveryDoc.parse(entry.doc), item: entry.item, at: entry.at };
}

/** Sends deliveries. Those of one webhook go one after another, those of different webhooks side by side. */
export class Dispatcher {
  private readonly queues = new Map<string, Delivery[]>();
  private readonly running = new Map<string, Promise<void>>();
  private readonly stopping = new AbortController();
  /** What is still to be sent, as it was written last. */
  private readonly open = new Map<string, Delivery>();
  /** Writes go one after another: what is said to be still open must not come after what says that it ended. */
  private writes: Promise<unknown> = Promise.resolve();

  constructor(private readonly ports: DispatcherPorts) {}

  /** Deliveries that are stored. */
  add(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) {
      this.open.set(delivery.item, delivery);
      const queue = this.queues.get(delivery.webhook);
      if (queue === undefined) this.queues.set(delivery.webhook, [delivery]);
      else queue.push(delivery);
    }
    for (const webhook of new Set(deliveries.map((delivery) => delivery.webhook))) this.wake(webhook);
  }

  /** Whether a delivery is this process's to send. */
  has(item: string): boolean {
    return this.open.has(item);
  }

  /** Say of everything that is still to be sent that somebody is at it. */
  touch(): Promise<void> {
    return this.inOrder(async () => {
      const entries = [...this.open.values()].map(deliveryEntry);
      if (entries.length > 0) await this.ports.store.write(entries, this.ports.clock());
    });
  }

  /** Wait until everything is sent or given up. For tests and for orderly ends of short work. */
  async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running.values());
  }

  /** Begin nothing new; what is being sent has a moment to end. The rest stays in the outbox for the next start. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const moment = sleep(STOP_WAIT, undefined, { ref: false });
    await Promise.race([Promise.all(this.running.values()), moment]);
  }

  private wake(webhook: string): void {
    if (this.running.has(webhook) || this.stopping.signal.aborted) return;
    const work = this.drain(webhook).finally(() => this.running.delete(webhook));
    this.running.set(webhook, work);
  }

  private async drain(webhook: string): Promise<void> {
    const queue = this.queues.get(webhook) ?? [];
    for (let delivery = queue[0]; delivery !== undefined && !this.stopping.signal.aborted; delivery = queue[0]) {
      await this.deliver(delivery);
      if (this.stopping.signal.aborted) return;
      queue.shift();
    }
    this.queues.delete(webhook);
  }

  /** Send, round after round. */
  private async deliver(first: Delivery): Promise<void> {
    const waits = this.ports.waits ?? ROUND_WAITS;
    let delivery = first;
    for (let round = 0; ; round += 1) {
      const outcome = await this.round(delivery);
      delivery = { ...delivery, attempts: delivery.attempts + outcome.attempts, error: outcome.error };
      const ended = outcome.error === null || outcome.permanent || round + 1 >= MAX_ROUNDS;
      if (ended) {
        delivery = { ...delivery, state: outcome.error === null ? 'sent' : 'failed', endedAt: this.ports.clock() };
      }
      if (ended) this.open.delete(delivery.item);
      else this.open.set(delivery.item, delivery);
      await this.write(delivery);
      if (ended) return;
      const wait = waits[Math.min(round, waits.length - 1)] ?? 0;
      await sleep(wait, undefined, { ref: false, signal: this.stopping.signal }).catch(() => undefined);
      if (this.stopping.signal.aborted) return;
    }
  }

  private async write(delivery: Delivery): Promise<void> {
    try {
      await this.inOrder(() => this.ports.store.write([deliveryEntry(delivery)], delivery.at));
    } catch (error) {
      // It stays as it was: sent again after a restart, under the same id.
      this.ports.warn('the outcome of a webhook delivery could not be written', error);
    }
  }

  private inOrder<T>(work: () => Promise<T>): Promise<T> {
    const done = this.writes.then(work);
    this.writes = done.catch(() => undefined);
    return done;
  }

  private async round(delivery: Delivery): Promise<{ attempts: number; error: string | null; permanent: boolean }> {
    const webhook = this.ports.webhook(delivery.webhook);
    if (webhook === null) return { attempts: 0, error: 'the webhook was deleted', permanent: true };
    if (webhook.status !== 'ACTIVE') return { attempts: 0, error: 'the webhook is not active', permanent: true };
    try {
      const request = requestOf(webhook, delivery, this.ports.secrets, this.ports.clock);
      const { attempts } = await this.ports.poster.post(request.url, request.body, request.headers, {
        verifyTls: webhook.verifyTls,
      });
      return { attempts, error: null, permanent: false };
    } catch (error) {
      if (error instanceof DeliveryError)
        return { attempts: error.attempts, error: error.message, permanent: error.permanent };
      return { attempts: 1, error: error instanceof Error ? error.message : String(error), permanent: true };
    }
  }
}

/** What is posted for a delivery. The headers are made anew for each attempt: receivers refuse old signatures. */
export function requestOf(
  webhook: Webhook,
  { body, deliveryId }: Pick<Delivery, 'body' | 'deliveryId'>,
  secrets: SecretBox,
  clock: () => number,
): { url: string; body: string; headers: () => Record<string, string> } {
  const open = (sealed: string | null) => (sealed === null ? null : secrets.open(sealed, webhook.id));
  if (webhook.job !== null) return jobRequest(webhook.job, body, deliveryId, secrets, webhook.id);
  const [secret, authorization] = [open(webhook.secret), open(webhook.authorization)];
  const headers = (): Record<string, string> => {
    const seconds = String(Math.floor(clock() / 1000));
    const given: Record<string, string> = authorization === null ? {} : { authorization };
    switch (webhook.kind) {
      case 'databricks':
        return {
          ...given,
          'x-driftline-delivery': deliveryId,
          ...(secret === null ? {} : { 'x-databricks-signature': databricksSignature(secret, body) }),
        };
      case 'mlflow':
        return {
          'x-mlflow-delivery-id': deliveryId,
          'x-mlflow-timestamp': seconds,
          ...(secret === null ? {} : { 'x-mlflow-signature': mlflowSignature(secret, deliveryId, seconds, body) }),
        };
      case 'driftline':
        return {
          'x-driftline-delivery': deliveryId,
          ...(secret === null ? {} : { 'x-driftline-signature': driftlineSignature(secret, seconds, body) }),
        };
    }
  };
  return { url: webhook.url ?? '', body, headers };
}

/** A job is started with the event as a parameter of its notebook. */
function jobRequest(
  job: NonNullable<Webhook['job']>,
  event: string,
  deliveryId: string,
  secrets: SecretBox,
  purpose: string,
): ReturnType<typeof requestOf> {
  const token = secrets.open(job.accessToken, purpose);
  const id = /^\d{1,15}$/.test(job.jobId) ? Number(job.jobId) : job.jobId;
  const body = JSON.stringify({
    job_id: id,
    // One run for one event, however often it is asked for.
    idempotency_token: deliveryId,
    notebook_params: { event_message: event },
  });
  const headers = () => ({ authorization: `Bearer ${token}`, 'x-driftline-delivery': deliveryId });
  return { url: `${job.workspaceUrl.replace(/\/$/, '')}/api/2.1/jobs/run-now`, body, headers };
}
