// The mail in a real browser: on phones and desks, light and dark, no mail is wider than its screen, and nothing in it is hard to read.
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Notice } from '../../src/domain/alerts/notice.js';
import { renderMail } from '../../src/notify/render-mail.js';
import { aFullNotice, anItem, aResolvedNotice } from '../support/notices.js';
import { canRun, launch, seriousFindings, SHOTS } from './browser.js';

const WIDTHS = [320, 390, 600, 1000];
const SCHEMES = ['light', 'dark'] as const;

const manyItems = Array.from({ length: 40 }, (_, i) =>
  anItem({
    alertId: String(i),
    feature: `inputs.customer_profile.feature_number_${i}_with_a_long_name`,
    segment: i % 3 === 0 ? 'tags.region=EU' : '',
    severity: i % 2 === 0 ? 'critical' : 'warning',
    value: 1234.5678 - i,
    n: 123_456_789,
  }),
);
const unbroken = 'x'.repeat(120);
const NOTICES: Record<string, Notice> = {
  drift: aFullNotice(),
  many: aFullNotice({ open: manyItems, resolved: aResolvedNotice().resolved }),
  relative: aFullNotice({
    open: [
      anItem({ metric: 'accuracy', feature: '', relative: "the baseline's 90 %", value: 0.741, noiseLimit: null }),
    ],
    rollback: { version: '2', previousVersion: '1', was: 'Production' },
  }),
  unbroken: aFullNotice({
    rule: unbroken,
    model: unbroken,
    channel: unbroken,
    open: [anItem({ feature: unbroken, segment: unbroken, version: unbroken, metric: `custom.${unbroken}` })],
    movedBins: [{ version: '2', feature: unbroken, label: unbroken, baselineShare: 0.1, currentShare: 0.2 }],
  }),
  channel: aFullNotice({
    model: '(service)',
    open: [
      anItem({
        metric: 'channel_failures',
        feature: 'pager',
        version: '',
        value: 1,
        threshold: 0,
        noiseLimit: null,
        n: null,
        why: 'the channel pager cannot be reached: hooks.example.org cannot be reached (ECONNREFUSED)',
      }),
    ],
    movedBins: [],
    quality: [],
    segments: undefined,
    chart: undefined,
  }),
  'no data': aFullNotice({
    open: [anItem({ state: 'no_data', severity: null, value: null, threshold: null, noiseLimit: null, n: null })],
    chart: undefined,
  }),
  resolved: aResolvedNotice(),
  test: aFullNotice({ kind: 'test', reason: 'test', open: [], movedBins: [], quality: [], links: undefined }),
};

/** Those that are looked at: every piece of a mail is in one of them. */
const SHOWN = ['drift', 'relative', 'resolved'];
/** What reaches out of the page, or out of its own box, in a few words each. */
const WIDE = `[...document.querySelectorAll('body *')]
  .filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5
    || (one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0 && getComputedStyle(one).display !== 'inline'))
  .map((one) => one.tagName + ': ' + one.textContent.trim().slice(0, 60))`;

describe.skipIf(!canRun())('the mail', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  /** A page of one width and scheme, and what it asked the network for. */
  async function screen(width: number, colorScheme: 'light' | 'dark') {
    const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme, offline: true });
    const page = await context.newPage();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    return { context, page, asked };
  }

  it.each(WIDTHS.flatMap((width) => SCHEMES.map((scheme) => [width, scheme] as const)))(
    'is nowhere wider than %i px in %s colours, and asks for nothing',
    async (width, scheme) => {
      const { context, page, asked } = await screen(width, scheme);
      for (const [name, notice] of Object.entries(NOTICES)) {
        await page.setContent(renderMail(notice).html);
        expect({ name, wide: await page.evaluate<string[]>(WIDE) }).toEqual({ name, wide: [] });
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
        if (SHOWN.includes(name))
          await page.screenshot({ path: path.join(SHOTS, `mail-${name}-${width}-${scheme}.png`), fullPage: true });
      }
      expect(asked).toEqual([]);
      await context.close();
    },
  );

  it.each(SCHEMES)('has nothing serious for axe in %s colours', async (scheme) => {
    for (const width of [320, 1000]) {
      const { context, page } = await screen(width, scheme);
      for (const name of SHOWN) {
        await page.setContent(renderMail(NOTICES[name] ?? aFullNotice()).html);
        expect({ name, width, found: await seriousFindings(page) }).toEqual({ name, width, found: [] });
      }
      await context.close();
    }
  });

  it('names each number on a phone, where the head of the table is gone', async () => {
    const row = async (width: number) => {
      const { context, page } = await screen(width, 'light');
      await page.setContent(renderMail(aFullNotice()).html);
      const text = await page.locator('tbody tr.row').first().innerText();
      await context.close();
      return text.replace(/\s+/g, ' ').trim();
    };
    expect(await row(320)).toBe(
      'inputs.distance ▲ critical v2 PSI 0.31 Limit 0.2 Noise 0.0871 n 222 Since 12 Mar 2001 09:00 UTC',
    );
    expect(await row(1000)).toBe('inputs.distance ▲ critical v2 0.31 0.2 0.0871 222 12 Mar 2001 09:00 UTC');
  });
});
