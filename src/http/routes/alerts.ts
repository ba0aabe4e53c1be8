// Alert rules and what they found: rules, backtests, alerts, acknowledgements, silences, notifications.
import { isDeepStrictEqual } from 'node:util';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { alertRuleSchema } from '../../domain/alerts/rule.js';
import {
  alertSchema,
  backtestRequestSchema,
  backtestSchema,
  notificationSchema,
  ruleBacktestRequestSchema,
  silenceSchema,
  type Silence,
} from '../../domain/contract/alerts.js';
import { iso } from '../../domain/contract/common.js';
import { BUILTIN_KINDS, builtinAlertsSchema } from '../../domain/contract/builtin-alerts.js';
import { proposalsSchema } from '../../domain/contract/proposals.js';
import { explanationSchema } from '../../domain/contract/explanation.js';
import { assertModel, mayReach, overReachable } from '../plugins/auth.js';
import { json, nothing, problemAnswer } from '../schemas/answers.js';
import {
  emptyQuery,
  limitOf,
  modelParams,
  nameParams,
  optionalTime,
  optionalChoice,
  optionalModel,
  optionalName,
} from '../schemas/query.js';
import type { App, RouteContext } from '../types.js';

const sourceSchema = z.literal('file').optional().describe('comes from the configuration file, and is changed there');
const namedRuleSchema = z.object({ name: z.string(), source: sourceSchema }).extend(alertRuleSchema.out.shape);
const namedSilenceSchema = z.object({
  name: z.string(),
  matchers: silenceSchema.shape.matchers,
  starts: z.string(),
  ends: z.string(),
  comment: z.string(),
  source: sourceSchema,
});
const idParams = z.strictObject({ id: z.guid('expected the UUID of an alert') });
const STATES = alertSchema.shape.state.options;

const showSilence = (name: string, silence: Silence, source: { source?: 'file' } = {}) => ({
  name,
  ...source,
  ...silence,
  starts: iso(silence.starts),
  ends: iso(silence.ends),
});

/** Rules. */
export function ruleRoutes(app: App, { services }: RouteContext): void {
  const missing = { response: { 404: problemAnswer('There is no such rule.') } };

  /** A limited key may touch a rule only while the rule watches a model of the key. A missing rule is the service's to report. */
  async function assertRule(request: FastifyRequest, name: string): Promise<void> {
    if (request.principal.models === null) return;
    const found = (await services.alerts.listRules()).find((entry) => entry.name === name);
    if (found !== undefined) assertModel(request.principal, found.rule.model);
  }

  app.route({
    method: 'GET',
    url: '/v1/alert-rules',
    config: { scope: 'read' },
    schema: {
      tags: ['alerts'],
      summary: 'Alert rules',
      querystring: emptyQuery,
      response: { 200: json('By name, with every default filled in.', z.array(namedRuleSchema)) },
    },
    handler: async (request, reply) => {
      const rules = await services.alerts.listRules();
      const reachable = rules.filter(({ rule }) => mayReach(request.principal, rule.model));
      return reply.send(
        reachable.map(({ name, rule }) => ({
          name,
          ...services.configFile.sourceOf('alert_rules', name),
          ...rule,
        })),
      );
    },
  });

  app.route({
    method: 'PUT',
    url: '/v1/alert-rules/:name',
    config: { scope: 'admin' },
    schema: {
      tags: ['alerts'],
      summary: 'Create or replace a rule',
      params: nameParams,
      querystring: emptyQuery,
      body: alertRuleSchema,
      response: { 200: json('The rule, with every default filled in.', namedRuleSchema) },
    },
    handler: async (request, reply) => {
      const { name } = request.params;
      assertModel(request.principal, request.body.model);
      await assertRule(request, name);
      services.configFile.assertFree('alert_rules', name);
      await services.alerts.putRule(name, request.body);
      return reply.send({ name, ...request.body });
    },
  });

  app.route({
    method: 'DELETE',
    url: '/v1/alert-rules/:name',
    config: { scope: 'admin', docs: missing },
    schema: {
      tags: ['alerts'],
      summary: 'Remove a rule',
      params: nameParams,
      querystring: emptyQuery,
      response: { 204: nothing('Removed.') },
    },
    handler: async (request, reply) => {
      await assertRule(request, request.params.name);
      services.configFile.assertFree('alert_rules', request.params.name);
      await services.alerts.removeRule(request.params.name);
      return reply.code(204).send();
    },
  });

  app.route({
    method: 'POST',
    url: '/v1/alert-rules/:name/backtest',
    config: { scope: 'admin', slow: true, docs: missing },
    schema: {
      tags: ['alerts'],
      summary: 'What a rule would have done over a past range; sends nothing',
      params: nameParams,
      querystring: emptyQuery,
      body: backtestRequestSchema,
      response: { 200: json('What would have fired.', backtestSchema) },
    },
    handler: async (request, reply) => {
      await assertRule(request, request.params.name);
      return reply.send(await services.alerts.backtest(request.params.name, request.body));
    },
  });
}

