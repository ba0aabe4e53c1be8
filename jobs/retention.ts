// Retention: removes predictions that are older than their model keeps them.
import type { Container } from '../src/container.js';

/** Seconds first; UTC. */
export const expression = '0 20 3 * * *';

/** One run over every model at `now` (epoch ms). */
export function run(container: Container, options: { now: number; trigger: 'schedule' | 'cli' | 'api' }) {
  return container.jobs.run('retention', { model: null, from: null, to: null, now: options.now }, options.trigger);
}
