// What an evaluation remembers: nothing is read twice, and nothing that happened in between is missed.
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { AlertRig } from '../../support/alert-rig.js';
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

/** The names of the statements that run while `work` does. */
async function statements(work: () => Promise<unknown>): Promise<string[]> {
  const spy = vi.spyOn(rig.store, 'query');
  try {
    await work();
    return spy.mock.calls.map(([{ name }]) => name);
  } finally {
    spy.mockRestore();
  }
}

it('reads nothing where nothing was written', async () => {
  await rig.rule('quiet', { model: 'quiet' });
  await rig.daily({ model: 'quiet', metric: 'psi', feature: 'inputs.x' }, [0.01, 0.01]);
  const first = await rig.evaluate(2);
  expect(first).toEqual({ windows: 2, points: 2, errors: [] });
  await rig.evaluate(2);
  expect(await statements(() => rig.evaluate(2))).toEqual([]);
  expect(await rig.evaluate(2)).toEqual(first);
});

it('reads the numbers of the model that changed and of no other', async () => {
  await rig.rule('one', { model: 'one' });
  await rig.rule('other', { model: 'other' });
  for (const model of ['one', 'other']) await rig.daily({ model, metric: 'psi', feature: 'inputs.x' }, [0.01, 0.5]);
  await rig.evaluate(2);
  await rig.evaluate(2);
  await rig.daily({ model: 'one', metric: 'psi', feature: 'inputs.x' }, [0.5], 2);
  const spy = vi.spyOn(rig.store, 'query');
  await rig.evaluate(3);
  const asked = JSON.stringify(spy.mock.calls.filter(([{ name }]) => name === 'watched_summaries'));
  spy.mockRestore();
  expect(asked).toContain('"one"');
  expect(asked).not.toContain('"other"');
  expect(await rig.service.alerts({ state: 'firing', model: null })).toMatchObject([{ model: 'one' }]);
});

it('sees a window that was stored before it had ended', async () => {
  await rig.rule('ahead', { model: 'ahead' });
  await rig.daily({ model: 'ahead', metric: 'psi', feature: 'inputs.x' }, [0.01, 0.5, 0.5, 0.5]);
  await rig.evaluate(2);
  expect(await rig.service.alerts({ state: null, model: 'ahead' })).toMatchObject([{ state: 'pending' }]);
  await rig.evaluate(3);
  expect(await rig.service.alerts({ state: null, model: 'ahead' })).toMatchObject([{ state: 'firing' }]);
});

it('repeats a mail when its time has come although no number changed', async () => {
  await rig.rule('remind', { model: 'remind', repeat_every: '2d' });
  await rig.daily({ model: 'remind', metric: 'psi', feature: 'inputs.x' }, [0.5, 0.5]);
  const mine = () => mailbox.mails.filter(({ subject }) => subject?.includes(' remind '));
  await rig.evaluate(2);
  await rig.evaluate(3);
  expect(mine()).toHaveLength(1);
  await rig.evaluate(4);
  expect(mine()).toHaveLength(2);
});

it('sends what a silence held back when it ends although no number changed', async () => {
  await rig.rule('hushed', { model: 'hushed' });
  const [starts, ends] = [Date.parse('2001-03-01T00:00:00Z'), Date.parse('2001-03-03T12:00:00Z')];
  rig.now = starts;
  await rig.service.putSilence('hush', { matchers: { rule: 'hushed' }, starts, ends, comment: '' });
  await rig.daily({ model: 'hushed', metric: 'psi', feature: 'inputs.x' }, [0.5, 0.5]);
  const mine = () => mailbox.mails.filter(({ subject }) => subject?.includes(' hushed '));
  await rig.evaluate(2);
  expect(mine()).toHaveLength(0);
  await rig.evaluate(3);
  expect(mine()).toHaveLength(1);
});

it('follows a rule that is changed, and closes its alert when the change says that nothing is wrong', async () => {
  await rig.rule('edited', { model: 'edited' });
  await rig.daily({ model: 'edited', metric: 'psi', feature: 'inputs.x' }, [0.5, 0.5]);
  await rig.evaluate(2);
  expect(await rig.service.alerts({ state: 'firing', model: 'edited' })).toHaveLength(1);
  await rig.rule('edited', { model: 'edited', critical: 0.9 });
  await rig.evaluate(2);
  expect(await rig.service.alerts({ state: null, model: 'edited' })).toEqual([]);
});

it('forgets the alerts of a model whose rows were deleted', async () => {
  await rig.rule('gone', { model: 'gone' });
  await rig.daily({ model: 'gone', metric: 'psi', feature: 'inputs.x' }, [0.5, 0.5]);
  await rig.evaluate(2);
  const mine = () => mailbox.mails.filter(({ subject }) => subject?.includes(' gone ')).length;
  const before = mine();
  for (const table of ['metric_points', 'alert_events', 'notifications'])
    await rig.store.command({
      name: 'delete',
      sql: `ALTER TABLE ${table} DELETE WHERE model = 'gone' SETTINGS mutations_sync = 1`,
    });
  await rig.evaluate(4);
  expect(mine()).toBe(before);
  expect(await rig.service.alerts({ state: null, model: 'gone' })).toEqual([]);
});
