// Laws of the registry under any sequence of operations: numbers without gaps or repeats, unique names, aliases of living versions, nothing lost in storage.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RegistryError } from '../../../src/domain/errors.js';
import * as modelOperations from '../../../src/domain/registry/model-operations.js';
import type { Operation, Outcome } from '../../../src/domain/registry/operation.js';
import * as versionOperations from '../../../src/domain/registry/version-operations.js';
import { pageOf, pageOffset, pageToken, versionOrder, type Page } from '../../../src/domain/registry/paging.js';
import { RegistryState } from '../../../src/domain/registry/state.js';
import { changeEntry, changeOf, deltaOf, stateEntries } from '../../../src/services/registry/documents.js';
import type { StoredEntry } from '../../../src/services/registry/ports.js';

const operations = { ...modelOperations, ...versionOperations };

const name = fc.constantFrom('a', 'b', 'c');
const version = fc.integer({ min: 1, max: 5 });
const alias = fc.constantFrom('champion', 'challenger');
const key = fc.constantFrom('k', '__proto__', 'a b');
const stage = fc.constantFrom('None', 'staging', 'Production', 'ARCHIVED');

const newVersion = (of: string) =>
  operations.createVersion({
    name: of,
    source: 's3://m/1',
    runId: '',
    runLink: '',
    description: '',
    tags: [],
    loggedModelId: null,
    params: [],
    metrics: [{ key: 'accuracy', value: 0.9 }],
  });

const operation: fc.Arbitrary<Operation> = fc.oneof(
  name.map((of) => operations.createModel({ name: of, tags: [], description: null, deploymentJobId: null })),
  { weight: 3, arbitrary: name.map(newVersion) },
  fc.tuple(name, name).map(([from, to]) => operations.renameModel(from, to)),
  name.map(operations.deleteModel),
  fc.tuple(name, version).map(([of, number]) => operations.deleteVersion(of, number)),
  fc.tuple(name, alias, version).map(([of, one, number]) => operations.setAlias(of, one, number)),
  fc.tuple(name, alias).map(([of, one]) => operations.deleteAlias(of, one)),
  fc
    .tuple(name, key, fc.string({ maxLength: 5 }))
    .map(([of, one, value]) => operations.setModelTag(of, { key: one, value })),
  fc
    .tuple(name, version, key)
    .map(([of, number, one]) => operations.setVersionTag(of, number, { key: one, value: 'v' })),
  fc.tuple(name, version, key).map(([of, number, one]) => operations.deleteVersionTag(of, number, one)),
  fc
    .tuple(name, version, stage, fc.boolean())
    .map(([of, number, to, archiveExisting]) =>
      operations.transition({ name: of, version: number, stage: to, archiveExisting, comment: null }),
    ),
);

/** Everything that can be asked of a state. */
function whole(state: RegistryState) {
  return state
    .searchModels([], [{ field: 'name', ascending: true }])
    .map((model) => ({ model, versions: state.versionsOf(model), latest: state.latest(model) }));
}

describe('any sequence of operations', () => {
  it('keeps the laws, and survives being stored and read back', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (sequence) => {
        const state = new RegistryState();
        const stored = new Map<string, StoredEntry>();
        const given = new Map<string, number[]>();
        let now = 1000;
        let ids = 0;
        for (const one of sequence) {
          now += 1;
          let outcome: Outcome;
          try {
            outcome = one(state, { now, by: 'me', newId: () => `id-${(ids += 1)}` });
          } catch (error) {
            expect(error).toBeInstanceOf(RegistryError);
            continue;
          }
          for (const change of outcome.changes) {
            const entry = changeEntry(change, 'x');
            const again = { ...entry, doc: JSON.parse(JSON.stringify(entry.doc)) as unknown, at: now, rowVersion: now };
            expect(changeOf(again)).toEqual(change);
            if (change.action !== 'version_created') continue;
            given.set(change.modelId, [...(given.get(change.modelId) ?? []), change.version ?? NaN]);
          }
          for (const entry of stateEntries(outcome)) {
            const doc = entry.doc === null ? null : (JSON.parse(JSON.stringify(entry.doc)) as unknown);
            stored.set(JSON.stringify([entry.kind, entry.scope, entry.item]), {
              ...entry,
              doc,
              at: now,
              rowVersion: now,
            });
          }
          state.apply(outcome);
        }
        for (const numbers of given.values()) expect(numbers).toEqual(numbers.map((_, index) => index + 1));
        const names = state.models().map((model) => model.name);
        expect(new Set(names).size).toBe(names.length);
        for (const model of state.models()) {
          expect(state.find(model.name)).toBe(model);
          for (const number of model.aliases.values()) expect(state.findVersion(model, number)).not.toBeNull();
          for (const latest of state.latest(model)) {
            const inStage = state.versionsOf(model).filter((item) => item.stage === latest.stage);
            expect(latest.version).toBe(Math.max(...inStage.map((item) => item.version)));
          }
        }
        const reread = new RegistryState();
        reread.apply(deltaOf([...stored.values()].sort((a, b) => (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0))));
        expect(whole(reread)).toEqual(whole(state));
      }),
      { numRuns: 200 },
    );
  });

  it('leaves at most one version in an active stage after an archiving transition', () => {
    const state = new RegistryState();
    const context = { now: 1, by: 'me', newId: () => 'id' };
    const run = (one: Operation) => state.apply(one(state, context));
    run(operations.createModel({ name: 'a', tags: [], description: null, deploymentJobId: null }));
    for (let made = 0; made < 4; made += 1) run(newVersion('a'));
    for (const number of [1, 2, 3]) {
      run(
        operations.transition({
          name: 'a',
          version: number,
          stage: 'Production',
          archiveExisting: false,
          comment: null,
        }),
      );
    }
    run(operations.transition({ name: 'a', version: 4, stage: 'production', archiveExisting: true, comment: null }));
    expect(state.versionsOf(state.model('a')).map((item) => item.stage)).toEqual([
      'Archived',
      'Archived',
      'Archived',
      'Production',
    ]);
  });
});

describe('pages', () => {
  it('hold every item once, in order, whatever their size', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 7 }), (items, size) => {
        const seen: number[] = [];
        let token: string | null = null;
        do {
          const page: Page<number> = pageOf(items, pageOffset(token), size);
          expect(page.items.length).toBeLessThanOrEqual(size);
          seen.push(...page.items);
          token = page.nextPageToken;
        } while (token !== null);
        expect(seen).toEqual(items);
      }),
    );
  });

  it("have MLflow's own tokens", () => {
    expect(pageToken(3)).toBe('eyJvZmZzZXQiOiAzfQ==');
    expect(pageOffset('eyJvZmZzZXQiOiAzfQ==')).toBe(3);
  });

  it('of versions come newest change first unless told otherwise', () => {
    expect(versionOrder([]).map(({ field, ascending }) => [field, ascending])).toEqual([
      ['last_updated_timestamp', false],
      ['name', true],
      ['version_number', false],
    ]);
    expect(versionOrder(['version_number ASC']).map(({ field }) => field)).toEqual(['version_number', 'name']);
  });
});
