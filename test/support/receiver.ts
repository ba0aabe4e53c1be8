// A real receiver of webhooks on the loopback: it keeps what arrives, byte for byte, and answers as told.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it arrived. */
export interface Received {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Receiver {
  url: string;
  received: Received[];
  /** Statuses of the next answers; 200 when none is left. */
  answers: number[];
  /** The next `count` requests from the one with this index on. */
  next: (count: number) => Promise<Received[]>;
  close: () => Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const answers: number[] = [];
  const waiting: { count: number; done: (requests: Received[]) => void }[] = [];
  let taken = 0;
  const settle = () => {
    const first = waiting[0];
    if (first === undefined || received.length - taken < first.count) return;
    waiting.shift();
    first.done(received.slice(taken, (taken += first.count)));
    settle();
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      response.statusCode = answers.shift() ?? 200;
      response.end(response.statusCode === 200 ? 'OK' : 'no');
      received.push({ method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') });
      settle();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answers,
    next: (count) =>
      new Promise((done) => {
        waiting.push({ count, done });
        settle();
      }),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
