// One alarm on real rows as each channel tells it: the mail, the webhook's JSON, the blocks for Slack; and what their links do.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedBrokenFlights } from '../../support/broken-flights.js';
import { call } from '../../support/http.js';
import { Mailbox } from '../../support/mailbox.js';
import { startReceiver, type Receiver } from '../../support/receiver.js';
import { startTestService, type TestService } from '../../support/service.js';

const mailbox = new Mailbox();
let service: TestService;
let receiver: Receiver;

beforeAll(async () => {
  await mailbox.open();
  receiver = await startReceiver();
  service = await startTestService({ smtpUrl: mailbox.url, allowPrivateWebhooks: true });
  const channels = {
    ops: { type: 'email', to: ['ops@example.org'] },
    hook: { type: 'webhook', url: `${receiver.url}/hook` },
    chat: { type: 'slack', url: `${receiver.url}/chat` },
  };
  for (const [name, body] of Object.entries(channels))
    expect((await call(service.app, 'PUT', `/v1/channels/${name}`, { body })).status).toBe(200);
  await seedBrokenFlights(service, { channels: Object.keys(channels) });
}, 60_000);

afterAll(async () => {
  await service.close();
  await receiver.close();
  await mailbox.close();
});

interface Block {
  type: string;
  text?: { type: string; text: string };
  elements?: { type: string; text: { text: string }; url?: string }[];
}

/** What arrived at a path about a rule. */
function about<Body>(path: string, rule: string): Body {
  const bodies = receiver.received.filter((one) => one.path === path).map(({ body }) => JSON.parse(body) as Body);
  const mine = bodies.filter((body) => JSON.stringify(body).includes(rule));
  expect(mine).toHaveLength(1);
  return mine[0] as Body;
}

describe('Slack', () => {
  const blocks = (rule: string) => about<{ text: string; blocks: Block[] }>('/chat', `Rule ${rule}:`);
  const sections = (rule: string) =>
    blocks(rule)
      .blocks.filter(({ type }) => type === 'section')
      .map(({ text }) => text?.text ?? '');

  it('is told what broke, what moved and where it comes from', () => {
    const { text, blocks: found } = blocks('drift');
    expect(text).toMatch(/^\[critical\] flights v2: PSI [\d.]+ on inputs\.distance, since /);
    expect(found[0]).toMatchObject({ type: 'header', text: { type: 'plain_text' } });
    const said = sections('drift');
    expect(said[1]).toMatch(/critical: \*inputs\.distance v2\* PSI [\d.]+, limit 0\.2, noise [\d.]+, n = 200, since /);
    expect(said.join('\n')).toMatch(/inputs\.distance &gt; [\d,.]+: 10 % -&gt; 32\.5 %/);
    expect(said.join('\n')).toMatch(/tags\.region=US: .* of the change \(its own value \+[\d.]+ points/);
    expect(said.join('\n')).toMatch(
      /Accuracy is 82\.5 % \([^)]*\), 90 % before it began; 100 % of this window's labels are in/,
    );
  });

  it('says of a quality alert which segment lost it', () => {
    expect(sections('quality').join('\n')).toMatch(
      /tags\.region=US: 80 % -&gt; 50 %, -7\.5 points of the change \(its own value -7\.5 points, its share of the rows \+0 points\)/,
    );
  });

  it('says of a quality alert how sure its number is, and how many labels are in', () => {
    expect(sections('quality').join('\n')).toMatch(
      /Accuracy is 82\.5 % \([^)]*\), 90 % before it began; 100 % of this window's labels are in\./,
    );
  });

  it('has buttons that open, acknowledge and silence, within what Slack takes', () => {
    const { blocks: found } = blocks('drift');
    const actions = found.find(({ type }) => type === 'actions');
    expect(actions?.elements?.map(({ type, text }) => [type, text.text])).toEqual([
      ['button', 'Open'],
      ['button', 'Numbers and SQL'],
      ['button', 'Acknowledge'],
      ['button', 'Silence 24 h'],
    ]);
    for (const { url } of actions?.elements ?? []) expect(String(url).length).toBeLessThanOrEqual(3000);
    expect(found.length).toBeLessThanOrEqual(50);
    for (const { type, text } of found)
      expect(text?.text.length ?? 0).toBeLessThanOrEqual(type === 'header' ? 150 : 3000);
  });

  it('acknowledges by its button, after a question', async () => {
    const actions = blocks('errors').blocks.find(({ type }) => type === 'actions');
    const button = actions?.elements?.find(({ text }) => text.text === 'Acknowledge');
    const link = new URL(button?.url ?? '');
    const state = async () =>
      ((await call(service.app, 'GET', '/v1/alerts')).json() as unknown as { rule: string; state: string }[]).find(
        ({ rule }) => rule === 'errors',
      )?.state;
    expect((await call(service.app, 'GET', link.pathname)).status).toBe(200);
    expect(await state()).toBe('firing');
    expect((await call(service.app, 'POST', link.pathname)).status).toBe(200);
    expect(await state()).toBe('acknowledged');
  });
});

