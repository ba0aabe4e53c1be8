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

describe('the version to roll back to', () => {
  const log = [stage(1, 1, 'Production'), stage(2, 2, 'Production'), stage(3, 3, 'Production')];

  it('is the one before, of those that still exist', () => {
    expect(previousHolder(log, 'Production', '3', () => true)).toBe('2');
    expect(previousHolder(log, 'Production', '3', (version) => version !== '2')).toBe('1');
    expect(previousHolder([stage(1, 1, 'Production')], 'Production', '1', () => true)).toBeNull();
  });
});
