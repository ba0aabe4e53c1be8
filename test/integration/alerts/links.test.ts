// The links of a mail: signed, for a while, and nothing happens before somebody confirms.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MetricPoint } from '../../../src/domain/contract/metrics.js';
import { call, expectProblem } from '../../support/http.js';
import { Mailbox } from '../../support/mailbox.js';
import { startTestService, TEST_NOW, type TestService } from '../../support/service.js';

const HOUR = 3_600_000;
const mailbox = new Mailbox();
let service: TestService;

function point(metric: string, value: number, hoursAgo: number): MetricPoint {
  const windowStart = TEST_NOW - hoursAgo * HOUR;
  const series = { model: 'flights', version: '1', deployment: '', segment: '', feature: 'inputs.x', metric };
  const rest = { lower: metric === 'psi_limit' ? 0.05 : null, upper: null, n: 200, coverage: null, baseline: 'train' };
  const how = { status: 'ok' as const, method: 'exact', computedAt: TEST_NOW };
  return { ...series, windowStart, windowEnd: windowStart + HOUR, value, ...rest, ...how };
}

beforeAll(async () => {
  await mailbox.open();
  service = await startTestService({
    smtpUrl: mailbox.url,
    adminKey: 'an-admin-key-of-the-test',
    publicUrl: 'https://drift.example.org',
  });
  const key = 'an-admin-key-of-the-test';
  await call(service.app, 'PUT', '/v1/channels/ops', { key, body: { type: 'email', to: ['ops@example.org'] } });
  await call(service.app, 'PUT', '/v1/alert-rules/drift', {
    key,
    body: { model: 'flights', metric: 'psi', critical: 0.2, channels: ['ops'] },
  });
  await service.container.tables.points.write(
    [6, 5, 4, 3, 2, 1].flatMap((hours) => [
      point('psi', hours === 1 ? 0.5 : 0.02, hours),
      point('psi_limit', 0.2, hours),
    ]),
  );
  await call(service.app, 'POST', '/v1/jobs/alerts/run', { key, body: {} });
});
afterAll(async () => {
  await service.close();
  await mailbox.close();
});

/** The path of a link in the mail. */
function linkIn(name: string): string {
  const found = new RegExp(`${name}: https://drift.example.org(/alert-links/\\S+)`).exec(mailbox.mails[0]?.text ?? '');
  return found?.[1] ?? 'no link';
}

it('the mail has a chart, the page with the SQL and both links, in text and HTML', async () => {
  expect(mailbox.mails).toHaveLength(1);
  const [mail] = mailbox.mails;
  expect(mail?.text).toMatch(/[▁▂▃▄▅▆▇█·]{30} {2}PSI on inputs.x over the last 30 windows, now 0.5, limit 0.2/);
  expect(mail?.html).toContain(`href="https://drift.example.org${linkIn('Acknowledge')}"`);
  expect(mail?.html).toContain(`href="https://drift.example.org${linkIn('Silence for 24 hours')}"`);
  const [alert] = await service.services.alerts.alerts({ state: 'firing', model: null });
  expect(mail?.text).toContain(`Numbers, rows and SQL: https://drift.example.org/alerts/${alert?.id}`);
  expect(mail?.html).toContain(`href="https://drift.example.org/alerts/${alert?.id}"`);
});

it('to open a link does nothing but ask, without a key', async () => {
  for (const name of ['Acknowledge', 'Silence for 24 hours']) {
    const answer = await call(service.app, 'GET', linkIn(name));
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.text).toContain('<form method="post">');
    expect(answer.text).toContain('flights');
    expect(await call(service.app, 'GET', linkIn(name).replace('alert-links/', 'alert-links/%20'))).toMatchObject({
      status: 404,
    });
  }
  expect(await service.services.alerts.alerts({ state: 'firing', model: null })).toHaveLength(1);
  expect(await service.services.alerts.listSilences()).toEqual([]);
});

it('the button acknowledges, once and for all', async () => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await call(service.app, 'POST', linkIn('Acknowledge'), { headers, body: '' });
  expect(answer.status).toBe(200);
  expect(answer.text).toContain('The alert is acknowledged.');
  expect(await service.services.alerts.alerts({ state: 'acknowledged', model: null })).toHaveLength(1);
  expect((await call(service.app, 'POST', linkIn('Acknowledge'), { headers, body: '' })).text).toContain(
    'nothing to acknowledge',
  );
});

it('the button silences the rule on that model for a day', async () => {
  const answer = await call(service.app, 'POST', linkIn('Silence for 24 hours'));
  expect(answer.status).toBe(200);
  expect(await service.services.alerts.listSilences()).toMatchObject([
    {
      name: 'mute drift on flights',
      silence: { matchers: { rule: 'drift', model: 'flights' }, starts: TEST_NOW, ends: TEST_NOW + 24 * HOUR },
    },
  ]);
});

it('silences of one rule on two models stand side by side, whatever the models are called', async () => {
  const { muteName } = await import('../../../src/services/notices.js');
  const names = ['flights', 'flüge', 'f/2', 'x'.repeat(200), `${'x'.repeat(199)}y`].map((model) =>
    muteName('drift', model),
  );
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[\w.@ -]{1,100}$/);
});

it('what the links did is in the audit, without their secrets', async () => {
  const log = await service.services.audit.list({ actor: 'link', target: null, limit: 10 });
  expect(log.map(({ target, before, after }) => ({ target, before, after }))).toMatchObject([
    { target: '/alert-links', before: null, after: { kind: 'silence', rule: 'drift', model: 'flights' } },
    { target: '/alert-links', before: null, after: { kind: 'acknowledge' } },
    { target: '/alert-links', before: null, after: { kind: 'acknowledge' } },
  ]);
  for (const name of ['Acknowledge', 'Silence for 24 hours'])
    expect(JSON.stringify(log)).not.toContain(linkIn(name).split('/').at(-1));
});

it('refuses a link that was changed, and one that is too old', async () => {
  const link = linkIn('Silence for 24 hours');
  const [head = '', mac = ''] = link.split('.');
  const payload = Buffer.from(head.split('/').at(-1) ?? '', 'base64url').toString();
  const other = Buffer.from(payload.replace('flights', 'churn')).toString('base64url');
  expectProblem(await call(service.app, 'POST', `/alert-links/${other}.${mac}`), 404, 'not_found');
  expectProblem(await call(service.app, 'POST', `${link}x`), 404, 'not_found');
  expectProblem(await call(service.app, 'POST', '/alert-links/nonsense'), 404, 'not_found');
  const read = await call(service.app, 'GET', '/alert-links/nonsense', { headers: { accept: 'text/html,*/*;q=0.8' } });
  expect(read).toMatchObject({ status: 404, headers: { 'content-type': 'text/html; charset=utf-8' } });
  expect(read.text).toContain('There is no such link. Open the alert in the dashboard instead.');
  service.clock.set(TEST_NOW + 8 * 24 * HOUR);
  expectProblem(await call(service.app, 'GET', link), 409, 'conflict');
});
