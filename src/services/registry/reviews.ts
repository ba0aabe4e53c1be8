// Comments on versions, and requests to move them to a stage, as Databricks' clients make them.
import { v4 as uuidv4 } from 'uuid';
import { z } from 'zod';
import { RegistryError } from '../../domain/errors.js';
import type { Change } from '../../domain/registry/model.js';
import { type Outcome } from '../../domain/registry/operation.js';
import { review, transition, type ReviewAction } from '../../domain/registry/version-operations.js';
import { canonicalStage, doesNotExist } from '../../domain/registry/rules.js';
import type { RegistryEntry, StoredEntry } from './ports.js';
import type { Follower, Registry } from './registry.js';

const KINDS = { comment: 'comment', request: 'request' } as const;
const shared = { version: z.number(), user: z.string(), createdAt: z.number(), updatedAt: z.number() };
const commentDoc = z.object({ ...shared, comment: z.string() });
const requestDoc = z.object({ ...shared, comment: z.string().nullable(), from: z.string(), to: z.string() });

/** A comment on a version. Times in epoch milliseconds. */
export type Comment = z.output<typeof commentDoc> & { id: string; modelId: string };
/** An open request to move a version. */
export type TransitionRequest = z.output<typeof requestDoc> & { id: string; modelId: string };

/** What a request for a transition is about. */
export interface RequestTarget {
  name: string;
  version: number;
  stage: string;
  comment: string | null;
}

const newId = (): string => uuidv4().replaceAll('-', '');
const entry = (kind: string, modelId: string, id: string, doc: unknown): RegistryEntry => ({
  kind,
  scope: modelId,
  item: id,
  doc,
});

export class Reviews implements Follower {
  readonly kinds = Object.values(KINDS);
  private readonly comments = new Map<string, Comment>();
  private readonly requests = new Map<string, TransitionRequest>();
  /** What the entries of the change that is being stored do to the maps. */
  private ready: (() => void)[] = [];

  constructor(private readonly registry: Registry) {}

  loaded(entries: readonly StoredEntry[]): void {
    for (const { kind, scope: modelId, item: id, doc } of entries) {
      if (kind === KINDS.comment) {
        if (doc === null) this.comments.delete(id);
        else this.comments.set(id, { id, modelId, ...commentDoc.parse(doc) });
      } else if (doc === null) this.requests.delete(id);
      else this.requests.set(id, { id, modelId, ...requestDoc.parse(doc) });
    }
  }

  entries(outcome: Outcome): RegistryEntry[] {
    this.ready = [];
    const removed = new Set(outcome.removedModels.map(({ id }) => id));
    const gone = new Set(outcome.removedVersions.map(({ modelId, version }) => `${modelId}/${version}`));
    const isGone = (one: { modelId: string; version: number }) =>
      removed.has(one.modelId) || gone.has(`${one.modelId}/${one.version}`);
    return [
      ...[...this.comments.values()].filter(isGone).map((one) => this.drop(KINDS.comment, one)),
      ...[...this.requests.values()].filter(isGone).map((one) => this.drop(KINDS.request, one)),
      ...outcome.changes.flatMap((change) => this.follow(change)),
    ];
  }

  stored(): void {
    for (const apply of this.ready.splice(0)) apply();
  }

  /** @throws RegistryError, also below. */
  comment(name: string, version: number, text: string, by: string): Promise<Comment> {
    const operation = review('comment', { name, version, comment: text });
    return this.registry.change(operation, by, () => newest(this.comments));
  }

  async editComment(
    id: string,
    text: string,
    reach: (modelId: string) => Promise<void>,
    now: number,
  ): Promise<Comment> {
    await reach(await this.registry.read(() => this.requireComment(id).modelId));
    return this.registry.exclusively(async (write) => {
      const known = this.requireComment(id);
      const changed = { ...known, comment: text, updatedAt: Math.max(now, known.updatedAt + 1) };
      const { id: _, modelId, ...doc } = changed;
      await write([entry(KINDS.comment, modelId, id, doc)]);
      this.comments.set(id, changed);
      return changed;
    });
  }

  async deleteComment(id: string, reach: (modelId: string) => Promise<void>): Promise<void> {
    await reach(await this.registry.read(() => this.requireComment(id).modelId));
    await this.registry.exclusively(async (write) => {
      const { modelId } = this.requireComment(id);
      await write([entry(KINDS.comment, modelId, id, null)]);
      this.comments.delete(id);
    });
  }

