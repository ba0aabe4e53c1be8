// Content negotiation by the Accept header.
import { expect, test } from 'vitest';
import { negotiate } from '../../../src/http/negotiate.js';

const OFFERS = ['application/json', 'text/csv', 'application/x-ndjson'] as const;

test.each([
  [undefined, 'application/json'],
  ['', 'application/json'],
  ['*/*', 'application/json'],
  ['text/csv', 'text/csv'],
  ['TEXT/CSV; charset=utf-8', 'text/csv'],
  ['text/*', 'text/csv'],
  ['text/html,application/xhtml+xml,*/*;q=0.8', 'application/json'],
  ['application/json;q=0.5, application/x-ndjson', 'application/x-ndjson'],
  ['application/json;q=0, */*;q=0.1', 'text/csv'],
])('Accept %s gets %s', (accept, expected) => {
  expect(negotiate(accept, OFFERS)).toBe(expected);
});

test.each(['image/png', 'application/json;q=0', 'text/csv;q=nonsense'])(
  'Accept %s gets 406 with what there is',
  (accept) => {
    expect(() => negotiate(accept, OFFERS)).toThrow(/application\/json, text\/csv, application\/x-ndjson/);
  },
);
