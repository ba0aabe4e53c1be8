// Alert rules: written, listed, removed, tried on the past, proposed from it.
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { alertRuleSchema } from '../../domain/alerts/rule.js';
import { backtestRequestSchema, backtestSchema, ruleBacktestRequestSchema } from '../../domain/contract/alerts.js';
import { proposalsSchema } from '../../domain/contract/proposals.js';
import { assertModel, mayReach } from '../plugins/auth.js';
import { json, nothing, problemAnswer, sourceSchema } from '../schemas/answers.js';
import { emptyQuery, modelParams, nameParams, optionalTime } from '../schemas/query.js';
import type { App, RouteContext } from '../types.js';

const warningSchema = z.object({ code: z.string(), path: z.string(), message: z.string() });
const namedRuleSchema = z.object({ name: z.string(), source: sourceSchema }).extend(alertRuleSchema.out.shape);

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
      response: {
        200: json(
          'The rule, with every default filled in, and `warnings` where it names what has no numbers yet.',
          namedRuleSchema.extend({ warnings: z.array(warningSchema).optional() }),
        ),
      },
    },
    handler: async (request, reply) => {
      const { name } = request.params;
      assertModel(request.principal, request.body.model);
      await assertRule(request, name);
      services.configFile.assertFree('alert_rules', name);
      const warnings = await services.alerts.putRule(name, request.body);
      return reply.send({ name, ...request.body, ...(warnings.length === 0 ? {} : { warnings }) });
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
