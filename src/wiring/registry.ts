// Wires what is built on the model registry: its views for people, and the marks on charts.
import type { BaselineSummary } from '../domain/contract/models.js';
import { NotFoundError } from '../domain/errors.js';
import type { MetricsApi } from '../services/api.js';
import { ModelEvents } from '../services/registry/events.js';
import { ClouderaRecords } from '../services/registry/cloudera-records.js';
import { Comparisons } from '../services/registry/comparisons.js';
import { Dispatcher } from '../services/registry/dispatcher.js';
import { OutboxWatch } from '../services/registry/outbox-watch.js';
import { References } from '../services/registry/references.js';
import { Registry } from '../services/registry/registry.js';
import { Reviews } from '../services/registry/reviews.js';
import { RegistryWebhooks } from '../services/registry/webhooks.js';
import { SecretBox } from '../services/secret-box.js';
import { HttpSender } from '../notify/http-sender.js';
import type { Config } from '../config.js';
import { z } from 'zod';
import { RegistryViews } from '../services/registry/views.js';
import type { Tables } from '../store/tables.js';
import type { Computing } from './computing.js';

export interface RegistryCoreParts {
  tables: Tables;
  config: Config;
  clock: () => number;
  warn: (message: string, error: unknown) => void;
}

export type RegistryCore = ReturnType<typeof wireRegistryCore>;

/** The registry with its webhooks and their outbox. */
export function wireRegistryCore({ tables, config, clock, warn }: RegistryCoreParts) {
  const registry = new Registry(tables.registry, tables.guard, clock);
  const secrets = new SecretBox(tables.documents('settings', z.object({ key: z.string() })), config.secretKey);
  const http = new HttpSender({ allowPrivate: config.allowPrivateWebhooks });
  const dispatcher: Dispatcher = new Dispatcher({
    store: tables.registry,
    poster: http,
    secrets,
    clock,
    webhook: (id) => webhooks.find(id),
    warn,
  });
  const webhooks = new RegistryWebhooks({
    registry,
    store: tables.registry,
    secrets,
    receivers: http,
    dispatcher,
    clock,
  });
  registry.follow(webhooks);
  const outbox = new OutboxWatch({
    store: tables.registry,
    guard: tables.guard,
    dispatcher,
    refresh: () => registry.read(() => null),
    clock,
    warn,
  });
  const records = new ClouderaRecords({ registry, webhooks, clock });
  registry.follow(records);
  const reviews = new Reviews(registry);
  registry.follow(reviews);
  return {
    registry,
    records,
    reviews,
    references: new References(registry),
    secrets,
    webhooks,
    dispatcher,
    outbox,
    /** After migrating. */
    start: async () => {
      await secrets.start();
      await registry.start();
      await outbox.start();
    },
    stop: async () => {
      await registry.idle();
      outbox.stop();
      await dispatcher.stop();
    },
  };
}

export interface RegistryParts {
  tables: Tables;
  computing: Computing;
  registry: Registry;
  metrics: MetricsApi;
  clock: () => number;
  warn: (message: string, error: unknown) => void;
}

export function wireRegistry({ tables, computing, registry, metrics, clock, warn }: RegistryParts) {
  /** None for a model that is registered and nothing else yet. */
  const baselines = async (model: string): Promise<BaselineSummary[]> => {
    try {
      return await computing.baselines.list(model);
    } catch (error) {
      if (error instanceof NotFoundError) return [];
      throw error;
    }
  };
  const events = new ModelEvents({
    registry,
    store: tables.registry,
    tracked: async (model) => {
      await tables.windows.collect();
      const first = new Map<string, number>();
      for (const { version, firstSlot } of await tables.windows.series(model)) {
        first.set(version, Math.min(firstSlot, first.get(version) ?? Infinity));
      }
      return [...first].map(([version, firstSeen]) => ({ version, firstSeen }));
    },
    baselines,
    clock,
  });
  const comparisons = new Comparisons({
    registry,
    store: tables.registry,
    metrics: (model, filter) => metrics.read(model, filter),
    warn,
  });
  registry.follow(comparisons);
  computing.models.onRemove(async (model) => {
    await registry.forget(model);
    await events.forget(model);
  });
  return {
    registered: new RegistryViews({
      registry,
      tracked: (model) => tables.catalogue.versions(model),
      baselines,
      metrics: (model, filter) => metrics.read(model, filter),
    }),
    events,
    comparisons,
  };
}
