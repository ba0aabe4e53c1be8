// What the registry holds: registered models, their versions, stages, and the log of who changed what.

/** MLflow's stages, in the order its messages name them. */
export const STAGES = ['None', 'Staging', 'Production', 'Archived'] as const;
export type Stage = (typeof STAGES)[number];
/** The stages that an archiving transition may have as its target. */
export const ACTIVE_STAGES: readonly Stage[] = ['Staging', 'Production'];
/** Aliases that name the version in charge, as MLflow's guides use them. */
export const CHAMPION = 'champion';
const STANDING_BY = /^(challenger|shadow|candidate|canary)/i;

/** Whether a version sees traffic without deciding anything, as its stage or an alias says. */
export function standsBy(stage: string | null, aliases: readonly string[]): boolean {
  return stage === 'Staging' || aliases.some((alias) => STANDING_BY.test(alias));
}

/** A registered model. `id` stays when it is renamed. Times in epoch milliseconds. */
export interface RegisteredModel {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly tags: ReadonlyMap<string, string>;
  /** Alias to version number. */
  readonly aliases: ReadonlyMap<string, number>;
  /** The highest version number ever given, deleted versions included: numbers are not used twice. */
  readonly lastVersion: number;
  readonly deploymentJobId: string | null;
}

/** A number that training reported, as MLflow's model metrics. */
export interface TrainingMetric {
  key: string;
  value: number;
}

/** A version of a registered model. */
export interface ModelVersion {
  readonly modelId: string;
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly stage: Stage;
  readonly description: string;
  readonly source: string;
  /** Where the files are: the source, or what a source `models:/name/version` stood for when the version was made. */
  readonly storage: string;
  readonly runId: string;
  readonly runLink: string;
  readonly tags: ReadonlyMap<string, string>;
  /** MLflow's id of the logged model, if one was given. */
  readonly loggedModelId: string | null;
  readonly params: readonly { key: string; value: string }[];
  readonly metrics: readonly TrainingMetric[];
  readonly createdBy: string;
}

export type ChangeAction =
  | 'model_created'
  | 'model_updated'
  | 'model_renamed'
  | 'model_deleted'
  | 'model_tag_set'
  | 'model_tag_deleted'
  | 'version_created'
  | 'version_updated'
  | 'version_deleted'
  | 'version_tag_set'
  | 'version_tag_deleted'
  | 'stage_changed'
  | 'alias_set'
  | 'alias_deleted'
  | 'comment'
  | 'transition_requested'
  | 'transition_approved'
  | 'transition_rejected'
  | 'transition_withdrawn';

/** One line of the registry's log. `from` and `to` are what the action is about: stages, names, versions or values. */
export interface Change {
  at: number;
  by: string;
  action: ChangeAction;
  modelId: string;
  /** The model's name at that time. */
  model: string;
  version: number | null;
  /** The tag or alias. */
  key: string | null;
  from: string | null;
  to: string | null;
  comment: string | null;
}

/** One sentence about a change. */
export function describeChange(change: Change): string {
  const version = `version ${change.version ?? '?'}`;
  switch (change.action) {
    case 'model_created':
      return `registered`;
    case 'model_updated':
      return `description of the model changed`;
    case 'model_renamed':
      return `renamed from ${change.from ?? '?'} to ${change.to ?? '?'}`;
    case 'model_deleted':
      return `deleted from the registry`;
    case 'model_tag_set':
      return `tag ${change.key ?? '?'} of the model set to ${change.to ?? ''}`;
    case 'model_tag_deleted':
      return `tag ${change.key ?? '?'} of the model removed`;
    case 'version_created':
      return `${version} registered`;
    case 'version_updated':
      return `description of ${version} changed`;
    case 'version_deleted':
      return `${version} deleted`;
    case 'version_tag_set':
      return `tag ${change.key ?? '?'} of ${version} set to ${change.to ?? ''}`;
    case 'version_tag_deleted':
      return `tag ${change.key ?? '?'} of ${version} removed`;
    case 'stage_changed':
      return `${version} moved from ${change.from ?? '?'} to ${change.to ?? '?'}`;
    case 'alias_set':
      return change.from === null
        ? `alias ${change.key ?? '?'} given to ${version}`
        : `alias ${change.key ?? '?'} moved from version ${change.from} to ${version}`;
    case 'alias_deleted':
      return `alias ${change.key ?? '?'} taken from ${version}`;
    case 'comment':
      return `comment on ${version}`;
    case 'transition_requested':
      return `${version}: transition to ${change.to ?? '?'} requested`;
    case 'transition_approved':
      return `${version}: transition to ${change.to ?? '?'} approved`;
    case 'transition_rejected':
      return `${version}: transition to ${change.to ?? '?'} rejected`;
    case 'transition_withdrawn':
      return `${version}: request for ${change.to ?? '?'} withdrawn`;
  }
}
