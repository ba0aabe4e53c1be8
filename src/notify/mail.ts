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

/** Sends notices as mail. */
export class MailSender implements ChannelSender<EmailChannel> {
  private readonly transport;

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
    return withRetry(async () => {
      try {
        const info = await transport.sendMail({
          from: this.options.from,
          to: channel.to,
          subject,
          text,
          html,
          messageId: notice.messageId,
          ...(notice.inReplyTo === null ? {} : { inReplyTo: notice.inReplyTo, references: notice.inReplyTo }),
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
        });
        return info.rejected.length === 0 ? null : `refused by the mail server: ${info.rejected.join(', ')}`;
      } catch (error) {
        throw attemptError(error);
      }
    }, this.options.retry ?? DEFAULT_RETRY);
  }
}

/** 5xx answers and a refused login will not change by asking again; anything else may. */
function attemptError(error: unknown): AttemptError {
  const message = oneLine(error instanceof Error ? error.message : String(error), 300);
  const facts = typeof error === 'object' && error !== null ? error : {};
  const answered = 'responseCode' in facts && typeof facts.responseCode === 'number' ? facts.responseCode : null;
  const refusedLogin = 'code' in facts && facts.code === 'EAUTH' && (answered === null || answered >= 500);
  return new AttemptError(message, refusedLogin || (answered !== null && answered >= 500));
}
