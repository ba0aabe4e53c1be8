// What a benchmark answers, and how it is printed: one table a benchmark, every line held against a limit or a peer of the same run.

/** What a number is held against: it should be `most` or `least` this much. `name` says what that is. */
export interface Mark {
  name: string;
  value: number;
  at: 'most' | 'least';
}

/** One measured number. Without a mark it is only told. */
export interface Line {
  what: string;
  value: number;
  unit: string;
  mark: Mark | null;
}

/** The lines of one benchmark. */
export interface Result {
  name: string;
  /** What was measured, in a sentence or two. */
  about: string;
  lines: Line[];
}

/** A line with a mark. */
export function held(what: string, value: number, unit: string, mark: Mark): Line {
  return { what, value, unit, mark };
}

/** A line without one. */
export function told(what: string, value: number, unit: string): Line {
  return { what, value, unit, mark: null };
}

/** Whether every mark was met. */
export function met({ value, mark }: Line): boolean {
  return mark === null || (mark.at === 'most' ? value <= mark.value : value >= mark.value);
}

/** A Markdown table, as it stands in docs/performance.md. The ratio is the measured number divided by the mark. */
export function table(result: Result): string {
  const head = ['| | measured | held against | ratio | |', '|---|---:|---:|---:|---|'];
  const rows = result.lines.map((line) => {
    const { mark } = line;
    const cells =
      mark === null
        ? ['', '', '']
        : [
            `${mark.name}: at ${mark.at} ${amount(mark.value, line.unit)}`,
            mark.value === 0 ? '' : (line.value / mark.value).toFixed(2),
            met(line) ? 'met' : '**missed**',
          ];
    return `| ${[line.what, amount(line.value, line.unit), ...cells].join(' | ')} |`;
  });
  return [`### ${result.name}`, '', result.about, '', ...head, ...rows].join('\n');
}

function amount(value: number, unit: string): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const text = value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return unit === '' ? text : `${text} ${unit}`;
}
