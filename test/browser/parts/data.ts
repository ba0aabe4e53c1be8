// Baselines and predictions: brought in, browsed, found.
import { expect, test } from 'vitest';
import type { Overview } from '../../../src/domain/contract/overview.js';
import type { Replicas } from '../../../src/domain/contract/replicas.js';
import { settled } from '../browser.js';
import { percent, type Ground } from '../ground.js';
import { FLIGHTS, PRICES } from '../seed.js';

export function data(ground: Ground): void {
  test('a baseline is made from a file that is dropped on the page', async () => {
    const { page } = ground;
    await ground.open(`/data?tab=baselines&model=${FLIGHTS}`);
    const rows = Array.from({ length: 400 }, (_, i) => `${i % 24},${200 + i},${i % 5 === 0}`);
    const csv = ['inputs.hour,inputs.distance,values.late', ...rows].join('\n');
    const transfer = await page.evaluateHandle(`(() => {
      const data = new DataTransfer();
      data.items.add(new File([${JSON.stringify(csv)}], 'spring flights.csv', { type: 'text/csv' }));
      return data;
    })()`);
    await page.getByTestId('drop').dispatchEvent('drop', { dataTransfer: transfer });
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('spring-flights');
    await page.getByLabel('For version').fill('9');
    await page.getByRole('button', { name: 'Make the baseline' }).click();
    await page.getByText(/spring-flights: 400 rows, 3 fields/).waitFor();
    const listed = await ground.get<{ name: string; rows: number; active: boolean }[]>(
      `/v1/models/${FLIGHTS}/baselines`,
    );
    expect(listed.find((one) => one.name === 'spring-flights')).toMatchObject({ rows: 400, active: true });
    await page.getByRole('cell', { name: 'spring-flights' }).waitFor();
    await settled(page);
  });

  test('predictions are browsed by label and found by the id they were sent with', async () => {
    const { page } = ground;
    await ground.open(`/predictions?model=${FLIGHTS}&labelled=false&version=2`);
    const waiting = await page.locator('[data-status="waiting_for_labels"]').count();
    expect(waiting).toBe(await page.locator('main tbody tr').count());
    await page.getByLabel('Id of a prediction').fill('house-17');
    await page.getByRole('button', { name: 'Find' }).click();
    await page.getByRole('heading', { name: 'house-17' }).waitFor();
    await settled(page);
    const stored = await ground.get<{ outputs: { price: number } }>('/v1/predictions/house-17');
    expect(await page.getByRole('region', { name: 'Outputs' }).first().innerText()).toContain(
      String(stored.outputs.price),
    );
  });

  test('refused items are all sent again after a question, and the page says what became of them', async () => {
    const { page } = ground;
    const wrong = [1, 2].map((oops) => ({ model: 'refused-ones', oops }));
    // Refused as a whole: the answer is a 400.
    await ground.send('POST', '/v1/predictions', wrong).catch(() => undefined);
    await ground.open('/data?tab=rejected&model=refused-ones');
    const list = page.getByRole('region', { name: 'Refused items of the last seven days' });
    expect(await list.locator('tbody tr').count()).toBe(2);
    await list.getByRole('button', { name: 'Send all again' }).click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.innerText()).toContain('Send every refused item of refused-ones again');
    await dialog.getByRole('button', { name: 'Send them again' }).click();
    await page.getByText('0 stored, 2 refused again, 0 not kept as a whole').waitFor();
    await settled(page);
    expect(await list.locator('tbody tr').count()).toBe(2);
  });

  test('the head of a model names version and stage, window, baseline and the last run', async () => {
    const { page } = ground;
    await ground.open(`/models/${FLIGHTS}`);
    const { model } = await ground.flights();
    const picker = page.getByTestId('version').locator('option');
    expect(await picker.first().innerText()).toBe('v2 Production @champion (newest)');
    const head = await page.locator('.page-head').innerText();
    expect(head).toContain('binary, windows of 1d');
    expect(head).toContain(`uploaded, ${model.baseline?.rows.toLocaleString('en-US')} rows, for v2`);
    expect(await page.getByTestId('baseline').innerText()).toContain('january');
    expect(await page.getByTestId('last-run').innerText()).toMatch(/^last job run: \w+ .* ago$/);
    // How complete labels are is said beside how complete they usually are.
    const labels = model.newest_labels;
    expect(await page.getByTestId('coverage').innerText()).toContain(`${percent(labels?.coverage)} ±`);
    expect(await page.getByTestId('coverage').innerText()).toContain(`usually ${percent(labels?.usual)} at this age`);
    // Quality is held against the baseline's own rows, and says so.
    const { quality } = model;
    expect(quality?.reference_kind).toBe('baseline');
    const tile = await page.locator('.tile').filter({ hasText: 'accuracy' }).innerText();
    expect(tile).toContain(`against ${percent(quality?.reference)}`);
    expect(tile).toContain(`in the baseline january (n = ${quality?.reference_n?.toLocaleString('en-US')})`);
  });

  test('where there are several baselines another one is put in force, after a question', async () => {
    const { page } = ground;
    const rows = Array.from({ length: 300 }, (_, i) => ({ inputs: { area_m2: 40 + (i % 160), rooms: 1 + (i % 4) } }));
    for (const name of ['asking', 'sold'])
      await ground.send('POST', `/v1/models/${PRICES}/baselines?name=${name}`, rows);
    const inForce = async () => (await ground.get<Overview>(`/v1/overview?model=${PRICES}`)).models[0]?.baseline?.name;
    expect(await inForce()).toBe('sold');
    await ground.open(`/models/${PRICES}`);
    const choice = page.getByTestId('baseline').getByRole('combobox');
    await choice.selectOption('asking');
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await settled(page);
    expect(await inForce()).toBe('sold');
    expect(await choice.locator('option:checked').innerText()).toBe('sold');
    await choice.selectOption('asking');
    await page.getByRole('button', { name: 'Compare with asking' }).click();
    await page.getByText(`asking is what ${PRICES} is compared with now`).waitFor();
    await settled(page);
    expect(await inForce()).toBe('asking');
    expect(await choice.locator('option:checked').innerText()).toBe('asking');
  });

  test('replicas of a model: what each does in a table that sorts, over time, and as a file', async () => {
    const { page } = ground;
    await ground.open(`/models/${FLIGHTS}`);
    await page.getByRole('link', { name: 'By replica' }).click();
    await page.getByRole('region', { name: /^Replicas, / }).waitFor();
    await settled(page);
    const { overview } = await ground.flights();
    const from = new Date(new Date(overview.to).getTime() - 86_400_000).toISOString();
    const answer = await ground.get<Replicas>(`/v1/models/${FLIGHTS}/replicas?from=${from}&to=${overview.to}`);
    expect(answer.replicas.length).toBeGreaterThanOrEqual(3);
    const table = page.getByRole('region', { name: /^Replicas, / });
    await table.getByRole('button', { name: 'Requests', exact: true }).click();
    const shown = await table.locator('tbody tr td:nth-child(4)').allInnerTexts();
    const requests = answer.replicas.map((row) => row.requests).sort((a, b) => b - a);
    expect(shown).toEqual(requests.map((n) => n.toLocaleString('en-US')));
    const over = page.getByRole('region', { name: 'Over time' });
    for (const title of ['requests per second', 'failed requests', 'CPU cores', 'memory'])
      expect(await over.getByRole('img', { name: new RegExp(`^${title} over time\\. pod-`) }).count(), title).toBe(1);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('region', { name: 'Replicas', exact: true }).getByRole('button', { name: 'CSV' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('replicas-of-flight-delay.csv');
    await page.getByRole('region', { name: 'Replicas', exact: true }).getByRole('button', { name: 'Query' }).click();
    expect(await page.getByRole('dialog').locator('pre').innerText()).toContain(`/v1/models/${FLIGHTS}/replicas?`);
  });
}
