// Drift: compares due and dirty windows with their baseline.
import type { Container } from '../src/container.js';

/** Seconds first; UTC. */
export const expression = '15 * * * * *';

/** One run over every model at `now` (epoch ms). */
export function run(container: Container, options: { now: number; trigger: 'schedule' | 'cli' | 'api' }) {
  return container.jobs.run('drift', { model: null, from: null, to: null, now: options.now }, options.trigger);
}
