// Ways through the pages: by link, by keyboard, by address.
import { expect, test } from 'vitest';
import type { Distribution } from '../../../src/domain/contract/metrics.js';
import { settled } from '../browser.js';
import { percent, type Ground } from '../ground.js';
import { FLIGHTS } from '../seed.js';

const FAULTY_DAY = '2001-03-14';

export function ways(ground: Ground): void {
  test('search and filters are in the address', async () => {
    const { page } = ground;
    await ground.open('/');
    await page.getByLabel('Search').fill('house');
    await expect.poll(() => page.url()).toContain('q=house');
    expect(await page.locator('main table.data tbody tr').count()).toBe(1);
    await ground.open('/?state=critical');
    expect(await page.locator('main table.data tbody tr').count()).toBe(1);
  });

  test('from the list to the bin that moved in three clicks, and back', async () => {
    const { page } = ground;
    await ground.open('/');
    await page.getByRole('link', { name: FLIGHTS }).click();
    await page.getByRole('grid', { name: /PSI of fields/ }).waitFor();
    const row = page
      .getByRole('row')
      .filter({ has: page.getByRole('rowheader', { name: 'inputs.distance', exact: true }) });
    await row.getByRole('gridcell').last().click();
    await page.getByRole('heading', { name: 'inputs.distance' }).waitFor();
    await settled(page);
    const address = new URL(page.url());
    const [from, to] = [address.searchParams.get('at'), address.searchParams.get('until')];
    const { model } = await ground.flights();
    const distribution = await ground.get<Distribution>(
      `/v1/models/${FLIGHTS}/distribution?feature=inputs.distance&from=${from}&to=${to}&version=${model.version}`,
    );
    const sum = (counts: readonly number[]) => counts.reduce((all, n) => all + n, 0);
    const moves = distribution.labels.map((label, i) => {
      const before = (distribution.baseline[i] ?? 0) / sum(distribution.baseline);
      const now = (distribution.current[i] ?? 0) / sum(distribution.current);
      return { label, before, now };
    });
    const most = moves.reduce((a, b) => (Math.abs(b.now - b.before) > Math.abs(a.now - a.before) ? b : a));
    const first = page.getByRole('region', { name: 'Bins by how far they moved' }).locator('tbody tr').first();
    expect(await first.innerText()).toContain(most.label);
    expect(await first.innerText()).toContain(percent(most.before));
    expect(await first.innerText()).toContain(percent(most.now));
    await page.goBack();
    await page.getByRole('grid', { name: /PSI of fields/ }).waitFor();
    expect(new URL(page.url()).pathname).toBe(`/models/${FLIGHTS}`);
  });

  test('the heatmap is walked and opened by keyboard', async () => {
    const { page } = ground;
    await ground.open(`/models/${FLIGHTS}`);
    const grid = page.getByRole('grid', { name: /PSI of fields/ });
    await grid.locator('[tabindex="0"]').focus();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    const focused = await page.evaluate<string>(`document.activeElement.getAttribute('aria-label')`);
    expect(focused).toMatch(/^inputs\.distance, 15 Mar 2001: PSI [\d.]+, limit/);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'inputs.distance' }).waitFor();
    await settled(page);
  });

  test('range, version and zone stay in the address when one moves on', async () => {
    const { page } = ground;
    await ground.open('/?tz=local&from=2001-03-01T00:00:00.000Z&to=2001-03-10T00:00:00.000Z');
    await page.getByRole('link', { name: FLIGHTS }).click();
    await page.getByTestId('version').selectOption('1');
    await page.getByRole('link', { name: 'Quality', exact: true }).click();
    await page.getByRole('region', { name: 'Confusion matrix' }).first().waitFor();
    await settled(page);
    const { searchParams } = new URL(page.url());
    expect(Object.fromEntries(searchParams)).toMatchObject({
      tz: 'local',
      version: '1',
      from: '2001-03-01T00:00:00.000Z',
    });
    expect(await page.getByRole('button', { name: 'Europe/Paris' }).count()).toBe(1);
  });

  test('links of older mails lead to the model', async () => {
    const { page } = ground;
    await ground.open(
      `/?model=${FLIGHTS}&version=2&feature=inputs.distance&from=${FAULTY_DAY}T00:00:00.000Z&to=2001-03-16T00:00:00.000Z`,
    );
    await page.getByRole('heading', { name: 'inputs.distance' }).waitFor();
    expect(new URL(page.url()).pathname).toBe(`/models/${FLIGHTS}/feature`);
    await settled(page);
  });
}
