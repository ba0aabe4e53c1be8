// The list of models: filters, and what it says in a sentence.
import { MODEL_STATES, type OverviewModel } from './model-states.js';

export interface ModelFilter {
  text: string;
  state: string;
  stage: string;
  tag: string;
}

/** Models that fit every filter, in their order. */
export function filterModels(models: readonly OverviewModel[], filter: ModelFilter): OverviewModel[] {
  const text = filter.text.trim().toLowerCase();
  return models.filter(
    (row) =>
      (text === '' ||
        [row.model, ...row.versions.map((one) => one.version)].some((name) => name.toLowerCase().includes(text))) &&
      (filter.state === '' || row.state === filter.state) &&
      (filter.stage === '' || stageOf(row) === filter.stage) &&
      (filter.tag === '' || tagsOf(row).includes(filter.tag)),
  );
}

/** The stage of the version that a row is about; null where it is not registered. */
export function stageOf(row: OverviewModel): string | null {
  return row.versions.find((one) => one.version === row.version)?.stage ?? null;
}

/** The tags of the registered model, `key: value`. */
export function tagsOf(row: OverviewModel): string[] {
  return Object.entries(row.tags).map(([key, value]) => (value === '' ? key : `${key}: ${value}`));
}

/** The states that occur, worst first. */
export function statesOf(models: readonly OverviewModel[]): string[] {
  return MODEL_STATES.filter((state) => models.some((row) => row.state === state));
}

/** `3 models: 1 critical, 1 waiting for labels`. */
export function overviewSentence(models: readonly OverviewModel[]): string {
  const words: Record<string, string> = {
    insufficient_data: 'without enough data',
    waiting_for_labels: 'waiting for labels',
    no_data: 'without data',
  };
  const parts = statesOf(models).map(
    (state) => `${models.filter((row) => row.state === state).length} ${words[state] ?? state}`,
  );
  return `${models.length} ${models.length === 1 ? 'model' : 'models'}: ${parts.join(', ')}`;
}
