// The mail: its subject, its text, and that nothing from outside becomes markup.
import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { describe, expect, it } from 'vitest';
import type { NoticeItem } from '../../../src/domain/alerts/notice.js';
import { escapeHtml, html } from '../../../src/domain/html.js';
import { renderMail } from '../../../src/notify/render-mail.js';
import { slackBody } from '../../../src/notify/slack.js';
import { aFullNotice, anItem, aNotice, aResolvedNotice } from '../../support/notices.js';

describe('the subject', () => {
  it('has severity, model, version, worst number, how many more, and since when', () => {
    expect(renderMail(aNotice()).subject).toBe(
      '[critical] flight-delay v2: PSI 0.31 on inputs.distance (+1 more), since 12 Mar 09:00 UTC',
    );
  });

  it('leaves out what there is not: other alerts, a feature, a version of its own', () => {
    const item = anItem({
      metric: 'accuracy',
      feature: '',
      value: 0.6912,
      severity: 'warning',
      version: 'unversioned',
    });
    expect(renderMail(aNotice({ open: [item] })).subject).toBe(
      '[warning] flight-delay: accuracy 69.1 %, since 12 Mar 09:00 UTC',
    );
  });

  it('names a segment and a deployment', () => {
    const item = anItem({ segment: 'tags.region=EU', version: 'blue' });
    const subject =
      '[critical] flight-delay blue (eu-1): PSI 0.31 on inputs.distance, tags.region=EU, since 12 Mar 09:00 UTC';
    expect(renderMail(aNotice({ open: [item], deployment: 'eu-1' })).subject).toBe(subject);
  });

  it('says that data are absent', () => {
    const item = anItem({ state: 'no_data', value: null, severity: null });
    expect(renderMail(aNotice({ open: [item] })).subject).toBe(
      '[no data] flight-delay v2: no PSI on inputs.distance, since 12 Mar 09:00 UTC',
    );
  });

  it('says that it is over', () => {
    expect(renderMail(aResolvedNotice()).subject).toBe(
      '[resolved] flight-delay v2: PSI on inputs.distance is back to normal (+1 more)',
    );
  });

  it('shows the ratio of a relative rule as one', () => {
    const item = anItem({
      metric: 'accuracy',
      feature: '',
      relative: "the baseline's 91 %",
      value: 0.867,
      threshold: 0.9,
    });
    const mail = renderMail(aNotice({ open: [item] }));
    expect(mail.subject).toContain('accuracy 0.867 x, since');
    expect(mail.text.split('\n')[0]).toBe(
      "Accuracy of flight-delay v2 is 0.867 times the baseline's 91 %, the limit is 0.9 times.",
    );
  });
});

