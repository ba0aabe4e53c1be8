// The registry's pages: what is registered, a version with its lineage and what it measures, and the changes that one makes there.
import { expect, test } from 'vitest';
import type { Overview } from '../../../src/domain/contract/overview.js';
import type { RegisteredModelDetail, VersionDetail } from '../../../src/domain/contract/registry.js';
import { settled } from '../browser.js';
import { percent, type Ground } from '../ground.js';
import { FLIGHTS, PRICES } from '../seed.js';

export function registry(ground: Ground): void {
  const detail = () => ground.get<RegisteredModelDetail>(`/v1/registry/models/${FLIGHTS}`);
  const versionOf = async (version: string) => (await detail()).versions.find((one) => one.version === version);

  test('the registry lists models with versions, stages, aliases, tags and description', async () => {
    const { page } = ground;
    await ground.open('/registry');
    const row = page.getByRole('region', { name: 'Registered models' }).getByRole('row').filter({ hasText: FLIGHTS });
    const text = await row.innerText();
    for (const part of ['will the flight be late', '2', 'Production v2', '@champion v2', 'team: airport'])
      expect(text).toContain(part);
    await row.getByRole('link', { name: FLIGHTS }).click();
    await page.getByRole('heading', { name: FLIGHTS, exact: true }).waitFor();
    await settled(page);
    expect(await page.getByRole('region', { name: 'Versions, newest first' }).locator('tbody tr').count()).toBe(2);
  });

  test('a version shows where it comes from, and what it measures beside what training reported', async () => {
    const { page } = ground;
    await ground.open(`/registry/${FLIGHTS}?version=2`);
    const { quality } = await ground.get<VersionDetail>(`/v1/registry/models/${FLIGHTS}/versions/2`);
    const accuracy = quality.find((one) => one.metric === 'accuracy');
    const lineage = await page.getByRole('region', { name: 'Lineage of v2' }).innerText();
    for (const part of ['s3://models/flights/2', 'run-2', 'c0ffee2', '2001-01', 'january'])
      expect(lineage).toContain(part);
    const shown = page.getByRole('region', { name: 'Numbers of training and of production' });
    const row = await shown.getByRole('row').filter({ hasText: 'accuracy' }).innerText();
    expect(row).toContain('72.0 %');
    expect(row).toContain(percent(accuracy?.measured));
    expect(row).toContain((accuracy?.n ?? 0).toLocaleString('en-US'));
  });

  test('a change of stage asks first, is written to the history, and marks the charts of the model', async () => {
    const { page } = ground;
    await ground.open(`/registry/${FLIGHTS}?version=1`);
    await page.getByRole('button', { name: 'Change stage' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('To', { exact: true }).selectOption('Staging');
    await dialog.getByLabel('Comment').fill('once more');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect((await versionOf('1'))?.stage).toBe('Archived');
    await page.getByRole('button', { name: 'Change stage' }).click();
    await dialog.getByLabel('To', { exact: true }).selectOption('Staging');
    await dialog.getByLabel('Comment').fill('once more');
    await dialog.getByRole('button', { name: 'Move to Staging' }).click();
    await dialog.waitFor({ state: 'detached' });
    await settled(page);
    expect((await versionOf('1'))?.stage).toBe('Staging');
    const newest = page.getByRole('region', { name: 'Changes, newest first' }).locator('tbody tr').first();
    expect(await newest.innerText()).toMatch(/Staging[\s\S]*once more/);
  });

  test('an alias is set, and removed after a question', async () => {
    const { page } = ground;
    await ground.open(`/registry/${FLIGHTS}?version=1`);
    await page.getByLabel('New alias').fill('challenger');
    await page.getByRole('button', { name: 'Set alias' }).click();
    await page.getByRole('button', { name: 'Remove @challenger' }).click();
    expect((await versionOf('1'))?.aliases).toEqual(['challenger']);
    await page.getByRole('dialog').getByRole('button', { name: 'Remove the alias' }).click();
    await page.getByRole('button', { name: 'Remove @challenger' }).waitFor({ state: 'detached' });
    expect((await versionOf('1'))?.aliases).toEqual([]);
    await settled(page);
  });

  test('a version that stands by is held against the champion, and what took over against what it replaced', async () => {
    const { page } = ground;
    const model = 'succession';
    const call = (path: string, body: unknown) => ground.send('POST', `/api/2.0/mlflow/${path}`, body);
    await ground.send('PUT', `/v1/models/${model}`, {
      task: 'binary',
      prediction: 'outputs.y',
      ground_truth: 'y',
      positive_label: true,
      window: '1d',
    });
    const yesterday = Date.now() - 86_400_000;
    // Both score the same events: the first is right in four of five, the second in three.
    const wrong: Record<string, number> = { '1': 1, '2': 2 };
    const items = ['1', '2'].flatMap((version) =>
      Array.from({ length: 100 }, (_, i) => ({
        model,
        version,
        prediction_id: `event-${i}-v${version}`,
        timestamp: yesterday + i * 1000,
        inputs: { x: i },
        outputs: { y: i % 5 < (wrong[version] ?? 0) ? i % 2 === 1 : i % 2 === 0 },
      })),
    );
    await ground.send('POST', '/v1/predictions', items);
    await ground.send(
      'POST',
      '/v1/ground-truth',
      items.map(({ prediction_id }, i) => ({ prediction_id, values: { y: i % 2 === 0 } })),
    );
    await call('registered-models/create', { name: model });
    for (const version of ['1', '2']) {
      await call('model-versions/create', { name: model, source: `s3://models/${version}` });
      const stage = { name: model, version, archive_existing_versions: true };
      await call('model-versions/transition-stage', { ...stage, stage: 'Production' });
    }
    const url = `/v1/registry/models/${model}`;
    await expect.poll(async () => (await ground.get<{ state: string }[]>(`${url}/comparisons`))[0]?.state).toBe('done');
    await ground.open(`/registry/${model}?version=2`);
    const frozen = page.getByRole('region', { name: 'When it took over' });
    expect(await frozen.innerText()).toMatch(/v2 in place of v1/);
    const accuracy = frozen.getByRole('row').filter({ hasText: 'accuracy' });
    expect(await accuracy.innerText()).toContain('60.0 %\t80.0 %\t-20.0');
    await call('registered-models/alias', { name: model, alias: 'challenger', version: '1' });
    await ground.open(`/models/${model}`);
    const standing = page.getByRole('region', { name: 'Challengers against the champion' });
    await standing.scrollIntoViewIfNeeded();
    await standing.getByRole('table').waitFor();
    await settled(page);
    expect(await standing.innerText()).toMatch(/v1 \(Archived, @challenger\) against v2/);
    expect(await standing.getByRole('row').filter({ hasText: 'accuracy' }).innerText()).toContain(
      '80.0 %\t60.0 %\t+20.0',
    );
    await ground.send('DELETE', `/v1/models/${model}`, undefined);
  });

  test('models are filtered by stage and by tag, searched, and sorted, in the address', async () => {
    const { page } = ground;
    const names = () => page.locator('main table.data tbody td:nth-child(2) a').allTextContents();
    const address = () => Object.fromEntries(new URL(page.url()).searchParams);
    await ground.open('/');
    const { models } = await ground.get<Overview>('/v1/overview');
    expect(await names()).toEqual(models.map((model) => model.model));
    await page.getByLabel('Stage', { exact: true }).selectOption('Production');
    await settled(page);
    expect(address()).toEqual({ stage: 'Production' });
    expect(await names()).toEqual([FLIGHTS]);
    await page.getByLabel('Stage', { exact: true }).selectOption('any');
    await page.getByLabel('Tag', { exact: true }).selectOption('team: estate');
    await settled(page);
    expect(address()).toEqual({ tag: 'team: estate' });
    expect(await names()).toEqual([PRICES]);
    // An address that somebody sent shows the same.
    await ground.open('/?tag=team%3A%20airport&stage=Production');
    expect(await names()).toEqual([FLIGHTS]);
    await ground.open('/?tag=team%3A%20estate&stage=Production');
    await page.getByRole('link', { name: /Show all/ }).click();
    await page.getByRole('button', { name: 'Predictions', exact: true }).click();
    await settled(page);
    const most = [...models].sort((a, b) => (b.predictions.value ?? 0) - (a.predictions.value ?? 0));
    expect(await names()).toEqual(most.map((model) => model.model));
    expect(await page.locator('th[aria-sort="descending"]').innerText()).toBe('Predictions');
  });
}
