// Hourly windows of fifty fields over months, computed from rows drawn at random, held by the real service on the real store against a rule and mailed.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { alertRuleSchema } from '../../../src/domain/alerts/rule.js';
import type { Notification } from '../../../src/domain/contract/alerts.js';
import { HOUR_MS } from '../../../src/domain/duration.js';
import { AlertRig, MARCH } from '../../support/alert-rig.js';
import { faultSize, FULL } from '../../support/fault-size.js';
import { Mailbox } from '../../support/mailbox.js';
import { plantedEvents, SampledYear, type PlantedEvent } from '../../support/sampled-year.js';

/** Eight days where it runs with all others, a year with `npm run test:year`. */
const DAYS = faultSize(8, 365);
const HOURS = DAYS * 24;
const EVENTS = plantedEvents(HOURS, FULL ? 240 : 48);
const year = new SampledYear(2001, MARCH, EVENTS);
const RULE = {
  model: 'flights', metric: 'psi', warning: 0.1, critical: 0.2, for: 2, of: 3, recover_after: 2, min_samples: 30,
  repeat_every: null,
} as const; // prettier-ignore

interface Sent {
  /** Hours that were complete. */
  at: number;
  notification: Notification;
  /** Fields that it is about and that the one before was not. */
  news: number[];
}

const mailbox = new Mailbox();
let rig: AlertRig;

beforeAll(async () => {
  await mailbox.open();
  rig = await new AlertRig({ smtpUrl: mailbox.url, windowLength: HOUR_MS }).open();
  await rig.channel('ops', { type: 'email', to: ['ops@example.org'] });
  await rig.rule('drift', RULE);
});

afterAll(async () => {
  await rig.close();
  await mailbox.close();
});

/** One hour after another, each evaluated when it is over, with a restart every week. */
async function live(): Promise<void> {
  for (let hour = 0; hour < HOURS; hour++) {
    if (hour % 24 === 0) await rig.points.write(Array.from({ length: 24 }, (_, k) => year.points(hour + k)).flat());
    if (hour % 168 === 100) await rig.restart();
    rig.now = MARCH + (hour + 1) * HOUR_MS + 60_000;
    const { errors } = await rig.service.evaluate({ model: null, now: rig.now, from: null, to: null });
    expect(errors).toEqual([]);
  }
}

async function sent(): Promise<Sent[]> {
  const rows = (await rig.service.notifications({ model: null, limit: 10_000 })).reverse();
  const history = await rig.service.history({ model: null, rule: null, limit: 10_000 });
  const fields = new Map(history.map(({ id, feature }) => [id, Number(feature.replace('inputs.f', ''))]));
  let before = new Set<string>();
  return rows.map((notification) => {
    const ids = notification.kind === 'resolved' ? [] : notification.alert_ids;
    const news = ids.filter((id) => !before.has(id)).map((id) => fields.get(id) ?? -1);
    before = new Set(ids);
    return { at: Math.floor((Date.parse(notification.at) - MARCH) / HOUR_MS), notification, news };
  });
}

const isOf = ({ fields, from, hours }: PlantedEvent, field: number, at: number): boolean =>
  fields.includes(field) && at > from && at <= from + hours + RULE.recover_after;

it(
  'tells every planted drift once, within two windows, and pages for nothing at most once a month',
  async () => {
    await live();
    const all = await sent();
    const pages = all.filter(({ news }) => news.length > 0);
    const told = EVENTS.map((event) => ({
      event,
      pages: pages.filter(({ at, news }) => news.some((field) => isOf(event, field, at))),
    }));
    const falsePages = pages.filter(({ at, news }) =>
      news.every((field) => !EVENTS.some((event) => isOf(event, field, at))),
    );
    const impatient = await rig.service.backtestRule(
      alertRuleSchema.parse({ ...RULE, channels: ['ops'], for: 1, of: 1 }),
      { from: MARCH, to: MARCH + HOURS * HOUR_MS },
    );
    const chance = impatient.fired.filter(({ feature, fired_at }) => {
      const at = (Date.parse(fired_at) - MARCH) / HOUR_MS;
      return !EVENTS.some((event) => isOf(event, Number(feature.replace('inputs.f', '')), at));
    });
    const months = HOURS / (24 * 30.4);
    process.stderr.write(
      `${HOURS} windows of 50 fields, ${EVENTS.length} planted events: ${mailbox.mails.length} mails, ${pages.length} of them pages; ` +
        `false pages ${falsePages.length} in ${months.toFixed(1)} months; ` +
        `a rule of one window in one would have fired for nothing ${chance.length} times\n`,
    );
    expect(told.map(({ event, pages: about }) => about.map(({ at }) => at - event.from))).toEqual(
      EVENTS.map(() => [2]),
    );
    for (const { event, pages: about } of told) expect(about[0]?.news).toEqual(expect.arrayContaining(event.fields));
    expect(falsePages.length).toBeLessThanOrEqual(months);
    // What the log says was sent is what arrived, each once.
    expect(mailbox.mails.map(({ messageId }) => messageId)).toEqual(
      all.map(({ notification }) => notification.message_id),
    );
    expect(new Set(mailbox.mails.map(({ messageId }) => messageId)).size).toBe(mailbox.mails.length);
    // Whatever was opened is closed.
    expect(all.at(-1)?.notification.kind).toBe('resolved');
    expect(all.filter(({ notification }) => notification.kind === 'resolved')).toHaveLength(
      all.filter(({ notification }) => notification.reason === 'first').length,
    );
  },
  FULL ? 3_600_000 : 120_000,
);
