// What the audit writes down of each administrative call: the document that it changes, read before it and after it.
import type { Webhook, WebhookKind } from '../domain/registry/webhook.js';
import type { RegistryState } from '../domain/registry/state.js';
import type { Services } from '../services/api.js';

/** A call, as the audit sees it. `answer` is null before it was made. */
export interface Asked {
  params: Readonly<Record<string, string>>;
  query: Readonly<Record<string, unknown>>;
  body: Readonly<Record<string, unknown>>;
  answer: Readonly<Record<string, unknown>> | null;
}
type Reader = (services: Services, asked: Asked) => unknown;

export interface Audited {
  /** Reads the document; what is missing reads as null. `answer`: there is none before, and afterwards what the call says. */
  read: Reader | 'answer';
  /** Which calls of the route; all unless said otherwise. */
  when?: (asked: Asked) => boolean;
}

const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');
const named = <T extends { name: string }>(rows: readonly T[], name: string | undefined): T | null =>
  rows.find((row) => row.name === name) ?? null;

const rule: Reader = async ({ alerts }, { params }) => named(await alerts.listRules(), params.name)?.rule;
const silence: Reader = async ({ alerts }, { params }) => named(await alerts.listSilences(), params.name)?.silence;
const channel: Reader = async ({ alerts }, { params }) => {
  const found = named(await alerts.listChannels(), params.name);
  return found === null ? null : { name: found.name, ...found.channel };
};
const builtin: Reader = ({ alerts }) => alerts.builtinAlerts();
const alert: Reader = async ({ alerts }, { params }) => {
  const { id: number, rule: name, model, feature, segment, state, severity } = await alerts.alert(params.id ?? '');
  return { id: number, rule: name, model, feature, segment, state, severity };
};
const key: Reader = async ({ keys }, { params, answer }) => {
  const id = params.id ?? text(answer?.id);
  return (await keys.list()).find((one) => one.id === id);
};
const configuration: Reader = async ({ models }, { params }) => (await models.get(params.model ?? '')).config;
const wholeModel: Reader = async ({ models }, { params }) => {
  const { config, predictions, versions } = await models.get(params.model ?? '');
  return { config, predictions, versions };
};
const baselines: Reader = ({ baselines: kept }, { params }) => kept.list(params.model ?? '');
/** The address is the permission, so the audit has what it allows. */
const link: Reader = ({ alerts }, { params, answer }) =>
  answer === null ? null : alerts.openLink(params.token ?? '', 0);

/** Where a webhook goes and what about, without what signs it. */
function webhookDocument(hook: Webhook): Record<string, unknown> {
  const { id, description, url, events, status } = hook;
  return { id, kind: hook.kind, name: hook.name, description, url, events, status };
}
const webhook =
  (kind: WebhookKind): Reader =>
  async ({ webhooks }, { params, body, answer }) => {
    const made = (answer?.webhook ?? answer) as Record<string, unknown> | null;
    const id = [params.webhook_id, params.id, body.id, made?.webhook_id, made?.id].map(text).find((one) => one !== '');
    return id === undefined ? null : webhookDocument(await webhooks.get(kind, id));
  };

function modelDocument(state: RegistryState, name: string, version: string): unknown {
  const model = state.find(name);
  if (model === null) return null;
  const { description, tags, aliases } = model;
  const found = /^\d+$/.test(version) ? state.findVersion(model, Number(version)) : null;
  return {
    name,
    description,
    tags: Object.fromEntries(tags),
    aliases: Object.fromEntries(aliases),
    versions: state.versionsOf(model).map((one) => ({ version: one.version, stage: one.stage })),
    ...(found === null
      ? {}
      : {
          version: {
            version: found.version,
            stage: found.stage,
            description: found.description,
            tags: Object.fromEntries(found.tags),
          },
        }),
  };
}
/** A registered model, and the version that the call names. */
const registered: Reader = ({ registry }, { query, body, answer }) => {
  const name = answer !== null && text(body.new_name) !== '' ? text(body.new_name) : text(body.name ?? query.name);
  return registry.read((state) => modelDocument(state, name, text(body.version ?? query.version)));
};
const registeredById: Reader = ({ registry }, { params }) =>
  registry.read((state) => {
    const model = state.byId(params.model_id ?? '');
    return model === null ? null : modelDocument(state, model.name, '');
  });

const id = (asked: Asked, name: string): string => {
  const given = asked.params[name] ?? text(asked.answer?.id);
  return given.split(':', 1)[0] ?? '';
};
const project = ({ params }: Asked): string => params.project_id ?? '';
const clouderaModel: Reader = ({ records }, asked) => records.model(project(asked), id(asked, 'model_id'));
const build: Reader = ({ records }, asked) =>
  records.build({
    projectId: project(asked),
    modelId: asked.params.model_id ?? '',
    buildId: id(asked, 'build_id'),
    id: '',
  });