/** What a reader sees of a mail that shows no HTML, and of one that does. */
function bothParts(notice = aNotice()): string[] {
  const mail = renderMail(notice);
  const visible = mail.html.replace(/<style>[\s\S]*?<\/style>/g, '').replace(/<[^>]*>/g, ' ');
  const entities: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&amp;': '&', '&quot;': '"', '&#39;': "'" };
  const unescaped = visible.replace(/&(lt|gt|amp|quot|#39);/g, (entity) => entities[entity] ?? entity);
  return [mail.text, unescaped.replaceAll('\u00a0', ' ').replaceAll('\u2192', '->')];
}

describe('the body', () => {
  it.each([
    'PSI on inputs.distance of flight-delay v2 is 0.31, the limit is 0.2, and one more is beyond its limit.',
    'inputs.origin',
    '0.187',
    '0.161',
    '0.0871',
    '222',
    '12 Mar 2001',
    'inputs.distance > 1,200: 8.1 % -> 21.4 %',
    'inputs.origin = "ORD": 6 % -> 11 %',
    "Accuracy is 79.1 % (78.4 % to 79.8 %), 81 % before it began; 96 % of this window's labels are in.",
    'input drift',
    'something broke',
    '"enabled":false}',
    '/v1/silences/mute%20input%20drift',
  ])('has in its text as in its HTML: %s', (fact) => {
    for (const part of bothParts()) expect(part).toContain(fact);
  });

  it('links to the service in both parts', () => {
    const { text, html: markup } = renderMail(aNotice());
    expect(text).toContain('Open: http://127.0.0.1:8080/?model=flight-delay&version=2');
    expect(markup).toContain('href="http://127.0.0.1:8080/?model=flight-delay&amp;version=2"');
  });

  it('says where a rule is turned off that comes from a file, and gives no command that would be refused', () => {
    const stop = { disable: null, silence: 'curl silence', file: 'line 12 of driftline.yml' };
    for (const part of bothParts(aFullNotice({ stop }))) {
      expect(part).toContain('To turn the rule off: set enabled to false at line 12 of driftline.yml.');
      expect(part).not.toContain('curl');
    }
  });

  it('says that labels are not in yet where they are not', () => {
    const quality = [{ version: '', coverage: 0, metric: null, value: null, lower: null, upper: null, before: null }];
    for (const part of bothParts(aNotice({ quality }))) {
      expect(part).toContain('Labels for this window are not in yet, so what it did to quality is not known.');
    }
  });

  it('says why each alert is over', () => {
    for (const part of bothParts(aResolvedNotice()))
      expect(part.split('PSI 0.0412 is no longer above 0.2')).toHaveLength(3);
  });

  it('shows an unknown number as a dash, never as 0 or NaN', () => {
    const item = anItem({ value: null, threshold: null, noiseLimit: null, n: null, state: 'no_data', severity: null });
    for (const part of bothParts(aNotice({ open: [item], quality: [], movedBins: [] }))) {
      expect(part).not.toMatch(/NaN|null|undefined/);
      expect(part).toContain(' -');
    }
  });

  it('loads nothing from elsewhere', () => {
    expect(renderMail(aNotice()).html).not.toMatch(/<(img|script|link|iframe|object|svg|form)|src=|url\(|@import/i);
  });

  it('stays under 100 KB with a thousand alerts of the worst names, and says how many it left out', async () => {
    const feature = `inputs.${'<"&\u{1F600}>'.repeat(100)}`;
    const open: NoticeItem[] = Array.from({ length: 1000 }, (_, i) =>
      anItem({ alertId: String(i), feature, segment: feature, version: feature }),
    );
    const resolved = open.map((item) => ({ ...item, state: 'resolved' as const }));
    const bin = { version: feature, feature, label: feature, baselineShare: 0.1, currentShare: 0.2 };
    const segment = { segment: feature, valueBefore: 0.1, valueAfter: 0.2, mixEffect: 0.1, rateEffect: 0.1 };
    const { segments } = aFullNotice();
    const mail = renderMail(
      aFullNotice({
        open,
        resolved,
        model: feature.slice(0, 200),
        rule: feature.slice(0, 100),
        movedBins: [bin, bin, bin],
        ...(segments === undefined
          ? {}
          : { segments: { ...segments, about: feature, segments: [segment, segment, segment] } }),
      }),
    );
    // Base64, the widest way a mail can carry it.
    const bytes = (Buffer.byteLength(mail.html) + Buffer.byteLength(mail.text)) * (4 / 3);
    expect(bytes).toBeLessThan(100_000);
    expect(mail.text).toContain('and 988 more');
    expect(mail.html).toContain('and 988 more');
    const parsed = await PostalMime.parse(
      `Subject: x\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(mail.html).toString('base64')}`,
    );
    expect(parsed.html).toContain('What broke');
  });
});

describe('names from outside', () => {
  it('become no markup, in no place of the mail', () => {
    const evil = '<img src=x onerror="alert(1)">\'&';
    const item = anItem({ feature: evil, segment: evil, version: evil, metric: `custom.${evil}`, why: evil });
    const mail = renderMail(
      aNotice({
        model: evil,
        deployment: evil,
        rule: evil,
        channel: evil,
        open: [item],
        resolved: [item],
        movedBins: [{ version: evil, feature: evil, label: evil, baselineShare: 0.1, currentShare: 0.2 }],
        quality: [{ version: evil, coverage: 1, metric: 'accuracy', value: 1, lower: null, upper: null, before: null }],
        link: `http://x/?${evil}`,
        stop: { disable: evil, silence: evil, file: evil },
      }),
    );
    expect(mail.html).not.toContain('<img');
    expect(mail.html).not.toContain('onerror="');
    expect(mail.html).toContain('&lt;img');
  });

  it('break no line of the subject', () => {
    const item = anItem({ feature: 'inputs.a\r\nBcc: victim@example.org', version: '1\n2' });
    expect(renderMail(aNotice({ open: [item], model: 'm\u2028n\u0000' })).subject).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
  });

  it('become no link or mention in Slack', () => {
    const item = anItem({ feature: '<!channel> <http://evil|click>', version: '<@U1>' });
    const text = JSON.stringify(slackBody(aNotice({ open: [item] })).blocks.slice(1));
    expect(text).not.toMatch(/<[!@#]/);
    expect(text).not.toContain('<http://evil');
  });
});

it('escapes whatever text a template is given', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const { text: markup } = html`<p title="${text}">${[text]}</p>`;
      expect(markup).toBe(`<p title="${escapeHtml(text)}">${escapeHtml(text)}</p>`);
      expect(escapeHtml(text)).not.toMatch(/[<>"']/);
      const back = escapeHtml(text)
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&quot;', '"')
        .replaceAll('&#39;', "'");
      expect(back.replaceAll('&amp;', '&')).toBe(text);
    }),
  );
});
