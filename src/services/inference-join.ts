// Halves of logged inferences, in any order: kept before they are acknowledged, joined to predictions when both are there.
import { DAY_MS } from '../domain/duration.js';
import type { ItemError } from '../domain/errors.js';
import { halfOf, predictionsOf, type Half, type LoggedEvent } from '../domain/logs/events.js';
import { BodyError, type Mapping } from '../domain/logs/mapping.js';
import type { IngestApi } from './api.js';
import type { StoredHalf } from '../domain/stored.js';
import type { HalfStore } from './inference-ports.js';

/** How long a half is expected to find its other, ms; afterwards it counts as missing, and still joins when the other comes. */
export const HALF_WAIT = DAY_MS;
/** Events of one turn, and pairs of one sweep. */
const TURN = 1000;

export interface JoinDependencies {
  ingest: Pick<IngestApi, 'predictions'>;
  halves: HalfStore;
  privacy: {
    clean<T extends { inputs?: unknown; outputs?: unknown }>(model: string, row: T): T;
    hashedPaths(model: string): readonly string[];
  };
  mapping: (model: string) => Mapping;
  clock: () => number;
}

/** What became of an event. */
export type Verdict = 'joined' | 'waiting' | 'duplicate' | 'ignored' | { error: ItemError };

interface Turn {
  event: LoggedEvent;
  done: (verdict: Verdict, predictions: number) => void;
  failed: (error: unknown) => void;
}

export class HalfJoiner {
  private readonly queue: Turn[] = [];
  private working: Promise<void> | null = null;

  constructor(private readonly deps: JoinDependencies) {}

  /** Join what a process that ended, or two processes, left unjoined. Called at start and from time to time. */
  async sweep(): Promise<number> {
    const halves = await this.deps.halves.pairs(TURN);
    const pairs = new Map<string, Partial<Record<string, StoredHalf>>>();
    for (const half of halves) pairs.set(keyOf(half), { ...pairs.get(keyOf(half)), [half.kind]: half });
    const whole = [...pairs.values()].flatMap(({ request, response }) =>
      request === undefined || response === undefined ? [] : [{ request, response }],
    );
    await this.join(whole);
    return whole.length;
  }

  /** Wait until nothing is being written. */
  async idle(): Promise<void> {
    await this.working;
  }

  /** Keep a half, and join it where the other is there. `made`: how many predictions that gave. */
  submit(event: LoggedEvent, made: (predictions: number) => void): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      const done = (verdict: Verdict, predictions: number) => {
        made(predictions);
        resolve(verdict);
      };
      this.queue.push({ event, done, failed: reject });
      this.working ??= this.work().finally(() => (this.working = null));
    });
  }

  /** One turn after another: what arrives during one is taken together by the next, so that a busy model server costs few inserts. */
  private async work(): Promise<void> {
    while (this.queue.length > 0) {
      const turns = this.queue.splice(0, TURN);
      try {
        await this.turn(turns);
      } catch (error) {
        for (const { failed } of turns) failed(error);
      }
    }
  }

  private async turn(turns: readonly Turn[]): Promise<void> {
    const now = this.deps.clock();
    const known = new Map<string, StoredHalf>();
    const read = turns.map((turn) => ({ turn, half: this.readHalf(turn.event, now) }));
    const halves = read.flatMap(({ half }) => (half instanceof Error ? [] : [half]));
    for (const half of await this.deps.halves.find(halves)) known.set(`${keyOf(half)}\n${half.kind}`, half);
    const fresh = new Map<string, StoredHalf>();
    for (const half of halves) {
      const key = `${keyOf(half)}\n${half.kind}`;
      if (known.get(key)?.state !== 'joined' && known.get(key)?.state !== 'unusable') fresh.set(key, half);
    }
    await this.deps.halves.write([...fresh.values()]);
    for (const [key, half] of fresh) known.set(key, half);
    const pairs = new Map<string, { request: StoredHalf; response: StoredHalf }>();
    for (const half of fresh.values()) {
      const [request, response] = ['request', 'response'].map((kind) => known.get(`${keyOf(half)}\n${kind}`));
      if (request?.state === 'waiting' && response?.state === 'waiting') pairs.set(keyOf(half), { request, response });
    }
    const joined = await this.join([...pairs.values()]);
    const counted = new Set<string>();
    for (const { turn, half } of read) {
      if (half instanceof Error) {
        turn.done({ error: bodyError(0, half) }, 0);
        continue;
      }
      const key = keyOf(half);
      const outcome = joined.get(key);
      const isNew = fresh.get(`${key}\n${half.kind}`) === half;
      if (outcome === undefined) turn.done(isNew ? 'waiting' : 'duplicate', 0);
      else if (outcome instanceof Error) turn.done({ error: bodyError(0, outcome) }, 0);
      else turn.done(isNew ? 'joined' : 'duplicate', counted.has(key) ? 0 : outcome);
      counted.add(key);
    }
  }

  /** As it is stored: private fields are dropped and hashed before anything is kept. */
  private readHalf(event: LoggedEvent, now: number): StoredHalf | Error {
    try {
      const { rows, error, ...half } = halfOf(event, this.deps.mapping(event.model), now);
      const side = event.kind === 'request' ? 'inputs' : 'outputs';
      const clean = rows.map((row) => this.deps.privacy.clean(event.model, { [side]: row })[side]);
      const hashed = this.deps.privacy.hashedPaths(event.model).filter((path) => path.startsWith(`${side}.`));
      return { ...half, body: JSON.stringify({ rows: clean, error }), hashed, state: 'waiting', receivedAt: now };
    } catch (error) {
      if (error instanceof BodyError) return error;
      throw error;
    }
  }

  /** How many predictions came of each pair, or why none could. */
  private async join(
    pairs: readonly { request: StoredHalf; response: StoredHalf }[],
  ): Promise<Map<string, number | Error>> {
    const outcomes = new Map<string, number | Error>();
    const groups = new Map<string, { hashed: string[]; rows: Record<string, unknown>[] }>();
    for (const { request, response } of pairs) {
      try {
        const mapping = this.deps.mapping(request.model);
        const rows = predictionsOf(opened(request), opened(response), mapping);
        const hashed = [...request.hashed, ...response.hashed];
        const key = JSON.stringify([request.model, hashed]);
        const group = groups.get(key) ?? { hashed, rows: [] };
        groups.set(key, { hashed, rows: [...group.rows, ...rows] });
        outcomes.set(keyOf(request), rows.length);
      } catch (error) {
        if (!(error instanceof BodyError)) throw error;
        outcomes.set(keyOf(request), error);
      }
    }
    for (const { rows, hashed } of groups.values()) await this.deps.ingest.predictions(rows, null, { hashed });
    await this.deps.halves.write(
      pairs.flatMap(({ request, response }) => {
        const state = outcomes.get(keyOf(request)) instanceof Error ? ('unusable' as const) : ('joined' as const);
        return [request, response].map((half) => ({ ...half, body: '', state }));
      }),
    );
    return outcomes;
  }
}

const keyOf = ({ model, id }: { model: string; id: string }): string => `${model}\n${id}`;

function opened({ body, ...half }: StoredHalf): Half {
  const { rows, error } = JSON.parse(body) as Pick<Half, 'rows' | 'error'>;
  return { ...half, rows, error };
}

/** The error of a body, as the caller sees it; anything else is no matter of the body. */
export function bodyError(index: number, error: unknown): ItemError {
  if (!(error instanceof BodyError)) throw error;
  return { index, path: '', code: 'invalid_body', message: error.message };
}
