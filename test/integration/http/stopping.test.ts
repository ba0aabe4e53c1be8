// The end of a service: what arrives while it stops is told to come again.
import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startTestService } from '../../support/service.js';

test('a request that arrives while the service stops is 503 with Retry-After', async () => {
  const service = await startTestService();
  const { port } = new URL(await service.listen());
  const socket = connect(Number(port), '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  const ended = once(socket, 'close');
  // Begun before the stop, so that the connection is not idle; finished after it.
  socket.write('GET /healthz HTTP/1.1\r\nHost: test\r\n');
  await once(service.app.server, 'connection');
  const closed = service.close();
  while (service.app.server.listening) await setImmediate();
  socket.write('\r\n');
  await ended;
  await closed;
  const text = Buffer.concat(chunks).toString();
  expect(text).toMatch(/^HTTP\/1\.1 503 /);
  expect(text.toLowerCase()).toContain('retry-after: ');
  expect(text).toContain('"code":"stopping"');
});
