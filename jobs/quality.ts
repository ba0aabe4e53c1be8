// Quality: scores due and dirty windows against their ground truth.
import type { Container } from '../src/container.js';

/** Seconds first; UTC. */
export const expression = '25 * * * * *';

/** One run over every model at `now` (epoch ms). */
export function run(container: Container, options: { now: number; trigger: 'schedule' | 'cli' | 'api' }) {
  return container.jobs.run('quality', { model: null, from: null, to: null, now: options.now }, options.trigger);
}
