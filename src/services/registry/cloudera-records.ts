// Models, builds and deployments of Cloudera APIv2: kept as records, told to whoever runs them, resolved to registered versions.
import { v4 as uuidv4 } from 'uuid';
import type { CrnTarget, RowCrns } from '../../domain/crn.js';
import {
  crnOf,
  idOf,
  type ClouderaBuild,
  type ClouderaDeployment,
  type ClouderaModel,
  type DeploymentState,
} from '../../domain/registry/cloudera.js';
import type { RegistryState } from '../../domain/registry/state.js';
import {
  buildDoc,
  deploymentDoc,
  KINDS,
  modelDoc,
  put,
  type NewClouderaBuild,
  type NewClouderaDeployment,
  type NewClouderaModel,
} from './cloudera-documents.js';
import { deploymentFacts, missing, requireVersion, targetOf, versionIn } from './cloudera-targets.js';
import type { RegistryEntry, StoredEntry } from './ports.js';
import type { Follower, Registry } from './registry.js';
import type { RegistryWebhooks } from './webhooks.js';

export interface RecordPorts {
  registry: Registry;
  webhooks: RegistryWebhooks;
  clock: () => number;
}

const byAge = <T extends { createdAt: number; id: string }>(a: T, b: T): number =>
  a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);

export class ClouderaRecords implements Follower {
  readonly kinds = Object.values(KINDS);
  private readonly modelsById = new Map<string, ClouderaModel>();
  private readonly buildsById = new Map<string, ClouderaBuild>();
  private readonly deploymentsById = new Map<string, ClouderaDeployment>();

  constructor(private readonly ports: RecordPorts) {}

  loaded(entries: readonly StoredEntry[]): void {
    for (const { kind, item: id, doc } of entries) {
      if (kind === KINDS.model) put(this.modelsById, id, doc, modelDoc);
      else if (kind === KINDS.build) put(this.buildsById, id, doc, buildDoc);
      else if (kind === KINDS.deployment) put(this.deploymentsById, id, doc, deploymentDoc);
    }
  }

  entries(): RegistryEntry[] {
    return [];
  }

  stored(): void {
    // Changes of the registry leave the records as they are.
  }

  models(projectId: string): Promise<ClouderaModel[]> {
    return this.read(() => [...this.modelsById.values()].filter((one) => one.projectId === projectId).sort(byAge));
  }

  /** @throws NotFoundError, also below. */
  model(projectId: string, id: string): Promise<ClouderaModel> {
    return this.read(() => this.requireModel(projectId, id));
  }

  builds(projectId: string, modelId: string): Promise<ClouderaBuild[]> {
    return this.read(() => {
      this.requireModel(projectId, modelId);
      return [...this.buildsById.values()].filter((one) => one.modelId === modelId).sort((a, b) => a.number - b.number);
    });
  }

  build(projectId: string, modelId: string, id: string): Promise<ClouderaBuild> {
    return this.read(() => this.requireBuild(projectId, modelId, id));
  }

  deployments(projectId: string, modelId: string, buildId: string): Promise<ClouderaDeployment[]> {
    return this.read(() => {
      this.requireBuild(projectId, modelId, buildId);
      return [...this.deploymentsById.values()].filter((one) => one.buildId === buildId).sort(byAge);
    });
  }

  deployment(projectId: string, modelId: string, buildId: string, id: string): Promise<ClouderaDeployment> {
    return this.read(() => this.requireDeployment(projectId, modelId, buildId, id));
  }

  createModel(input: NewClouderaModel, by: string): Promise<ClouderaModel> {
    return this.ports.registry.exclusively(async (write) => {
      const model = { ...input, ...this.made(by), accessKey: `m${uuidv4().replaceAll('-', '')}` };
      return this.keep(KINDS.model, this.modelsById, model, write);
    });
  }

  updateModel(projectId: string, id: string, fields: Partial<NewClouderaModel>): Promise<ClouderaModel> {
    return this.ports.registry.exclusively(async (write) => {
      const known = this.requireModel(projectId, id);
      const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
      const model = { ...known, ...given, updatedAt: Math.max(this.ports.clock(), known.updatedAt + 1) };
      return this.keep(KINDS.model, this.modelsById, model, write);
    });
  }

