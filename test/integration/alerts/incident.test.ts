// An incident from its first breach to its end, by mail: what is sent, and what is not.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AlertRig } from '../../support/alert-rig.js';
import { Mailbox } from '../../support/mailbox.js';

const mailbox = new Mailbox();
let rig: AlertRig;

beforeAll(async () => {
  await mailbox.open();
  rig = await new AlertRig({ smtpUrl: mailbox.url }).open();
  await rig.channel('ops', { type: 'email', to: ['ops@example.org', 'ml@example.org'] });
  await rig.rule('input drift', { model: 'flights', warning: 0.1 });
  const drifting = [0.02, 0.31, 0.33, 0.35, 0.03, 0.02];
  await rig.daily({ model: 'flights', metric: 'psi', version: '1', feature: 'inputs.distance' }, drifting);
  await rig.daily({ model: 'flights', metric: 'psi', version: '2', feature: 'inputs.distance' }, drifting);
  await rig.daily(
    { model: 'flights', metric: 'psi', version: '2', feature: 'inputs.<img onerror=x>' },
    drifting.map((value) => value / 2),
  );
  await rig.daily(
    { model: 'flights', metric: 'psi', version: '2', feature: 'inputs.quiet' },
    drifting.map(() => 0.04),
  );
  await rig.daily({ model: 'flights', metric: 'accuracy', version: '1' }, [0.81, 0.8, 0.79]);
});

afterAll(async () => {
  await rig.close();
  await mailbox.close();
});

// The tests are one story, told in order.
describe('an incident', { sequential: true }, () => {
  it('is pending and sends nothing after the first of two windows', async () => {
    expect(await rig.evaluate(2)).toEqual({ windows: 2, points: 8, errors: [] });
    const alerts = await rig.service.alerts({ state: null, model: null });
    expect(alerts.map(({ version, feature, state, severity }) => [version, feature, state, severity]).sort()).toEqual([
      ['1', 'inputs.distance', 'pending', null],
      ['2', 'inputs.<img onerror=x>', 'pending', null],
      ['2', 'inputs.distance', 'pending', null],
    ]);
    expect(mailbox.mails).toHaveLength(0);
  });

  it('fires in the second window, in one mail over all features and versions', async () => {
    expect((await rig.evaluate(3)).errors).toEqual([]);
    expect(mailbox.mails).toHaveLength(1);
    const [mail] = mailbox.mails;
    expect(mail?.recipients).toEqual(['ops@example.org', 'ml@example.org']);
    expect(mail?.subject).toMatch(
      /^\[critical\] flights v[12]: PSI 0.33 on inputs.distance \(\+2 more\), since 02 Mar 00:00 UTC$/,
    );
    for (const part of [mail?.text, mail?.html]) {
      expect(part).toContain('0.05');
      expect(part).toContain('222');
      expect(part).toContain('1,200');
      expect(part).toContain('v1');
    }
    expect(mail?.html).toContain('inputs.&lt;img onerror=x&gt;');
    expect(mail?.html).not.toContain('<img');
    expect(mail?.text).toContain('inputs.<img onerror=x>');
    expect(mail?.text).not.toContain('inputs.quiet');
  });

  it('says why in one sentence, in the list of what fires', async () => {
    const alerts = await rig.service.alerts({ state: 'firing', model: 'flights' });
    expect(alerts).toHaveLength(3);
    const alert = alerts.find((one) => one.version === '1');
    expect(alert?.why).toBe(
      'PSI 0.33 is above 0.2 (noise limit 0.05) in 2 of the last 2 windows, n = 222; since 02 Mar 2001 00:00 UTC',
    );
    expect(alert).toMatchObject({
      severity: 'critical',
      value: 0.33,
      threshold: 0.2,
      since: '2001-03-02T00:00:00.000Z',
    });
    expect(alerts.find((one) => one.feature.includes('img'))?.severity).toBe('warning');
    expect(await rig.service.alert(alert?.id ?? '')).toEqual(alert);
  });

  it('sends nothing again, however often it is evaluated, and logs nothing new', async () => {
    const before = await rig.service.alerts({ state: null, model: null });
    await rig.evaluate(3);
    await Promise.all([rig.evaluate(3), rig.evaluate(3)]);
    expect(mailbox.mails).toHaveLength(1);
    expect(await rig.service.alerts({ state: null, model: null })).toEqual(before);
    expect(await rig.service.notifications({ model: 'flights', limit: 10 })).toHaveLength(1);
  });

  it('sends nothing again after a restart on the same folder', async () => {
    const before = await rig.service.alerts({ state: null, model: null });
    await rig.restart();
    await rig.evaluate(3);
    expect(mailbox.mails).toHaveLength(1);
    expect(await rig.service.alerts({ state: null, model: null })).toEqual(before);
  });

  it('keeps its alerts and follows their values while it goes on', async () => {
    const before = await rig.service.alerts({ state: 'firing', model: null });
    expect((await rig.evaluate(4)).errors).toEqual([]);
    const present = await rig.service.alerts({ state: 'firing', model: null });
    expect(present.map(({ id }) => id).sort()).toEqual(before.map(({ id }) => id).sort());
    expect(present.find((one) => one.version === '1')?.value).toBe(0.35);
    // A day after the first mail, the rule's repeat_every of 24 hours is over: a reminder in the same thread.
    expect(mailbox.mails).toHaveLength(2);
    expect(mailbox.mails[1]?.inReplyTo).toBe(mailbox.mails[0]?.messageId);
  });

  it('is closed by one resolved mail in the same thread', async () => {
    await rig.evaluate(5);
    await rig.evaluate(5);
    await rig.evaluate(6);
    expect(mailbox.mails).toHaveLength(3);
    const mail = mailbox.mails[2];
    expect(mail?.subject).toMatch(/^\[resolved\] flights v[12]: PSI on inputs\..* is back to normal \(\+2 more\)$/);
    expect(mail?.inReplyTo).toBe(mailbox.mails[0]?.messageId);
    expect(mail?.references).toContain(mailbox.mails[0]?.messageId);
    expect(new Set(mailbox.mails.map(({ messageId }) => messageId)).size).toBe(3);
    expect(mail?.text).toContain('PSI 0.03 is no longer above 0.1');
    expect(await rig.service.alerts({ state: null, model: null })).toEqual([]);
    expect(
      (await rig.service.history({ model: 'flights', rule: 'input drift', limit: 10 })).map(({ state }) => state),
    ).toEqual(['resolved', 'resolved', 'resolved']);
    const log = await rig.service.notifications({ model: 'flights', limit: 10 });
    expect(log.map(({ kind, reason, outcome, attempts }) => [kind, reason, outcome, attempts])).toEqual([
      ['resolved', 'resolved', 'sent', 1],
      ['update', 'repeat', 'sent', 1],
      ['firing', 'first', 'sent', 1],
    ]);
  });
});
