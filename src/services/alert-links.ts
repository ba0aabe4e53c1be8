// Signed links in mails: who has the mail may acknowledge its alerts or silence its rule for a day, after confirming it, without a key.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { DAY_MS } from '../domain/duration.js';
import { keptKey } from './kept-key.js';
import type { DocumentStore } from './ports.js';

export const linkKeySchema = z.object({ key: z.string() });

/** What a link does, on the alerts of one rule on one deployment of a model; until when, epoch ms. */
export interface LinkAction {
  kind: 'acknowledge' | 'silence';
  rule: string;
  model: string;
  deployment: string;
  expires: number;
}

/** How long a link works. */
export const LINK_LIFE = 7 * DAY_MS;
const SETTING = 'alert_link_key';
const payloadSchema = z.tuple([z.enum(['acknowledge', 'silence']), z.string(), z.string(), z.string(), z.number()]);

/** Signs and opens links with a key that the store keeps, so that links outlive the process and work on every one. */
export class AlertLinks {
  private key: Promise<string> | null = null;

  constructor(private readonly settings: DocumentStore<z.output<typeof linkKeySchema>>) {}

  /** The last part of a link's address. */
  async sign({ kind, rule, model, deployment, expires }: LinkAction): Promise<string> {
    const payload = Buffer.from(JSON.stringify([kind, rule, model, deployment, expires])).toString('base64url');
    return `${payload}.${this.mac(payload, await this.secret())}`;
  }

  /** What a link does; null where it was not made here. An expired one is opened as well: the caller says so. */
  async open(token: string): Promise<LinkAction | null> {
    const [payload = '', mac = '', ...rest] = token.split('.');
    const expected = Buffer.from(this.mac(payload, await this.secret()));
    const given = Buffer.from(mac);
    if (rest.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
    const [kind, rule, model, deployment, expires] = payloadSchema.parse(
      JSON.parse(Buffer.from(payload, 'base64url').toString()),
    );
    return { kind, rule, model, deployment, expires };
  }

  private mac(payload: string, secret: string): string {
    return createHmac('sha256', secret).update(payload).digest('base64url');
  }

  private secret(): Promise<string> {
    this.key ??= keptKey(this.settings, SETTING).catch((error: unknown) => {
      this.key = null;
      throw error;
    });
    return this.key;
  }
}