describe('a webhook', () => {
  interface Group {
    alerts: { id: string; value: number; threshold: number; n: number; noise_limit: number | null }[];
    moved_bins: { feature: string; label: string; baseline_share: number; current_share: number }[];
    contributions: {
      metric: string;
      about: string;
      before: number;
      after: number;
      segments: {
        segment: string;
        value_before: number;
        value_after: number;
        mix_effect: number;
        rate_effect: number;
      }[];
    };
    quality: string[];
    url: string;
  }

  it('gets the contributions with which the alert is explained', async () => {
    for (const rule of ['drift', 'quality', 'errors']) {
      const group = about<Group>('/hook', `"rule":"${rule}"`);
      const explained = (
        await call(service.app, 'GET', `/v1/alerts/${group.alerts[0]?.id ?? ''}`)
      ).json() as unknown as {
        value: number;
        contributions: { metric: string; about: string; before: number; after: number };
        segments: { segment: string; rate_effect: number }[];
      };
      expect(group.alerts[0]?.value).toBe(explained.value);
      const { metric, about: what, before, after, segments } = group.contributions;
      expect({ metric, about: what, before, after }).toEqual({
        metric: explained.contributions.metric,
        about: explained.contributions.about,
        before: explained.contributions.before,
        after: explained.contributions.after,
      });
      expect(segments.length).toBeGreaterThan(0);
      expect(segments.length).toBeLessThanOrEqual(3);
      expect(segments[0]?.segment).toBe(explained.segments[0]?.segment);
      expect(segments[0]?.rate_effect).toBe(explained.segments[0]?.rate_effect);
    }
  });

  it('gets the bins that moved, most moved first', () => {
    const { moved_bins: bins } = about<Group>('/hook', '"rule":"drift"');
    expect(bins).toHaveLength(3);
    const moved = bins.map((bin) => Math.abs(bin.current_share - bin.baseline_share));
    expect(moved).toEqual([...moved].sort((a, b) => b - a));
    expect(bins[0]?.feature).toBe('inputs.distance');
  });
});

describe('the mail', () => {
  it('says the same in its text, complete on its own', () => {
    const mail = mailbox.mails.find(({ subject }) => subject?.includes('PSI'));
    expect(mail?.text).toMatch(/inputs\.distance > [\d,.]+: 10 % -> 32\.5 %/);
    expect(mail?.text).toMatch(/tags\.region=US: /);
    expect(mail?.text).toMatch(/Acknowledge: http:\S+\/alert-links\/\S+/);
    expect(mail?.text).toMatch(/Silence for 24 hours: http:\S+\/alert-links\/\S+/);
    expect(mail?.text).toMatch(/Open: http:\S+\/models\/flights\/feature\?/);
  });
});
