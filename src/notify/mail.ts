// Mail through SMTP.
import { createTransport } from 'nodemailer';
import { DeliveryError, type ChannelSender, type Delivered, type Notice } from '../domain/alerts/notice.js';
import { oneLine } from '../domain/alerts/wording.js';
import type { Channel } from '../domain/contract/alerts.js';
import { renderMail } from './render-mail.js';
import { AttemptError, DEFAULT_RETRY, withRetry, type RetryOptions } from './retry.js';

type EmailChannel = Extract<Channel, { type: 'email' }>;

export interface MailOptions {
  /** `smtp://user:password@host:port`; null: no mail can be sent. */
  smtpUrl: string | null;
  from: string;
  retry?: RetryOptions;
  /** How long the server may take to accept a connection and greet, ms. */
  connectMs?: number;
}

const CONNECT_MS = 10_000;
const SOCKET_MS = 20_000;

/** How many mails that some recipients have and others wait for are remembered. */
const MAX_PARTS = 1000;

/** A mail on its way to several: who has it, and who will never have it with the server's words. */
interface Parts {
  done: Set<string>;
  refused: Map<string, string>;
}

/** Sends notices as mail. */
export class MailSender implements ChannelSender<EmailChannel> {
  private readonly transport;
  /** By Message-Id: who has a mail does not get it again because the server put somebody else off. A restart forgets it. */
  private readonly parts = new Map<string, Parts>();

  constructor(private readonly options: MailOptions) {
    this.transport =
      options.smtpUrl === null
        ? null
        : createTransport({
            url: options.smtpUrl,
            connectionTimeout: options.connectMs ?? CONNECT_MS,
            greetingTimeout: options.connectMs ?? CONNECT_MS,
            socketTimeout: SOCKET_MS,
            disableFileAccess: true,
            disableUrlAccess: true,
          });
  }

  /** Greet the mail server and log in; nothing is sent. @throws Error that says why it cannot be used */
  async verify(): Promise<void> {
    if (this.transport === null) throw new DeliveryError('SMTP_URL is not set', 0, true);
    await this.transport.verify().catch((error: unknown) => {
      throw attemptError(error);
    });
  }

  /** @throws DeliveryError when SMTP_URL is not set, the server refuses for good or all attempts failed. */
  async send(channel: EmailChannel, notice: Notice): Promise<Delivered> {
    const { transport } = this;
    if (transport === null) throw new DeliveryError('SMTP_URL is not set', 0, true);
    const { subject, text, html } = renderMail(notice);
    const parts = this.partsOf(notice.messageId);
    const sent = await withRetry(async () => {
      const to = channel.to.filter((address) => !parts.done.has(address) && !parts.refused.has(address));
      if (to.length === 0) return warningOf(parts);
      const info = await transport
        .sendMail({
          from: this.options.from,
          to: channel.to,
          envelope: { from: this.options.from, to },
          subject,
          text,
          html,
          messageId: notice.messageId,
          ...(notice.inReplyTo === null ? {} : { inReplyTo: notice.inReplyTo, references: notice.inReplyTo }),
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
        })
        // Where nobody of several is taken it is an error, with what was said to each.
        .catch((error: unknown) => {
          if (rejections(error).length > 0) return error;
          throw attemptError(error);
        });
      note(parts, to, rejections(info));
      const warning = warningOf(parts);
      if (parts.done.size > 0 || warning === null) return warning;
      // Nobody has it: the next evaluation asks everybody again.
      parts.refused.clear();
      throw new AttemptError(warning, true);
    }, this.options.retry ?? DEFAULT_RETRY);
    this.parts.delete(notice.messageId);
    return sent;
  }

  private partsOf(messageId: string): Parts {
    const parts = this.parts.get(messageId) ?? { done: new Set(), refused: new Map() };
    this.parts.set(messageId, parts);
    const [oldest] = this.parts.keys();
    if (this.parts.size > MAX_PARTS && oldest !== undefined) this.parts.delete(oldest);
    return parts;
  }
}

/** A recipient that the server did not take. */
interface Rejection {
  recipient: string;
  code: number | null;
  text: string;
}

/** Who was not taken, by the answer of a send or by its error. */
function rejections(from: unknown): Rejection[] {
  const errors: unknown =
    typeof from === 'object' && from !== null && 'rejectedErrors' in from ? from.rejectedErrors : [];
  return (Array.isArray(errors) ? errors : []).flatMap((error: unknown): Rejection[] => {
    if (typeof error !== 'object' || error === null || !('recipient' in error)) return [];
    const code = 'responseCode' in error && typeof error.responseCode === 'number' ? error.responseCode : null;
    const response = 'response' in error && typeof error.response === 'string' ? error.response : null;
    const text = oneLine(response ?? String(code ?? 'no reason given'), 200);
    return [{ recipient: String(error.recipient), code, text }];
  });
}

/** What came of a send to `to`. @throws AttemptError where the server put somebody off: they are asked for again, and nobody else. */
function note(parts: Parts, to: readonly string[], rejected: readonly Rejection[]): void {
  const byAddress = new Map(rejected.map((one) => [one.recipient, one]));
  const later: Rejection[] = [];
  for (const address of to) {
    const rejection = byAddress.get(address);
    if (rejection === undefined) parts.done.add(address);
    else if (rejection.code !== null && rejection.code >= 500) parts.refused.set(address, rejection.text);
    else later.push(rejection);
  }
  if (later.length === 0) return;
  const words = later.map(({ recipient, text }) => `${recipient}: ${text}`).join(', ');
  throw new AttemptError(`put off by the mail server: ${words}`, false);
}

function warningOf({ refused }: Parts): string | null {
  const words = [...refused].map(([address, text]) => `${address}: ${text}`).join(', ');
  return words === '' ? null : `refused by the mail server: ${words}`;
}

/** 5xx answers and a refused login will not change by asking again; anything else may. */
function attemptError(error: unknown): AttemptError {
  const facts = typeof error === 'object' && error !== null ? error : {};
  const answered = 'responseCode' in facts && typeof facts.responseCode === 'number' ? facts.responseCode : null;
  const login = 'code' in facts && facts.code === 'EAUTH';
  const permanent = (login && answered === null) || (answered !== null && answered >= 500);
  // 421: the server closes, whatever it was asked.
  const unreachable = !login && (answered === null || answered === 421);
  return new AttemptError(
    reasonOf(error instanceof Error ? error.message : String(error)),
    permanent,
    null,
    unreachable,
  );
}

/** What went wrong in words that say what to do, where OpenSSL's do not. */
function reasonOf(message: string): string {
  if (/wrong version number|packet length too long/i.test(message))
    return 'the mail server does not speak TLS from the first byte there: SMTP_URL should begin with smtp://, or have the port of smtps://';
  const text = oneLine(message, 300);
  return /certificate/i.test(text) ? `the certificate of the mail server is refused: ${text}` : text;
}
