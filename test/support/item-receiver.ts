// An HTTP server that keeps what it is sent and answers as a test wants: for clients, whose wire format is their contract.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface Received {
  path: string;
  headers: IncomingMessage['headers'];
  text: string;
  /** The lines, parsed; empty where they are not JSON. */
  items: Record<string, unknown>[];
}

export interface Answer {
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
  /** Cut the connection instead. */
  cut?: boolean;
}

/** Answers as the service does unless told otherwise. */
export class ItemReceiver {
  readonly requests: Received[] = [];
  answer: (request: Received) => Answer | Promise<Answer> = () => ({});
  private waiting: (() => void)[] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(port = 0): Promise<ItemReceiver> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const receiver = new ItemReceiver(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
        const found = { path: request.url ?? '', headers: request.headers, text, items: parse(text) };
        receiver.requests.push(found);
        void Promise.resolve(receiver.answer(found)).then(({ status = 201, body, headers = {}, cut }) => {
          if (cut === true) return request.socket.destroy();
          const ids = found.items.map((item) => item['prediction_id'] ?? null);
          response.writeHead(status, { 'content-type': 'application/json', ...headers });
          response.end(JSON.stringify(body ?? { accepted: found.items.length, prediction_ids: ids }));
          for (const wake of receiver.waiting.splice(0)) wake();
        });
      });
    });
    return receiver;
  }

  /** The items of every request to a path. */
  items(path: string): Record<string, unknown>[] {
    return this.requests.filter((request) => request.path === path).flatMap((request) => request.items);
  }

  /** Wait until something holds; looked at after each answer. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function parse(text: string): Record<string, unknown>[] {
  try {
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  } catch {
    return [];
  }
}
