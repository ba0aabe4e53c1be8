// Answers that are sent while they are read.
import { Readable } from 'node:stream';

/**
 * The chunks as a stream. The first is awaited before the answer starts, so that a query that fails at once is still answered
 * with a problem document.
 */
export async function streamOf(chunks: AsyncIterable<Buffer>): Promise<Readable> {
  const iterator = chunks[Symbol.asyncIterator]();
  let ahead: IteratorResult<Buffer> | null = await iterator.next();
  const resumed: AsyncIterableIterator<Buffer> = {
    [Symbol.asyncIterator]: () => resumed,
    next: async () => {
      const result = ahead ?? (await iterator.next());
      ahead = null;
      return result;
    },
    return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
  };
  return Readable.from(resumed, { objectMode: false });
}
