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
  KINDS,
  type NewClouderaBuild,
  type NewClouderaDeployment,
  type NewClouderaModel,
} from './cloudera-documents.js';
import { HeldRecords, type RecordPath } from './cloudera-held.js';
import { deploymentFacts, missing, requireVersion, targetOf, versionIn } from './cloudera-targets.js';
import type { RegistryEntry, StoredEntry } from './ports.js';
import type { Follower, Registry } from './registry.js';
import type { RegistryWebhooks } from './webhooks.js';

export interface RecordPorts {
  registry: Registry;
  webhooks: RegistryWebhooks;
  clock: () => number;
}

export class ClouderaRecords implements Follower {
  readonly kinds = Object.values(KINDS);
  private readonly held = new HeldRecords();

  constructor(private readonly ports: RecordPorts) {}

  loaded(entries: readonly StoredEntry[]): void {
    this.held.loaded(entries);
  }

  entries(): RegistryEntry[] {
    return [];
  }

  stored(): void {
    // Changes of the registry leave the records as they are.
  }

  /** Models of a project, of all of them for null, oldest first. */
  models(projectId: string | null): Promise<ClouderaModel[]> {
    return this.read(() => this.held.modelsOf(projectId));
  }

  /** @throws NotFoundError, also below. */
  model(projectId: string, id: string): Promise<ClouderaModel> {
    return this.read(() => this.held.model(projectId, id));
  }

  builds(projectId: string, modelId: string): Promise<ClouderaBuild[]> {
    return this.read(() => this.held.buildsOf(this.held.model(projectId, modelId).id));
  }

  build(path: RecordPath): Promise<ClouderaBuild> {
    return this.read(() => this.held.build(path));
  }

  deployments(path: RecordPath): Promise<ClouderaDeployment[]> {
    return this.read(() => this.held.deploymentsOf([this.held.build(path)]));
  }

  deployment(path: RecordPath): Promise<ClouderaDeployment> {
    return this.read(() => this.held.deployment(path));
  }

  createModel(input: NewClouderaModel, by: string): Promise<ClouderaModel> {
    return this.ports.registry.exclusively(async (write) => {
      const model = { ...input, ...this.made(by), accessKey: `m${uuidv4().replaceAll('-', '')}` };
      return this.keep(KINDS.model, this.held.models, model, write);
    });
  }

  updateModel(
    projectId: string,
    id: string,
    change: (known: ClouderaModel) => Omit<NewClouderaModel, 'projectId'>,
  ): Promise<ClouderaModel> {
    return this.ports.registry.exclusively(async (write) => {
      const known = this.held.model(projectId, id);
      const model = { ...known, ...change(known), updatedAt: Math.max(this.ports.clock(), known.updatedAt + 1) };
      return this.keep(KINDS.model, this.held.models, model, write);
    });
  }

  /** With its builds and deployments, which whoever runs them is told. */
  deleteModel(projectId: string, id: string): Promise<void> {
    return this.ports.registry.exclusively(async (write, state) => {
      const builds = this.held.buildsOf(this.held.model(projectId, id).id);
      await this.remove(write, state, [id], builds);
    });
  }

  /** @throws NotFoundError, also for a registered version that is not there */
  createBuild({ registeredVersionId, ...input }: NewClouderaBuild, by: string): Promise<ClouderaBuild> {
    return this.ports.registry.exclusively(async (write, state) => {
      const model = this.held.model(input.projectId, input.modelId);
      const numbers = this.held.buildsOf(model.id).map((one) => one.number);
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
      const kept = await this.keep(KINDS.build, this.held.builds, build, write, told.entries);
      told.send();
      return kept;
    });
  }

  deleteBuild(path: RecordPath): Promise<void> {
    return this.ports.registry.exclusively((write, state) => this.remove(write, state, [], [this.held.build(path)]));
  }

  createDeployment(input: NewClouderaDeployment, by: string): Promise<ClouderaDeployment> {
    return this.ports.registry.exclusively(async (write, state) => {
      this.held.build(input);
      const deployment: ClouderaDeployment = { ...input, ...this.made(by), status: 'pending', stoppedAt: null };
      return this.tell('deployment.created', deployment, write, state);
    });
  }

  /** `event` null: whoever runs it says so itself, and is not told. */
  changeDeployment(
    path: RecordPath,
    fields: { status?: DeploymentState | undefined; replicas?: number | undefined },
    event: 'deployment.restarted' | 'deployment.stopped' | null,
  ): Promise<ClouderaDeployment> {
    return this.ports.registry.exclusively(async (write, state) => {
      const known = this.held.deployment(path);
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
      return this.keep(KINDS.deployment, this.held.deployments, deployment, write);
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
      const deployment = this.held.deployments.get(id);
      const build = this.held.builds.get(deployment?.buildId ?? id);
      const model = this.held.models.get(build?.modelId ?? id);
      if (model === undefined) return null;
      const target = targetOf(state, model, build ?? null);
      if (target.version === null) return { kind: 'model', model: target.model };
      const named = { model: target.model, version: target.version };
      return deployment === undefined ? { kind: 'build', ...named } : { kind: 'deployment', ...named, deployment: crn };
    });
  }

  /** The CRNs of a row that was tracked under a deployment's record, null for any other. */
  crnsOf(deploymentCrn: string): RowCrns | null {
    const deployment = this.held.deployments.get(idOf(deploymentCrn));
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

  private made(by: string): { id: string; creator: string; createdAt: number; updatedAt: number } {
    // The order of a list is that of making, also within a millisecond: clients take the last one for the newest.
    const now = Math.max(this.ports.clock(), this.held.newest() + 1);
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
    const kept = await this.keep(KINDS.deployment, this.held.deployments, deployment, write, told.entries);
    told.send();
    return kept;
  }

  private announcement(event: string, deployment: ClouderaDeployment, state: RegistryState) {
    const { modelId, buildId } = deployment;
    const [model, build] = [this.held.models.get(modelId), this.held.builds.get(buildId)];
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
  ): Promise<void> {
    const deployments = this.held.deploymentsOf(builds);
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
    for (const id of models) this.held.models.delete(id);
    for (const id of buildIds) this.held.builds.delete(id);
    for (const id of deploymentIds) this.held.deployments.delete(id);
    for (const { send } of told) send();
  }
}
