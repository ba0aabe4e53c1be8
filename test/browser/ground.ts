// What the tests of the dashboard stand on: one service with the flights of the demo, one browser, and a fresh tab for each test whose console stays quiet.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { buildWeb } from '../../scripts/build-web.js';
import { loadConfig } from '../../src/config.js';
import type { Overview, OverviewModel } from '../../src/domain/contract/overview.js';
import { startService, type RunningService } from '../../src/service.js';
import { expectQuiet, launch, openTab, settled, type Tab } from './browser.js';
import { FLIGHTS, seed, sender } from './seed.js';

/** `84.7 %`, as the pages write a share. */
export const percent = (share: number | null | undefined): string =>
  share === 0 || share === 1 ? `${100 * share} %` : `${(100 * (share ?? 0)).toFixed(1)} %`;

export class Ground {
  /** What was sent to the channel of the alerts. */
  readonly received: string[] = [];
  private folder = '';
  private service: RunningService | null = null;
  private hook: Server | null = null;
  private started: Browser | null = null;
  private opened: Tab | null = null;
  private provoked: RegExp[] = [];

  get url(): string {
    return this.service?.url ?? '';
  }
  get browser(): Browser {
    if (this.started === null) throw new Error('there is no browser yet');
    return this.started;
  }
  get tab(): Tab {
    if (this.opened === null) throw new Error('there is no tab yet');
    return this.opened;
  }
  get page(): Page {
    return this.tab.page;
  }

  /** What the browser writes into the console because of what this test does: a status that is refused, a network that is gone. It may come late. */
  provokes(...complaints: RegExp[]): void {
    this.provoked.push(...complaints);
  }

  /** Open an address and wait until everything on it is there. */
  async open(address: string): Promise<void> {
    await this.page.goto(`${this.url}${address}`);
    await settled(this.page);
  }

  /** What the API says. */
  async get<T>(address: string): Promise<T> {
    const response = await fetch(`${this.url}${address}`);
    expect(response.status, address).toBe(200);
    return (await response.json()) as T;
  }

  send(method: string, address: string, body: unknown): Promise<unknown> {
    return sender(this.url)(method, address, body);
  }

  async flights(): Promise<{ overview: Overview; model: OverviewModel }> {
    const overview = await this.get<Overview>(`/v1/overview?model=${FLIGHTS}`);
    const [model] = overview.models;
    if (model === undefined) throw new Error('the flights are not there');
    return { overview, model };
  }

  async start(): Promise<void> {
    this.hook = createServer((request, response) => {
      request.on('data', (chunk) => this.received.push(String(chunk)));
      request.on('end', () => response.end());
    });
    await new Promise<void>((resolve) => this.hook?.listen(0, '127.0.0.1', resolve));
    await buildWeb({ ifStale: true });
    this.folder = await mkdtemp(path.join(tmpdir(), 'driftline-browser-'));
    const config = loadConfig({
      DRIFTLINE_DATA_DIR: this.folder,
      DRIFTLINE_PORT: '0',
      DRIFTLINE_SCHEDULER: 'off',
      DRIFTLINE_ALLOW_PRIVATE_WEBHOOKS: 'on',
    });
    this.service = await startService({ ...config, interactive: false }, pino({ level: 'fatal' }));
    const { port } = this.hook.address() as AddressInfo;
    [this.started] = await Promise.all([launch(), seed(this.url, `http://127.0.0.1:${port}/`)]);
  }

  async stop(): Promise<void> {
    await this.started?.close();
    await this.service?.stop();
    this.hook?.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  async openTab(): Promise<void> {
    this.opened = await openTab(this.browser);
    this.provoked = [];
  }

  async closeTab(test: string): Promise<void> {
    const { tab } = this;
    // Whatever the test found, the tab goes.
    await tab.context.close();
    const complaints = tab.complaints.filter((text) => !this.provoked.some((pattern) => pattern.test(text)));
    expectQuiet({ ...tab, complaints }, test);
  }
}

/** A ground for the tests of this file: made before them, gone after them. */
export function useGround(): Ground {
  const ground = new Ground();
  beforeAll(() => ground.start());
  afterAll(() => ground.stop());
  beforeEach(() => ground.openTab());
  afterEach((context) => ground.closeTab(context.task.name));
  return ground;
}
