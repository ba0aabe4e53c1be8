// The heatmap: a grid that keyboard and screen reader can walk, cell by cell.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { HeatView } from '../prepare/grid.js';

const MOVES: Record<string, [number, number]> = {
  ArrowRight: [0, 1],
  ArrowLeft: [0, -1],
  ArrowDown: [1, 0],
  ArrowUp: [-1, 0],
  PageDown: [10, 0],
  PageUp: [-10, 0],
};
/** Rows at first: the worst are on top. */
const FIRST_ROWS = 24;
/** Characters at the end of a row's name that are never cut: names of many fields begin the same, their ends tell them apart. */
const TAIL = 8;

/** `open` is called with the row and the column that were chosen. */
export function Heat({
  view,
  open,
  label,
  scale = 'within noise → at the limit → beyond what is critical',
}: {
  view: HeatView;
  open: (row: number, column: number) => void;
  label: string;
  /** What the colours mean, from the lightest on. */
  scale?: string;
}) {
  const [at, setAt] = useState<[number, number]>([0, Math.max(0, view.columns.length - 1)]);
  const [all, setAll] = useState(false);
  const [told, tell] = useState('');
  const table = useRef<HTMLTableElement>(null);
  const rows = all ? view.rows : view.rows.slice(0, FIRST_ROWS);
  const focus = (row: number, column: number): void => {
    const next: [number, number] = [clamp(row, rows.length), clamp(column, view.columns.length)];
    setAt(next);
    table.current?.querySelector<HTMLElement>(`[data-at="${next[0]}-${next[1]}"]`)?.focus();
  };
  const press = (event: KeyboardEvent): void => {
    const [row, column] = at;
    const move = MOVES[event.key];
    if (move !== undefined) focus(row + move[0], column + move[1]);
    else if (event.key === 'Home') focus(row, 0);
    else if (event.key === 'End') focus(row, view.columns.length - 1);
    else if (event.key === 'Enter' || event.key === ' ') open(row, column);
    else return;
    event.preventDefault();
  };
  const scroll = useRef<HTMLDivElement>(null);
  // The newest columns are what one came for.
  useEffect(() => {
    const box = scroll.current;
    if (box === null) return;
    const observer = new ResizeObserver(() => {
      box.scrollLeft = box.scrollWidth;
    });
    observer.observe(box);
    return () => observer.disconnect();
  }, [view.columns.length]);
  const every = Math.max(1, Math.ceil(view.columns.length / 8));
  return (
    <>
      <p class="hidden">{view.sentence}</p>
      <div class="heat-scroll" ref={scroll}>
        <table class="heat" role="grid" ref={table} aria-label={label} onKeyDown={press} onMouseLeave={() => tell('')}>
          <colgroup>
            <col class="names" />
            {view.columns.map((column) => (
              <col key={column.from} />
            ))}
          </colgroup>
          <tbody>
            {rows.map((row, r) => (
              <tr key={row.name}>
                <th scope="row" title={`${row.name}: ${row.note}`} aria-label={row.name}>
                  <span class="ends">
                    <span class="cut">{row.name.slice(0, -TAIL)}</span>
                    <span>{row.name.slice(-TAIL)}</span>
                  </span>
                </th>
                {row.cells.map((cell, c) => (
                  <td
                    key={c}
                    role="gridcell"
                    class={cell.level === null ? 'none' : `h${cell.level}`}
                    tabIndex={at[0] === r && at[1] === c ? 0 : -1}
                    data-at={`${r}-${c}`}
                    aria-label={cell.text}
                    onClick={() => open(r, c)}
                    onMouseEnter={() => tell(cell.text)}
                    onFocus={() => tell(cell.text)}
                  />
                ))}
              </tr>
            ))}
          </tbody>
          <tfoot aria-hidden="true">
            <tr>
              <th />
              {view.columns.map((column, i) => (
                <th key={column.from}>{i % every === 0 ? column.label : ''}</th>
              ))}
            </tr>
          </tfoot>
        </table>
      </div>
      <div class="heat-key">
        <span class="steps" aria-hidden="true">
          <i />
          <i class="h2" />
          <i class="h4" />
          <i class="h5" />
          <i class="h6" />
        </span>
        <span>{scale}</span>
        {!all && view.rows.length > FIRST_ROWS && (
          <button type="button" class="button quiet" onClick={() => setAll(true)}>
            Show all {view.rows.length}
          </button>
        )}
        <span class="readout num">{told}</span>
      </div>
    </>
  );
}

function clamp(value: number, length: number): number {
  return Math.max(0, Math.min(length - 1, value));
}
