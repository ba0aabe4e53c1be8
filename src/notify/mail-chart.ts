// A small chart as a table of coloured cells: it needs no image and no SVG, so every mail client shows it.
import { chartCaption, chartTop } from '../domain/alerts/segment-wording.js';
import type { NoticeChart } from '../domain/alerts/notice.js';
import { html, type Html } from '../domain/html.js';

const HEIGHT = 48;
const COLORS = { past: '#c11c28', within: '#0f6e66' };

/** A column a window, those past the limit in another colour, and the limit as a line where one column would reach it. */
export function chartTable(chart: NoticeChart): Html {
  const top = chartTop(chart);
  const heightOf = (value: number): number =>
    top <= 0 ? 1 : Math.max(1, Math.round((Math.max(0, value) / top) * HEIGHT));
  const columns = chart.points.map(({ value, past }) => {
    const height = value === null ? 0 : heightOf(value);
    const color = past ? COLORS.past : COLORS.within;
    const look = past ? 'bar-past' : 'bar';
    return html`<td
      valign="bottom"
      height="${HEIGHT}"
      style="height:${HEIGHT}px;padding:0 1px;vertical-align:bottom;font-size:1px;line-height:1px"
    >
      <div
        class="${value === null ? '' : look}"
        style="height:${height}px;background:${value === null ? 'transparent' : color};font-size:1px;line-height:1px"
      >
        &nbsp;
      </div>
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
