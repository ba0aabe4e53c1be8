// What must never happen: markup from a tracked value, a script from elsewhere, a blank page.
import { expect, test } from 'vitest';
import { settled } from '../browser.js';
import { type Ground } from '../ground.js';
import { FLIGHTS, HOSTILE_FIELD, ROUTER } from '../seed.js';

export function guards(ground: Ground): void {
  test('a field with a hostile name is text', async () => {
    const { page } = ground;
    await ground.open(`/models/${ROUTER}/features`);
    const name = `inputs.${HOSTILE_FIELD}`;
    await page.getByRole('link', { name }).click();
    await page.getByRole('heading', { name }).waitFor();
    await settled(page);
    await page.locator('.chart-canvas svg').first().hover();
    expect(await page.locator('img').count()).toBe(0);
    await ground.open(`/predictions?model=${ROUTER}`);
    expect(await page.getByText(name).first().isVisible()).toBe(true);
    expect(await page.locator('img').count()).toBe(0);
  });

  test('an address of no page says so; one of the API stays a problem document', async () => {
    const { page } = ground;
    const unknown = await page.goto(`${ground.url}/nowhere`);
    expect(unknown?.status()).toBe(404);
    await page.getByText('There is no such page').waitFor();
    const api = await fetch(`${ground.url}/v1/nowhere`, { headers: { accept: 'text/html' } });
    expect(api.headers.get('content-type')).toContain('application/problem+json');
    ground.tab.complaints.length = 0;
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
    expect(Object.keys(sizes).length).toBeGreaterThan(1);
    expect(Object.values(sizes).reduce((sum, size) => sum + size, 0)).toBeLessThan(350 * 1024);
  });
}
