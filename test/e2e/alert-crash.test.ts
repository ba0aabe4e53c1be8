// A service that is killed while the mail server has the mail: it is sent again by the next process, as the same message, and then no more.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { freePort, Service } from '../../demo/service.js';
import { Mailbox } from '../support/mailbox.js';

const HOUR = 3_600_000;
const folder = mkdtempSync(path.join(tmpdir(), 'driftline-alert-crash-'));
const mailbox = new Mailbox();
let service: Service | null = null;

afterAll(async () => {
  await service?.stop();
  await mailbox.close();
  rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<Service> {
  service = await Service.start({ dataDir: folder, port: await freePort(), smtpUrl: mailbox.url });
  return service;
}

async function send(url: string, method: string, route: string, body: unknown): Promise<Response | null> {
  const headers = { 'content-type': 'application/json' };
  return fetch(url + route, { method, headers, body: JSON.stringify(body) }).catch(() => null);
}

it('a kill between the send and the log repeats the mail under its Message-Id, once', async () => {
  await mailbox.open();
  const first = await start();
  const timestamp = Math.floor(Date.now() / HOUR) * HOUR - HOUR / 2;
  const predictions = Array.from({ length: 50 }, (_, i) => ({ model: 'm', timestamp, inputs: { x: i }, outputs: i }));
  expect((await send(first.url, 'POST', '/v1/predictions', predictions))?.status).toBe(201);
  await send(first.url, 'PUT', '/v1/channels/ops', { type: 'email', to: ['ops@example.org'] });
  const rule = { model: 'm', metric: 'prediction_count', critical: 10, channels: ['ops'] };
  expect((await send(first.url, 'PUT', '/v1/alert-rules/busy', rule))?.status).toBe(200);
  await send(first.url, 'POST', '/v1/jobs/operations/run', {});
  // The mail server has the mail in its hands and has not said so: nothing is logged yet.
  mailbox.onMail = async () => {
    mailbox.onMail = null;
    await first.crash();
  };
  expect(await send(first.url, 'POST', '/v1/jobs/alerts/run', {})).toBeNull();
  expect(mailbox.mails).toHaveLength(1);

  const second = await start();
  for (let run = 0; run < 2; run++)
    expect((await send(second.url, 'POST', '/v1/jobs/alerts/run', {}))?.status).toBe(200);
  expect(mailbox.mails).toHaveLength(2);
  expect(mailbox.mails[1]?.messageId).toBe(mailbox.mails[0]?.messageId);
}, 60_000);
