// A service that nobody has used yet: the first run notices the first prediction; with authentication on, a key opens the pages.
import { mkdtemp, rm } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildWeb } from '../../scripts/build-web.js';
import { loadConfig } from '../../src/config.js';
import { startService, type RunningService } from '../../src/service.js';
import { canRun, expectQuiet, launch, openTab, seriousFindings, settled, SHOTS } from './browser.js';

const ADMIN_KEY = 'the-admin-key-of-this-test';

describe.skipIf(!canRun())('a new service with authentication', () => {
  let folder: string;
  let service: RunningService;
  let browser: Browser;

  beforeAll(async () => {
    await buildWeb({ ifStale: true });
    folder = await mkdtemp(path.join(tmpdir(), 'driftline-browser-'));
    const config = loadConfig({
      DRIFTLINE_DATA_DIR: folder,
      DRIFTLINE_PORT: '0',
      DRIFTLINE_SCHEDULER: 'off',
      DRIFTLINE_ADMIN_KEY: ADMIN_KEY,
    });
    service = await startService({ ...config, interactive: false }, pino({ level: 'fatal' }));
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await service?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('a key signs in, is kept nowhere that a script can read, and the first prediction turns the page live', async () => {
    const tab = await openTab(browser);
    const { page, context } = tab;
    await page.goto(service.url);
    await page.getByLabel('API key', { exact: true }).fill('not-a-key');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('This key is not known here.').waitFor();
    await page.screenshot({ path: path.join(SHOTS, 'sign-in-wide-light.png') });
    expect(await seriousFindings(page)).toEqual([]);
    // The browser itself reports every 401.
    expect(tab.complaints.filter((text) => !text.includes('401'))).toEqual([]);
    tab.complaints.length = 0;

    await page.getByLabel('API key', { exact: true }).fill(ADMIN_KEY);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Send the first prediction' }).waitFor();
    await settled(page);
    const kept = await page.evaluate<string[]>(
      '[location.href, document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage)]',
    );
    expect(kept.join('\n')).not.toContain(ADMIN_KEY);
    expect(kept[1]).toBe('');
    const [cookie] = await context.cookies();
    expect(cookie).toMatchObject({ name: 'driftline_session', httpOnly: true, sameSite: 'Strict' });
    expect(cookie?.value).not.toContain(ADMIN_KEY);

    for (const language of ['Python', 'TypeScript', 'curl']) {
      await page.getByRole('button', { name: language }).click();
      expect(await page.getByTestId('snippet').innerText()).toContain(`${service.url}/v1/predictions`);
    }
    await page.screenshot({ path: path.join(SHOTS, 'first-run-wide-light.png'), fullPage: true });
    expect(await seriousFindings(page)).toEqual([]);

    // As it is shown, the snippet is pasted: TypeScript without types runs here anyway.
    await page.getByRole('button', { name: 'TypeScript' }).click();
    const shown = await page.getByTestId('snippet').innerText();
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', shown], {
      env: { ...process.env, DRIFTLINE_KEY: ADMIN_KEY },
    });
    expect(stdout).toContain('accepted');
    await page.getByRole('button', { name: 'Open my-model' }).click();
    await page.getByRole('heading', { name: 'my-model' }).waitFor();
    await settled(page);

    // A page of ours may change things by the session.
    await page.goto(`${service.url}/keys`);
    await page.getByLabel('Name', { exact: true }).fill('reader');
    await page.getByLabel('read', { exact: true }).check();
    await page.getByLabel('ingest', { exact: true }).uncheck();
    await page.getByRole('button', { name: 'Make the key' }).click();
    const key = await page.locator('.banner code').innerText();
    expect(key).toMatch(/^dl_/);
    await page.getByRole('button', { name: /Sign out/ }).click();
    await page.getByLabel('API key', { exact: true }).waitFor();
    expect(await context.cookies()).toEqual([]);

    await page.getByLabel('API key', { exact: true }).fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('cell', { name: 'No keys' }).or(page.getByText('Sign out reader')).first().waitFor();
    await page.goto(`${service.url}/rules`);
    await settled(page);
    expect(await page.getByRole('link', { name: 'New rule' }).count()).toBe(0);

    // A session that ends in the middle: the same view after signing in again.
    await page.goto(`${service.url}/notifications?tz=local`);
    await settled(page);
    await context.clearCookies();
    await page.getByRole('button', { name: 'Refresh now' }).click();
    await page.getByText('The session has ended.').waitFor();
    await page.getByLabel('API key', { exact: true }).fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Sent', level: 1 }).waitFor();
    expect(page.url()).toBe(`${service.url}/notifications?tz=local`);
    await settled(page);

    // A key that may not read says which scope is missing, not that there is nothing.
    const made = await fetch(`${service.url}/v1/api-keys`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_KEY}` },
      body: JSON.stringify({ name: 'sender', scopes: ['ingest'] }),
    });
    const sending = (await made.json()) as { key: string };
    await page.getByRole('button', { name: /Sign out/ }).click();
    await page.getByLabel('API key', { exact: true }).fill(sending.key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page
      .getByText(/this call needs read/)
      .first()
      .waitFor();
    expectQuiet({ ...tab, complaints: tab.complaints.filter((text) => !/40[13]/.test(text)) }, 'signing in');
    await context.close();
  });
});
