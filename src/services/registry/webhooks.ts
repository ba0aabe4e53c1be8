// Webhooks of the registry: kept, changed, tested, and what each change of the registry puts into the outbox for them.
import { v4 as uuidv4 } from 'uuid';
import { z } from 'zod';
import { RegistryError } from '../../domain/errors.js';
import type { Outcome } from '../../domain/registry/operations.js';
import { doesNotExist, invalidParameter } from '../../domain/registry/rules.js';
import { isPrompt, type RegistryState } from '../../domain/registry/state.js';
import {
  databricksBody,
  databricksEvents,
  isAbout,
  mlflowBody,
  mlflowEvent,
  WEBHOOK_STATUSES,
  type DatabricksEvent,
  type Happening,
  type Webhook,
  type WebhookKind,
  type WebhookStatus,
} from '../../domain/registry/webhook.js';
import { databricksExample, mlflowExample } from '../../domain/registry/webhook-examples.js';
import type { SecretBox } from '../secret-box.js';
import { DELIVERY_KIND, deliveryEntry, deliveryOf, requestOf, type Delivery, type Dispatcher } from './dispatcher.js';
import type { RegistryEntry, RegistryStore, StoredEntry } from './ports.js';
import type { Follower, Registry } from './registry.js';

const WEBHOOK_KIND = 'webhook';
const MAX_WEBHOOKS = 1000;

