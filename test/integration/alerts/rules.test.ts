// Rules against what exists: names that are refused, rules tried on history, episodes that nobody saw.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { InvalidInputError } from '../../../src/domain/errors.js';
import { AlertRig, DAY, MARCH } from '../../support/alert-rig.js';
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

it('refuses a metric that does not exist, with the nearest one that does', async () => {
  const refused = rig.rule('typo', { model: 'flights', metric: 'acuracy', op: '<', critical: 0.7 });
  await expect(refused).rejects.toThrow(InvalidInputError);
  await expect(refused).rejects.toMatchObject({ status: 400, errors: [{ path: 'metric', code: 'unknown_metric' }] });
  await expect(refused).rejects.toThrow(/did you mean "accuracy"\?/);
  expect(await rig.service.listRules()).toEqual([]);
});

it('names every unknown channel with the nearest one', async () => {
  await expect(rig.rule('typo', { model: 'flights', channels: ['ops', 'op', 'osp'] })).rejects.toMatchObject({
    errors: [
      { path: 'channels.1', message: 'there is no channel "op": did you mean "ops"?' },
      { path: 'channels.2', message: 'there is no channel "osp": did you mean "ops"?' },
    ],
  });
});

it.each(['custom.margin', 'aggregate.revenue'])('takes %s, whose key is the model’s own', async (metric) => {
  await rig.rule('own', { model: 'flights', metric });
  expect((await rig.service.listRules()).map(({ rule }) => rule.metric)).toEqual([metric]);
  await rig.service.removeRule('own');
});

it('keeps a channel that a rule sends to', async () => {
  await rig.rule('user', { model: 'flights' });
  await expect(rig.service.removeChannel('ops')).rejects.toMatchObject({ status: 409 });
  await rig.service.removeRule('user');
  await expect(rig.service.removeChannel('nobody')).rejects.toMatchObject({ status: 404 });
});

it('tells what a rule would have done over a past range, and does nothing', async () => {
  await rig.rule('tried', { model: 'history', warning: 0.1 });
  await rig.daily(
    { model: 'history', metric: 'psi', feature: 'inputs.x' },
    [0.01, 0.15, 0.25, 0.3, 0.01, 0.3, 0.02, 0.4, 0.4],
  );
  await rig.daily({ model: 'history', metric: 'psi', feature: 'inputs.y' }, [0.01, 0.01, 0.01]);
  const answer = await rig.service.backtest('tried', { from: MARCH, to: MARCH + 9 * DAY });
  const base = { version: '1', deployment: '', feature: 'inputs.x', segment: '' };
  expect(answer).toEqual({
    series: 2,
    windows: 9,
    fired: [
      {
        ...base,
        severity: 'critical',
        since: '2001-03-02T00:00:00.000Z',
        fired_at: '2001-03-04T00:00:00.000Z',
        resolved_at: '2001-03-06T00:00:00.000Z',
        value: 0.25,
        threshold: 0.1,
      },
      {
        ...base,
        severity: 'critical',
        since: '2001-03-08T00:00:00.000Z',
        fired_at: '2001-03-10T00:00:00.000Z',
        resolved_at: null,
        value: 0.4,
        threshold: 0.2,
      },
    ],
  });
  expect(await rig.service.history({ model: 'history', rule: null, limit: 10 })).toEqual([]);
  expect(mailbox.mails).toEqual([]);
  await expect(rig.service.backtest('nothing', { from: 0, to: 1 })).rejects.toMatchObject({ status: 404 });
  await rig.service.removeRule('tried');
});

it('logs an episode that began and ended while nothing was evaluated, without a mail', async () => {
  await rig.rule('overnight', { model: 'overnight', for: 1, of: 1 });
  // Windows after the rule was written: the log tells of these alone.
  const today = Math.floor((Date.now() - MARCH) / DAY) + 1;
  await rig.daily({ model: 'overnight', metric: 'psi', feature: 'inputs.x' }, [0.5, 0.01], today - 30);
  await rig.daily({ model: 'overnight', metric: 'psi', feature: 'inputs.x' }, [0.01, 0.5, 0.01], today);
  await rig.evaluate(today + 3);
  await rig.evaluate(today + 3);
  const history = await rig.service.history({ model: 'overnight', rule: null, limit: 10 });
  expect(history.map(({ state, severity, since }) => [state, severity, since])).toEqual([
    ['resolved', 'critical', new Date(MARCH + (today + 1) * DAY).toISOString()],
  ]);
  expect(history[0]?.why).toBe('it fired and was over between two evaluations; no notification was sent');
  expect(mailbox.mails).toEqual([]);
  await rig.service.removeRule('overnight');
});

it('gives a second episode of a series an alert and a mail of its own', async () => {
  await rig.rule('twice', { model: 'twice', for: 1, of: 1 });
  await rig.daily({ model: 'twice', metric: 'psi', feature: 'inputs.x' }, [0.5, 0.01, 0.6]);
  for (const day of [1, 2, 3]) await rig.evaluate(day);
  const history = await rig.service.history({ model: 'twice', rule: null, limit: 10 });
  expect(history.map(({ state, since }) => [state, since])).toEqual([
    ['firing', '2001-03-03T00:00:00.000Z'],
    ['resolved', '2001-03-01T00:00:00.000Z'],
  ]);
  expect(new Set(history.map(({ id }) => id)).size).toBe(2);
  expect(mailbox.mails.map(({ subject }) => subject?.split(' ')[0])).toEqual([
    '[critical]',
    '[resolved]',
    '[critical]',
  ]);
  expect(mailbox.mails[2]?.inReplyTo ?? null).toBeNull();
});

it('refuses a state that does not exist', async () => {
  await expect(rig.service.alerts({ state: 'fireing', model: null })).rejects.toThrow(/did you mean "firing"\?/);
  await expect(rig.service.alert('no-such-alert')).rejects.toMatchObject({ status: 404 });
});
