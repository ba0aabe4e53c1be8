// What @references meant over time, told from the log.
import { describe, expect, it } from 'vitest';
import { heldPeriods, previousHolder, referenceOf } from '../../../src/domain/registry/held.js';
import type { Change } from '../../../src/domain/registry/model.js';

const change = (at: number, action: Change['action'], about: Partial<Change>): Change => ({
  at,
  by: 'me',
  action,
  modelId: 'm',
  model: 'm',
  version: null,
  key: null,
  from: null,
  to: null,
  comment: null,
  ...about,
});
const stage = (at: number, version: number, to: string) => change(at, 'stage_changed', { version, to });
const told = (log: Change[], reference: string) =>
  heldPeriods(log, reference).map(({ version, from, to }) => [version, from, to]);

describe('references', () => {
  it('begin with @; anything else is the name of a version', () => {
    expect(['@Production', '@a-b_c', '1', 'v2', '@', '@a b', 'a@b'].map(referenceOf)).toEqual([
      'Production',
      'a-b_c',
      null,
      null,
      null,
      null,
      null,
    ]);
  });
});

describe('a stage', () => {
  const log = [stage(1, 1, 'Production'), stage(5, 2, 'Production'), stage(5, 1, 'Archived'), stage(9, 2, 'Archived')];

  it('means its highest version, from when it came to when it went', () => {
    expect(told(log, 'production')).toEqual([
      ['1', 1, 5],
      ['2', 5, 9],
    ]);
    expect(told(log, 'Staging')).toEqual([]);
  });

  it('falls back to another version that is still in it', () => {
    const both = [stage(1, 1, 'Production'), stage(2, 2, 'Production'), stage(3, 2, 'None')];
    expect(told(both, 'Production')).toEqual([
      ['1', 1, 2],
      ['2', 2, 3],
      ['1', 3, Infinity],
    ]);
    const deleted = [
      stage(1, 1, 'Production'),
      stage(2, 2, 'Production'),
      change(4, 'version_deleted', { version: 2 }),
    ];
    expect(told(deleted, 'Production').at(-1)).toEqual(['1', 4, Infinity]);
  });

  it('of None begins when a version is made', () => {
    expect(told([change(1, 'version_created', { version: 1 }), stage(2, 1, 'Staging')], 'None')).toEqual([['1', 1, 2]]);
  });
});

describe('an alias', () => {
  it('means the version it was given to, until it moves or is taken away', () => {
    const log = [
      change(1, 'alias_set', { version: 1, key: 'champion' }),
      change(2, 'alias_set', { version: 9, key: 'other' }),
      change(3, 'alias_set', { version: 2, key: 'champion' }),
      change(4, 'alias_deleted', { version: 2, key: 'champion' }),
    ];
    expect(told(log, 'champion')).toEqual([
      ['1', 1, 3],
      ['2', 3, 4],
    ]);
  });
});

describe('a name', () => {
  const renamed = (at: number, from: string, to: string, modelId = 'm') =>
    change(at, 'model_renamed', { model: to, modelId, from, to });
  const named = (log: Change[], name: string, reference = 'Production') =>
    heldPeriods(log, reference, name).map(({ version, from, to }) => [version, from, to]);

  it('means nothing any more when its model is deleted, and what the next one of that name has', () => {
    const first = [stage(1, 7, 'Production'), change(3, 'model_deleted', {})];
    expect(named(first, 'm')).toEqual([['7', 1, 3]]);
    const next = { modelId: 'n' };
    const again = [...first, change(4, 'model_created', next), { ...stage(5, 1, 'Production'), ...next }];
    expect(named(again, 'm')).toEqual([
      ['7', 1, 3],
      ['1', 5, Infinity],
    ]);
    expect(named([change(1, 'alias_set', { version: 1, key: 'a' }), change(2, 'model_deleted', {})], 'm', 'a')).toEqual(
      [['1', 1, 2]],
    );
  });

  it('means nothing while its model is called otherwise, and the same again when it is called so again', () => {
    const log = [stage(1, 2, 'Production'), renamed(3, 'm', 'x'), renamed(5, 'x', 'm')];
    expect(named(log, 'm')).toEqual([
      ['2', 1, 3],
      ['2', 5, Infinity],
    ]);
    expect(named(log, 'x')).toEqual([['2', 3, 5]]);
    expect(told(log, 'Production')).toEqual([['2', 1, Infinity]]);
    // Another model takes the name: what the first one has is not what that one has.
    expect(named([...log.slice(0, 2), change(4, 'model_created', { modelId: 'n' })], 'm')).toEqual([['2', 1, 3]]);
  });
});

describe('the version to roll back to', () => {
  const log = [stage(1, 1, 'Production'), stage(2, 2, 'Production'), stage(3, 3, 'Production')];

  it('is the one before, of those that still exist', () => {
    expect(previousHolder(log, 'Production', '3', () => true)).toBe('2');
    expect(previousHolder(log, 'Production', '3', (version) => version !== '2')).toBe('1');
    expect(previousHolder([stage(1, 1, 'Production')], 'Production', '1', () => true)).toBeNull();
  });
});
