// Numbers on the screen are those of the API.
import { expect, test } from 'vitest';
import type { Confusion, Roc } from '../../../src/domain/contract/metrics.js';
import type { Overview } from '../../../src/domain/contract/overview.js';
import { percent, type Ground } from '../ground.js';
import { FLIGHTS } from '../seed.js';

export function numbers(ground: Ground): void {
  test('the list of models has the worst first, with the numbers of the API', async () => {
    const { page } = ground;
    await ground.open('/');
    const { models } = await ground.get<Overview>('/v1/overview');
    const rows = page.locator('main table.data tbody tr');
    expect(await rows.locator('td:nth-child(2) a').allTextContents()).toEqual(models.map((model) => model.model));
    for (const [i, model] of models.entries()) {
      const text = await rows.nth(i).innerText();
      expect(text).toContain((model.predictions.value ?? 0).toLocaleString('en-US'));
      expect(text).toContain(`${model.drift.drifted} of ${model.drift.compared}`);
      expect(text).toContain(percent(model.label_coverage.value));
    }
    expect(await rows.first().innerText()).toMatch(/critical/);
    expect(await page.locator('main [data-status="waiting_for_labels"]').count()).toBe(1);
  });

  test('the tiles of a model are what the API says', async () => {
    const { page } = ground;
    await ground.open(`/models/${FLIGHTS}`);
    const { model } = await ground.flights();
    expect(await page.getByTestId('predictions').innerText()).toBe(
      (model.predictions.value ?? 0).toLocaleString('en-US'),
    );
    expect(await page.getByTestId('quality').innerText()).toBe(percent(model.quality?.value));
    expect(await page.getByTestId('labels').innerText()).toBe(percent(model.label_coverage.value));
    expect(await page.getByTestId('drifted').innerText()).toBe(`${model.drift.drifted} of ${model.drift.compared}`);
  });

  test('a chart has a sentence, a table with its numbers, and a CSV file', async () => {
    const { page } = ground;
    await ground.open(`/models/${FLIGHTS}`);
    const card = page.getByRole('region', { name: 'Quality', exact: true });
    const chart = card.getByRole('img', { name: /accuracy over time\. v2: newest/ });
    expect(await chart.locator('svg').count()).toBe(1);
    await card.getByRole('button', { name: 'Table' }).click();
    const { overview } = await ground.flights();
    const points = await ground.get<{ value: number | null; version: string; segment: string }[]>(
      `/v1/models/${FLIGHTS}/metrics?metric=accuracy&segment=&from=${overview.from}&to=${overview.to}`,
    );
    expect(await card.locator('tbody tr').count()).toBe(points.length);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      card.getByRole('button', { name: 'CSV' }).click(),
    ]);
    const chunks: Buffer[] = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
    const lines = Buffer.concat(chunks).toString().trim().split('\n');
    expect(lines[0]).toBe('window start,window end,series,accuracy,lower,upper,n,coverage,status');
    expect(lines.length).toBe(points.length + 1);
  });

  test('the query behind numbers can be pasted into a shell', async () => {
    const { page } = ground;
    await ground.open(`/models/${FLIGHTS}`);
    await page.getByRole('region', { name: 'Drift of fields' }).getByRole('button', { name: 'Query' }).click();
    const command = await page.getByRole('dialog').locator('pre').innerText();
    const address = /curl -s '([^']+)'/.exec(command)?.[1] ?? '';
    const answer = (await (await fetch(address)).json()) as { rows: unknown[] };
    expect(answer.rows.length).toBeGreaterThan(0);
  });

  test('confusion matrix and ROC are those of the API', async () => {
    const { page } = ground;
    await ground.open(`/models/${FLIGHTS}/quality`);
    const { overview, model } = await ground.flights();
    const range = `from=${overview.from}&to=${overview.to}&version=${model.version}`;
    const confusion = await ground.get<Confusion>(`/v1/models/${FLIGHTS}/confusion?${range}`);
    const cells = await page.locator('table.matrix td b').allInnerTexts();
    expect(cells).toEqual(confusion.counts.flat().map((count) => count.toLocaleString('en-US')));
    const roc = await ground.get<Roc>(`/v1/models/${FLIGHTS}/roc?${range}`);
    expect(await page.getByRole('region', { name: 'ROC' }).innerText()).toContain(
      `AUC ${Number((roc.auc ?? 0).toPrecision(3))}`,
    );
    expect(await page.getByRole('region', { name: 'v2 against v1' }).locator('tbody tr').count()).toBeGreaterThan(5);
  });
}
