// What happens when the mail server or the store fails while an alert is on its way.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AlertRig } from '../../support/alert-rig.js';
import { Mailbox } from '../../support/mailbox.js';

const mailbox = new Mailbox();
let rig: AlertRig;

beforeAll(async () => {
  await mailbox.open();
  rig = await new AlertRig({ smtpUrl: mailbox.url }).open();
  await rig.channel('ops', { type: 'email', to: ['ops@example.org'] });
  // What the other channels say about a dead one is tested elsewhere.
  const off = { enabled: false, after: null, channels: null };
  await rig.service.putBuiltinAlerts({ feeds: off, jobs: off, channels: off });
});

afterAll(async () => {
  await rig.close();
  await mailbox.close();
});

/** A model of its own whose rule fires on the second day, with all rules of earlier tests out of the way. */
async function firing(model: string): Promise<void> {
  for (const { name } of await rig.service.listRules()) await rig.service.removeRule(name);
  await rig.rule(model, { model });
  await rig.daily({ model, metric: 'psi', feature: 'inputs.x' }, [0.5, 0.5, 0.5]);
  mailbox.mails.length = 0;
  mailbox.attempts = 0;
}

it('records a failed mail once while the server is down, and sends it when the server is back', async () => {
  await firing('server-down');
  await mailbox.close();
  const result = await rig.evaluate(2);
  expect(result.errors).toHaveLength(1);
  expect(result.errors[0]).toMatch(/^channel ops, rule server-down: .*ECONNREFUSED/);
  await rig.evaluate(2);
  const failed = await rig.service.notifications({ model: 'server-down', limit: 10 });
  expect(failed).toHaveLength(1);
  expect(failed[0]).toMatchObject({ outcome: 'failed', attempts: 3, kind: 'firing', reason: 'first' });
  expect(await rig.service.alerts({ state: 'firing', model: 'server-down' })).toHaveLength(1);

  await mailbox.open();
  expect((await rig.evaluate(2)).errors).toEqual([]);
  expect(mailbox.mails).toHaveLength(1);
  expect(mailbox.mails[0]?.messageId).toBe(failed[0]?.message_id);
  await rig.evaluate(2);
  expect(mailbox.mails).toHaveLength(1);
  const log = await rig.service.notifications({ model: 'server-down', limit: 10 });
  expect(log.map(({ outcome }) => outcome)).toEqual(['sent', 'failed']);
});

it('sends the same Message-Id again after a crash between the send and the log', async () => {
  await firing('crash');
  // The store loses its notification log while the mail server has the mail in its hands: the line cannot be written.
  mailbox.onMail = () => rig.store.command({ name: 'break', sql: 'RENAME TABLE notifications TO notifications_away' });
  const result = await rig.evaluate(2);
  mailbox.onMail = null;
  expect(result.errors[0]).toContain('sent, but the log could not be written, so it is tried again');
  await rig.store.command({ name: 'repair', sql: 'RENAME TABLE notifications_away TO notifications' });
  expect(await rig.service.notifications({ model: 'crash', limit: 10 })).toEqual([]);

  await rig.restart();
  expect((await rig.evaluate(2)).errors).toEqual([]);
  expect(mailbox.mails).toHaveLength(2);
  expect(mailbox.mails[1]?.messageId).toBe(mailbox.mails[0]?.messageId);
  await rig.evaluate(2);
  expect(mailbox.mails).toHaveLength(2);
});

it('does not ask a server again that refuses for good', async () => {
  await firing('refused');
  mailbox.refuse = 550;
  const result = await rig.evaluate(2);
  expect(result.errors).toHaveLength(1);
  expect(mailbox.attempts).toBe(1);
  mailbox.refuse = null;
  await rig.evaluate(2);
  expect(mailbox.mails).toHaveLength(1);
});

it('asks again at once when the refusal is temporary', async () => {
  await firing('greylisted');
  mailbox.refuse = 451;
  await rig.evaluate(2);
  expect(mailbox.attempts).toBe(3);
  mailbox.refuse = null;
  await rig.evaluate(2);
  expect(mailbox.mails).toHaveLength(1);
});

