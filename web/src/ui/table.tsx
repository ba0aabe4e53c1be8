// Tables: sortable, with a head that stays, and as CSV.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { change, go } from '../lib/location.js';
import { shorten } from '../prepare/format.js';
import { sortRows, type SortValue } from '../prepare/sort.js';
import { copy } from './card.js';
import { say } from './dialog.js';
import { useView } from './view.js';

/** A column. `value` is what is sorted by and what the CSV holds; `cell` what is shown, the value where left out. */
export interface Column<T> {
  name: string;
  value: (row: T) => SortValue;
  cell?: (row: T) => ComponentChildren;
  right?: boolean;
  /** A picture or buttons: nothing to sort by or to save. */
  plain?: true;
  /** Sentences: wide enough to be read on a narrow screen. */
  text?: boolean;
}

/** Offer text as a file. */
export function download(name: string, text: string, type: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** The rows as a CSV file. Cells that a spreadsheet would take for a formula are escaped. */
export async function downloadCsv(
  name: string,
  head: readonly string[],
  rows: readonly (readonly SortValue[])[],
): Promise<void> {
  const { stringify } = await import('csv-stringify/browser/esm/sync');
  download(
    `${name.replace(/[^\w.-]+/g, '-')}.csv`,
    stringify([[...head], ...rows.map((row) => [...row])], { escape_formulas: true }),
    'text/csv',
  );
}

export function CsvButton({
  name,
  head,
  rows,
}: {
  name: string;
  head: readonly string[];
  rows: () => readonly (readonly SortValue[])[];
}) {
  const save = (): void => {
    downloadCsv(name, head, rows()).catch((error: unknown) => say(`The file could not be made: ${String(error)}`));
  };
  return (
    <button type="button" class="button quiet" onClick={save}>
      CSV
    </button>
  );
}

/** Text as a column and a direction: `-PSI` is descending. */
function orderOf(text: string | null): Order | null {
  if (text === null) return null;
  return text.startsWith('-') ? { column: text.slice(1), descending: true } : { column: text, descending: false };
}

interface Order {
  column: string;
  descending: boolean;
}

/** A table of rows. `name`: its own within the page, under which the address keeps its order; `caption` says what it lists, to screen readers. */
export function Table<T>({
  name,
  caption,
  columns,
  rows,
  keyOf,
  csv,
  sort,
  foot,
  show = 200,
}: {
  name: string;
  caption: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf: (row: T, index: number) => string | number;
  csv?: string;
  /** The column that sorts at first, and which way; left out: the order of the rows. */
  sort?: Order;
  foot?: ComponentChildren;
  /** How many rows are shown at first. */
  show?: number;
}) {
  const { place } = useView();
  const key = `sort.${name}`;
  const order = orderOf(place.query.get(key)) ?? sort ?? null;
  const [all, setAll] = useState(false);
  const by = columns.find((column) => column.name === order?.column && column.plain !== true);
  const sorted = by === undefined ? rows : sortRows(rows, by.value, order?.descending ?? false);
  const shown = all ? sorted : sorted.slice(0, show);
  const press = (column: Column<T>): void => {
    const descending = order?.column === column.name ? !order.descending : column.right === true;
    go(change({ [key]: `${descending ? '-' : ''}${column.name}` }, place), { replace: true });
  };
  const saved = columns.filter((column) => column.plain !== true);
  return (
    <>
      <div class="table-scroll" role="region" aria-label={caption} tabIndex={0}>
        <table class="data">
          <caption class="hidden">{caption}</caption>
          <thead>
            <tr>
              {columns.map((column) => (
                <th
                  key={column.name}
                  scope="col"
                  class={column.right === true ? 'right' : undefined}
                  aria-sort={
                    order?.column === column.name ? (order.descending ? 'descending' : 'ascending') : undefined
                  }
                >
                  {column.plain === true ? (
                    <span class={column.name === 'Actions' ? 'hidden' : undefined}>{column.name}</span>
                  ) : (
                    <button type="button" onClick={() => press(column)}>
                      {column.name}
                    </button>
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, index) => (
              <tr key={keyOf(row, index)}>
                {columns.map((column) => (
                  <td key={column.name} class={classOf(column, row)}>
                    {column.cell?.(row) ?? plain(column.value(row))}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {(csv !== undefined || foot !== undefined || shown.length < sorted.length) && (
        <div class="table-foot">
          {shown.length < sorted.length && (
            <button type="button" class="button quiet" onClick={() => setAll(true)}>
              Show all {sorted.length}
            </button>
          )}
          {foot}
          {csv !== undefined && (
            <CsvButton
              name={csv}
              head={saved.map((column) => column.name)}
              rows={() => sorted.map((row) => saved.map((column) => column.value(row)))}
            />
          )}
        </div>
      )}
    </>
  );
}

/** Times stay in one line. */
const TIME = /^\d{4}-\d\d-\d\dT/;

function classOf<T>(column: Column<T>, row: T): string | undefined {
  if (column.right === true) return 'right';
  if (column.text === true) return 'text';
  const value = column.value(row);
  return typeof value === 'string' && TIME.test(value) ? 'nowrap' : undefined;
}

function plain(value: SortValue): string {
  return value === null || value === '' ? '-' : String(value);
}

/** An id, shortened in the middle; a click copies the whole. */
export function Id({ id, most = 14 }: { id: string; most?: number }) {
  return (
    <button
      type="button"
      class="id"
      title={`${id} (click to copy)`}
      aria-label={`Copy ${id}`}
      onClick={() => copy(id, 'Id')}
    >
      {shorten(id, most)}
    </button>
  );
}
