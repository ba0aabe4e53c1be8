// What must never happen: markup from a tracked value, a script from elsewhere, a blank page.
import { expect, test } from 'vitest';
import { settled } from '../browser.js';
import { type Ground } from '../ground.js';
import { FLIGHTS, HOSTILE_FIELD, HOSTILE_VALUE, ROUTER } from '../seed.js';

export function guards(ground: Ground): void {
  test('fields and values that look like markup are text, in tables, charts, tips and titles', async () => {
    const { page } = ground;
    const name = `inputs.${HOSTILE_FIELD}`;
    const made = `[...document.querySelectorAll('img, iframe, main script, svg[onload]')].length
      + [...document.querySelectorAll('*')].filter((element) => element.getAttributeNames().some((one) => one.startsWith('on'))).length`;
    const clean = async (where: string) => expect(await page.evaluate<number>(made), where).toBe(0);
    await ground.open(`/models/${ROUTER}`);
    await page.getByRole('rowheader', { name }).hover();
    await clean('the heatmap');
    await ground.open(`/models/${ROUTER}/features`);
    await page.getByRole('link', { name }).click();
    await page.getByRole('heading', { name }).waitFor();
    await settled(page);
    await page.locator('.chart-canvas svg').first().hover();
    await clean('a field by its name');
    await ground.open(`/models/${ROUTER}/feature?feature=inputs.language`);
    await page.getByRole('cell', { name: HOSTILE_VALUE }).first().waitFor();
    await page.locator('.chart-canvas svg').first().hover();
    await page.locator('.tip').first().waitFor();
    await clean('a category in a tip');
    await ground.open(`/predictions?model=${ROUTER}`);
    expect(await page.getByText(name).first().isVisible()).toBe(true);
    expect(await page.getByText(HOSTILE_VALUE).first().isVisible()).toBe(true);
    await clean('predictions');
    // A model that is not known is refused.
    ground.provokes(/404/);
    await ground.open(`/rules/new?model=${encodeURIComponent(HOSTILE_VALUE)}`);
    await clean('a value of the address');
  });

  test('an address of no page says so; one of the API stays a problem document', async () => {
    const { page } = ground;
    ground.provokes(/404/);
    const unknown = await page.goto(`${ground.url}/nowhere`);
    expect(unknown?.status()).toBe(404);
    await page.getByText('There is no such page').waitFor();
    const api = await fetch(`${ground.url}/v1/nowhere`, { headers: { accept: 'text/html' } });
    expect(api.headers.get('content-type')).toContain('application/problem+json');
  });

  test('the policy lets no inline script or style in, and scripts are small', async () => {
    const { page } = ground;
    const sizes: Record<string, number> = {};
    page.on('response', (response) => {
      if (response.url().endsWith('.js'))
        sizes[new URL(response.url()).pathname] = Number(response.headers()['content-length'] ?? 0);
    });
    const response = await page.goto(`${ground.url}/models/${FLIGHTS}`);
    await settled(page);
    const policy = response?.headers()['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toContain('unsafe');
    const injected = `(() => {
      const script = document.createElement('script');
      script.textContent = 'window.injected = true';
      document.head.append(script);
      return window.injected === true;
    })()`;
    expect(await page.evaluate<boolean>(injected)).toBe(false);
    // The browser reports what it did not run.
    ground.provokes(/Content Security Policy/);
    await expect.poll(() => ground.tab.complaints.some((text) => text.includes('Content Security Policy'))).toBe(true);
    expect(Object.keys(sizes).length).toBeGreaterThan(1);
    expect(Object.values(sizes).reduce((sum, size) => sum + size, 0)).toBeLessThan(350 * 1024);
  });
}
