// The mail of a notice: subject, plain text that is complete on its own, and HTML that holds nothing from elsewhere.
import type { Notice, NoticeItem } from '../domain/alerts/notice.js';
import { chartCaption, segmentPhrase, segmentsHeading } from '../domain/alerts/segment-wording.js';
import {
  formatNumber,
  formatTime,
  headlineWord,
  itemLimit,
  itemValue,
  leadSentence,
  metricName,
  movedBinPhrase,
  oneLine,
  qualitySentence,
  rollbackSentence,
  reasonPhrase,
  subjectOf,
} from '../domain/alerts/wording.js';
import { html, type Html, type HtmlValue } from '../domain/html.js';
import { chartTable } from './mail-chart.js';
import { leftOver, MAX_ROWS, renderText, stateWord, versionPhrase, wherePhrase } from './mail-text.js';

/** A mail, ready to send. */
export interface RenderedMail {
  subject: string;
  text: string;
  html: string;
}

/** Render a notice as mail. */
export function renderMail(notice: Notice): RenderedMail {
  return { subject: subjectOf(notice), text: renderText(notice), html: renderHtml(notice).text };
}

// HTML: styles stand on the elements, as many mail clients read no others; the classes serve the dark scheme of those that do.

const FONT = "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const MONO = 'ui-monospace,SFMono-Regular,Menlo,Consolas,monospace';
const DARK = `@media (prefers-color-scheme: dark) {
.page { background:#0f1419 !important; } .card { background:#171d24 !important; border-color:#2a323c !important; }
.text { color:#e6edf3 !important; } .muted { color:#9aa7b4 !important; } .line { border-color:#2a323c !important; }
.code { background:#0f1419 !important; color:#9aa7b4 !important; border-color:#2a323c !important; } .link { color:#3fb8a9 !important; }
.button { background:#3fb8a9 !important; color:#0f1419 !important; }
.second { border-color:#3fb8a9 !important; color:#3fb8a9 !important; }
.bar { background:#3fb8a9 !important; } .bar-past { background:#ff6b64 !important; }
.critical { color:#ff6b64 !important; } .warning { color:#d29922 !important; } .resolved { color:#3fb950 !important; } .none { color:#9aa7b4 !important; } }
@media (max-width: 480px) { .body { padding:16px !important; } .cell { font-size:12px !important; } .cell:not(:first-child) { padding-left:6px !important; } }`;

const LOOK: Record<string, { color: string; mark: string; name: string }> = {
  critical: { color: '#c11c28', mark: '\u25b2', name: 'critical' },
  warning: { color: '#8a5a00', mark: '\u25c6', name: 'warning' },
  resolved: { color: '#1a7f37', mark: '\u2713', name: 'resolved' },
};
const PLAIN_LOOK = { color: '#57606a', mark: '\u25cb', name: 'none' };

function status(word: string): Html {
  const look = LOOK[word] ?? PLAIN_LOOK;
  return html`<span class="${look.name}" style="color:${look.color};font-weight:600;white-space:nowrap"
    >${look.mark} ${word}</span
  >`;
}

function heading(text: string): Html {
  return html`<h2 class="text" style="margin:24px 0 8px;font-size:14px;line-height:20px;font-weight:600;color:#1b1f24">
    ${text}
  </h2>`;
}

function paragraph(content: HtmlValue): Html {
  return html`<p class="text" style="margin:0 0 8px;font-size:14px;line-height:20px;color:#1b1f24">${content}</p>`;
}

function note(content: HtmlValue): Html {
  return html`<p class="muted" style="margin:0 0 8px;font-size:12px;line-height:17px;color:#57606a">${content}</p>`;
}

const CELL =
  'padding:8px 0 8px 12px;border-bottom:1px solid #d8dee4;font-size:13px;line-height:18px;vertical-align:top;';
const NUMBER = 'text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums;';

function headCell(text: string, number: boolean): Html {
  const side = number ? 'text-align:right;' : 'text-align:left;';
  return html`<th
    class="muted line cell"
    scope="col"
    style="${CELL}${side}font-weight:600;font-size:12px;color:#57606a;white-space:nowrap"
  >
    ${text}
  </th>`;
}

