// Channels, silences, alerts and notifications, as the contract has them. Rules are in domain/alerts/rule.ts.
import { z } from 'zod';
import { alertRuleSchema } from '../alerts/rule.js';
import { slugSchema, timeSchema } from './common.js';

const webhookUrl = z.url({ protocol: /^https?$/, error: 'expected an http or https URL' });

/** Anything with one @ between two parts: what an address may be is the mail server's to say. */
const addressSchema = z
  .string()
  .max(320)
  .regex(/^[^\s@<>,;]+@[^\s@<>,;]+$/, 'expected a mail address');

/** Where notifications go. */
export const channelSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('email'), to: z.array(addressSchema).min(1, 'give at least one address').max(50) }),
  z.strictObject({ type: z.literal('webhook'), url: webhookUrl, secret: z.string().min(8).optional() }),
  z.strictObject({ type: z.literal('slack'), url: webhookUrl }),
]);
export type Channel = z.output<typeof channelSchema>;

/** A time in which matching alerts send nothing. Matchers compare for equality, `*` stands for anything. */
export const silenceSchema = z
  .strictObject({
    matchers: z
      .strictObject({
        rule: z.string().optional(),
        model: z.string().optional(),
        version: z.string().optional(),
        deployment: z.string().optional(),
        feature: z.string().optional(),
        segment: z.string().optional(),
        metric: z.string().optional(),
        severity: z.enum(['warning', 'critical']).optional(),
      })
      .refine((matchers) => Object.keys(matchers).length > 0, 'give at least one matcher'),
    starts: timeSchema,
    ends: timeSchema,
    comment: z.string().max(2000).default(''),
  })
  .refine((silence) => silence.starts < silence.ends, { path: ['ends'], message: 'must be after starts' });
export type Silence = z.output<typeof silenceSchema>;

export const alertSchema = z.object({
  id: z.string(),
  rule: z.string(),
  model: z.string(),
  version: z.string(),
  deployment: z.string(),
  feature: z.string(),
  segment: z.string(),
  metric: z.string(),
  state: z.enum(['pending', 'firing', 'acknowledged', 'silenced', 'resolved', 'no_data', 'error']),
  severity: z.enum(['warning', 'critical']).nullable(),
  value: z.number().nullable(),
  threshold: z.number().nullable(),
  since: z.string(),
  window_start: z.string(),
  window_end: z.string(),
  why: z.string(),
  updated_at: z.string(),
});
export type Alert = z.output<typeof alertSchema>;

export const notificationSchema = z.object({
  id: z.string(),
  rule: z.string(),
  model: z.string(),
  channel: z.string(),
  kind: z.enum(['firing', 'resolved', 'update', 'test']),
  reason: z.string(),
  alert_ids: z.array(z.string()),
  message_id: z.string(),
  outcome: z.enum(['sent', 'failed']),
  attempts: z.number(),
  error: z.string().nullable(),
  subject: z.string(),
  at: z.string(),
});
export type Notification = z.output<typeof notificationSchema>;

/** What a rule would have done over a past range. */
export const backtestSchema = z.object({
  series: z.number(),
  windows: z.number(),
  fired: z.array(
    z.object({
      version: z.string(),
      deployment: z.string(),
      feature: z.string(),
      segment: z.string(),
      severity: z.enum(['warning', 'critical']),
      since: z.string(),
      fired_at: z.string(),
      resolved_at: z.string().nullable(),
      value: z.number().nullable(),
      threshold: z.number().nullable(),
    }),
  ),
});
export type Backtest = z.output<typeof backtestSchema>;

export const backtestRequestSchema = z
  .strictObject({ from: timeSchema, to: timeSchema })
  .refine((body) => body.from < body.to, { path: ['to'], message: 'must be after from' });

/** A backtest of a rule that is not saved. */
export const ruleBacktestRequestSchema = z
  .strictObject({ rule: alertRuleSchema, from: timeSchema, to: timeSchema })
  .refine((body) => body.from < body.to, { path: ['to'], message: 'must be after from' });

export const scopeSchema = z.enum(['ingest', 'read', 'admin']);
export type Scope = z.output<typeof scopeSchema>;

export const apiKeyRequestSchema = z.strictObject({
  name: slugSchema,
  scopes: z.array(scopeSchema).min(1, 'give at least one scope'),
  models: z.array(z.string().min(1)).min(1).optional(),
  rate_limit: z
    .number()
    .int()
    .min(1)
    .max(10_000_000)
    .describe('requests a minute; the general limit where left out')
    .optional(),
});
export type ApiKeyRequest = z.output<typeof apiKeyRequestSchema>;

export const apiKeySchema = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(scopeSchema),
  models: z.array(z.string()).nullable(),
  rate_limit: z.number().nullable(),
  created_at: z.string(),
});
export type ApiKey = z.output<typeof apiKeySchema>;
