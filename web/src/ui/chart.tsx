// A chart that can be looked at, read out, and read as a table.
import { useEffect, useRef, useState } from 'preact/hooks';
import { during } from '../lib/busy.js';
import { inTurn } from '../lib/turns.js';
import type { ChartView, LegendItem, Tip } from '../prepare/chart.js';
import type { ECharts } from './echarts.js';
import { CsvButton } from './table.js';
import { zoomByDragging } from './zoom.js';

/** What the pointer is told, as elements: text of the outside never becomes markup. */
function tipElement(tip: Tip | null): HTMLElement | string {
  if (tip === null) return '';
  const box = document.createElement('div');
  box.className = 'tip';
  const title = document.createElement('strong');
  title.textContent = tip.title;
  const list = document.createElement('dl');
  for (const [name, value] of tip.lines) {
    const term = document.createElement('dt');
    term.textContent = name;
    const detail = document.createElement('dd');
    detail.textContent = value;
    list.append(term, detail);
  }
  box.append(title, list);
  return box;
}

interface TipParams {
  axisValue?: number | string;
  dataIndex: number;
}

/** The option with the tips of the view. */
function withTips(view: ChartView): Record<string, unknown> {
  const tooltip = view.option.tooltip as Record<string, unknown>;
  const formatter = (params: TipParams | TipParams[]): HTMLElement | string => {
    const [first] = Array.isArray(params) ? params : [params];
    if (first === undefined) return '';
    const x = typeof first.axisValue === 'number' ? first.axisValue : first.dataIndex;
    return tipElement(view.tip(x));
  };
  return { ...view.option, tooltip: { ...tooltip, formatter } };
}

/** What is drawn how. A single line that its title names already needs no key. */
export function Legend({ items, titled = false }: { items: readonly LegendItem[]; titled?: boolean }) {
  if (items.length === 0 || (titled && items.length === 1)) return null;
  return (
    <ul class="legend">
      {items.map((item) => (
        <li key={item.name}>
          <svg viewBox="0 0 18 10" aria-hidden="true">
            {item.hatched === true ? (
              <path d="M1 10L7 0M7 10L13 0M12 10L18 0" stroke={item.color} stroke-width="1.2" />
            ) : (
              <path
                d="M1 5h16"
                stroke={item.color}
                stroke-width="2.5"
                stroke-linecap="round"
                stroke-dasharray={item.dashed === 'dotted' ? '0.5 4.5' : item.dashed === true ? '4 4' : undefined}
              />
            )}
          </svg>
          {item.name}
        </li>
      ))}
    </ul>
  );
}

const library = () => import('./echarts.js');

/** Fetch what draws charts while their data are under way: for pages whose first content is a chart. */
export function fetchCharts(): void {
  // A chart that cannot be drawn says so itself.
  library().catch(() => undefined);
}

/** A chart with its sentence and its table. Charts of one `group` share the cursor. */
export function Chart({
  view,
  name,
  title,
  height = 240,
  group,
}: {
  view: ChartView;
  name: string;
  /** Over the chart, where its card has several. */
  title?: string;
  height?: number;
  group?: string;
}) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts | null>(null);
  const [table, setTable] = useState(false);
  const [ready, setReady] = useState(false);
  const timed = view.timed === true;
  useEffect(() => {
    const element = box.current;
    // An effect may come after its element has left the page.
    if (element?.isConnected !== true) return;
    let gone = false;
    let unzoom: (() => void) | undefined;
    // It is told once at the beginning too: to draw again in the same size would take as long as to draw.
    const observer = new ResizeObserver(() => {
      if (
        chart.current !== null &&
        (chart.current.getWidth() !== element.clientWidth || chart.current.getHeight() !== element.clientHeight)
      )
        chart.current.resize();
    });
    void during(library()).then(({ init, connect }) => {
      if (gone || !element.isConnected) return;
      chart.current = init(element, null, { renderer: 'svg' });
      if (group !== undefined) {
        chart.current.group = group;
        connect(group);
      }
      if (timed) unzoom = zoomByDragging(chart.current, element);
      observer.observe(element);
      setReady(true);
    });
    return () => {
      gone = true;
      observer.disconnect();
      unzoom?.();
      chart.current?.dispose();
      chart.current = null;
    };
  }, [group, timed]);
  useEffect(() => {
    if (!ready) return;
    return inTurn(() => chart.current?.setOption(withTips(view), { notMerge: true }));
  }, [view, ready]);
  return (
    <figure class="chart">
      <div class="row chart-head">
        {title === undefined ? <Legend items={view.legend} /> : <h3>{title}</h3>}
        <span class="row tools-right">
          <button type="button" class="button quiet" aria-pressed={table} onClick={() => setTable(!table)}>
            Table
          </button>
          <CsvButton name={name} head={view.head} rows={() => view.rows} />
        </span>
      </div>
      {title !== undefined && <Legend items={view.legend} titled />}
      <div
        ref={box}
        class="chart-canvas"
        style={{ height: `${height}px` }}
        role="img"
        tabIndex={0}
        aria-label={view.sentence}
        data-ready={ready}
      />
      {table && <ChartTable view={view} name={name} />}
    </figure>
  );
}

function ChartTable({ view, name }: { view: ChartView; name: string }) {
  return (
    <div class="table-scroll" role="region" aria-label={`${name} as a table`} tabIndex={0}>
      <table class="data">
        <caption class="hidden">{view.sentence}</caption>
        <thead>
          <tr>
            {view.head.map((text) => (
              <th key={text} scope="col">
                {text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {view.rows.map((row, i) => (
            <tr key={i}>
              {row.map((cell, j) => (
                <td key={j} class={typeof cell === 'number' ? 'right' : undefined}>
                  {cell === null ? '-' : typeof cell === 'number' ? Number(cell.toPrecision(6)) : String(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
