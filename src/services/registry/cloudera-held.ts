// The records of Cloudera APIv2 that are held in memory: by id, each within the one that it belongs to.
import type { ClouderaBuild, ClouderaDeployment, ClouderaModel } from '../../domain/registry/cloudera.js';
import { buildDoc, deploymentDoc, KINDS, modelDoc, put } from './cloudera-documents.js';
import { missing } from './cloudera-targets.js';
import type { StoredEntry } from './ports.js';

const byAge = <T extends { createdAt: number; id: string }>(a: T, b: T): number =>
  a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);

/** The ids in the path of a record; a level's id is needed for what is below it only. */
export interface RecordPath {
  projectId: string;
  modelId: string;
  buildId: string;
  id: string;
}

export class HeldRecords {
  readonly models = new Map<string, ClouderaModel>();
  readonly builds = new Map<string, ClouderaBuild>();
  readonly deployments = new Map<string, ClouderaDeployment>();

  loaded(entries: readonly StoredEntry[]): void {
    for (const { kind, item: id, doc } of entries) {
      if (kind === KINDS.model) put(this.models, id, doc, modelDoc);
      else if (kind === KINDS.build) put(this.builds, id, doc, buildDoc);
      else if (kind === KINDS.deployment) put(this.deployments, id, doc, deploymentDoc);
    }
  }

  /** When the newest record was made, epoch milliseconds; 0 where there is none. */
  newest(): number {
    let newest = 0;
    for (const records of [this.models, this.builds, this.deployments]) {
      for (const { createdAt } of records.values()) newest = Math.max(newest, createdAt);
    }
    return newest;
  }

  /** Models of a project, of all of them for null, oldest first. */
  modelsOf(projectId: string | null): ClouderaModel[] {
    return [...this.models.values()].filter((one) => projectId === null || one.projectId === projectId).sort(byAge);
  }

  /** Builds of a model, oldest first. */
  buildsOf(modelId: string): ClouderaBuild[] {
    return [...this.builds.values()].filter((one) => one.modelId === modelId).sort((a, b) => a.number - b.number);
  }

  /** Deployments of builds, oldest first. */
  deploymentsOf(builds: readonly Pick<ClouderaBuild, 'id'>[]): ClouderaDeployment[] {
    const ids = new Set(builds.map(({ id }) => id));
    return [...this.deployments.values()].filter((one) => ids.has(one.buildId)).sort(byAge);
  }

  /** @throws NotFoundError, also below */
  model(projectId: string, id: string): ClouderaModel {
    const model = this.models.get(id);
    if (model?.projectId !== projectId) throw missing('model', id);
    return model;
  }

  build({ projectId, modelId, buildId }: Omit<RecordPath, 'id'>): ClouderaBuild {
    this.model(projectId, modelId);
    const build = this.builds.get(buildId);
    if (build?.modelId !== modelId) throw missing('model build', buildId);
    return build;
  }

  deployment(path: RecordPath): ClouderaDeployment {
    this.build(path);
    const deployment = this.deployments.get(path.id);
    if (deployment?.buildId !== path.buildId) throw missing('model deployment', path.id);
    return deployment;
  }
}
