// The alerts that nobody has to set up, as the contract has them.
import { z } from 'zod';
import { positiveDurationSchema } from '../duration.js';
import { slugSchema } from './common.js';

/** What is watched over by itself. */
export const BUILTIN_KINDS = ['feeds', 'jobs', 'channels'] as const;
export type BuiltinKind = (typeof BUILTIN_KINDS)[number];

/** One of them. */
export const builtinSettingSchema = z.strictObject({
  enabled: z.boolean().default(true),
  after: positiveDurationSchema
    .nullable()
    .default(null)
    .describe('how long it may last before it is an alert; null: by what is usual'),
  channels: z.array(slugSchema).nullable().default(null).describe('null: every channel'),
});
export type BuiltinSetting = z.output<typeof builtinSettingSchema>;

const setting = builtinSettingSchema.prefault({});

/** `PUT /v1/builtin-alerts`. */
export const builtinAlertsSchema = z.strictObject({
  feeds: setting.describe(
    'a model or deployment sends nothing for `after`; null: twice as long as it ever paused, at least two windows and an hour',
  ),
  jobs: setting.describe(
    'a scheduled job has not run without errors for `after`; null: an hour, or ten of its intervals',
  ),
  channels: setting.describe('a channel cannot be reached for `after`; null: at all. The others say so'),
});
export type BuiltinAlerts = z.output<typeof builtinAlertsSchema>;
