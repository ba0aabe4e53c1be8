// A real SMTP server on a loopback port that keeps what it is sent.
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';

/** A mail as it arrived. */
export interface ReceivedMail extends Email {
  recipients: string[];
}

/** Listens until closed. `onMail` runs before the server says that it has the mail; `refuse` answers every recipient with that code. */
export class Mailbox {
  readonly mails: ReceivedMail[] = [];
  onMail: (() => Promise<void>) | null = null;
  refuse: number | null = null;
  /** The answer to single recipients, above `refuse`. */
  readonly refuseTo = new Map<string, number>();
  attempts = 0;
  /** With TLS from the first byte (a certificate that nobody trusts) and this user, whose password is `secret`. */
  user: string | null = null;
  private server: SMTPServer | null = null;
  port = 0;

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  /** Start, on the port of the last time if there was one. */
  async open(): Promise<void> {
    const server = new SMTPServer({
      ...(this.user === null
        ? { authOptional: true, disabledCommands: ['STARTTLS'] }
        : {
            secure: true,
            onAuth: (auth, _session, callback) =>
              auth.username === this.user && auth.password === 'secret'
                ? callback(null, { user: auth.username })
                : callback(new Error('wrong password')),
          }),
      onRcptTo: ({ address }, _session, callback) => {
        this.attempts += 1;
        const responseCode = this.refuseTo.get(address) ?? this.refuse;
        if (responseCode === null) return callback();
        return callback(Object.assign(new Error('no such mailbox'), { responseCode }));
      },
      onData: (stream, session, callback) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const recipients = session.envelope.rcptTo.map(({ address }) => address);
          this.keep(Buffer.concat(chunks), recipients).then(
            () => callback(),
            (error: unknown) => callback(error instanceof Error ? error : new Error(String(error))),
          );
        });
      },
    });
    // A client that breaks a connection off is what some tests are about.
    server.on('error', () => undefined);
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', () => resolve()));
    const address = server.server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
    this.server = server;
  }

  private async keep(raw: Buffer, recipients: string[]): Promise<void> {
    this.mails.push({ ...(await PostalMime.parse(raw)), recipients });
    await this.onMail?.();
  }

  async close(): Promise<void> {
    const { server } = this;
    this.server = null;
    if (server !== null) await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
