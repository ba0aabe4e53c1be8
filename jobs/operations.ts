// Operations: technical numbers and tracked values of due and dirty windows.
import type { Container } from '../src/container.js';

/** Seconds first; UTC. */
export const expression = '5 * * * * *';

/** One run over every model at `now` (epoch ms). */
export function run(container: Container, options: { now: number; trigger: 'schedule' | 'cli' | 'api' }) {
  return container.jobs.run('operations', { model: null, from: null, to: null, now: options.now }, options.trigger);
}
