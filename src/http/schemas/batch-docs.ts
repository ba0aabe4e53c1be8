// What the API's description says of routes that take one item, several, or lines of them.
import { z } from 'zod';
import { MAX_ITEMS } from '../plugins/bodies.js';
import type { RouteDocs } from '../types.js';
import { JSON_TYPE, NDJSON, json, problemAnswer } from './answers.js';
import { PROBLEM_TYPE, problemSchema } from './problem.js';

export interface BatchDocs {
  item: z.ZodType;
  /** The key under which an object holds a list of items, where it may. */
  wrapper?: string;
  /** What the answer holds, and its status where everything is stored. */
  answer: z.ZodType;
  stored?: 200 | 201;
  /** Types of files that are taken too. */
  files?: readonly string[];
}

export function batchDocs({ item, wrapper, answer, stored = 201, files = [] }: BatchDocs): RouteDocs {
  const wrapped = wrapper === undefined ? [] : [z.object({ [wrapper]: z.array(item) })];
  const file = z.string().describe('a file, of any size up to the upload limit');
  return {
    body: {
      [JSON_TYPE]: z.union([item, z.array(item), ...wrapped]),
      [NDJSON]: z.string().describe(`one item a line, at most ${MAX_ITEMS}`),
      ...Object.fromEntries(files.map((type) => [type, file])),
    },
    response: {
      [stored]: json('All items are stored.', answer),
      207: json('Some items are stored; `errors` has the others by index.', answer),
      400: {
        description: 'No item was stored, or the body is not understood.',
        content: { [PROBLEM_TYPE]: { schema: z.intersection(problemSchema, answer) } },
      },
      429: problemAnswer('The ingest buffer is full; send the same again after Retry-After.'),
    },
  };
}
