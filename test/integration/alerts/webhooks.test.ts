// Webhooks and Slack over real HTTP: what arrives, how it is signed, and where it is not sent.
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createTcpServer, isIP, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { HttpSender, type Resolve } from '../../../src/notify/http-sender.js';
import { channelSchema } from '../../../src/domain/contract/alerts.js';
import { DocumentTable } from '../../../src/store/documents.js';
import { AlertRig } from '../../support/alert-rig.js';

interface Received {
  url: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

const received: Received[] = [];
let answer = { status: 200, headers: {} as Record<string, string> };
const receiver = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    received.push({ url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(answer.status, answer.headers).end('secret text of an internal service');
  });
});
const SECRET = 'a shared secret';
let rig: AlertRig;
let base = '';

beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', () => resolve()));
  base = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  rig = await new AlertRig({ smtpUrl: null }).open();
});

beforeEach(() => {
  received.length = 0;
  answer = { status: 200, headers: {} };
});

afterAll(async () => {
  await rig.close();
  await new Promise((resolve) => receiver.close(resolve));
});

it('posts the alert group, signed with the time and the body', async () => {
  await rig.channel('hook', { type: 'webhook', url: `${base}/hook?token=t`, secret: SECRET });
  await rig.rule('hooked', { model: 'hooked', channels: ['hook'] });
  await rig.daily({ model: 'hooked', metric: 'psi', feature: 'inputs.x', version: '3' }, [0.5, 0.5]);
  expect((await rig.evaluate(2)).errors).toEqual([]);
  expect(received).toHaveLength(1);
  const [{ url, headers, body }] = received as [Received];
  expect(url).toBe('/hook?token=t');
  const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-driftline-signature'])) ?? [];
  expect(t).toBe(String(Math.floor(rig.now / 1000)));
  expect(v1).toBe(createHmac('sha256', SECRET).update(`${t}.${body}`).digest('hex'));
  const [alert] = await rig.service.alerts({ state: 'firing', model: 'hooked' });
  const { deployment: _deployment, updated_at: _updated, ...shared } = alert ?? { deployment: '', updated_at: '' };
  const group = JSON.parse(body) as { alerts: unknown[] };
  expect(group).toMatchObject({ kind: 'firing', reason: 'first', rule: 'hooked', model: 'hooked', resolved: [] });
  expect(group.alerts).toEqual([expect.objectContaining({ ...shared, n: 222, noise_limit: 0.05 })]);
});

it('signs nothing without a secret', async () => {
  await rig.channel('open', { type: 'webhook', url: base });
  expect(await rig.service.testChannel('open')).toMatchObject({
    kind: 'test',
    outcome: 'sent',
    attempts: 1,
    error: null,
  });
  expect(received[0]?.headers).not.toHaveProperty('x-driftline-signature');
});

it('posts blocks to Slack', async () => {
  await rig.channel('slack', { type: 'slack', url: base });
  expect(await rig.service.testChannel('slack')).toMatchObject({ outcome: 'sent' });
  const body = JSON.parse(received[0]?.body ?? '') as { text: string; blocks: { type: string }[] };
  expect(body.text).toBe('[test] Driftline reaches the channel slack');
  expect(body.blocks.map(({ type }) => type)).toEqual(['header', 'section', 'context']);
});

it('does not follow a redirect', async () => {
  answer = { status: 302, headers: { location: `${base}/elsewhere` } };
  await rig.channel('moved', { type: 'webhook', url: base });
  const result = await rig.service.testChannel('moved');
  expect(result).toMatchObject({
    outcome: 'failed',
    attempts: 1,
    error: 'the receiver answered 302; redirects are not followed',
  });
  expect(received).toHaveLength(1);
});

it.each([
  [500, 3],
  [429, 3],
  [404, 1],
])('after an answer of %i it has tried %i times, and keeps the answer’s text to itself', async (status, attempts) => {
  answer = { status, headers: {} };
  await rig.channel('answering', { type: 'webhook', url: base });
  expect(await rig.service.testChannel('answering')).toMatchObject({
    outcome: 'failed',
    attempts,
    error: `the receiver answered ${status}`,
  });
  expect(received).toHaveLength(attempts);
});

it('waits as long as a receiver asks to, and leaves one that asks for long to the next evaluation', async () => {
  let now = 0;
  const retry = { attempts: 3, startingDelay: 1, maxDelay: 1500 };
  const http = new HttpSender({ allowPrivate: true, retry, uptime: () => now });
  const post = () => http.post(base, '{}', () => ({}));
  answer = { status: 429, headers: { 'retry-after': '1' } };
  const asked = performance.now();
  await expect(post()).rejects.toMatchObject({ attempts: 3, message: 'the receiver answered 429' });
  expect(performance.now() - asked).toBeGreaterThanOrEqual(1900);
  expect(received).toHaveLength(3);
  now = 1001;
  answer = { status: 503, headers: { 'retry-after': new Date(Date.now() + 60_000).toUTCString() } };
  await expect(post()).rejects.toMatchObject({ attempts: 1, message: 'the receiver answered 503' });
  now += 50_000;
  await expect(post()).rejects.toMatchObject({ attempts: 0, message: 'the receiver answered 503' });
  expect(received).toHaveLength(4);
  now += 20_000;
  answer = { status: 200, headers: {} };
  await expect(post()).resolves.toMatchObject({ attempts: 1 });
});