function cell(content: HtmlValue, style = NUMBER): Html {
  return html`<td class="text line cell" style="${CELL}${style}color:#1b1f24">${content}</td>`;
}

const FIRST_CELL = 'padding-left:0;text-align:left;word-break:break-word;overflow-wrap:anywhere;';

function openRow(item: NoticeItem): Html {
  return html`<tr>
    ${cell(html`<strong>${wherePhrase(item)}</strong><br />${status(stateWord(item))} <span class="muted" style="color:#57606a">${versionPhrase(item)}</span>`, FIRST_CELL)}
    ${cell(html`<strong>${itemValue(item)}</strong>`)}
    ${cell(itemLimit(item))}${cell(formatNumber(item.noiseLimit))}${cell(formatNumber(item.n))}
    ${cell(sinceLines(item.since))}
  </tr>`;
}

/** Date over time: one line would make the table wider than a phone. */
function sinceLines(time: number): Html {
  const text = formatTime(time);
  return html`${text.slice(0, 11)}<br />${text.slice(12)}`;
}

/** The value's column is headed by the metric when all rows have the same one. */
function valueHeading(items: readonly NoticeItem[]): string {
  const metrics = new Set(items.map((item) => item.metric));
  return metrics.size === 1 ? metricName(items[0]?.metric ?? '') : 'Value';
}

function openTable(items: readonly NoticeItem[]): HtmlValue {
  if (items.length === 0) return null;
  const numbers = [valueHeading(items), 'Limit', 'Noise', 'n', 'Since'].map((text) => headCell(text, true));
  const left = leftOver(items);
  return html`${heading('What broke')}
    <table role="table" width="100%" cellpadding="0" cellspacing="0" style="border-collapse:collapse;width:100%">
      <thead>
        <tr>
          ${html`<th class="muted line" scope="col" style="${CELL}padding-left:0;text-align:left;font-weight:600;font-size:12px;color:#57606a">Where</th>`}${numbers}
        </tr>
      </thead>
      <tbody>
        ${items.slice(0, MAX_ROWS).map(openRow)}
      </tbody>
    </table>
    ${left === null ? null : note(left)}`;
}

function resolvedList(items: readonly NoticeItem[]): HtmlValue {
  if (items.length === 0) return null;
  const left = leftOver(items);
  const rows = items.slice(0, MAX_ROWS).map(
    (item) =>
      html`<tr>
        ${cell(html`<strong>${wherePhrase(item)}</strong><br />${status(stateWord(item))}`, `${FIRST_CELL}width:34%;`)}
        ${cell(versionPhrase(item), 'text-align:left;')}${cell(item.why, 'text-align:left;')}
      </tr>`,
  );
  return html`${heading('What is over')}
    <table role="table" width="100%" cellpadding="0" cellspacing="0" style="border-collapse:collapse;width:100%">
      <tbody>
        ${rows}
      </tbody>
    </table>
    ${left === null ? null : note(left)}`;
}

/** A percentage stays on one line. */
function unbroken(text: string): string {
  return text.replaceAll(' %', '\u00a0%');
}

function movedBins(notice: Notice): HtmlValue {
  if (notice.movedBins.length === 0) return null;
  const items = notice.movedBins.map(
    (bin) => html`<li style="margin:0 0 4px">${unbroken(movedBinPhrase(bin)).replace(' -> ', ' \u2192 ')}</li>`,
  );
  return html`${heading('Most moved, baseline \u2192 now')}
    <ul class="text" style="margin:0;padding-left:18px;font-size:14px;line-height:20px;color:#1b1f24">
      ${items}
    </ul>`;
}

function rollback(notice: Notice): HtmlValue {
  return notice.rollback === undefined ? [] : [paragraph(unbroken(rollbackSentence(notice.rollback)))];
}

function quality(notice: Notice): HtmlValue {
  return notice.quality.length === 0
    ? null
    : [heading('Quality'), ...notice.quality.map((one) => paragraph(unbroken(qualitySentence(one))))];
}

function segments({ segments: found }: Notice): HtmlValue {
  if (found === undefined) return null;
  const items = found.segments.map(
    (one) => html`<li style="margin:0 0 4px">${arrows(unbroken(segmentPhrase(found.metric, one)))}</li>`,
  );
  return html`${heading('Where it comes from')}${paragraph(arrows(unbroken(segmentsHeading(found))))}
    <ul class="text" style="margin:0;padding-left:18px;font-size:14px;line-height:20px;color:#1b1f24">
      ${items}
    </ul>`;
}

