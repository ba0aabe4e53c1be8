// A small chart as a table of coloured cells: it needs no image and no SVG, so every mail client shows it.
import { chartCaption, chartTop } from '../domain/alerts/segment-wording.js';
import type { NoticeChart } from '../domain/alerts/notice.js';
import { html, type Html } from '../domain/html.js';

const HEIGHT = 48;
const COLORS = { 'bar-past': '#c11c28', bar: '#0f6e66', limit: '#57606a', gap: 'transparent' };
type Part = keyof typeof COLORS;

/** A column a window, those past the limit in another colour, and the limit as a line across all of them. */
export function chartTable(chart: NoticeChart): Html {
  const top = chartTop(chart);
  const heightOf = (value: number): number =>
    top <= 0 ? 1 : Math.max(1, Math.round((Math.max(0, value) / top) * HEIGHT));
  const limit = chart.threshold === null || chart.threshold <= 0 ? null : heightOf(chart.threshold);
  const columns = chart.points.map(({ value, past }) => {
    const parts = columnParts(value === null ? 0 : heightOf(value), limit, past ? 'bar-past' : 'bar');
    return html`<td
      valign="bottom"
      height="${HEIGHT}"
      style="height:${HEIGHT}px;padding:0;vertical-align:bottom;font-size:1px;line-height:1px"
    >
      ${parts.map(([part, height]) => strip(part, height))}
    </td>`;
  });
  return html`<table
    role="img"
    aria-label="${chartCaption(chart)}"
    width="100%"
    cellpadding="0"
    cellspacing="0"
    class="line"
    style="table-layout:fixed;width:100%;border-collapse:collapse;border-bottom:1px solid #d8dee4"
  >
    <tr>
      ${columns}
    </tr>
  </table>`;
}

/** A column from its top to its foot: heights in pixels. The line of the limit is one of them. */
function columnParts(height: number, limit: number | null, bar: Part): [Part, number][] {
  if (limit === null || limit > HEIGHT) return [[bar, height]];
  if (height < limit)
    return [
      ['limit', 1],
      ['gap', limit - 1 - height],
      [bar, height],
    ];
  return [
    [bar, height - limit],
    ['limit', 1],
    [bar, limit - 1],
  ];
}

function strip(part: Part, height: number): Html | null {
  if (height <= 0) return null;
  const margin = part === 'limit' ? '0' : '0 1px';
  return html`<div
    class="${part === 'gap' ? '' : part}"
    style="height:${height}px;margin:${margin};background:${COLORS[part]};overflow:hidden"
  >
    &nbsp;
  </div>`;
}
