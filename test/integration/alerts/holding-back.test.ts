// What holds notifications back: silences, acknowledgements, rules that are off, and windows that say too little.
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { noReference } from '../../../src/domain/alerts/baseline-reference.js';
import { after, AlertRig, DAY, MARCH } from '../../support/alert-rig.js';
import { Mailbox } from '../../support/mailbox.js';

const mailbox = new Mailbox();
let rig: AlertRig;

beforeAll(async () => {
  await mailbox.open();
  rig = await new AlertRig({ smtpUrl: mailbox.url }).open();
  await rig.channel('ops', { type: 'email', to: ['ops@example.org'] });
});

beforeEach(async () => {
  for (const { name } of await rig.service.listRules()) await rig.service.removeRule(name);
  mailbox.mails.length = 0;
});

afterAll(async () => {
  await rig.close();
  await mailbox.close();
});

it('sends nothing under a silence, and what is still true when it ends', async () => {
  await rig.rule('silenced', { model: 'silenced' });
  await rig.daily({ model: 'silenced', metric: 'psi', feature: 'inputs.x' }, [0.5, 0.5, 0.5, 0.5]);
  await rig.service.putSilence('maintenance', {
    matchers: { model: 'silenced', feature: '*' },
    starts: MARCH,
    ends: after(3),
    comment: '',
  });
  await rig.evaluate(2);
  expect(mailbox.mails).toHaveLength(0);
  expect((await rig.service.alerts({ state: 'silenced', model: 'silenced' })).map(({ state }) => state)).toEqual([
    'silenced',
  ]);
  expect(await rig.service.alerts({ state: 'firing', model: 'silenced' })).toEqual([]);
  await rig.evaluate(3);
  expect(mailbox.mails).toHaveLength(1);
  expect(await rig.service.alerts({ state: 'firing', model: 'silenced' })).toHaveLength(1);
});

it('silences only what the matchers match', async () => {
  await rig.rule('partly', { model: 'partly' });
  await rig.daily({ model: 'partly', metric: 'psi', feature: 'inputs.loud' }, [0.5, 0.5]);
  await rig.daily({ model: 'partly', metric: 'psi', feature: 'inputs.quiet' }, [0.6, 0.6]);
  await rig.service.putSilence('one', {
    matchers: { model: 'partly', feature: 'inputs.quiet' },
    starts: MARCH,
    ends: after(9),
    comment: '',
  });
  await rig.evaluate(2);
  expect(mailbox.mails).toHaveLength(1);
  expect(mailbox.mails[0]?.text).toContain('inputs.loud');
  expect(mailbox.mails[0]?.text).not.toContain('inputs.quiet');
});

it('does not remind of an acknowledged alert, but says when it is over', async () => {
  await rig.rule('acknowledged', { model: 'acknowledged' });
  await rig.daily({ model: 'acknowledged', metric: 'psi', feature: 'inputs.x' }, [0.5, 0.5, 0.5, 0.5, 0.01]);
  await rig.evaluate(2);
  const [alert] = await rig.service.alerts({ state: 'firing', model: 'acknowledged' });
  const id = alert?.id ?? '';
  expect(await rig.service.acknowledge(id, 'ada')).toMatchObject({ id, state: 'acknowledged' });
  await rig.evaluate(4);
  expect(mailbox.mails).toHaveLength(1);
  expect(await rig.service.alert(id)).toMatchObject({
    state: 'acknowledged',
    window_start: new Date(MARCH + 3 * DAY).toISOString(),
  });
  await rig.evaluate(5);
  expect(mailbox.mails).toHaveLength(2);
  expect(mailbox.mails[1]?.subject).toMatch(/^\[resolved\]/);
  expect(await rig.service.alert(id)).toMatchObject({ state: 'resolved' });
  await expect(rig.service.acknowledge(id, 'ada')).rejects.toThrow(/only a firing alert can be acknowledged/);
});

it.each([
  ['disabled', () => rig.rule('off', { model: 'off', enabled: false }), 'rule disabled'],
  ['deleted', () => rig.service.removeRule('off'), 'rule deleted'],
])('closes the alerts of a rule that was %s without a mail', async (_what, turnOff, why) => {
  await rig.rule('off', { model: 'off' });
  await rig.daily({ model: 'off', metric: 'psi', feature: 'inputs.x' }, [0.5, 0.5, 0.5]);
  await rig.evaluate(2);
  const [alert] = await rig.service.alerts({ state: 'firing', model: 'off' });
  const sent = mailbox.mails.length;
  await turnOff();
  await rig.evaluate(2);
  expect(await rig.service.alert(alert?.id ?? '')).toMatchObject({ state: 'resolved', why });
  expect(mailbox.mails).toHaveLength(sent);
});

it('closes an alert whose window was repaired by late labels, and says so', async () => {
  await rig.rule('repaired', {
    model: 'repaired',
    metric: 'accuracy',
    op: '<',
    critical: 0.7,
    for: 1,
    of: 1,
    channels: ['ops'],
  });
  await rig.daily({ model: 'repaired', metric: 'accuracy' }, [0.8, 0.6]);
  await rig.evaluate(2);
  expect(mailbox.mails.map(({ subject }) => subject)).toEqual([
    '[critical] repaired v1: accuracy 60 %, since 02 Mar 00:00 UTC',
  ]);
  await rig.daily({ model: 'repaired', metric: 'accuracy' }, [0.79], 1);
  await rig.evaluate(2);
  const [over] = await rig.service.history({ model: 'repaired', rule: null, limit: 1 });
  expect(over).toMatchObject({ state: 'resolved', value: 0.79 });
  expect(over?.why).toMatch(
    /^late labels or corrected data repaired it: accuracy 79 % is no longer below 70 %, n = 222; it had fired from 02 Mar 2001/,
  );
  expect(mailbox.mails).toHaveLength(2);
  expect(mailbox.mails[1]?.text).toContain('late labels or corrected data repaired it');
});