it('gives up on a receiver that does not answer in time', async () => {
  const silent = createTcpServer((socket) => socket.resume());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', () => resolve()));
  const http = new HttpSender({
    allowPrivate: true,
    timeoutMs: 30,
    retry: { attempts: 2, startingDelay: 1, maxDelay: 1 },
  });
  const sent = http.post(`http://127.0.0.1:${(silent.address() as AddressInfo).port}/`, '{}', () => ({}));
  await expect(sent).rejects.toMatchObject({
    message: '127.0.0.1 did not answer within 30 ms',
    attempts: 2,
    permanent: false,
  });
  await new Promise((resolve) => silent.close(resolve));
});

it.each<[string, (socket: Socket) => void, RegExp, number]>([
  ['cuts the connection', (socket) => socket.destroy(), /cannot be reached \((ECONNRESET|UND_ERR_SOCKET|EPIPE)\)/, 2],
  ['talks nonsense', (socket) => socket.end('what?\r\n\r\n'), /cannot be reached \(HPE_/, 2],
  [
    'cuts its answer short',
    (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'),
    /cannot be reached \(ECONNRESET\)/,
    2,
  ],
])('says that a receiver %s, and tries again', async (_what, act, message, attempts) => {
  let connections = 0;
  const broken = createTcpServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined);
    socket.once('data', () => act(socket));
  });
  await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', () => resolve()));
  const http = new HttpSender({ allowPrivate: true, retry: { attempts, startingDelay: 1, maxDelay: 1 } });
  const sent = http.post(`http://127.0.0.1:${(broken.address() as AddressInfo).port}/`, '{}', () => ({}));
  await expect(sent).rejects.toMatchObject({ message: expect.stringMatching(message), attempts, permanent: false });
  expect(connections).toBe(attempts);
  await new Promise((resolve) => broken.close(resolve));
});

it('takes an answer without an end for one, and reads no more of it than it must', async () => {
  let written = 0;
  const endless = createServer((_request, response) => {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(65_536))) written += 65_536;
    };
    response.on('drain', more);
    response.on('error', () => undefined);
    more();
  });
  await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', () => resolve()));
  const http = new HttpSender({ allowPrivate: true });
  const url = `http://127.0.0.1:${(endless.address() as AddressInfo).port}/`;
  expect(await http.post(url, '{}', () => ({}))).toMatchObject({ attempts: 1 });
  expect(written).toBeLessThan(50_000_000);
  endless.closeAllConnections();
  await new Promise((resolve) => endless.close(resolve));
});

/** Answers of a name server, one a question; the last one again and again. */
function answering(...addresses: string[]): { resolve: Resolve; asked: () => number } {
  let asked = 0;
  return {
    asked: () => asked,
    resolve: (_hostname, _options, callback) => {
      const address = addresses[Math.min(asked++, addresses.length - 1)] ?? '';
      callback(null, [{ address, family: isIP(address) }]);
    },
  };
}
/** A public address that leads nowhere: nothing of IPv6 is assigned there. */
const PUBLIC = '2fff:ffff::1';
const ONCE = { attempts: 1, startingDelay: 1, maxDelay: 1 };

it('is not led inside by a name that turns private after it was checked', async () => {
  const names = answering(PUBLIC, '127.0.0.1');
  const http = new HttpSender({ allowPrivate: false, timeoutMs: 500, retry: ONCE, resolve: names.resolve });
  const url = base.replace('127.0.0.1', 'hooks.example.org');
  expect(await http.problemOf(url)).toBeNull();
  await expect(http.post(url, '{}', () => ({}))).rejects.toThrow(
    /hooks\.example\.org is a private or loopback address/,
  );
  expect(received).toEqual([]);
});

it('connects to the address that it checked, and asks for no other', async () => {
  // Whoever looked once to check and again to connect would end on the loopback, where the receiver listens.
  const names = answering(PUBLIC, '127.0.0.1');
  const http = new HttpSender({ allowPrivate: false, timeoutMs: 500, retry: ONCE, resolve: names.resolve });
  const url = base.replace('127.0.0.1', 'hooks.example.org');
  await expect(http.post(url, '{}', () => ({}))).rejects.toThrow(
    /hooks\.example\.org (cannot be reached|did not answer)/,
  );
  expect(names.asked()).toBe(1);
  expect(received).toEqual([]);
});

it('refuses a name of which any address is private', async () => {
  const resolve: Resolve = (_hostname, _options, callback) =>
    callback(null, [
      { address: PUBLIC, family: 6 },
      { address: '127.0.0.1', family: 4 },
    ]);
  const http = new HttpSender({ allowPrivate: false, retry: ONCE, resolve });
  const url = base.replace('127.0.0.1', 'hooks.example.org');
  expect(await http.problemOf(url)).toMatch(/is a private or loopback address/);
  await expect(http.post(url, '{}', () => ({}))).rejects.toThrow(/is a private or loopback address/);
  expect(received).toEqual([]);
});

it('refuses private and loopback addresses, by number or by name, unless they are allowed', async () => {
  await rig.restart({ smtpUrl: null, allowPrivate: false });
  const port = new URL(base).port;
  for (const host of [
    '127.0.0.1',
    'localhost',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '2130706433',
    '10.0.0.1',
    '169.254.169.254',
  ]) {
    const inside = { type: 'webhook' as const, url: `http://${host}:${port}/` };
    await expect(rig.channel('inside', inside), host).rejects.toThrow(/is a private or loopback address/);
    // One that was saved while it was allowed is refused when it is used.
    await new DocumentTable(rig.store, 'channels', channelSchema).put('inside', inside);
    const result = await rig.service.testChannel('inside');
    expect(result).toMatchObject({ outcome: 'failed', attempts: 1 });
    expect(result.error, host).toMatch(/is a private or loopback address; set DRIFTLINE_ALLOW_PRIVATE_WEBHOOKS=on/);
  }
  expect(received).toEqual([]);
});
