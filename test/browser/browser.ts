// A real Chromium for tests of the dashboard, and what every page must hold: no error in the console, nothing serious for axe.
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { AxeBuilder } from './axe.js';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { expect } from 'vitest';

const PATHS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
];
/** Where screenshots go; not kept in the repository. */
export const SHOTS = path.join(import.meta.dirname, '.shots');

/** The browser's program, or null where there is none. */
export function findChromium(): string | null {
  const named = process.env.DRIFTLINE_CHROMIUM;
  return [...(named === undefined ? [] : [named]), ...PATHS].find((file) => existsSync(file)) ?? null;
}

/** Whether the tests can run. Where a browser is required, they run and fail without one. */
export function canRun(): boolean {
  if (findChromium() !== null || process.env.DRIFTLINE_REQUIRE_BROWSER !== undefined) return true;
  console.warn(
    'Skipped: no Chromium was found. Install it (apt-get install chromium) or name it in DRIFTLINE_CHROMIUM.',
  );
  return false;
}

/** Start the browser. @throws Error where there is none. */
export async function launch(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error('DRIFTLINE_REQUIRE_BROWSER is set, and no Chromium was found.');
  mkdirSync(SHOTS, { recursive: true });
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** A tab that remembers what its console complained about. */
export interface Tab {
  page: Page;
  context: BrowserContext;
  complaints: string[];
}

export async function openTab(browser: Browser, options: { width?: number; height?: number } = {}): Promise<Tab> {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
    acceptDownloads: true,
    reducedMotion: 'reduce',
    timezoneId: 'Europe/Paris',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return { page, context, complaints };
}

/** A page that says nothing is under way any more, and whose charts are drawn. A selector: the page's policy lets no script of a test in. */
const SETTLED = [
  'html[data-state="settled"]',
  ':not(:has([aria-busy="true"]))',
  ':not(:has(.chart-canvas:not(:has(svg))))',
].join('');

/** Wait for it. */
export async function settled(page: Page): Promise<void> {
  await page.locator(SETTLED).waitFor({ state: 'attached' });
}

/** Rules of axe that are broken in a serious way, as text; empty when none is. */
export async function seriousFindings(page: Page): Promise<string[]> {
  const source = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
  return new AxeBuilder(page, source).serious();
}

export function expectQuiet(tab: Tab, where: string): void {
  expect(tab.complaints, `the console of ${where}`).toEqual([]);
}