/** A rule that is tried before it is saved. */
export function backtestRoutes(app: App, { services }: RouteContext): void {
  app.route({
    method: 'POST',
    url: '/v1/alert-rules/backtest',
    config: { scope: 'admin', slow: true },
    schema: {
      tags: ['alerts'],
      summary: 'What a rule that is not saved would have done over a past range; sends nothing',
      querystring: emptyQuery,
      body: ruleBacktestRequestSchema,
      response: { 200: json('What would have fired.', backtestSchema) },
    },
    handler: async (request, reply) => {
      const { rule, from, to } = request.body;
      assertModel(request.principal, rule.model);
      return reply.send(await services.alerts.backtestRule(rule, { from, to }));
    },
  });
}

/** Rules for a start. */
export function proposalRoutes(app: App, { services }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/v1/models/:model/rule-proposals',
    config: {
      scope: 'read',
      slow: true,
      docs: { response: { 404: problemAnswer('There are no numbers of it yet.') } },
    },
    schema: {
      tags: ['alerts'],
      summary: "Rules proposed from the model's own history, with how often each would have fired",
      params: modelParams,
      querystring: z.strictObject({
        from: optionalTime('windows that start at or after this time; left out: the newest 400'),
        to: optionalTime('windows that end by this time'),
      }),
      response: { 200: json('The proposals; nothing is saved.', proposalsSchema) },
    },
    handler: async (request, reply) => reply.send(await services.alerts.proposals(request.params.model, request.query)),
  });
}