  /** With its builds and deployments, which whoever runs them is told. */
  deleteModel(projectId: string, id: string): Promise<void> {
    return this.ports.registry.exclusively(async (write, state) => {
      this.requireModel(projectId, id);
      const builds = [...this.buildsById.values()].filter((one) => one.modelId === id);
      await this.remove(write, state, [id], builds, this.deploymentsOf(builds));
    });
  }

  /** @throws NotFoundError, also for a registered version that is not there */
  createBuild({ registeredVersionId, ...input }: NewClouderaBuild, by: string): Promise<ClouderaBuild> {
    return this.ports.registry.exclusively(async (write, state) => {
      const model = this.requireModel(input.projectId, input.modelId);
      const numbers = [...this.buildsById.values()].filter((one) => one.modelId === model.id).map((one) => one.number);
      const build = {
        ...input,
        ...this.made(by),
        number: Math.max(0, ...numbers) + 1,
        registeredVersion:
          registeredVersionId === null ? null : requireVersion(state, registeredVersionId, model.registeredModelId),
      };
      const target = targetOf(state, model, build);
      const told = this.ports.webhooks.announce('build.created', target.model, {
        ...target,
        build_id: build.id,
        model_id: model.id,
      });
      const kept = await this.keep(KINDS.build, this.buildsById, build, write, told.entries);
      told.send();
      return kept;
    });
  }

  deleteBuild(projectId: string, modelId: string, id: string): Promise<void> {
    return this.ports.registry.exclusively(async (write, state) => {
      const build = this.requireBuild(projectId, modelId, id);
      await this.remove(write, state, [], [build], this.deploymentsOf([build]));
    });
  }

  createDeployment(input: NewClouderaDeployment, by: string): Promise<ClouderaDeployment> {
    return this.ports.registry.exclusively(async (write, state) => {
      this.requireBuild(input.projectId, input.modelId, input.buildId);
      const deployment: ClouderaDeployment = { ...input, ...this.made(by), status: 'pending', stoppedAt: null };
      return this.tell('deployment.created', deployment, write, state);
    });
  }

  /** `event` null: whoever runs it says so itself, and is not told. */
  changeDeployment(
    path: { projectId: string; modelId: string; buildId: string; id: string },
    fields: { status?: DeploymentState | undefined; replicas?: number | undefined },
    event: 'deployment.restarted' | 'deployment.stopped' | null,
  ): Promise<ClouderaDeployment> {
    return this.ports.registry.exclusively(async (write, state) => {
      const known = this.requireDeployment(path.projectId, path.modelId, path.buildId, path.id);
      const now = Math.max(this.ports.clock(), known.updatedAt + 1);
      const status = fields.status ?? known.status;
      const deployment: ClouderaDeployment = {
        ...known,
        status,
        replicas: fields.replicas ?? known.replicas,
        updatedAt: now,
        stoppedAt: status === 'stopped' ? (known.stoppedAt ?? now) : null,
      };
      if (event !== null) return this.tell(event, deployment, write, state);
      return this.keep(KINDS.deployment, this.deploymentsById, deployment, write);
    });
  }

  /** The name under which rows of a model are tracked. */
  trackedName(model: ClouderaModel): Promise<string> {
    return this.ports.registry.read((state) => targetOf(state, model, null).model);
  }

  /** For tracked metrics: what a CRN names, null where no record has it. */
  resolve(crn: string): Promise<CrnTarget | null> {
    return this.ports.registry.read((state) => {
      const id = idOf(crn);
      const deployment = this.deploymentsById.get(id);
      const build = this.buildsById.get(deployment?.buildId ?? id);
      const model = this.modelsById.get(build?.modelId ?? id);
      if (model === undefined) return null;
      const target = targetOf(state, model, build ?? null);
      if (target.version === null) return { kind: 'model', model: target.model };
      const named = { model: target.model, version: target.version };
      return deployment === undefined ? { kind: 'build', ...named } : { kind: 'deployment', ...named, deployment: crn };
    });
  }

