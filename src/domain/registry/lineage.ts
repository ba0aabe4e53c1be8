// What a version's fields and tags say about where it comes from and how it did in training.
import type { Lineage } from '../contract/registry.js';
import type { ModelVersion } from './model.js';

/** Tags that name the same thing, the first that is there counts. MLflow's own names come first. */
const GIT_COMMIT = ['mlflow.source.git.commit', 'git_commit', 'git.commit', 'commit'];
const GIT_REPOSITORY = ['mlflow.source.git.repoURL', 'git_repository', 'git.repository'];
const DATA_VERSION = ['data_version', 'data.version', 'dataset_version', 'mlflow.data.version'];
/** A tag `training.accuracy` carries a training metric; tags can be set after a version was made, fields cannot. */
const TRAINING_TAG = 'training.';

const firstOf = (tags: ReadonlyMap<string, string>, names: readonly string[]): string | null =>
  names.map((name) => tags.get(name)).find((value) => value !== undefined) ?? null;

export function lineageOf(version: ModelVersion): Lineage {
  return {
    run_id: version.runId === '' ? null : version.runId,
    source: version.source,
    run_link: version.runLink === '' ? null : version.runLink,
    git_commit: firstOf(version.tags, GIT_COMMIT),
    git_repository: firstOf(version.tags, GIT_REPOSITORY),
    data_version: firstOf(version.tags, DATA_VERSION),
  };
}

/** Training metrics by name: those of `model_metrics`, and those of tags, which win. */
export function trainingMetrics(version: ModelVersion): Map<string, number> {
  const metrics = new Map(version.metrics.map(({ key, value }) => [key, value]));
  for (const [key, text] of version.tags) {
    const value = text.trim() === '' ? NaN : Number(text);
    if (key.startsWith(TRAINING_TAG) && Number.isFinite(value)) metrics.set(key.slice(TRAINING_TAG.length), value);
  }
  return metrics;
}
