// Alerts: holds the rules against the computed numbers and sends what there is to say.
import type { Container } from '../src/container.js';

/** Seconds first; UTC. */
export const expression = '45 * * * * *';

/** One run over every model at `now` (epoch ms). */
export function run(container: Container, options: { now: number; trigger: 'schedule' | 'cli' | 'api' }) {
  return container.jobs.run('alerts', { model: null, from: null, to: null, now: options.now }, options.trigger);
}
