// The alerts that nobody has to set up, as the contract has them.
import { z } from 'zod';
import { slugSchema } from './common.js';

const settings = z
  .strictObject({
    enabled: z.boolean().default(true),
    channels: z.array(slugSchema).nullable().default(null).describe('null: every channel'),
  })
  .prefault({});

/** `PUT /v1/builtin-alerts`. */
export const builtinAlertsSchema = z.strictObject({
  feeds: settings.describe('a model or deployment sends nothing for twice as long as it ever paused'),
  jobs: settings.describe('a scheduled job has not run without errors for an hour, or ten of its intervals'),
  channels: settings.describe('a channel cannot be reached; the others say so'),
});
export type BuiltinAlerts = z.output<typeof builtinAlertsSchema>;
