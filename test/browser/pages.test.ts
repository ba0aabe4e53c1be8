// The dashboard in a real browser, on the flights of the demo: numbers as the API has them, ways through it, and what people do with it.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildWeb } from '../../scripts/build-web.js';
import { loadConfig } from '../../src/config.js';
import type { Alert, Backtest } from '../../src/domain/contract/alerts.js';
import type { Confusion, Distribution, Roc } from '../../src/domain/contract/metrics.js';
import type { Overview } from '../../src/domain/contract/overview.js';
import { startService, type RunningService } from '../../src/service.js';
import { canRun, expectQuiet, launch, openTab, seriousFindings, settled, SHOTS, type Tab } from './browser.js';
import { FLIGHTS, HOSTILE_FIELD, ROUTER, seed, sender } from './seed.js';

const FAULTY_DAY = '2001-03-14';

describe.skipIf(!canRun())('the dashboard', () => {
  let folder: string;
  let service: RunningService;
  let hook: Server;
  let browser: Browser;
  let tab: Tab;
  let page: Page;
  const received: string[] = [];

  const get = async <T>(address: string): Promise<T> => {
    const response = await fetch(`${service.url}${address}`);
    expect(response.status, address).toBe(200);
    return (await response.json()) as T;
  };
  const open = async (address: string): Promise<void> => {
    await page.goto(`${service.url}${address}`);
    await settled(page);
  };
  const flights = async () => {
    const overview = await get<Overview>(`/v1/overview?model=${FLIGHTS}`);
    const [model] = overview.models;
    if (model === undefined) throw new Error('the flights are not there');
    return { overview, model };
  };
  const percent = (share: number | null | undefined): string => `${Number((100 * (share ?? 0)).toFixed(1))} %`;

  beforeAll(async () => {
    hook = createServer((request, response) => {
      request.on('data', (chunk) => received.push(String(chunk)));
      request.on('end', () => response.end());
    });
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
    await buildWeb({ ifStale: true });
    folder = await mkdtemp(path.join(tmpdir(), 'driftline-browser-'));
    const config = loadConfig({
      DRIFTLINE_DATA_DIR: folder,
      DRIFTLINE_PORT: '0',
      DRIFTLINE_SCHEDULER: 'off',
      DRIFTLINE_ALLOW_PRIVATE_WEBHOOKS: 'on',
    });
    service = await startService({ ...config, interactive: false }, pino({ level: 'fatal' }));
    [browser] = await Promise.all([
      launch(),
      seed(service.url, `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await service?.stop();
    hook?.close();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    tab = await openTab(browser);
    page = tab.page;
  });
  afterEach(async (context) => {
    expectQuiet(tab, context.task.name);
    await tab.context.close();
  });

  test('the list of models has the worst first, with the numbers of the API', async () => {
    await open('/');
    const { models } = await get<Overview>('/v1/overview');
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

  test('search and filters are in the address', async () => {
    await open('/');
    await page.getByLabel('Search').fill('house');
    await expect.poll(() => page.url()).toContain('q=house');
    expect(await page.locator('main table.data tbody tr').count()).toBe(1);
    await open('/?state=critical');
    expect(await page.locator('main table.data tbody tr').count()).toBe(1);
  });

  test('from the list to the bin that moved in three clicks, and back', async () => {
    await open('/');
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
    const { model } = await flights();
    const distribution = await get<Distribution>(
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

  test('the tiles of a model are what the API says', async () => {
    await open(`/models/${FLIGHTS}`);
    const { model } = await flights();
    expect(await page.getByTestId('predictions').innerText()).toBe(
      (model.predictions.value ?? 0).toLocaleString('en-US'),
    );
    expect(await page.getByTestId('quality').innerText()).toBe(percent(model.quality?.value));
    expect(await page.getByTestId('labels').innerText()).toBe(percent(model.label_coverage.value));
    expect(await page.getByTestId('drifted').innerText()).toBe(`${model.drift.drifted} of ${model.drift.compared}`);
  });

  test('a chart has a sentence, a table with its numbers, and a CSV file', async () => {
    await open(`/models/${FLIGHTS}`);
    const card = page.getByRole('region', { name: 'Quality', exact: true });
    const chart = card.getByRole('img', { name: /accuracy over time\. v2: newest/ });
    expect(await chart.locator('svg').count()).toBe(1);
    await card.getByRole('button', { name: 'Table' }).click();
    const { overview } = await flights();
    const points = await get<{ value: number | null; version: string; segment: string }[]>(
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
    await open(`/models/${FLIGHTS}`);
    await page.getByRole('region', { name: 'Drift of fields' }).getByRole('button', { name: 'Query' }).click();
    const command = await page.getByRole('dialog').locator('pre').innerText();
    const address = /curl -s '([^']+)'/.exec(command)?.[1] ?? '';
    const answer = (await (await fetch(address)).json()) as { rows: unknown[] };
    expect(answer.rows.length).toBeGreaterThan(0);
  });

  test('the heatmap is walked and opened by keyboard', async () => {
    await open(`/models/${FLIGHTS}`);
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
    await open('/?tz=local&from=2001-03-01T00:00:00.000Z&to=2001-03-10T00:00:00.000Z');
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

  test('confusion matrix and ROC are those of the API', async () => {
    await open(`/models/${FLIGHTS}/quality`);
    const { overview, model } = await flights();
    const range = `from=${overview.from}&to=${overview.to}&version=${model.version}`;
    const confusion = await get<Confusion>(`/v1/models/${FLIGHTS}/confusion?${range}`);
    const cells = await page.locator('table.matrix td b').allInnerTexts();
    expect(cells).toEqual(confusion.counts.flat().map((count) => count.toLocaleString('en-US')));
    const roc = await get<Roc>(`/v1/models/${FLIGHTS}/roc?${range}`);
    expect(await page.getByRole('region', { name: 'ROC' }).innerText()).toContain(
      `AUC ${Number((roc.auc ?? 0).toPrecision(3))}`,
    );
    expect(await page.getByRole('region', { name: 'v2 against v1' }).locator('tbody tr').count()).toBeGreaterThan(5);
  });

  test('a rule is written, tried on the past, and saved', async () => {
    await open(`/rules/new?model=${FLIGHTS}`);
    await page.getByLabel('Name').fill('distance-watch');
    await page.getByLabel('Field').fill('inputs.distance');
    await page.getByLabel('Critical', { exact: true }).fill('0.3');
    const { overview } = await flights();
    const rule = { model: FLIGHTS, metric: 'psi', feature: 'inputs.distance', warning: 0.1, critical: 0.3 };
    const tried = (await sender(service.url)('POST', '/v1/alert-rules/backtest', {
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
    const saved = (await get<{ name: string; critical: number; feature: string }[]>('/v1/alert-rules')).find(
      (one) => one.name === 'distance-watch',
    );
    expect(saved).toMatchObject({ critical: 0.3, feature: 'inputs.distance' });
  });

  test('a rule that cannot be is refused beside the field it is about', async () => {
    await open(`/rules/new?model=${FLIGHTS}`);
    await page.getByLabel('Name').fill('wrong');
    await page.getByLabel('Warning', { exact: true }).fill('much');
    await page.getByRole('button', { name: 'Save' }).click();
    await page
      .getByText(/a threshold is a number/)
      .first()
      .waitFor();
    // What the service refuses, the browser writes into the console as well.
    await expect.poll(() => tab.complaints.some((text) => text.includes('400'))).toBe(true);
    tab.complaints.length = 0;
    await page.close();
  });

  test('an alert shows its evidence and what was sent, and is acknowledged', async () => {
    await open('/alerts');
    await page
      .getByRole('row')
      .filter({ hasText: 'v2' })
      .getByRole('link', { name: /PSI on inputs\.distance/ })
      .click();
    await page.getByRole('region', { name: 'Bins that moved' }).waitFor();
    await settled(page);
    expect(await page.getByRole('region', { name: 'What was sent to whom' }).innerText()).toMatch(/on-call/);
    expect(received.join('')).toContain('inputs.distance');
    const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await expect.poll(async () => (await get<Alert>(`/v1/alerts/${id}`)).state).toBe('acknowledged');
    await page.locator('[data-status="acknowledged"]').first().waitFor();
    await settled(page);
  });

  test('a baseline is made from a file that is dropped on the page', async () => {
    await open(`/data?tab=baselines&model=${FLIGHTS}`);
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
    const listed = await get<{ name: string; rows: number; active: boolean }[]>(`/v1/models/${FLIGHTS}/baselines`);
    expect(listed.find((one) => one.name === 'spring-flights')).toMatchObject({ rows: 400, active: true });
    await page.getByRole('cell', { name: 'spring-flights' }).waitFor();
    await settled(page);
  });

  test('a field with a hostile name is text', async () => {
    await open(`/models/${ROUTER}/features`);
    const name = `inputs.${HOSTILE_FIELD}`;
    await page.getByRole('link', { name }).click();
    await page.getByRole('heading', { name }).waitFor();
    await settled(page);
    await page.locator('.chart-canvas svg').first().hover();
    expect(await page.locator('img').count()).toBe(0);
    await open(`/predictions?model=${ROUTER}`);
    expect(await page.getByText(name).first().isVisible()).toBe(true);
    expect(await page.locator('img').count()).toBe(0);
  });

  test('predictions are browsed by label and found by the id they were sent with', async () => {
    await open(`/predictions?model=${FLIGHTS}&labelled=false&version=2`);
    const waiting = await page.locator('[data-status="waiting_for_labels"]').count();
    expect(waiting).toBe(await page.locator('main tbody tr').count());
    await page.getByLabel('Id of a prediction').fill('house-17');
    await page.getByRole('button', { name: 'Find' }).click();
    await page.getByRole('heading', { name: 'house-17' }).waitFor();
    await settled(page);
    const stored = await get<{ outputs: { price: number } }>('/v1/predictions/house-17');
    expect(await page.getByRole('region', { name: 'Outputs' }).first().innerText()).toContain(
      String(stored.outputs.price),
    );
  });

  test('a channel is tried, and the page says how it went', async () => {
    await open('/channels');
    await page.getByRole('button', { name: 'Test', exact: true }).click();
    await page.locator('[data-status="sent"]').waitFor();
    expect(received.join('')).toContain('This is a test');
    await settled(page);
  });

  test('links of older mails lead to the model', async () => {
    await open(
      `/?model=${FLIGHTS}&version=2&feature=inputs.distance&from=${FAULTY_DAY}T00:00:00.000Z&to=2001-03-16T00:00:00.000Z`,
    );
    await page.getByRole('heading', { name: 'inputs.distance' }).waitFor();
    expect(new URL(page.url()).pathname).toBe(`/models/${FLIGHTS}/feature`);
    await settled(page);
  });

  test('an address of no page says so; one of the API stays a problem document', async () => {
    const unknown = await page.goto(`${service.url}/nowhere`);
    expect(unknown?.status()).toBe(404);
    await page.getByText('There is no such page').waitFor();
    const api = await fetch(`${service.url}/v1/nowhere`, { headers: { accept: 'text/html' } });
    expect(api.headers.get('content-type')).toContain('application/problem+json');
    tab.complaints.length = 0;
  });

  test('the policy lets no inline script or style in, and scripts are small', async () => {
    const sizes: Record<string, number> = {};
    page.on('response', (response) => {
      if (response.url().endsWith('.js'))
        sizes[new URL(response.url()).pathname] = Number(response.headers()['content-length'] ?? 0);
    });
    const response = await page.goto(`${service.url}/models/${FLIGHTS}`);
    await settled(page);
    const policy = response?.headers()['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect(Object.keys(sizes).length).toBeGreaterThan(1);
    expect(Object.values(sizes).reduce((sum, size) => sum + size, 0)).toBeLessThan(350 * 1024);
  });

  describe('every page', () => {
    const pages: [string, string | (() => Promise<string>)][] = [
      ['overview', '/'],
      ['model', `/models/${FLIGHTS}`],
      ['model-waiting', `/models/${ROUTER}`],
      ['features', `/models/${FLIGHTS}/features`],
      [
        'feature',
        `/models/${FLIGHTS}/feature?feature=inputs.distance&at=${FAULTY_DAY}T00:00:00.000Z&until=2001-03-15T00:00:00.000Z`,
      ],
      ['quality', `/models/${FLIGHTS}/quality`],
      ['alerts', '/alerts?state=history'],
      ['alert', async () => `/alerts/${(await get<Alert[]>('/v1/alerts'))[0]?.id}`],
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
      ['welcome', '/welcome'],
    ];
    test.each(pages)(
      '%s: both themes, wide and narrow, nothing serious for axe, nothing wider than the screen',
      async (name, where) => {
        const address = typeof where === 'string' ? where : await where();
        for (const theme of ['light', 'dark']) {
          await page.setViewportSize({ width: 1440, height: 900 });
          await open(`${address}${address.includes('?') ? '&' : '?'}theme=${theme}`);
          await page.screenshot({ path: path.join(SHOTS, `${name}-wide-${theme}.png`), fullPage: true });
          expect(await seriousFindings(page), `${name}, ${theme}`).toEqual([]);
          await page.setViewportSize({ width: 390, height: 844 });
          await settled(page);
          await page.screenshot({ path: path.join(SHOTS, `${name}-390-${theme}.png`), fullPage: true });
          expect(await page.evaluate('document.documentElement.scrollWidth'), `${name} at 390`).toBeLessThanOrEqual(
            390,
          );
        }
      },
    );
  });
});
