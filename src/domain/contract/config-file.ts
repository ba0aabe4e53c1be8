// The configuration file's state, as the contract has it.
import { z } from 'zod';

const placeSchema = z.object({ line: z.number(), column: z.number(), path: z.string(), message: z.string() });

export const configStatusSchema = z.object({
  file: z.string().nullable(),
  state: z
    .enum(['none', 'ok', 'broken'])
    .describe('broken: the file as it is now is refused, and the one before is in force'),
  loaded_at: z.string().nullable().describe('when what is in force was read'),
  checked_at: z.string().nullable(),
  errors: z.array(placeSchema),
  warnings: z.array(placeSchema).describe('what rules name that has no numbers yet: no mistake where it is to come'),
  items: z.array(
    z.object({
      kind: z.enum(['models', 'channels', 'alert_rules', 'silences', 'builtin_alerts']),
      name: z.string(),
      line: z.number(),
    }),
  ),
  schedules: z.record(z.string(), z.string()),
});
export type ConfigStatus = z.output<typeof configStatusSchema>;
