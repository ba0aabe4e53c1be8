// Webhooks of the registry: kept, changed, tested, and what each change of the registry puts into the outbox for them.
import { v4 as uuidv4 } from 'uuid';
import { RegistryError } from '../../domain/errors.js';
import type { Outcome } from '../../domain/registry/operation.js';
import { doesNotExist } from '../../domain/registry/rules.js';
import type { RegistryState } from '../../domain/registry/state.js';
import {
  databricksBody,
  databricksEvents,
  isAbout,
  mlflowBody,
  mlflowEvent,
  type Happening,
  type Webhook,
  type WebhookKind,
} from '../../domain/registry/webhook.js';
import type { SecretBox } from '../secret-box.js';
import { DELIVERY_KIND, deliveryEntry, deliveryOf, requestOf, type Delivery, type Dispatcher } from './dispatcher.js';
import type { RegistryEntry, RegistryStore, StoredEntry } from './ports.js';
import type { Follower, Registry } from './registry.js';
import { checkAddresses, type Receivers } from './webhook-address.js';
import { exampleBody, happenings } from './webhook-bodies.js';
import { changedWebhook, WEBHOOK_KIND, webhookDoc, type WebhookFields } from './webhook-documents.js';

const MAX_WEBHOOKS = 1000;

/** What a test came to: the receiver's answer, or why there is none. */
export type TestAnswer = { status: number; body: string; error: null } | { status: null; body: null; error: string };

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
    await checkAddresses(fields, this.ports.receivers);
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
      return this.keep(changedWebhook(empty, fields, this.ports.secrets), write);
    });
  }

  /** @throws RegistryError */
  async update(kind: WebhookKind, id: string, fields: WebhookFields): Promise<Webhook> {
    await checkAddresses(fields, this.ports.receivers);
    return this.ports.registry.exclusively(async (write) => {
      const webhook = this.find(id);
      if (webhook?.kind !== kind) throw doesNotExist(`Webhook with ID ${id} not found.`);
      const now = Math.max(this.ports.clock(), webhook.updatedAt + 1);
      return this.keep({ ...changedWebhook(webhook, fields, this.ports.secrets), updatedAt: now }, write);
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

  private modelId(name: string): Promise<string> {
    return this.ports.registry.read((state) => state.model(name).id);
  }
}

const MAX_DELIVERIES = 10_000;