  request(target: RequestTarget, by: string): Promise<TransitionRequest> {
    const stage = canonicalStage(target.stage);
    return this.registry.change(
      (state, context) => {
        const { model, version } = state.version(target.name, target.version);
        if (this.open(model.id, target.version, stage, by) !== undefined) {
          throw new RegistryError(
            400,
            'RESOURCE_ALREADY_EXISTS',
            `${by} requested the transition to ${stage} already.`,
          );
        }
        const about = { ...target, from: version.stage, to: stage };
        return review('transition_requested', about)(state, context);
      },
      by,
      () => newest(this.requests),
    );
  }

  list(name: string, version: number): Promise<TransitionRequest[]> {
    return this.registry.read((state) => {
      const { model } = state.version(name, version);
      return [...this.requests.values()].filter((one) => one.modelId === model.id && one.version === version);
    });
  }

  /** End a request: approved (the version moves), rejected, or withdrawn by `creator`. Answers what was asked for. */
  decide(
    action: Extract<ReviewAction, 'transition_approved' | 'transition_rejected' | 'transition_withdrawn'>,
    target: RequestTarget & { archiveExisting: boolean; creator: string | null },
    by: string,
  ): Promise<TransitionRequest> {
    const stage = canonicalStage(target.stage);
    let decided: TransitionRequest | undefined;
    return this.registry.change(
      (state, context) => {
        const { model, version } = state.version(target.name, target.version);
        decided = this.open(model.id, target.version, stage, target.creator);
        if (decided === undefined) {
          throw doesNotExist(
            `Transition request to ${stage} for Model Version (name=${target.name}, version=${target.version}) not found`,
          );
        }
        const line = review(action, { ...target, from: version.stage, to: stage })(state, context);
        if (action !== 'transition_approved') return line;
        const moved = transition({ ...target, comment: target.comment })(state, context);
        return { ...moved, changes: [...moved.changes, ...line.changes] };
      },
      by,
      () => decided as TransitionRequest,
    );
  }

  private requireComment(id: string): Comment {
    const comment = this.comments.get(id);
    if (comment === undefined) throw doesNotExist(`Comment with ID ${id} not found.`);
    return comment;
  }

  /** `user` null: of anyone, the oldest. */
  private open(modelId: string, version: number, to: string, user: string | null): TransitionRequest | undefined {
    return [...this.requests.values()].find(
      (one) =>
        one.modelId === modelId && one.version === version && one.to === to && (user === null || one.user === user),
    );
  }

  private drop(
    kind: (typeof KINDS)[keyof typeof KINDS],
    { id, modelId }: { id: string; modelId: string },
  ): RegistryEntry {
    this.ready.push(() => (kind === KINDS.comment ? this.comments : this.requests).delete(id));
    return entry(kind, modelId, id, null);
  }

  private follow(change: Change): RegistryEntry[] {
    const { action, modelId, version, by: user, at, comment, from, to } = change;
    if (version === null) return [];
    const made = { version, user, createdAt: at, updatedAt: at };
    const id = newId();
    switch (action) {
      case 'comment': {
        const doc = { ...made, comment: comment ?? '' };
        this.ready.push(() => void this.comments.set(id, { id, modelId, ...doc }));
        return [entry(KINDS.comment, modelId, id, doc)];
      }
      case 'transition_requested': {
        const doc = { ...made, comment, from: from ?? '', to: to ?? '' };
        this.ready.push(() => void this.requests.set(id, { id, modelId, ...doc }));
        return [entry(KINDS.request, modelId, id, doc)];
      }
      case 'transition_approved':
      case 'transition_rejected':
      case 'transition_withdrawn': {
        // An approval settles every request for the same; the others end the one they are about.
        const settled = [...this.requests.values()].filter(
          (one) => one.modelId === modelId && one.version === version && one.to === to,
        );
        const ended =
          action === 'transition_approved' ? settled : settled.filter((one) => one.user === change.key).slice(0, 1);
        return (ended.length > 0 ? ended : settled.slice(0, 1)).map((one) => this.drop(KINDS.request, one));
      }
      default:
        return [];
    }
  }
}

/** What was put in last. */
function newest<T>(map: ReadonlyMap<string, T>): T {
  return [...map.values()].at(-1) as T;
}
