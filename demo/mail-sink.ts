// A mail server for the demo: it keeps what the service sends, with the simulated time of arrival.
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import PostalMime from 'postal-mime';
import { SMTPServer } from 'smtp-server';

/** A mail that arrived. `at`: simulated time in epoch ms; `text`: the plain-text part. */
export interface Mail {
  at: number;
  to: string[];
  subject: string;
  text: string;
}

/** An SMTP server on the loopback interface that delivers to memory. */
export interface MailSink {
  url: string;
  mails: Mail[];
  /** Resolves when so many mails are in, or when the time is up. */
  settle(count: number, withinMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Open the sink on a free port. `now` is read when a mail arrives. */
export async function openMailSink(now: () => number): Promise<MailSink> {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      const at = now();
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        PostalMime.parse(Buffer.concat(chunks)).then(
          (mail) => {
            const to = (mail.to ?? []).map((address) => address.address ?? '');
            mails.push({ at, to, subject: mail.subject ?? '', text: mail.text ?? '' });
            done();
          },
          (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
        );
      });
    },
  });
  // A client that hangs up early must not end the demo.
  server.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    settle: async (count, withinMs) => {
      for (let waited = 0; mails.length < count && waited < withinMs; waited += 50) await sleep(50);
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