const webhookDoc = z.object({
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

/** What a test came to: the receiver's answer, or why there is none. */
export type TestAnswer = { status: number; body: string; error: null } | { status: null; body: null; error: string };

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

export interface WebhookPorts {
  registry: Registry;
  store: RegistryStore;
  secrets: SecretBox;
  receivers: Receivers;
  dispatcher: Dispatcher;
  clock: () => number;
}

/** All kinds of webhooks. */
export class RegistryWebhooks implements Follower {
  readonly kinds = [WEBHOOK_KIND];
  private readonly webhooks = new Map<string, Webhook>();
  private readonly ready: Delivery[] = [];
  private sequence = 0;

  constructor(private readonly ports: WebhookPorts) {}

  find(id: string): Webhook | null {
    return this.webhooks.get(id) ?? null;
  }

  /** @throws RegistryError RESOURCE_DOES_NOT_EXIST */
  async get(kind: WebhookKind, id: string): Promise<Webhook> {
    const webhook = await this.ports.registry.read(() => this.find(id));
    if (webhook?.kind !== kind) throw doesNotExist(`Webhook with ID ${id} not found.`);
    return webhook;
  }

  /** In the order they were made. */
  list(kind: WebhookKind): Promise<Webhook[]> {
    return this.ports.registry.read(() =>
      [...this.webhooks.values()]
        .filter((webhook) => webhook.kind === kind)
        .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)),
    );
  }

  /** @throws RegistryError */
  async create(kind: WebhookKind, fields: WebhookFields): Promise<Webhook> {
    await this.checkAddresses(fields);
    const modelId = fields.model === undefined ? null : await this.modelId(fields.model);
    return this.ports.registry.exclusively(async (write) => {
      if (this.webhooks.size >= MAX_WEBHOOKS) {
        throw new RegistryError(429, 'RESOURCE_EXHAUSTED', `There are ${MAX_WEBHOOKS} webhooks already; delete some.`);
      }
      const now = this.ports.clock();
      const id = uuidv4().replaceAll('-', '');
      const empty: Webhook = {
        id,
        kind,
        name: '',
        modelId,
        description: '',
        status: 'ACTIVE',
        events: [],
        url: null,
        secret: null,
        authorization: null,
        verifyTls: true,
        job: null,
        createdAt: now,
        updatedAt: now,
      };
      return this.keep(this.with(empty, fields), write);
    });
  }

  /** @throws RegistryError */
  async update(kind: WebhookKind, id: string, fields: WebhookFields): Promise<Webhook> {
    await this.checkAddresses(fields);
    return this.ports.registry.exclusively(async (write) => {
      const webhook = this.find(id);
      if (webhook?.kind !== kind) throw doesNotExist(`Webhook with ID ${id} not found.`);
      const now = Math.max(this.ports.clock(), webhook.updatedAt + 1);
      return this.keep({ ...this.with(webhook, fields), updatedAt: now }, write);
    });
  }

  /** @throws RegistryError */
  async remove(kind: WebhookKind, id: string): Promise<void> {
    await this.ports.registry.exclusively(async (write) => {
      if (this.find(id)?.kind !== kind) throw doesNotExist(`Webhook with ID ${id} not found.`);
      await write([{ kind: WEBHOOK_KIND, scope: '', item: id, doc: null }]);
      this.webhooks.delete(id);
    });
  }

  /** Send an example of an event, whatever the status of the webhook. @throws RegistryError */
  async test(kind: WebhookKind, id: string, asked: string | null): Promise<TestAnswer> {
    const webhook = await this.get(kind, id);
    const event = asked ?? webhook.events[0] ?? '';
    const body = exampleBody(webhook, event, this.ports.clock());
    const { verifyTls } = webhook;
    try {
      const request = requestOf(webhook, { body, deliveryId: uuidv4() }, this.ports.secrets, this.ports.clock);
      const answer = await this.ports.receivers.once(request.url, request.body, request.headers(), { verifyTls });
      return { ...answer, error: null };
    } catch (error) {
      return { status: null, body: null, error: error instanceof Error ? error.message : String(error) };
    }
  }

  /** What was sent and what is still to be, newest first. */
  async deliveries(filter: { state: string | null; webhook: string | null; limit: number }): Promise<Delivery[]> {
    const newest = await this.ports.store.newest(DELIVERY_KIND, null, MAX_DELIVERIES);
    return newest
      .map(deliveryOf)
      .filter((one) => filter.state === null || one.state === filter.state)
      .filter((one) => filter.webhook === null || one.webhook === filter.webhook)
      .slice(0, filter.limit);
  }

  /** Send what a stop or a crash left in the outbox. Call once at start. */
  async resume(): Promise<void> {
    const pending = (await this.ports.store.all([DELIVERY_KIND]))
      .map(deliveryOf)
      .filter((delivery) => delivery.state === 'pending');
    this.ports.dispatcher.add(pending);
  }

  /** Tell our own webhooks about something that is no change of the registry. `write`: the entries it is stored with. */
  announce(
    event: string,
    model: string,
    data: Record<string, unknown>,
  ): { entries: RegistryEntry[]; send: () => void } {
    const now = this.ports.clock();
    const deliveries = this.listening('driftline', event).map((webhook) =>
      this.delivery(
        webhook,
        event,
        model,
        JSON.stringify({ event, webhook_id: webhook.id, event_timestamp: now, ...data }),
        now,
      ),
    );
    return { entries: deliveries.map(deliveryEntry), send: () => this.ports.dispatcher.add(deliveries) };
  }

  loaded(entries: readonly StoredEntry[]): void {
    for (const { item, doc } of entries) {
      if (doc === null) this.webhooks.delete(item);
      else this.webhooks.set(item, { id: item, ...webhookDoc.parse(doc) });
    }
  }

  entries(outcome: Outcome, state: RegistryState): RegistryEntry[] {
    const deliveries = happenings(outcome, state).flatMap((happening) => this.told(happening));
    this.ready.splice(0, this.ready.length, ...deliveries);
    // A webhook about one model goes with it.
    const removed = new Set(outcome.removedModels.map(({ id }) => id));
    const gone = [...this.webhooks.values()].filter(({ modelId }) => modelId !== null && removed.has(modelId));
    return [
      ...deliveries.map(deliveryEntry),
      ...gone.map(({ id }) => ({ kind: WEBHOOK_KIND, scope: '', item: id, doc: null })),
    ];
  }

  stored(outcome: Outcome): void {
    this.ports.dispatcher.add(this.ready.splice(0));
    const removed = new Set(outcome.removedModels.map(({ id }) => id));
    for (const { id, modelId } of this.webhooks.values()) {
      if (modelId !== null && removed.has(modelId)) this.webhooks.delete(id);
    }
  }

  private told(happening: Happening): Delivery[] {
    const { change } = happening;
    const about = (webhook: Webhook) => isAbout(webhook, change.modelId);
    const databricks = databricksEvents(change).flatMap((event) =>
      this.listening('databricks', event)
        .filter(about)
        .map((webhook) =>
          this.delivery(webhook, event, change.model, databricksBody(event, webhook.id, happening), change.at),
        ),
    );
    const event = mlflowEvent(happening);
    const mlflow =
      event === null
        ? []
        : this.listening('mlflow', event)
            .filter(about)
            .map((webhook) => this.delivery(webhook, event, change.model, mlflowBody(event, happening), change.at));
    return [...databricks, ...mlflow];
  }

  private listening(kind: WebhookKind, event: string): Webhook[] {
    return [...this.webhooks.values()].filter(
      (webhook) => webhook.kind === kind && webhook.status === 'ACTIVE' && webhook.events.includes(event),
    );
  }

  private delivery(webhook: Webhook, event: string, model: string, body: string, at: number): Delivery {
    this.sequence += 1;
    const deliveryId = uuidv4();
    const item = `${String(at).padStart(15, '0')}-${String(this.sequence).padStart(9, '0')}-${deliveryId.slice(0, 8)}`;
    return {
      item,
      at,
      webhook: webhook.id,
      event,
      model,
      body,
      deliveryId,
      state: 'pending',
      attempts: 0,
      error: null,
      endedAt: null,
    };
  }

  private async keep(webhook: Webhook, write: (entries: readonly RegistryEntry[]) => Promise<void>): Promise<Webhook> {
    const { id, ...doc } = webhook;
    await write([{ kind: WEBHOOK_KIND, scope: '', item: id, doc }]);
    this.webhooks.set(id, webhook);
    return webhook;
  }

  private with(webhook: Webhook, fields: WebhookFields): Webhook {
    const seal = (text: string | undefined, known: string | null) =>
      text === undefined ? known : text === '' ? null : this.ports.secrets.seal(text, webhook.id);
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
      job: isJob
        ? { ...job, accessToken: this.ports.secrets.seal(job.accessToken, webhook.id) }
        : isUrl
          ? null
          : webhook.job,
    };
  }

  private modelId(name: string): Promise<string> {
    return this.ports.registry.read((state) => state.model(name).id);
  }

  private async checkAddresses({ url, job }: WebhookFields): Promise<void> {
    for (const address of [url, job?.workspaceUrl]) {
      if (address !== undefined) await this.checkAddress(address);
    }
  }

  /** @throws RegistryError in MLflow's words. */
  private async checkAddress(address: string): Promise<void> {
    if (address.trim() === '') {
      throw invalidParameter(`Webhook URL cannot be empty or just whitespace: '${address}'`);
    }
    const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(address)?.[1]?.toLowerCase() ?? '';
    const allowed = this.ports.receivers.allowsPrivate ? ['https', 'http'] : ['https'];
    if (!allowed.includes(scheme)) {
      throw invalidParameter(`Invalid webhook URL scheme: '${scheme}'. Allowed schemes are: ${allowed.join(', ')}.`);
    }
    if (!URL.canParse(address)) throw invalidParameter(`Webhook URL must include a hostname: '${address}'`);
    const url = new URL(address);
    if (url.username !== '' || url.password !== '') {
      throw invalidParameter('Webhook URL must not hold a user name or password; give them as authorization.');
    }
    const forbidden = await this.ports.receivers.forbiddenAddress(url);
    if (forbidden === null) return;
    throw invalidParameter(
      `Webhook URL must not resolve to a non-public IP address. '${url.hostname}' resolves to ${forbidden}.`,
    );
  }
}

const MAX_DELIVERIES = 10_000;

/** Changes with what their bodies are made of. */
function happenings(outcome: Outcome, state: RegistryState): Happening[] {
  return outcome.changes.map((change) => {
    const model = outcome.models.find(({ id }) => id === change.modelId) ?? state.find(change.model);
    const version = outcome.versions.find((one) => one.modelId === change.modelId && one.version === change.version);
    return {
      change,
      version: version ?? null,
      tags: model?.tags ?? new Map<string, string>(),
      description: model?.description ?? null,
      isPrompt: isPrompt(model?.tags ?? new Map()) || isPrompt(version?.tags ?? new Map()),
    };
  });
}

function exampleBody(webhook: Webhook, event: string, now: number): string {
  switch (webhook.kind) {
    case 'databricks':
      return databricksExample(event as DatabricksEvent, webhook.id, now);
    case 'mlflow':
      return mlflowExample(event, now);
    case 'driftline':
      return JSON.stringify({ event, webhook_id: webhook.id, event_timestamp: now, test: true });
  }
}
