// The command line in this process: what it writes, and what it ends with.
import { Writable } from 'node:stream';
import { runCli } from '../../src/cli/program.js';

export interface CliResult {
  code: number;
  out: string;
  err: string;
}

class Sink extends Writable {
  readonly chunks: Buffer[] = [];
  constructor(readonly isTTY: boolean) {
    super();
  }
  override _write(chunk: Buffer | string, _encoding: BufferEncoding, done: () => void): void {
    this.chunks.push(Buffer.from(chunk));
    done();
  }
  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }
}

/** Run `driftline ...args`. `terminal`: as if a person watched. */
export async function cli(args: readonly string[], options: { terminal?: boolean } = {}): Promise<CliResult> {
  const [stdout, stderr] = [new Sink(options.terminal === true), new Sink(false)];
  const code = await runCli(args, { stdout, stderr });
  return { code, out: stdout.text, err: stderr.text };
}