function chart(notice: Notice): HtmlValue {
  if (notice.chart === undefined) return null;
  return html`<div style="margin:16px 0 4px">${chartTable(notice.chart)}</div>
    ${note(unbroken(chartCaption(notice.chart)))}`;
}

/** Buttons as links in table cells: what every mail client shows as such. */
function buttons({ link, links }: Notice): Html {
  const all = [
    {
      text: 'Open in Driftline',
      href: link,
      look: 'button',
      style: 'background:#0f6e66;color:#ffffff;border:1px solid #0f6e66',
    },
    ...(links === undefined
      ? []
      : [
          {
            text: 'Acknowledge',
            href: links.acknowledge,
            look: 'second',
            style: 'color:#0f6e66;border:1px solid #0f6e66',
          },
          {
            text: 'Silence 24 h',
            href: links.silence,
            look: 'second',
            style: 'color:#0f6e66;border:1px solid #0f6e66',
          },
        ]),
  ];
  const cells = all.map(
    ({ text, href, look, style }) =>
      html`<a
        class="${look}"
        href="${href}"
        style="display:inline-block;margin:0 8px 8px 0;padding:7px 15px;border-radius:6px;${style};font-size:14px;line-height:20px;font-weight:600;text-decoration:none;white-space:nowrap"
        >${text}</a
      >`,
  );
  return html`<div style="margin:24px 0 16px">${cells}</div>`;
}

function arrows(text: string): string {
  return text.replaceAll(' -> ', ' \u2192 ');
}

function command(text: string): Html {
  return html`<pre
    class="code line"
    style="margin:0 0 12px;padding:8px;border:1px solid #d8dee4;border-radius:6px;background:#f7f8fa;color:#57606a;font-family:${MONO};font-size:11px;line-height:16px;white-space:pre-wrap;word-break:break-all"
  >
${text}</pre>`;
}

function footer(notice: Notice): HtmlValue {
  if (notice.kind === 'test') return note(`Sent by Driftline because ${reasonPhrase(notice.reason)}.`);
  const { silence, disable } = notice.stop;
  return [
    note(
      html`Sent by Driftline: rule <strong>${oneLine(notice.rule)}</strong>, channel ${oneLine(notice.channel)}. Why
        now: ${reasonPhrase(notice.reason)}.`,
    ),
    notice.links === undefined ? [note('To silence this for a day:'), command(silence)] : null,
    disable === null ? null : [note('To turn the rule off:'), command(disable)],
    note("Where the service asks for a key, add -H 'Authorization: Bearer KEY'."),
  ];
}

function renderHtml(notice: Notice): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="supported-color-schemes" content="light dark" />
        <title>${subjectOf(notice)}</title>
        <style>
          :root { color-scheme: light dark; }
          ${DARK}
        </style>
      </head>
      <body class="page" style="margin:0;padding:0;background:#f7f8fa;font-family:${FONT}">
        <table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" style="background:#f7f8fa">
          <tr>
            <td align="center" style="padding:24px 8px">
              <table
                role="presentation"
                class="card"
                width="100%"
                cellpadding="0"
                cellspacing="0"
                style="max-width:680px;background:#ffffff;border:1px solid #d8dee4;border-radius:6px"
              >
                <tr>
                  <td align="left" class="body" style="padding:24px;font-family:${FONT}">
                    <p style="margin:0 0 8px;font-size:14px;line-height:20px">${status(headlineWord(notice))}</p>
                    <h1 class="text" style="margin:0;font-size:18px;line-height:25px;font-weight:600;color:#1b1f24">
                      ${leadSentence(notice)}
                    </h1>
                    ${openTable(notice.open)}${chart(notice)}${resolvedList(notice.resolved)}${movedBins(notice)}${segments(notice)}${quality(notice)}${rollback(notice)}
                    ${buttons(notice)}
                    <div class="line" style="border-top:1px solid #d8dee4;padding-top:12px">${footer(notice)}</div>
                  </td>
                </tr>
              </table>
            </td>
          </tr>
        </table>
      </body>
    </html>`;
}
