// What commands print: rows as a table or as JSON, one fact as a line or as JSON, files as they are.
import Table from 'cli-table3';
import { SingleBar, Presets } from 'cli-progress';
import type { Streams } from './context.js';

/** A row to show; null and undefined are shown as an empty cell. */
export type Row = Record<string, unknown>;

/** Progress of long work. */
export interface Progress {
  update(done: number, total: number): void;
  /** What happens besides, behind the bar. */
  say(text: string): void;
  stop(): void;
}

/** No borders: the lines can be cut and searched. */
const PLAIN = {
  chars: Object.fromEntries(
    [
      'top',
      'top-mid',
      'top-left',
      'top-right',
      'bottom',
      'bottom-mid',
      'bottom-left',
      'bottom-right',
      'left',
      'left-mid',
      'mid',
      'mid-mid',
      'right',
      'right-mid',
    ].map((name) => [name, '']),
  ),
  style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
};

export class Output {
  constructor(
    private readonly streams: Streams,
    readonly json: boolean,
  ) {}

  /** Whether a person looks at the answer. */
  get terminal(): boolean {
    return this.streams.stdout.isTTY === true;
  }

  /** Rows: a table, or a JSON array. `columns`: which to show, in order; all of the first row where it is left out. */
  rows(rows: readonly Row[], columns: readonly string[] = Object.keys(rows[0] ?? {}), empty = 'Nothing.'): void {
    if (this.json) return this.value(rows);
    if (rows.length === 0) return this.line(empty);
    this.line(renderRows(rows, columns));
  }

  /** One answer: `text` for people, `value` as JSON. */
  answer(value: unknown, text: string): void {
    if (this.json) this.value(value);
    else this.line(text);
  }

  value(value: unknown): void {
    this.line(JSON.stringify(value, null, this.terminal ? 2 : undefined));
  }

  line(text: string): void {
    this.streams.stdout.write(`${text}\n`);
  }

  /** A remark that is no part of the answer. */
  note(text: string): void {
    this.streams.stderr.write(`${text}\n`);
  }

  /** A bar on stderr where a person watches; nothing elsewhere. `unit` stands behind the numbers, `format` shows a number. */
  progress(label: string, unit: string, format: (value: number) => string = String): Progress {
    if (this.streams.stderr.isTTY !== true || this.json)
      return { update: () => undefined, say: () => undefined, stop: () => undefined };
    const bar = new SingleBar(
      {
        format: `${label} |{bar}| {percentage} %  {shown} of {whole} ${unit}  {duration_formatted}  {said}`,
        stream: this.streams.stderr,
        hideCursor: true,
      },
      Presets.shades_classic,
    );
    let started = false;
    let said = '';
    return {
      say: (text) => {
        said = text;
        if (started) bar.update({ said });
      },
      update: (done, total) => {
        const shown = { shown: format(done), whole: format(total), said };
        if (!started) bar.start(total, done, shown);
        started = true;
        bar.setTotal(total);
        bar.update(done, shown);
      },
      stop: () => bar.stop(),
    };
  }
}

/** Rows as lines of columns with a heading. */
export function renderRows(rows: readonly Row[], columns: readonly string[]): string {
  return renderTable(
    columns,
    rows.map((row) => columns.map((column) => row[column])),
  );
}

/** The same for rows that are lists of cells. */
export function renderTable(columns: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const table = new Table({ ...PLAIN, head: [...columns], chars: { ...PLAIN.chars, middle: '  ' } });
  for (const row of rows) table.push(row.map(cell));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** A value in a table. Control characters could steer the terminal. */
export function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (character) => JSON.stringify(character).slice(1, -1));
}
