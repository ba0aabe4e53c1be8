// Every page at two widths in both themes: pictures for people, axe for the rest, and nothing wider than the screen.
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Alert } from '../../../src/domain/contract/alerts.js';
import { seriousFindings, settled, SHOTS } from '../browser.js';
import type { Ground } from '../ground.js';
import { FLIGHTS, PRICES, ROUTER } from '../seed.js';

const DAY = 'at=2001-03-14T00:00:00.000Z&until=2001-03-15T00:00:00.000Z';

const PAGES: [string, string | ((ground: Ground) => Promise<string>)][] = [
  ['overview', '/'],
  ['model', `/models/${FLIGHTS}`],
  ['model-waiting', `/models/${ROUTER}`],
  ['model-regression', `/models/${PRICES}`],
  ['features', `/models/${FLIGHTS}/features`],
  ['feature', `/models/${FLIGHTS}/feature?feature=inputs.distance&${DAY}`],
  ['feature-categorical', `/models/${FLIGHTS}/feature?feature=inputs.origin`],
  ['quality', `/models/${FLIGHTS}/quality`],
  ['replicas', `/models/${FLIGHTS}/replicas`],
  ['alerts', '/alerts?state=history'],
  ['alert', async (ground) => `/alerts/${(await ground.get<Alert[]>('/v1/alerts'))[0]?.id}`],
  ['rules', '/rules'],
  ['rule', '/rules/input-drift'],
  ['silences', '/silences'],
  ['channels', '/channels'],
  ['sent', '/notifications'],
  ['predictions', `/predictions?model=${FLIGHTS}`],
  ['prediction', '/predictions/flight-12000-v2'],
  ['jobs', '/data'],
  ['baselines', `/data?tab=baselines&model=${FLIGHTS}`],
  ['uploads', '/data?tab=uploads'],
  ['refused', '/data?tab=rejected'],
  ['orphans', '/data?tab=orphans'],
  ['keys', '/data?tab=keys'],
  ['changes', '/data?tab=audit'],
  ['registry', '/registry'],
  ['registered', `/registry/${FLIGHTS}`],
  ['welcome', '/welcome'],
];

export function looks(ground: Ground): void {
  const shoot = async (name: string, width: 'wide' | '390', theme: string): Promise<void> => {
    await settled(ground.page);
    await ground.page.screenshot({ path: path.join(SHOTS, `${name}-${width}-${theme}.png`), fullPage: true });
  };

  describe('every page', () => {
    test.each(PAGES)(
      '%s: nothing serious for axe in both themes, nothing wider than the screen',
      async (name, where) => {
        const { page } = ground;
        const address = typeof where === 'string' ? where : await where(ground);
        await ground.open(address);
        // The page is loaded once: themes and widths change while one looks at it.
        for (const theme of ['light', 'dark']) {
          if (theme === 'dark') await page.getByRole('button', { name: 'Dark theme' }).click();
          await page.setViewportSize({ width: 1440, height: 900 });
          await shoot(name, 'wide', theme);
          expect(await seriousFindings(page), `${name}, ${theme}`).toEqual([]);
          await page.setViewportSize({ width: 390, height: 844 });
          await shoot(name, '390', theme);
          expect(await page.evaluate('document.documentElement.scrollWidth'), `${name} at 390`).toBeLessThanOrEqual(
            390,
          );
        }
      },
    );
  });
}