const deployment: Reader = ({ records }, asked) => {
  const { model_id: modelId = '', build_id: buildId = '' } = asked.params;
  const name = asked.params.deployment_action === undefined ? 'deployment_id' : 'deployment_action';
  return records.deployment({ projectId: project(asked), modelId, buildId, id: id(asked, name) });
};

const PROJECT = '/api/v2/projects/:project_id/models';
const BUILDS = `${PROJECT}/:model_id/builds`;
const DEPLOYMENTS = `${BUILDS}/:build_id/deployments`;
const ANSWER: Audited = { read: 'answer' };

/** By method and address; MLflow's calls once for both of their prefixes. */
const AUDITED: Readonly<Record<string, Audited>> = {
  'PUT /v1/alert-rules/:name': { read: rule },
  'DELETE /v1/alert-rules/:name': { read: rule },
  'PUT /v1/silences/:name': { read: silence },
  'DELETE /v1/silences/:name': { read: silence },
  'PUT /v1/channels/:name': { read: channel },
  'DELETE /v1/channels/:name': { read: channel },
  'PUT /v1/builtin-alerts': { read: builtin },
  'POST /v1/alerts/:id/acknowledge': { read: alert },
  'POST /alert-links/:token': { read: link },
  'POST /v1/api-keys': { read: key },
  'DELETE /v1/api-keys/:id': { read: key },
  'PUT /v1/models/:model': { read: configuration },
  'DELETE /v1/models/:model': { read: wholeModel },
  'POST /v1/models/:model/baselines': { read: baselines },
  'POST /v1/models/:model/baselines/:name/activate': { read: baselines },
  'DELETE /v1/predictions/:prediction_id': ANSWER,
  'DELETE /v1/predictions': ANSWER,
  // Retention removes rows; the other jobs compute what would be computed anyway.
  'POST /v1/jobs/:job/run': { read: 'answer', when: ({ params }) => params.job === 'retention' },
  'POST /v1/registry/webhooks': { read: webhook('driftline') },
  'DELETE /v1/registry/webhooks/:id': { read: webhook('driftline') },
  'POST /mlflow/webhooks': { read: webhook('mlflow') },
  'PATCH /mlflow/webhooks/:webhook_id': { read: webhook('mlflow') },
  'DELETE /mlflow/webhooks/:webhook_id': { read: webhook('mlflow') },
  'POST /mlflow/registry-webhooks/create': { read: webhook('databricks') },
  'PATCH /mlflow/registry-webhooks/update': { read: webhook('databricks') },
  'DELETE /mlflow/registry-webhooks/delete': { read: webhook('databricks') },
  'POST /mlflow/registered-models/rename': { read: registered },
  'DELETE /mlflow/registered-models/delete': { read: registered },
  'POST /mlflow/registered-models/alias': { read: registered },
  'DELETE /mlflow/registered-models/alias': { read: registered },
  'POST /mlflow/model-versions/transition-stage': { read: registered },
  'POST /mlflow/databricks/model-versions/transition-stage': { read: registered },
  'DELETE /mlflow/model-versions/delete': { read: registered },
  'POST /mlflow/transition-requests/approve': { read: registered },
  'POST /mlflow/transition-requests/reject': { read: registered },
  'PATCH /mlflow/comments/update': ANSWER,
  'DELETE /mlflow/comments/delete': ANSWER,
  'DELETE /api/v2/registry/models/:model_id': { read: registeredById },
  'DELETE /api/v2/registry/models/:model_id/versions/:version_id': { read: registeredById },
  [`POST ${PROJECT}`]: { read: clouderaModel },
  [`PATCH ${PROJECT}/:model_id`]: { read: clouderaModel },
  [`DELETE ${PROJECT}/:model_id`]: { read: clouderaModel },
  [`POST ${BUILDS}`]: { read: build },
  [`DELETE ${BUILDS}/:build_id`]: { read: build },
  [`POST ${DEPLOYMENTS}`]: { read: deployment },
  [`PATCH ${DEPLOYMENTS}/:deployment_id`]: { read: deployment },
  [`POST ${DEPLOYMENTS}/:deployment_action`]: { read: deployment },
};

/** What is audited of a route; null: nothing is. */
export function auditedOf(method: string, url: string): Audited | null {
  return AUDITED[`${method} ${url.replace(/^\/(ajax-)?api\/2\.0\/mlflow/, '/mlflow')}`] ?? null;
}