  /** The CRNs of a row that was tracked under a deployment's record, null for any other. */
  crnsOf(deploymentCrn: string): RowCrns | null {
    const deployment = this.deploymentsById.get(idOf(deploymentCrn));
    if (deployment === undefined) return null;
    return {
      modelCrn: crnOf(deployment.modelId),
      modelBuildCrn: crnOf(deployment.buildId),
      modelDeploymentCrn: deploymentCrn,
    };
  }

  private read<T>(question: () => T): Promise<T> {
    return this.ports.registry.read(question);
  }

  private requireModel(projectId: string, id: string): ClouderaModel {
    const model = this.modelsById.get(id);
    if (model?.projectId !== projectId) throw missing('model', id);
    return model;
  }

  private requireBuild(projectId: string, modelId: string, id: string): ClouderaBuild {
    this.requireModel(projectId, modelId);
    const build = this.buildsById.get(id);
    if (build?.modelId !== modelId) throw missing('model build', id);
    return build;
  }

  private requireDeployment(projectId: string, modelId: string, buildId: string, id: string): ClouderaDeployment {
    this.requireBuild(projectId, modelId, buildId);
    const deployment = this.deploymentsById.get(id);
    if (deployment?.buildId !== buildId) throw missing('model deployment', id);
    return deployment;
  }

  private deploymentsOf(builds: readonly ClouderaBuild[]): ClouderaDeployment[] {
    const ids = new Set(builds.map(({ id }) => id));
    return [...this.deploymentsById.values()].filter((one) => ids.has(one.buildId));
  }

  private made(by: string): { id: string; creator: string; createdAt: number; updatedAt: number } {
    const now = this.ports.clock();
    return { id: uuidv4(), creator: by, createdAt: now, updatedAt: now };
  }

  private async keep<T extends { id: string }>(
    kind: string,
    records: Map<string, T>,
    record: T,
    write: (entries: readonly RegistryEntry[]) => Promise<void>,
    more: readonly RegistryEntry[] = [],
  ): Promise<T> {
    const { id, ...doc } = record;
    await write([{ kind, scope: '', item: id, doc }, ...more]);
    records.set(id, record);
    return record;
  }

  private async tell(
    event: string,
    deployment: ClouderaDeployment,
    write: (entries: readonly RegistryEntry[]) => Promise<void>,
    state: RegistryState,
  ): Promise<ClouderaDeployment> {
    const told = this.announcement(event, deployment, state);
    const kept = await this.keep(KINDS.deployment, this.deploymentsById, deployment, write, told.entries);
    told.send();
    return kept;
  }

  private announcement(event: string, deployment: ClouderaDeployment, state: RegistryState) {
    const { modelId, buildId } = deployment;
    const [model, build] = [this.modelsById.get(modelId), this.buildsById.get(buildId)];
    if (model === undefined || build === undefined) throw missing('model build', buildId);
    const target = targetOf(state, model, build);
    const version = build.registeredVersion === null ? null : versionIn(state, build.registeredVersion);
    return this.ports.webhooks.announce(event, target.model, {
      ...target,
      source: version?.storage ?? null,
      deployment: deploymentFacts(deployment, build),
    });
  }

  private async remove(
    write: (entries: readonly RegistryEntry[]) => Promise<void>,
    state: RegistryState,
    models: readonly string[],
    builds: readonly ClouderaBuild[],
    deployments: readonly ClouderaDeployment[],
  ): Promise<void> {
    const told = deployments
      .filter(({ status }) => status !== 'stopped')
      .map((one) => this.announcement('deployment.deleted', { ...one, status: 'stopped' }, state));
    const gone = (kind: string, ids: readonly string[]): RegistryEntry[] =>
      ids.map((item) => ({ kind, scope: '', item, doc: null }));
    const [buildIds, deploymentIds] = [builds.map(({ id }) => id), deployments.map(({ id }) => id)];
    await write([
      ...gone(KINDS.model, models),
      ...gone(KINDS.build, buildIds),
      ...gone(KINDS.deployment, deploymentIds),
      ...told.flatMap(({ entries }) => entries),
    ]);
    for (const id of models) this.modelsById.delete(id);
    for (const id of buildIds) this.buildsById.delete(id);
    for (const id of deploymentIds) this.deploymentsById.delete(id);
    for (const { send } of told) send();
  }
}
