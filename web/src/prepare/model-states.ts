// The states of a model as the overview orders them.
export type { OverviewModel } from '../../../src/domain/contract/overview.js';

/** Worst first. */
export const MODEL_STATES = ['critical', 'watch', 'no_data', 'insufficient_data', 'waiting_for_labels', 'ok'] as const;
