// Rules, alerts and channels: what people do with them.
import { expect, test } from 'vitest';
import type { Alert, Backtest } from '../../../src/domain/contract/alerts.js';
import { settled } from '../browser.js';
import { type Ground } from '../ground.js';
import { FLIGHTS, sender } from '../seed.js';

export function watching(ground: Ground): void {
  test('a rule is written, tried on the past, and saved', async () => {
    const { page } = ground;
    await ground.open(`/rules/new?model=${FLIGHTS}`);
    await page.getByLabel('Name').fill('distance-watch');
    await page.getByLabel('Field').fill('inputs.distance');
    await page.getByLabel('Critical', { exact: true }).fill('0.3');
    const { overview } = await ground.flights();
    const rule = { model: FLIGHTS, metric: 'psi', feature: 'inputs.distance', warning: 0.1, critical: 0.3 };
    const tried = (await sender(ground.url)('POST', '/v1/alert-rules/backtest', {
      rule,
      from: overview.from,
      to: overview.to,
    })) as Backtest;
    expect(tried.fired.length).toBeGreaterThan(0);
    const result = page.getByTestId('backtest');
    await expect
      .poll(() => result.innerText(), { timeout: 15_000 })
      .toContain(`would have fired ${tried.fired.length} times`);
    expect(await result.locator('tbody tr').count()).toBe(tried.fired.length);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'Rule distance-watch' }).waitFor();
    await settled(page);
    const saved = (await ground.get<{ name: string; critical: number; feature: string }[]>('/v1/alert-rules')).find(
      (one) => one.name === 'distance-watch',
    );
    expect(saved).toMatchObject({ critical: 0.3, feature: 'inputs.distance' });
  });

  test('a rule with every field set is opened and saved, and nothing of it is lost', async () => {
    const { page } = ground;
    const rule = {
      model: FLIGHTS,
      version: '2',
      deployment: '',
      metric: 'ks_p_value',
      feature: 'inputs.*',
      segment: '',
      op: '<',
      warning: 0.001,
      critical: 0.0001,
      for: 2,
      of: 3,
      recover_after: 2,
      recover_threshold: 0.01,
      min_samples: 50,
      min_coverage: 0.5,
      relative_to: null,
      no_data: 'alert',
      on_error: 'alert',
      correction: 'bh',
      repeat_every: '6h',
      channels: ['on-call'],
      enabled: false,
    };
    await ground.send('PUT', '/v1/alert-rules/every-field', rule);
    const outside = {
      model: FLIGHTS,
      metric: 'prediction_count',
      op: 'outside',
      warning: [50, 500],
      relative_to: '7d',
    };
    await ground.send('PUT', '/v1/alert-rules/outside', outside);
    const stored = async () => {
      const rules = await ground.get<{ name: string }[]>('/v1/alert-rules');
      return rules.filter((one) => ['every-field', 'outside'].includes(one.name));
    };
    const before = await stored();
    for (const name of ['every-field', 'outside']) {
      await ground.open(`/rules/${name}`);
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Rule saved').waitFor();
      await settled(page);
    }
    expect(await stored()).toEqual(before);
    expect(before[0]).toMatchObject(rule);
    // And each of the fields can be changed here.
    await ground.open('/rules/every-field');
    await page.getByLabel('When it cannot be compared').selectOption('count as fine');
    await page.getByLabel('Deployment').fill('blue');
    await page.getByLabel('Resolves only past').fill('0.02');
    await page.getByLabel('Correction').selectOption('none');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Rule saved').waitFor();
    await settled(page);
    const [changed] = await stored();
    expect(changed).toEqual({
      ...before[0],
      on_error: 'ok',
      deployment: 'blue',
      recover_threshold: 0.02,
      correction: null,
    });
    for (const name of ['every-field', 'outside'])
      expect((await fetch(`${ground.url}/v1/alert-rules/${name}`, { method: 'DELETE' })).ok).toBe(true);
  });

  test('a rule that cannot be is refused beside the field it is about', async () => {
    const { page } = ground;
    ground.provokes(/400/);
    await ground.open(`/rules/new?model=${FLIGHTS}`);
    await page.getByLabel('Name').fill('wrong');
    await page.getByLabel('Warning', { exact: true }).fill('much');
    await page.getByRole('button', { name: 'Save' }).click();
    await page
      .getByText(/a threshold is a number/)
      .first()
      .waitFor();
  });

  test('an alert shows its evidence and what was sent, and is acknowledged', async () => {
    const { page } = ground;
    await ground.open('/alerts');
    await page
      .getByRole('row')
      .filter({ hasText: 'v2' })
      .getByRole('link', { name: /PSI on inputs\.distance/ })
      .click();
    await page.getByRole('region', { name: 'Bins that moved' }).waitFor();
    await settled(page);
    expect(await page.getByRole('region', { name: 'What was sent to whom' }).innerText()).toMatch(/on-call/);
    expect(ground.received.join('')).toContain('inputs.distance');
    const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await expect.poll(async () => (await ground.get<Alert>(`/v1/alerts/${id}`)).state).toBe('acknowledged');
    await page.locator('[data-status="acknowledged"]').first().waitFor();
    await settled(page);
  });

  test('a channel is tried, and the page says how it went', async () => {
    const { page } = ground;
    await ground.open('/channels');
    await page.getByRole('button', { name: 'Test', exact: true }).click();
    await page.locator('[data-status="sent"]').waitFor();
    expect(ground.received.join('')).toContain('This is a test');
    await settled(page);
  });

  test('a silence is planned, listed, and removed after a question', async () => {
    const { page } = ground;
    await ground.open('/silences');
    await page.getByLabel('Name').fill('night shift');
    await page.getByLabel('Model').fill('nobody');
    await page.getByLabel('Comment').fill('while the feed is moved');
    await page.getByRole('button', { name: 'Silence', exact: true }).click();
    const row = page.getByRole('row').filter({ hasText: 'night shift' });
    expect(await row.innerText()).toMatch(/silenced[\s\S]*model = nobody[\s\S]*while the feed is moved/);
    const listed = await ground.get<{ name: string; matchers: Record<string, string> }[]>('/v1/silences');
    expect(listed).toMatchObject([{ name: 'night shift', matchers: { model: 'nobody' } }]);
    await row.getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('button', { name: 'Remove the silence' }).click();
    await row.waitFor({ state: 'detached' });
    expect(await ground.get('/v1/silences')).toEqual([]);
    await settled(page);
  });
}
