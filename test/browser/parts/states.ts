// What the address keeps, what a page says when something is wrong, and where the focus goes.
import { expect, test } from 'vitest';
import type { Grid } from '../../../src/domain/contract/overview.js';
import { settled } from '../browser.js';
import type { Ground } from '../ground.js';
import { FLIGHTS, LAST_DAY } from '../seed.js';

const query = (ground: Ground): URLSearchParams => new URL(ground.page.url()).searchParams;

export function states(ground: Ground): void {
  test('the order of a table is in the address', async () => {
    const { page } = ground;
    await ground.open(`/models/${FLIGHTS}/features`);
    await page.getByRole('button', { name: 'Field', exact: true }).click();
    await page.getByRole('button', { name: 'Field', exact: true }).click();
    await settled(page);
    expect(query(ground).get('sort.fields')).toBe('-Field');
    const { rows } = await ground.get<Grid>(`/v1/models/${FLIGHTS}/grid?version=2&from=2001-02-15&to=2001-03-17`);
    const last = rows
      .map((row) => row.feature)
      .sort()
      .at(-1);
    await page.reload();
    await settled(page);
    expect(await page.locator('main table.data tbody tr').first().innerText()).toContain(last);
    expect(await page.locator('th[aria-sort="descending"]').innerText()).toBe('Field');
  });

  test('what is dragged over in a chart becomes the range of the page, and Back undoes it', async () => {
    const { page } = ground;
    await ground.open(`/models/${FLIGHTS}`);
    const chart = page.getByRole('region', { name: 'Quality', exact: true }).locator('.chart-canvas');
    await chart.scrollIntoViewIfNeeded();
    const box = await chart.boundingBox();
    if (box === null) throw new Error('the chart is not there');
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width * 0.4, y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, y);
    await page.mouse.move(box.x + box.width * 0.7, y);
    await page.mouse.up();
    await expect.poll(() => query(ground).get('from')).not.toBeNull();
    const [from, to] = [Date.parse(query(ground).get('from') ?? ''), Date.parse(query(ground).get('to') ?? '')];
    expect(from).toBeGreaterThan(LAST_DAY - 24 * 86_400_000);
    expect(to).toBeLessThan(LAST_DAY);
    expect((to - from) / 86_400_000).toBeGreaterThan(6);
    await settled(page);
    await page.goBack();
    await expect.poll(() => query(ground).get('from')).toBeNull();
    await settled(page);
  });

  test('inputs that drifted are counted against the range before', async () => {
    const { page } = ground;
    await ground.open(`/models/${FLIGHTS}?from=2001-03-12T00:00:00.000Z&to=2001-03-17T00:00:00.000Z`);
    const tile = page.locator('.tile').filter({ hasText: 'drifted inputs' });
    expect(await tile.innerText()).toContain('+1 against the range before');
  });

  test('what is down says when it is asked again, and shows itself when it is back', async () => {
    const { page } = ground;
    ground.provokes(/503/);
    const problem = {
      type: 'about:blank',
      title: 'The store is unavailable',
      status: 503,
      detail: 'It does not answer.',
    };
    await page.route(/\/v1\/channels/, (route) =>
      route.fulfill({ status: 503, headers: { 'retry-after': '1' }, json: { ...problem, code: 'store_unavailable' } }),
    );
    await page.goto(`${ground.url}/channels`);
    await page.getByText('It does not answer. It is tried again every 1 s.').waitFor();
    await page.unroute(/\/v1\/channels/);
    await page.getByRole('cell', { name: 'on-call' }).waitFor();
    await settled(page);
    expect(await page.getByText('It does not answer').count()).toBe(0);
  });

  test('a model that is deleted while one looks at it is said to be gone', async () => {
    const { page } = ground;
    ground.provokes(/404/);
    await ground.send('POST', '/v1/predictions', { model: 'short-lived', inputs: { x: 1 }, outputs: { y: 1 } });
    await ground.open('/models/short-lived');
    await page.getByTestId('predictions').waitFor();
    await ground.send('DELETE', '/v1/models/short-lived', undefined);
    await page.getByRole('button', { name: 'Refresh now' }).click();
    await page.getByTestId('predictions').waitFor({ state: 'detached' });
    await page.getByText('Nothing here').first().waitFor();
    await settled(page);
  });

  test('Escape closes what is open, and the focus goes back to what opened it', async () => {
    const { page } = ground;
    await ground.open(`/models/${FLIGHTS}`);
    const query = page.getByRole('region', { name: 'Drift of fields' }).getByRole('button', { name: 'Query' });
    const focused = () => page.evaluate<string>('document.activeElement.textContent.trim()');
    await query.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await expect.poll(focused).toBe('Query');
    const range = page.getByTestId('range');
    await range.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Time range' }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await expect.poll(focused).toBe('Newest 30 days of data');
  });
}
