// Proposed alert rules, as the contract has them.
import { z } from 'zod';

export const proposalsSchema = z.object({
  model: z.string(),
  from: z.string(),
  to: z.string(),
  windows: z.number().describe('how many windows the rules were tried on'),
  proposals: z.array(
    z.object({
      name: z.string(),
      rule: z.looseObject({ model: z.string(), metric: z.string() }).describe('as PUT /v1/alert-rules/{name} takes it'),
      fired: z.number().describe('how often it would have fired'),
      because: z.string(),
    }),
  ),
});
export type Proposals = z.output<typeof proposalsSchema>;
