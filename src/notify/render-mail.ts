// The mail of a notice: subject, plain text that is complete on its own, and HTML that holds nothing from elsewhere.
import type { Notice } from '../domain/alerts/notice.js';
import { chartCaption, segmentPhrase, segmentsHeading } from '../domain/alerts/segment-wording.js';
import {
  headlineWord,
  leadSentence,
  movedBinPhrase,
  oneLine,
  qualitySentence,
  reasonPhrase,
  rollbackSentence,
  subjectOf,
} from '../domain/alerts/wording.js';
import { html, type Html, type HtmlValue } from '../domain/html.js';
import { chartTable } from './mail-chart.js';
import {
  arrows,
  buttons,
  command,
  FONT,
  heading,
  list,
  note,
  paragraph,
  status,
  STYLES,
  title,
  unbroken,
} from './mail-parts.js';
import { openTable, resolvedTable } from './mail-table.js';
import { fileNote, KEY_NOTE, renderText } from './mail-text.js';

/** A mail, ready to send. */
export interface RenderedMail {
  subject: string;
  text: string;
  html: string;
}

/** Render a notice as mail. */
export function renderMail(notice: Notice): RenderedMail {
  return { subject: subjectOf(notice), text: renderText(notice), html: unindented(renderHtml(notice).text) };
}

/** The source's indentation is a third of a mail. */
function unindented(text: string): string {
  return text.replace(/\n\s+/g, '\n');
}

function movedBins({ movedBins: bins }: Notice): HtmlValue {
  if (bins.length === 0) return null;
  return html`${heading('Most moved, baseline \u2192 now')}${list(bins.map((bin) => arrows(unbroken(movedBinPhrase(bin)))))}`;
}

function quality(notice: Notice): HtmlValue {
  if (notice.quality.length === 0) return null;
  return [heading('Quality'), ...notice.quality.map((one) => paragraph(unbroken(qualitySentence(one))))];
}

function rollback(notice: Notice): HtmlValue {
  return notice.rollback === undefined
    ? null
    : [heading('What next'), paragraph(unbroken(rollbackSentence(notice.rollback)))];
}

function segments({ segments: found }: Notice): HtmlValue {
  if (found === undefined) return null;
  const items = found.segments.map((one) => arrows(unbroken(segmentPhrase(found.metric, one))));
  return html`${heading('Where it comes from')}${paragraph(arrows(unbroken(segmentsHeading(found))))}${list(items)}`;
}

function chart(notice: Notice): HtmlValue {
  if (notice.chart === undefined) return null;
  return html`<div style="margin:16px 0 4px">${chartTable(notice.chart)}</div>
    ${note(unbroken(chartCaption(notice.chart)))}`;
}

function links({ link, query, links: signed }: Notice): Html {
  const open = [
    { text: 'Open in Driftline', href: link },
    ...(query === undefined ? [] : [{ text: 'Numbers and SQL', href: query }]),
  ];
  if (signed === undefined) return buttons(open);
  return buttons([
    ...open,
    { text: 'Acknowledge', href: signed.acknowledge },
    { text: 'Silence 24 h', href: signed.silence },
  ]);
}

function footer(notice: Notice): HtmlValue {
  if (notice.kind === 'test') return note(`Sent by Driftline because ${reasonPhrase(notice.reason)}.`);
  const { silence, disable, file } = notice.stop;
  return [
    note(
      html`Sent by Driftline: rule <strong>${oneLine(notice.rule)}</strong>, channel ${oneLine(notice.channel)}. Why
        now: ${reasonPhrase(notice.reason)}.`,
    ),
    notice.links === undefined && notice.open.length > 0
      ? [note('To silence this for a day:'), command(silence)]
      : null,
    file === null ? null : note(fileNote(file)),
    disable === null ? null : [note('To turn the rule off:'), command(disable)],
    disable === null && notice.links !== undefined ? null : note(KEY_NOTE),
  ];
}

/** In the order of what a person asks: what broke, where it moved, what it did, what next. */
function body(notice: Notice): HtmlValue {
  return [
    html`<p style="margin:0 0 8px;font-size:14px;line-height:20px">${status(headlineWord(notice))}</p>`,
    title(leadSentence(notice)),
    openTable(notice.open),
    chart(notice),
    resolvedTable(notice.resolved),
    movedBins(notice),
    segments(notice),
    quality(notice),
    rollback(notice),
    links(notice),
    html`<div class="line" style="border-top:1px solid #d8dee4;padding-top:12px">${footer(notice)}</div>`,
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
          ${STYLES}
        </style>
      </head>
      <body class="page" style="margin:0;padding:0;background:#f7f8fa;font-family:${FONT}">
        <table
          role="presentation"
          class="page"
          width="100%"
          cellpadding="0"
          cellspacing="0"
          style="table-layout:fixed;background:#f7f8fa"
        >
          <tr>
            <td align="center" class="outer" style="padding:24px 8px">
              <table
                role="presentation"
                class="card"
                width="100%"
                cellpadding="0"
                cellspacing="0"
                style="table-layout:fixed;max-width:680px;background:#ffffff;border:1px solid #d8dee4;border-radius:6px"
              >
                <tr>
                  <td align="left" class="body" style="padding:24px;font-family:${FONT}">${body(notice)}</td>
                </tr>
              </table>
            </td>
          </tr>
        </table>
      </body>
    </html>`;
}