it('asks again for the one recipient of three that the server puts off, and says who was refused', async () => {
  await rig.channel('team', { type: 'email', to: ['a@example.org', 'late@example.org', 'gone@example.org'] });
  await firing('some');
  await rig.rule('some', { model: 'some', channels: ['team'] });
  mailbox.refuseTo.set('late@example.org', 450).set('gone@example.org', 550);
  const [error] = (await rig.evaluate(2)).errors;
  expect(error).toMatch(/^channel team, rule some: put off by the mail server: late@example\.org: 450 /);
  expect(mailbox.mails.map(({ recipients }) => recipients)).toEqual([['a@example.org']]);
  // Three recipients once, and the one that was put off twice more.
  expect(mailbox.attempts).toBe(5);
  expect(await rig.service.notifications({ model: 'some', limit: 10 })).toMatchObject([{ outcome: 'failed' }]);

  mailbox.refuseTo.delete('late@example.org');
  expect((await rig.evaluate(2)).errors).toEqual([]);
  expect(mailbox.mails.map(({ recipients }) => recipients)).toEqual([['a@example.org'], ['late@example.org']]);
  expect(mailbox.mails[1]?.messageId).toBe(mailbox.mails[0]?.messageId);
  expect(mailbox.mails[1]?.to?.map(({ address }) => address)).toHaveLength(3);
  const [newest] = await rig.service.notifications({ model: 'some', limit: 10 });
  expect(newest).toMatchObject({
    outcome: 'sent',
    error: expect.stringMatching(/^refused by the mail server: gone@example\.org: 550 /),
  });
  await rig.evaluate(2);
  expect(mailbox.mails).toHaveLength(2);
  mailbox.refuseTo.clear();
});

it('does not let many rules wait for one dead channel: the rest of a run leaves it alone, and no alert is lost', async () => {
  const rules = ['r1', 'r2', 'r3', 'r4', 'r5'];
  await firing('crowd');
  await rig.service.removeRule('crowd');
  for (const name of rules) await rig.rule(name, { model: 'crowd' });
  await mailbox.close();
  expect((await rig.evaluate(2)).errors).toHaveLength(rules.length);
  const failed = await rig.service.notifications({ model: 'crowd', limit: 10 });
  expect(failed.map(({ outcome }) => outcome)).toEqual(rules.map(() => 'failed'));
  expect(failed.map(({ attempts }) => attempts).sort()).toEqual([0, 0, 0, 3, 3]);
  expect(new Set(failed.map(({ error }) => error)).size).toBe(1);
  await mailbox.open();
  expect((await rig.evaluate(2)).errors).toEqual([]);
  expect(mailbox.mails).toHaveLength(rules.length);
});

it('tells a second channel although the first one fails, and neither twice', async () => {
  await firing('two-channels');
  await rig.channel('dead', { type: 'webhook', url: 'http://127.0.0.1:9/hook' });
  await rig.rule('two-channels', { model: 'two-channels', channels: ['dead', 'ops'] });
  const result = await rig.evaluate(2);
  expect(result.errors).toEqual([expect.stringContaining('channel dead')]);
  await rig.evaluate(2);
  expect(mailbox.mails).toHaveLength(1);
});

it('never announces the end of what a channel never heard of', async () => {
  await firing('unheard');
  await rig.daily({ model: 'unheard', metric: 'psi', feature: 'inputs.x' }, [0.01], 2);
  mailbox.refuse = 550;
  await rig.evaluate(2);
  mailbox.refuse = null;
  await rig.evaluate(3);
  expect(await rig.service.alerts({ state: null, model: 'unheard' })).toEqual([]);
  expect(mailbox.mails).toHaveLength(0);
});

it('fails clearly when no mail server is set', async () => {
  await rig.restart({ smtpUrl: null });
  expect(await rig.service.testChannel('ops')).toMatchObject({
    kind: 'test',
    outcome: 'failed',
    attempts: 0,
    error: 'SMTP_URL is not set',
  });
});