it('says nothing on windows below the minimum of rows', async () => {
  await rig.rule('small', { model: 'small', for: 1, of: 1 });
  await rig.daily({ model: 'small', metric: 'psi', feature: 'inputs.x', n: 29 }, [0.9, 0.9]);
  await rig.daily({ model: 'small', metric: 'psi', feature: 'inputs.y', status: 'insufficient_data' }, [0.9, 0.9]);
  await rig.evaluate(2);
  expect(await rig.service.alerts({ state: null, model: 'small' })).toEqual([]);
});

it('raises the threshold of psi to what chance explains', async () => {
  await rig.rule('noisy', { model: 'noisy', for: 1, of: 1 });
  await rig.daily({ model: 'noisy', metric: 'psi', feature: 'inputs.origin' }, [0.36]);
  await rig.daily({ model: 'noisy', metric: 'psi_limit', feature: 'inputs.origin', lower: 0.39 }, [0.39]);
  await rig.evaluate(1);
  expect(await rig.service.alerts({ state: null, model: 'noisy' })).toEqual([]);
  await rig.daily({ model: 'noisy', metric: 'psi', feature: 'inputs.origin' }, [0.4]);
  await rig.daily({ model: 'noisy', metric: 'psi_limit', feature: 'inputs.origin', lower: 0.39 }, [0.39]);
  await rig.evaluate(1);
  const [alert] = await rig.service.alerts({ state: 'firing', model: 'noisy' });
  expect(alert).toMatchObject({ value: 0.4, threshold: 0.39 });
  expect(alert?.why).toBe(
    'PSI 0.4 is above 0.39, its noise limit, in the last window, n = 222; since 01 Mar 2001 00:00 UTC',
  );
});

it('compares with the value of an age before, or with the baseline, and with nothing else', async () => {
  rig.reference = { value: 0.8, problem: null };
  await rig.rule('weekly', {
    model: 'relative',
    metric: 'accuracy',
    op: '<',
    critical: 0.9,
    for: 1,
    of: 1,
    relative_to: '2d',
  });
  await rig.rule('first', {
    model: 'relative',
    metric: 'accuracy',
    op: '<',
    critical: 0.9,
    for: 1,
    of: 1,
    relative_to: 'baseline',
  });
  await rig.daily({ model: 'relative', metric: 'accuracy' }, [0.8, 0.75, 0.7, 0.65]);
  await rig.evaluate(4);
  const alerts = await rig.service.alerts({ state: 'firing', model: 'relative' });
  const by = (rule: string) => alerts.find((alert) => alert.rule === rule);
  expect(by('weekly')?.value).toBeCloseTo(0.65 / 0.75, 12);
  expect(by('weekly')?.why).toMatch(
    /^accuracy at 0.867 times its value of 2d before is below 0.9 in the last window, n = 222; since 03 Mar 2001/,
  );
  expect(by('first')?.value).toBeCloseTo(0.65 / 0.8, 12);
  expect(by('first')?.since).toBe('2001-03-03T00:00:00.000Z');
  expect(by('first')?.why).toMatch(/^accuracy at 0\.813 times the baseline's 80 % is below 0\.9 in the last window/);

  rig.reference = noReference('the baseline train has no labelled rows');
  await rig.rule('unlabelled', {
    model: 'relative',
    metric: 'accuracy',
    op: '<',
    critical: 0.9,
    relative_to: 'baseline',
  });
  await rig.evaluate(4);
  const all = await rig.service.alerts({ state: 'error', model: 'relative' });
  expect(all.map(({ rule, why }) => [rule, why])).toContainEqual([
    'unlabelled',
    'accuracy cannot be compared with the baseline: the baseline train has no labelled rows; since 01 Mar 2001 00:00 UTC',
  ]);
});

it('does not rewrite the present when it evaluates the past', async () => {
  await rig.rule('past', { model: 'past' });
  await rig.daily({ model: 'past', metric: 'psi', feature: 'inputs.x' }, [0.01, 0.01, 0.5, 0.5]);
  await rig.evaluate(4);
  const present = await rig.service.alerts({ state: 'firing', model: 'past' });
  expect(present).toHaveLength(1);
  await rig.service.evaluate({ model: 'past', now: after(4), from: MARCH, to: after(2) });
  expect(await rig.service.alerts({ state: null, model: 'past' })).toEqual(present);
  expect(mailbox.mails).toHaveLength(1);
});

it('watches a model that stopped long ago by its last windows', async () => {
  await rig.rule('old', { model: 'old' });
  await rig.daily({ model: 'old', metric: 'psi', feature: 'inputs.x' }, [0.01, 0.5, 0.5]);
  await rig.evaluate(9000);
  expect(await rig.service.alerts({ state: 'firing', model: 'old' })).toHaveLength(1);
});

it('fires on a count however small, on none at all too', async () => {
  await rig.rule('traffic', { model: 'traffic', metric: 'prediction_count', op: '<', critical: 10, for: 1, of: 1 });
  await rig.daily({ model: 'traffic', metric: 'prediction_count' }, [100]);
  await rig.daily({ model: 'traffic', metric: 'prediction_count', version: '2', n: 4 }, [4]);
  await rig.daily({ model: 'traffic', metric: 'prediction_count', version: '3', n: 0, status: 'no_data' }, [0]);
  await rig.evaluate(1);
  const alerts = await rig.service.alerts({ state: 'firing', model: 'traffic' });
  expect(alerts.map(({ version, value }) => [version, value]).sort()).toEqual([
    ['2', 4],
    ['3', 0],
  ]);
});
