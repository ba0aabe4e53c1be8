// Forty days of ten features through the store, evaluated day by day: every planted drift is one mail within two windows, and chance sends none.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AlertRig } from '../../support/alert-rig.js';
import { Mailbox } from '../../support/mailbox.js';

const DAYS = 40;
const FEATURES = 10;
/** Feature, first day, days. */
const PLANTED = [
  { features: [2, 3], from: 10, days: 5 },
  { features: [7], from: 25, days: 4 },
];
const mailbox = new Mailbox();
let rig: AlertRig;

beforeAll(async () => {
  await mailbox.open();
  rig = await new AlertRig({ smtpUrl: mailbox.url }).open();
  await rig.channel('ops', { type: 'email', to: ['ops@example.org'] });
  await rig.rule('drift', { model: 'flights', warning: 0.1, repeat_every: null });
});

afterAll(async () => {
  await rig.close();
  await mailbox.close();
});

/** Below the threshold, except where drift was planted and on a single wild day here and there. */
function psiOf(feature: number, day: number): number {
  const planted = PLANTED.some((one) => one.features.includes(feature) && day >= one.from && day < one.from + one.days);
  if (planted) return 0.6;
  return (feature * 13 + day * 7) % 61 === 0 ? 0.4 : 0.02 + ((feature * 5 + day * 3) % 7) / 100;
}

it('tells each planted drift once, in its second window, and its end once', async () => {
  const told: { day: number; subject: string }[] = [];
  for (let feature = 0; feature < FEATURES; feature++) {
    const values = Array.from({ length: DAYS }, (_, day) => psiOf(feature, day));
    await rig.daily({ model: 'flights', metric: 'psi', feature: `inputs.f${feature}` }, values);
  }
  for (let day = 0; day < DAYS; day++) {
    expect((await rig.evaluate(day + 1)).errors).toEqual([]);
    // The same evaluation again changes nothing, and neither does another process.
    if (day % 13 === 0) await rig.restart();
    expect((await rig.evaluate(day + 1)).errors).toEqual([]);
    for (const { subject } of mailbox.mails.splice(0)) told.push({ day, subject: subject ?? '' });
  }
  expect(told.map(({ day, subject }) => [day, subject.replace(/:.*/, '')])).toEqual([
    [11, '[critical] flights v1'],
    [15, '[resolved] flights v1'],
    [26, '[critical] flights v1'],
    [29, '[resolved] flights v1'],
  ]);
  expect(told[0]?.subject).toContain('(+1 more)');
}, 60_000);
