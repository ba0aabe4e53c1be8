// What webhooks of the registry are told: changes with what their bodies are made of, and examples.
import type { Outcome } from '../../domain/registry/operation.js';
import { isPrompt, type RegistryState } from '../../domain/registry/state.js';
import type { DatabricksEvent, Happening, Webhook } from '../../domain/registry/webhook.js';
import { databricksExample, mlflowExample } from '../../domain/registry/webhook-examples.js';

/** Changes with what their bodies are made of. */
export function happenings(outcome: Outcome, state: RegistryState): Happening[] {
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

/** The body of a test. */
export function exampleBody(webhook: Webhook, event: string, now: number): string {
  switch (webhook.kind) {
    case 'databricks':
      return databricksExample(event as DatabricksEvent, webhook.id, now);
    case 'mlflow':
      return mlflowExample(event, now);
    case 'driftline':
      return JSON.stringify({ event, webhook_id: webhook.id, event_timestamp: now, test: true });
  }
}
