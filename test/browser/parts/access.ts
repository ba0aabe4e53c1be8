// For everybody: by keyboard, read out, without motion; and a page that refreshes, fails and recovers by itself.
import { expect, test } from 'vitest';
import { openTab, settled } from '../browser.js';
import type { Ground } from '../ground.js';
import { FLIGHTS, ROUTER } from '../seed.js';

/** Elements that move, as names. */
const MOVING = `[...document.querySelectorAll('*')].filter((element) => {
  const style = getComputedStyle(element);
  const lasts = (text) => text.split(',').some((one) => parseFloat(one) > 0);
  return (style.animationName !== 'none' && lasts(style.animationDuration)) || lasts(style.transitionDuration);
}).map((element) => element.tagName + '.' + element.className)`;

export function access(ground: Ground): void {
  test('the first Tab offers a way past the header, landmarks have names, and a followed link moves the focus', async () => {
    const { page } = ground;
    await ground.open('/');
    await page.keyboard.press('Tab');
    const focused = () => page.evaluate<string>(`document.activeElement.textContent.trim()`);
    expect(await focused()).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.evaluate<boolean>(`document.querySelector('main').contains(document.activeElement)`)).toBe(true);
    for (const role of ['banner', 'main', 'navigation'] as const) expect(await page.getByRole(role).count()).toBe(1);
    await page.getByRole('link', { name: FLIGHTS }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: FLIGHTS, level: 1 }).waitFor();
    await settled(page);
    expect(await page.evaluate<string>(`document.activeElement.tagName`)).toBe('MAIN');
    expect(await page.title()).toBe(`${FLIGHTS} · Driftline`);
  });

  test.each([
    ['model', `/models/${FLIGHTS}`, 9],
    ['feature', `/models/${FLIGHTS}/feature?feature=inputs.distance`, 5],
    ['quality', `/models/${FLIGHTS}/quality`, 2],
    ['replicas', `/models/${FLIGHTS}/replicas`, 6],
    ['rule', '/rules/input-drift', 1],
  ])('behind every chart of the page %s are a sentence and a table with its numbers', async (_, address, least) => {
    const { page } = ground;
    await ground.open(address);
    const charts = page.locator('figure.chart');
    const n = await charts.count();
    expect(n).toBeGreaterThanOrEqual(least);
    for (let i = 0; i < n; i++) {
      const chart = charts.nth(i);
      expect(await chart.locator('[role="img"]').getAttribute('aria-label')).toMatch(/\w+ .*\d/);
      await chart.getByRole('button', { name: 'Table' }).click();
      expect(await chart.locator('tbody tr').count()).toBeGreaterThan(0);
      expect(await chart.locator('thead th').count()).toBeGreaterThan(1);
    }
  });

  test('nothing moves, also for readers who did not ask for that', async () => {
    const context = await ground.browser.newContext({ reducedMotion: 'no-preference' });
    try {
      const page = await context.newPage();
      await page.goto(`${ground.url}/models/${FLIGHTS}`);
      await settled(page);
      expect(await page.evaluate<string[]>(MOVING)).toEqual([]);
      expect(await page.locator('svg animate, svg animateTransform').count()).toBe(0);
    } finally {
      await context.close();
    }
  });

  test('a page refreshes by itself as often as its address says, and never with 0', async () => {
    const calls = async (address: string): Promise<number> => {
      const tab = await openTab(ground.browser);
      try {
        await tab.page.clock.install();
        await tab.page.goto(`${ground.url}${address}`);
        await tab.page.locator('main table.data').waitFor();
        let seen = 0;
        tab.page.on('request', (request) => {
          if (new URL(request.url()).pathname === '/v1/overview') seen++;
        });
        const refreshed = address.includes('refresh=10') ? tab.page.waitForResponse(/\/v1\/overview/) : null;
        await tab.page.clock.fastForward(11_000);
        await refreshed;
        return seen;
      } finally {
        await tab.context.close();
      }
    };
    expect(await calls('/?refresh=10')).toBeGreaterThan(0);
    expect(await calls('/?refresh=0')).toBe(0);
  });

  test('a service that does not answer is said so above the older numbers, and the next try shows new ones', async () => {
    const { page } = ground;
    ground.provokes(/ERR_INTERNET_DISCONNECTED/);
    await ground.open('/');
    await ground.tab.context.setOffline(true);
    await page.getByRole('button', { name: 'Refresh now' }).click();
    await page.getByText('The service does not answer').first().waitFor();
    expect(await page.getByRole('link', { name: FLIGHTS }).isVisible()).toBe(true);
    await ground.tab.context.setOffline(false);
    await page.getByRole('button', { name: 'Try again' }).first().click();
    await page.getByText('The service does not answer').first().waitFor({ state: 'detached' });
    await settled(page);
  });

  test('what is not there says why: labels that have not come, a field that is not compared, a model that is unknown', async () => {
    const { page } = ground;
    ground.provokes(/404/);
    await ground.open(`/models/${ROUTER}`);
    await page.getByRole('region', { name: 'Quality', exact: true }).getByText('Waiting for labels').waitFor();
    await ground.open(`/models/${ROUTER}/quality`);
    await page.getByText('Waiting for labels').first().waitFor();
    await ground.open(`/models/${FLIGHTS}/feature?feature=inputs.none`);
    await page.getByText('Not compared').waitFor();
    await ground.open('/models/nobody');
    await page.getByText('Nothing here').waitFor();
  });

  test('with many predictions no page counts rows that nobody asked for, and a click does', async () => {
    const { page } = ground;
    // The real answers, with one number larger.
    await page.route(/\/v1\/overview/, async (route) => {
      const response = await route.fetch();
      const body = (await response.json()) as { models: { predictions: { value: number } }[] };
      for (const model of body.models) model.predictions.value = 10_000_000;
      await route.fulfill({ response, json: body });
    });
    const counting: string[] = [];
    page.on('request', (request) => {
      const { pathname, searchParams } = new URL(request.url());
      const stored = searchParams.get('counts') === 'stored' || pathname.endsWith('/summary');
      if (/(confusion|calibration|roc|contributions|distribution|orphan-labels)$/.test(pathname) && !stored)
        counting.push(pathname);
      if (searchParams.get('window') === 'range' || searchParams.has('compare')) counting.push(pathname);
    });
    for (const address of [
      '/',
      `/models/${FLIGHTS}`,
      `/models/${FLIGHTS}/features`,
      `/models/${FLIGHTS}/feature?feature=inputs.distance`,
      `/models/${FLIGHTS}/quality`,
      '/data?tab=orphans',
      `/registry/${FLIGHTS}`,
    ]) {
      await ground.open(address);
      await page.mouse.wheel(0, 20_000);
      await settled(page);
    }
    expect(counting).toEqual([]);
    await ground.open(`/models/${FLIGHTS}/quality`);
    const roc = page.getByRole('region', { name: 'ROC', exact: true });
    expect(await roc.innerText()).toMatch(/10 M predictions\nROC AUC 0\.\d+ ±0\.\d+ on average/);
    await roc.getByRole('button', { name: 'Count the curve' }).click();
    await roc.locator('[role="img"]').waitFor();
    await settled(page);
    const once = [`/v1/models/${FLIGHTS}/roc`];
    expect(counting).toEqual(once);
    // A refresh does not count again; whoever is sent the address sees the same.
    await page.getByRole('button', { name: 'Refresh now' }).click();
    await settled(page);
    expect(counting).toEqual(once);
    expect(new URL(page.url()).searchParams.get('count')).toBe('roc');
    await page.reload();
    await roc.locator('[role="img"]').waitFor();
    await settled(page);
    expect(counting).toEqual([...once, ...once]);
  });
}
