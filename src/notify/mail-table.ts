// What broke and what is over, as tables of a mail.
import type { NoticeItem } from '../domain/alerts/notice.js';
import {
  formatCount,
  formatNumber,
  formatTime,
  isPulse,
  itemLimit,
  itemValue,
  metricName,
} from '../domain/alerts/wording.js';
import { html, type Html, type HtmlValue } from '../domain/html.js';
import { figureCell, firstCell, headCell, heading, note, status, table, tableRow, textCell } from './mail-parts.js';
import { leftOver, MAX_ROWS, stateWord, versionPhrase, wherePhrase } from './mail-text.js';

/** A column after the first: its head, its width in per cent, and what stands in it. */
interface Column {
  head: string;
  width: number;
  of: (item: NoticeItem) => HtmlValue;
}

const WHERE_WIDTH = 30;

/** What the rows have: no column is empty from top to bottom. */
function columnsOf(items: readonly NoticeItem[]): Column[] {
  const noise = items.some((item) => item.noiseLimit !== null);
  return [
    { head: valueHeading(items), width: 15, of: (item) => html`<strong>${itemValue(item)}</strong>` },
    { head: 'Limit', width: 12, of: itemLimit },
    ...(noise ? [{ head: 'Noise', width: 12, of: (item: NoticeItem) => formatNumber(item.noiseLimit) }] : []),
    { head: 'n', width: 11, of: (item) => formatCount(item.n) },
    { head: 'Since', width: 20, of: (item) => since(item.since) },
  ];
}

/** Date and time, each on one line. */
function since(time: number): Html {
  const text = formatTime(time);
  return html`<span style="white-space:nowrap">${text.slice(0, 11)}</span>
    <span style="white-space:nowrap">${text.slice(12)}</span>`;
}

/** A name that may be broken where its parts end. */
function breakable(name: string): HtmlValue {
  return name.split(/(?<=[._/])/).map((part, index) => (index === 0 ? part : html`<wbr />${part}`));
}

/** Alerts with their numbers: a row each. */
export function openTable(items: readonly NoticeItem[]): HtmlValue {
  if (items.length === 0) return null;
  // Of a feed, a job or a channel the sentence says it all.
  if (items.every(({ metric }) => isPulse(metric))) return items.length === 1 ? null : sentences('What broke', items);
  const columns = columnsOf(items);
  const head = [
    headCell('Where', WHERE_WIDTH, true),
    columns.map((column) => headCell(column.head, column.width, false)),
  ];
  const rows = items.slice(0, MAX_ROWS).map((item) => openRow(item, columns));
  return html`${heading('What broke')} ${table(head, rows)} ${rest(items)}`;
}

/** Alerts that are over, each with its reason. */
export function resolvedTable(items: readonly NoticeItem[]): HtmlValue {
  return items.length === 0 ? null : sentences('What is over', items);
}

function openRow(item: NoticeItem, columns: readonly Column[]): Html {
  const where = html`<strong>${breakable(wherePhrase(item))}</strong><br />${status(stateWord(item))}
    <span class="muted" style="color:#57606a">${versionPhrase(item)}</span>`;
  return tableRow([firstCell(where), columns.map(({ head, of }) => [' ', figureCell(head, of(item))])]);
}

function sentences(title: string, items: readonly NoticeItem[]): Html {
  const rows = items.slice(0, MAX_ROWS).map((item) => {
    const version = versionPhrase(item);
    const where = html`<strong>${breakable(wherePhrase(item))}</strong><br />${status(stateWord(item))}
      <span class="muted" style="color:#57606a">${version === '-' ? '' : version}</span>`;
    return tableRow([firstCell(where, WHERE_WIDTH), textCell(item.why)]);
  });
  return html`${heading(title)} ${table(null, rows)} ${rest(items)}`;
}

/** The value's column is headed by the metric when all rows have the same one. */
function valueHeading(items: readonly NoticeItem[]): string {
  const metrics = new Set(items.map((item) => item.metric));
  return metrics.size === 1 ? metricName(items[0]?.metric ?? '') : 'Value';
}

function rest(items: readonly NoticeItem[]): HtmlValue {
  const left = leftOver(items);
  return left === null ? null : html`<div style="padding-top:8px">${note(left)}</div>`;
}
