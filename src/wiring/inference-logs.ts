// Wires inference logs: the halves that wait, the joiner, and the service on top; and the sweep that finishes what a crash left.
import type { Logger } from 'pino';
import type { Counters } from '../services/counters.js';
import { HalfJoiner } from '../services/inference-join.js';
import { InferenceLogsService } from '../services/inference-logs.js';
import type { IngestService } from '../services/ingest.js';
import { countRefused } from '../services/refusals.js';
import type { Tables } from '../store/tables.js';
import type { Computing } from './computing.js';

/** How often pairs are looked for that nobody joined, ms. */
const SWEEP_EVERY = 60_000;

export function wireInferenceLogs(
  tables: Tables,
  { models, privacy }: Computing,
  ingest: IngestService,
  rest: { counters: Counters; clock: () => number; logger: Logger },
) {
  const { counters, clock, logger } = rest;
  const halves = tables.inferenceHalves;
  const mapping = (model: string) => models.integration(model).mapping;
  const joiner = new HalfJoiner({ ingest, halves, privacy, mapping, clock });
  const service = new InferenceLogsService({
    ingest,
    joiner,
    halves,
    rejected: tables.rejected,
    privacy,
    mapping: (model) => models.integration(model),
    count: (route, accepted, errors) => {
      counters.accepted(route, accepted);
      countRefused(counters, route, errors);
    },
    clock,
    warn: (message, error) => logger.warn({ err: error }, message),
  });
  let timer: NodeJS.Timeout | undefined;
  const sweep = () =>
    joiner.sweep().catch((error: unknown) => logger.warn({ err: error }, 'waiting halves could not be joined'));
  return {
    service,
    start: async () => {
      await sweep();
      timer = setInterval(() => void sweep(), SWEEP_EVERY).unref();
    },
    idle: async () => {
      clearInterval(timer);
      await joiner.idle();
    },
  };
}
