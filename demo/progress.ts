// Progress of the replay: a bar where a person watches, a plain line every tenth where none does.
import { SingleBar } from 'cli-progress';

/** Where progress goes. */
export interface Progress {
  update(done: number, total: number, day: number): void;
  stop(): void;
}

/** A bar on a terminal, lines elsewhere. */
export function makeProgress(output: NodeJS.WriteStream): Progress {
  return output.isTTY ? bar(output) : lines((text) => output.write(text));
}

/** A plain line each time another tenth is done. */
export function lines(write: (text: string) => void): Progress {
  let tenths = 0;
  return {
    update(done, total, day) {
      const reached = total === 0 ? 10 : Math.floor((10 * done) / total);
      if (reached <= tenths) return;
      tenths = reached;
      write(`  ${String(reached * 10).padStart(3)} %  ${dateOf(day)}  ${done} of ${total} flights\n`);
    },
    stop: () => undefined,
  };
}

function bar(stream: NodeJS.WriteStream): Progress {
  const single = new SingleBar({
    format: '  {bar} {percentage} %  {date}  {value} of {total} flights  {duration} s',
    stream,
    hideCursor: true,
  });
  let started = false;
  return {
    update(done, total, day) {
      if (!started) single.start(total, 0, { date: '' });
      started = true;
      single.update(done, { date: dateOf(day) });
    },
    stop: () => single.stop(),
  };
}

function dateOf(day: number): string {
  return new Date(day).toISOString().slice(0, 10);
}