/** Alerts, silences and notifications. */
export function alertRoutes(app: App, { services }: RouteContext): void {
  const missing = { response: { 404: problemAnswer('There is no such alert.') } };
  const lists = z.array(alertSchema);

  app.route({
    method: 'GET',
    url: '/v1/alerts',
    config: { scope: 'read' },
    schema: {
      tags: ['alerts'],
      summary: 'Alerts as they stand',
      querystring: z.strictObject({ state: optionalChoice(STATES, 'the state'), model: optionalModel }),
      response: { 200: json('The alerts.', lists) },
    },
    handler: async (request, reply) => {
      const { principal, query } = request;
      if (query.model !== null) assertModel(principal, query.model);
      const alerts = await services.alerts.alerts(query);
      return reply.send(alerts.filter((alert) => mayReach(principal, alert.model)));
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/alerts/history',
    config: { scope: 'read', docs: { response: { 200: json('Newest first.', lists) } } },
    schema: {
      tags: ['alerts'],
      summary: 'Every change of state',
      querystring: z.strictObject({
        model: optionalModel,
        rule: optionalName('the rule'),
        limit: limitOf(1000, 100),
      }),
    },
    handler: async (request, reply) => {
      const { model, rule, limit } = request.query;
      const fetch = (name: string | null) => services.alerts.history({ model: name, rule, limit });
      return reply.send(await overReachable(request.principal, model, limit, fetch, (alert) => alert.updated_at));
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/alerts/:id',
    config: { scope: 'read', slow: true, docs: missing },
    schema: {
      tags: ['alerts'],
      summary: 'One alert, explained',
      description:
        'Its numbers, the bins that moved, the segments it comes from (mix: their share of the rows changed; rate: their own value did), up to 20 predictions that show it, and statements for POST /v1/query.',
      params: idParams,
      querystring: emptyQuery,
      response: { 200: json('The alert and what explains it.', explanationSchema) },
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      if (request.principal.models !== null) assertModel(request.principal, (await services.alerts.alert(id)).model);
      return reply.send(await services.alerts.explain(id));
    },
  });

  app.route({
    method: 'POST',
    url: '/v1/alerts/:id/acknowledge',
    config: { scope: 'admin', docs: missing },
    schema: {
      tags: ['alerts'],
      summary: 'Say that someone looks after it: no more repeats',
      params: idParams,
      querystring: emptyQuery,
      response: { 200: json('The alert.', alertSchema) },
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      if (request.principal.models !== null) {
        assertModel(request.principal, (await services.alerts.alert(id)).model);
      }
      return reply.send(await services.alerts.acknowledge(id, request.principal.name));
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/notifications',
    config: { scope: 'read', docs: { response: { 200: json('Newest first.', z.array(notificationSchema)) } } },
    schema: {
      tags: ['alerts'],
      summary: 'What was sent, or failed to be',
      querystring: z.strictObject({ model: optionalModel, limit: limitOf(1000, 100) }),
    },
    handler: async (request, reply) => {
      const { model, limit } = request.query;
      const fetch = (name: string | null) => services.alerts.notifications({ model: name, limit });
      return reply.send(await overReachable(request.principal, model, limit, fetch, (sent) => sent.at));
    },
  });
}

/** The alerts that nobody has to set up. */
export function builtinAlertRoutes(app: App, { services }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/v1/builtin-alerts',
    config: { scope: 'read', everyModel: true },
    schema: {
      tags: ['alerts'],
      summary: 'Feeds that dry up, jobs that stop, channels that cannot be reached: what is watched over by itself',
      querystring: emptyQuery,
      response: { 200: json('What is on, and where it goes.', builtinAlertsSchema) },
    },
    handler: async (_request, reply) => reply.send(await services.alerts.builtinAlerts()),
  });

  app.route({
    method: 'PUT',
    url: '/v1/builtin-alerts',
    config: { scope: 'admin', everyModel: true },
    schema: {
      tags: ['alerts'],
      summary: 'Switch them on or off, or send them elsewhere',
      querystring: emptyQuery,
      body: builtinAlertsSchema,
      response: { 200: json('As it is now.', builtinAlertsSchema) },
    },
    handler: async (request, reply) => {
      const before = await services.alerts.builtinAlerts();
      for (const kind of BUILTIN_KINDS)
        if (!isDeepStrictEqual(before[kind], request.body[kind]))
          services.configFile.assertFree('builtin_alerts', kind);
      await services.alerts.putBuiltinAlerts(request.body);
      return reply.send(request.body);
    },
  });
}

/** Silences. They may match any model, so a key that is limited to models may only read those of its models. */
export function silenceRoutes(app: App, { services }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/v1/silences',
    config: { scope: 'read' },
    schema: {
      tags: ['alerts'],
      summary: 'Silences',
      querystring: emptyQuery,
      response: { 200: json('By name.', z.array(namedSilenceSchema)) },
    },
    handler: async (request, reply) => {
      const { principal } = request;
      const silences = await services.alerts.listSilences();
      const reachable = silences.filter(
        ({ silence: { matchers } }) => principal.models === null || mayReach(principal, matchers.model ?? ''),
      );
      return reply.send(
        reachable.map(({ name, silence }) =>
          showSilence(name, silence, services.configFile.sourceOf('silences', name)),
        ),
      );
    },
  });

  app.route({
    method: 'PUT',
    url: '/v1/silences/:name',
    config: { scope: 'admin', everyModel: true },
    schema: {
      tags: ['alerts'],
      summary: 'Create or replace a silence',
      description:
        'While it lasts, alerts that match send nothing. Matchers compare for equality; `*` stands for anything.',
      params: nameParams,
      querystring: emptyQuery,
      body: silenceSchema,
      response: { 200: json('The silence.', namedSilenceSchema) },
    },
    handler: async (request, reply) => {
      const { name } = request.params;
      services.configFile.assertFree('silences', name);
      await services.alerts.putSilence(name, request.body);
      return reply.send(showSilence(name, request.body));
    },
  });

  app.route({
    method: 'DELETE',
    url: '/v1/silences/:name',
    config: {
      scope: 'admin',
      everyModel: true,
      docs: { response: { 404: problemAnswer('There is no such silence.') } },
    },
    schema: {
      tags: ['alerts'],
      summary: 'Remove a silence',
      params: nameParams,
      querystring: emptyQuery,
      response: { 204: nothing('Removed.') },
    },
    handler: async (request, reply) => {
      services.configFile.assertFree('silences', request.params.name);
      await services.alerts.removeSilence(request.params.name);
      return reply.code(204).send();
    },
  });
}
