// What nobody set up, on the real store: a feed that dries up and a job that stops are told once, and once more when they are over.
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { JobName } from '../../../src/domain/contract/metrics.js';
import { call } from '../../support/http.js';
import { Mailbox } from '../../support/mailbox.js';
import { startTestService, TEST_NOW, type TestService } from '../../support/service.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const mailbox = new Mailbox();
let service: TestService;

beforeAll(async () => {
  await mailbox.open();
  service = await startTestService({ smtpUrl: mailbox.url });
  await call(service.app, 'PUT', '/v1/channels/ops', { body: { type: 'email', to: ['ops@example.org'] } });
}, 60_000);

beforeEach(() => void (mailbox.mails.length = 0));

afterAll(async () => {
  await service.close();
  await mailbox.close();
});

/** One run by the schedule, at a time. */
async function scheduled(job: JobName, at: number): Promise<void> {
  service.clock.set(at);
  const run = await service.services.jobs.run(job, { model: null, from: null, to: null, now: at }, 'schedule');
  expect(run.errors).toEqual([]);
}

const subjects = () => mailbox.mails.map(({ subject }) => subject);
const firing = async (rule: string) =>
  ((await call(service.app, 'GET', '/v1/alerts?state=firing')).json() as unknown as Record<string, unknown>[]).filter(
    (alert) => alert['rule'] === rule,
  );
const predict = (model: string, times: readonly number[]) =>
  call(service.app, 'POST', '/v1/predictions', {
    body: times.map((timestamp) => ({ model, timestamp, inputs: { x: 1 }, outputs: 1 })),
  });

it('tells once of a feed that dried up and once of its return, in one thread', async () => {
  const last = TEST_NOW - 10 * MINUTE;
  await predict(
    'steady',
    Array.from({ length: 40 }, (_, i) => last - i * 15 * MINUTE),
  );
  await scheduled('operations', TEST_NOW);
  await scheduled('alerts', TEST_NOW);
  await scheduled('alerts', TEST_NOW + HOUR);
  expect(subjects()).toEqual([]);

  // Twice its window is two hours: more than its longest pause, a quarter of an hour.
  for (const hours of [3, 4, 5]) await scheduled('alerts', TEST_NOW + hours * HOUR);
  expect(subjects()).toHaveLength(1);
  expect(subjects()[0]).toMatch(/^\[critical\] steady: no predictions for [\d.]+ h, since /);
  const [alert] = await firing('driftline.feeds');
  expect(alert).toMatchObject({ model: 'steady', metric: 'feed_silence', severity: 'critical' });
  expect(alert?.['why']).toMatch(/^there have been no predictions since .*; the longest pause before was 0\.25 h$/);

  await predict('steady', [TEST_NOW + 5 * HOUR + 10 * MINUTE]);
  await scheduled('operations', TEST_NOW + 5 * HOUR + 20 * MINUTE);
  for (const minutes of [20, 25]) await scheduled('alerts', TEST_NOW + 5 * HOUR + minutes * MINUTE);
  expect(await firing('driftline.feeds')).toEqual([]);
  expect(subjects()).toHaveLength(2);
  expect(subjects()[1]).toBe('[resolved] steady: predictions arrive again');
  expect(mailbox.mails[1]?.inReplyTo).toBe(mailbox.mails[0]?.messageId);
  const sent = (await call(service.app, 'GET', '/v1/notifications?model=steady')).json() as unknown as object[];
  expect(sent).toMatchObject([
    { kind: 'resolved', outcome: 'sent', channel: 'ops' },
    { kind: 'firing', outcome: 'sent', channel: 'ops' },
  ]);
});

it('tells once of a job that stopped and once that it runs again', async () => {
  const start = TEST_NOW + 10 * HOUR;
  for (let run = 0; run < 4; run++) await scheduled('quality', start + run * 5 * MINUTE);
  const last = start + 15 * MINUTE;
  for (const minutes of [30, 55]) await scheduled('alerts', last + minutes * MINUTE);
  expect(await firing('driftline.jobs')).toEqual([]);

  for (const minutes of [61, 70, 90]) await scheduled('alerts', last + minutes * MINUTE);
  const about = () => subjects().filter((subject) => subject?.includes('Driftline'));
  expect(about()).toHaveLength(1);
  expect(about()[0]).toMatch(/^\[critical\] Driftline: no good run of the job quality for 1\.02 h, since /);
  const [alert] = await firing('driftline.jobs');
  expect(alert).toMatchObject({ feature: 'quality', metric: 'job_silence' });
  expect(alert?.['why']).toMatch(/^the job quality has not run without errors since /);

  // Two days later no run of it is remembered: it has not run again for that.
  for (const hours of [30, 47, 50, 60]) await scheduled('alerts', last + hours * HOUR);
  expect(await firing('driftline.jobs')).toMatchObject([{ id: alert?.['id'] }]);
  const reminders = about().length;
  expect(about().every((subject) => subject?.startsWith('[critical] Driftline: no good run'))).toBe(true);

  await scheduled('quality', last + 60 * HOUR + MINUTE);
  for (const minutes of [2, 5]) await scheduled('alerts', last + 60 * HOUR + minutes * MINUTE);
  expect(await firing('driftline.jobs')).toEqual([]);
  expect(about()).toHaveLength(reminders + 1);
  expect(about().at(-1)).toBe('[resolved] Driftline: the job quality runs again');
});
