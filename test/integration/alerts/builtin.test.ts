// Alerts that nobody set up: a feed that dries up, and a channel that cannot be reached.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AlertRig, after, DAY, MARCH } from '../../support/alert-rig.js';
import { Mailbox } from '../../support/mailbox.js';

const mailbox = new Mailbox();
let rig: AlertRig;

beforeAll(async () => {
  await mailbox.open();
  rig = await new AlertRig({ smtpUrl: mailbox.url }).open();
  await rig.channel('ops', { type: 'email', to: ['ops@example.org'] });
});

afterAll(async () => {
  await rig.close();
  await mailbox.close();
});

const pulse = (last: number) => [{ model: 'flights', deployment: '', last, longestGap: DAY, slots: 100 }];

it('says once that a feed is silent for twice as long as ever, and once that it is back', async () => {
  rig.feeds = pulse(MARCH + DAY);
  await rig.evaluate(2);
  expect(mailbox.mails).toHaveLength(0);
  await rig.evaluate(4);
  await rig.evaluate(4);
  expect(mailbox.mails).toHaveLength(1);
  expect(mailbox.mails[0]?.subject).toBe('[critical] flights: no predictions for 72.1 h, since 02 Mar 00:00 UTC');
  expect(mailbox.mails[0]?.text).toContain(
    `-d '{"feeds":{"enabled":false,"after":null,"channels":null},"jobs":{"enabled":true,`,
  );
  const [alert] = await rig.service.alerts({ state: 'firing', model: null });
  expect(alert).toMatchObject({ rule: 'driftline.feeds', model: 'flights', metric: 'feed_silence' });
  expect(alert?.why).toBe(
    'there have been no predictions since 02 Mar 2001 00:00 UTC, 72.1 h; the longest pause before was 24 h',
  );
  rig.feeds = pulse(after(5) - 60_000);
  await rig.evaluate(5);
  expect(await rig.service.alerts({ state: null, model: null })).toEqual([]);
  expect(mailbox.mails).toHaveLength(2);
  expect(mailbox.mails[1]?.inReplyTo).toBe(mailbox.mails[0]?.messageId);
});

it('reports a dead channel on another one, and that it is reached again', async () => {
  mailbox.mails.length = 0;
  rig.feeds = [];
  await rig.channel('dead', { type: 'webhook', url: 'http://127.0.0.1:9/hook' });
  await rig.rule('drift', { model: 'churn', channels: ['dead'] });
  await rig.daily({ model: 'churn', metric: 'psi', feature: 'inputs.x' }, [0.5, 0.5, 0.5]);
  expect((await rig.evaluate(6)).errors.join()).toContain('channel dead');
  await rig.evaluate(6);
  expect(mailbox.mails.map(({ subject }) => subject)).toEqual([
    '[critical] Driftline: the channel dead cannot be reached, since 07 Mar 00:05 UTC',
  ]);
  expect(mailbox.mails[0]?.text?.split('\n').slice(0, 3)).toEqual([
    'Driftline: the channel dead cannot be reached: 127.0.0.1 cannot be reached (ECONNREFUSED).',
    '',
    'Open: http://127.0.0.1:8080/alerts',
  ]);
  await rig.channel('dead', { type: 'email', to: ['other@example.org'] });
  await rig.evaluate(6);
  await rig.evaluate(7);
  const subjects = mailbox.mails.map(({ subject }) => subject);
  expect(subjects.some((subject) => subject?.startsWith('[critical] churn'))).toBe(true);
  expect(subjects).toContain('[resolved] Driftline: the channel dead is reached again');
});

it('waits as long as it was told to, for a feed and for a channel', async () => {
  const on = { enabled: true, after: null, channels: ['ops'] };
  await rig.service.putBuiltinAlerts({ feeds: { ...on, after: '100h' }, jobs: on, channels: { ...on, after: '2d' } });
  await rig.rule('patient', { model: 'patient', channels: ['dead'] });
  await rig.channel('dead', { type: 'webhook', url: 'http://127.0.0.1:9/hook' });
  await rig.daily({ model: 'patient', metric: 'psi', feature: 'inputs.x' }, [0.5, 0.5]);
  rig.feeds = pulse(after(8));
  mailbox.mails.length = 0;
  for (const day of [8, 9, 10, 10.5]) await rig.evaluate(day);
  expect(mailbox.mails.map(({ subject }) => subject)).toEqual([
    '[critical] Driftline: the channel dead cannot be reached, since 09 Mar 00:05 UTC',
  ]);
  await rig.evaluate(13);
  const [feed] = await rig.service.alerts({ state: 'firing', model: 'flights' });
  expect(feed?.why).toBe('there have been no predictions since 09 Mar 2001 00:05 UTC, 120 h; the limit is 100 h');
  // Known by a limit of its own, a feed needs no past.
  rig.feeds = pulse(after(8)).map((one) => ({ ...one, model: 'young', slots: 1 }));
  await rig.evaluate(14);
  expect(await rig.service.alerts({ state: 'firing', model: 'young' })).toHaveLength(1);
  await expect(rig.service.removeChannel('ops')).rejects.toThrow(
    /used by .*the built-in alerts on feeds, jobs, channels/,
  );
});

it('keeps names of its own: a rule cannot take one', async () => {
  await expect(rig.rule('driftline.feeds', { model: 'm' })).rejects.toThrow(/names that begin with "driftline\." are/);
});

it('is silent when it is switched off', async () => {
  mailbox.mails.length = 0;
  const off = { enabled: false, after: null, channels: null };
  await rig.service.putBuiltinAlerts({ feeds: off, jobs: off, channels: off });
  rig.feeds = pulse(MARCH);
  await rig.evaluate(20);
  expect(await rig.service.alerts({ state: 'firing', model: 'flights' })).toEqual([]);
  const elsewhere = { enabled: true, after: null, channels: ['opps'] };
  await expect(rig.service.putBuiltinAlerts({ feeds: elsewhere, jobs: off, channels: off })).rejects.toThrow(
    /did you mean "ops"/,
  );
});
