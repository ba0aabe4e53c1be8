// The doctor against real mail servers, real receivers and a service that lacks something.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SMTPServer } from 'smtp-server';
import type { DoctorReport } from '../../../src/domain/contract/doctor.js';
import { clockVerdict, diskVerdict } from '../../../src/services/doctor.js';
import { cli } from '../../support/cli.js';
import { startTestService, type TestService } from '../../support/service.js';

let on: TestService;
let url: string;
const smtp = new SMTPServer({ authOptional: true, disabledCommands: ['STARTTLS'] });
const receiver = createServer((request, response) => response.writeHead(request.url === '/refuses' ? 404 : 200).end());
const listen = (server: { listen: (port: number, host: string, done: () => void) => unknown }) =>
  new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
const portOf = (address: unknown) => (address as AddressInfo).port;

beforeAll(async () => {
  await listen(smtp.server);
  await listen(receiver);
  on = await startTestService({
    smtpUrl: `smtp://127.0.0.1:${portOf(smtp.server.address())}`,
    allowPrivateWebhooks: true,
  });
  url = await on.listen();
});
afterAll(async () => {
  await on.close();
  receiver.closeAllConnections();
  receiver.close();
});

async function doctor() {
  on.clock.set(Date.now());
  const { code, out } = await cli(['doctor', '--json', '--url', url]);
  const report = JSON.parse(out) as DoctorReport;
  return { code, of: (check: string) => report.checks.find((found) => found.check === check), report };
}

test('a sound service: engine, schema, disk and mail are well, and the exit code is 0', async () => {
  const { code, of } = await doctor();
  expect(code).toBe(0);
  expect(of('engine')).toMatchObject({
    status: 'ok',
    detail: expect.stringMatching(/^ClickHouse \d+\.\d+.*embedded/) as string,
  });
  for (const check of ['node', 'schema', 'mail']) expect(of(check)).toMatchObject({ status: 'ok' });
  expect(of('disk')?.detail).toMatch(/GiB free/);
  expect(of('scheduler')).toMatchObject({ status: 'off' });
  expect((await cli(['doctor', '--url', url])).out).toMatch(/OK +mail +the mail server answers/);
});

test('channels: a receiver that listens is well, one that does not fails, and so does mail when its server is gone', async () => {
  await on.services.alerts.putChannel('here', {
    type: 'webhook',
    url: `http://127.0.0.1:${portOf(receiver.address())}/secret-path`,
  });
  await on.services.alerts.putChannel('gone', { type: 'slack', url: 'http://127.0.0.1:1/secret-path' });
  await on.services.alerts.putChannel('people', { type: 'email', to: ['a@b.test'] });
  const before = await doctor();
  expect(before.code).toBe(1);
  expect(before.of('channel here')).toMatchObject({ status: 'ok' });
  expect(before.of('channel gone')).toMatchObject({ status: 'failed' });
  expect(before.of('channel people')).toMatchObject({ status: 'ok' });
  expect(JSON.stringify(before.report)).not.toContain('secret-path');
  await new Promise<void>((done) => smtp.close(done));
  const after = await doctor();
  expect(after.of('mail')).toMatchObject({ status: 'failed' });
  expect(after.of('channel people')).toMatchObject({ status: 'failed' });
});

test('--send sends through every channel and says what came of it', async () => {
  for (const name of ['gone', 'people']) await on.services.alerts.removeChannel(name);
  const refuses = `http://127.0.0.1:${portOf(receiver.address())}/refuses`;
  await on.services.alerts.putChannel('refuses', { type: 'webhook', url: refuses });
  const { code, out } = await cli(['doctor', '--send', '--json', '--url', url]);
  const checks = (JSON.parse(out) as DoctorReport).checks.filter(({ check }) => check.startsWith('test of '));
  expect(code).toBe(1);
  expect(checks.map(({ check, status, detail }) => [check, status, detail]).sort()).toEqual([
    ['test of here', 'ok', 'sent'],
    ['test of refuses', 'failed', expect.stringContaining('404')],
  ]);
});

test('clocks apart and full disks are said, worse ones louder', () => {
  expect([0, 5_000, -120_000].map((ahead) => clockVerdict(ahead).status)).toEqual(['ok', 'warning', 'failed']);
  const disk = (free: number, total: number) =>
    diskVerdict({ name: 'd', free: free * 1024 ** 3, total: total * 1024 ** 3 }).status;
  expect([disk(4, 20), disk(1, 100), disk(0.1, 100), disk(50, 1000)]).toEqual(['ok', 'warning', 'failed', 'ok']);
});
