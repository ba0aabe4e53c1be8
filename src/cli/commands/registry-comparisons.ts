// `driftline registry comparisons` and `challengers`: versions held against one another.
import type { Command } from 'commander';
import { z } from 'zod';
import type { MetricPointJson } from '../../domain/contract/metrics.js';
import { challengerSchema, frozenComparisonSchema } from '../../domain/contract/registry.js';
import { queryString, time } from '../arguments.js';
import type { Context } from '../context.js';
import { modelPath } from './registry-calls.js';

/** The numbers of a comparison that say something, one a row. */
function compared(points: readonly MetricPointJson[]): Record<string, unknown>[] {
  return points
    .filter((point) => typeof point.difference === 'number')
    .map((point) => ({
      metric: point.feature === '' ? point.metric : `${point.metric} ${point.feature}`,
      value: point.value,
      difference: point.difference,
      lower: point.difference_lower,
      upper: point.difference_upper,
      p_value: point.p_value,
      n: point.n,
    }));
}

/** The commands. */
export function addComparisons(registry: Command, context: Context): void {
  registry
    .command('comparisons')
    .description('what was frozen when a version took over from another, newest first')
    .argument('<model>', 'its name')
    .action(async (model: string, _flags: unknown, command: Command) => {
      const output = context.output(command);
      const api = await context.api(command);
      const all = await api.get(modelPath(model, '/comparisons'), z.array(frozenComparisonSchema));
      if (output.json) return output.value(all);
      if (all.length === 0) output.line('No version took over from another yet.');
      for (const one of all) {
        output.line(
          `${one.time}  version ${one.version} in place of ${one.replaced} (${one.reason}, by ${one.by}): ${one.detail ?? one.state}`,
        );
        output.rows(compared(one.points), undefined, '  no numbers to compare');
      }
    });
  registry
    .command('challengers')
    .description('versions that stand by, held against the champion')
    .argument('<model>', 'its name')
    .option('--from <time>', 'from this time; 28 days back where left out', time)
    .option('--to <time>', 'before this time', time)
    .action(async (model: string, flags: { from?: number; to?: number }, command: Command) => {
      const output = context.output(command);
      const api = await context.api(command);
      const all = await api.get(
        `${modelPath(model, '/challengers')}${queryString({ ...flags })}`,
        z.array(challengerSchema),
      );
      if (output.json) return output.value(all);
      if (all.length === 0)
        output.line('No version stands by: put one into Staging, or give it an alias such as challenger or shadow.');
      for (const one of all) {
        const names = [one.stage, ...one.aliases].join(', ');
        output.line(
          `version ${one.version} (${names}) against version ${one.champion}${one.detail === null ? '' : `: ${one.detail}`}`,
        );
        output.rows(compared(one.points), undefined, '  no numbers to compare');
      }
    });
}
