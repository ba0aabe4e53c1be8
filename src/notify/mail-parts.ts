// The pieces that a mail's HTML is made of, and its styles.
import { html, type Html, type HtmlValue } from '../domain/html.js';

// Styles stand on the elements, as many mail clients read no others; the classes serve the dark scheme and the small screens of those that do.

export const FONT = "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const MONO = 'ui-monospace,SFMono-Regular,Menlo,Consolas,monospace';
/** Names of the outside are long: no word may be wider than the screen. */
const BREAK = 'word-break:break-word;overflow-wrap:anywhere;';

export const STYLES = `@media (prefers-color-scheme: dark) {
.page { background:#0f1419 !important; } .card { background:#171d24 !important; border-color:#2a323c !important; }
.text { color:#e6edf3 !important; } .muted { color:#9aa7b4 !important; } .line { border-color:#2a323c !important; }
.code { background:#0f1419 !important; color:#9aa7b4 !important; border-color:#2a323c !important; }
.button { background:#3fb8a9 !important; border-color:#3fb8a9 !important; color:#0f1419 !important; }
.second { border-color:#3fb8a9 !important; color:#3fb8a9 !important; }
.bar { background:#3fb8a9 !important; } .bar-past { background:#ff6b64 !important; } .limit { background:#9aa7b4 !important; }
.critical { color:#ff6b64 !important; } .warning { color:#d29922 !important; } .resolved { color:#3fb950 !important; } .none { color:#9aa7b4 !important; } }
@media (max-width: 520px) {
.outer { padding:8px 4px !important; } .body { padding:16px !important; }
.head { display:none !important; } .row, .cell { display:block !important; width:auto !important; }
.row { padding:8px 0 !important; border-bottom:1px solid #d8dee4; }
.cell { padding:0 !important; border:0 !important; text-align:left !important; }
.figure { display:inline-block !important; max-width:100%; margin-right:10px !important; } .label { display:inline !important; } }
@media (max-width: 520px) and (prefers-color-scheme: dark) { .row { border-color:#2a323c !important; } }`;

const LOOK: Record<string, { color: string; mark: string; name: string }> = {
  critical: { color: '#c11c28', mark: '\u25b2', name: 'critical' },
  warning: { color: '#8a5a00', mark: '\u25c6', name: 'warning' },
  resolved: { color: '#1a7f37', mark: '\u2713', name: 'resolved' },
};
const PLAIN_LOOK = { color: '#57606a', mark: '\u25cb', name: 'none' };

/** A state as a mark, a word and a colour. */
export function status(word: string): Html {
  const look = LOOK[word] ?? PLAIN_LOOK;
  return html`<span class="${look.name}" style="color:${look.color};font-weight:600;white-space:nowrap"
    >${look.mark} ${word}</span
  >`;
}

export function title(text: string): Html {
  return html`<h1 class="text" style="margin:0;font-size:18px;line-height:25px;font-weight:600;color:#1b1f24;${BREAK}">
    ${text}
  </h1>`;
}

export function heading(text: string): Html {
  return html`<h2 class="text" style="margin:24px 0 8px;font-size:14px;line-height:20px;font-weight:600;color:#1b1f24">
    ${text}
  </h2>`;
}

export function paragraph(content: HtmlValue): Html {
  return html`<p class="text" style="margin:0 0 8px;font-size:14px;line-height:20px;color:#1b1f24;${BREAK}">
    ${content}
  </p>`;
}

export function note(content: HtmlValue): Html {
  return html`<p class="muted" style="margin:0 0 8px;font-size:12px;line-height:17px;color:#57606a;${BREAK}">
    ${content}
  </p>`;
}

export function list(items: readonly HtmlValue[]): Html {
  return html`<ul
    class="text"
    style="margin:0;padding-left:18px;font-size:14px;line-height:20px;color:#1b1f24;${BREAK}"
  >
    ${items.map((item) => html`<li style="margin:0 0 4px">${item}</li>`)}
  </ul>`;
}

const CELL = 'padding:8px 0 8px 12px;border-bottom:1px solid #d8dee4;';
const FIRST = 'padding:8px 0;border-bottom:1px solid #d8dee4;';

/** The head of a column; `width` in per cent. */
export function headCell(text: string, width: number, isFirst: boolean): Html {
  const side = isFirst ? `${FIRST}text-align:left` : `${CELL}text-align:right`;
  return html`<th
    class="muted line cell"
    scope="col"
    width="${width}%"
    style="${side};font-size:12px;font-weight:600;color:#57606a"
  >
    ${text}
  </th>`;
}

/** The first cell of a row. */
export function firstCell(content: HtmlValue, width: number | null = null): Html {
  return html`<td class="line cell" ${width === null ? '' : html`width="${width}%"`} style="${FIRST}">${content}</td>`;
}

/** A cell of text. */
export function textCell(content: HtmlValue): Html {
  return html`<td class="line cell" style="${CELL}">${content}</td>`;
}

/** A number. Its `label` is seen only where the screen is too small for the head of the table. */
export function figureCell(label: string, content: HtmlValue): Html {
  return html`<td class="line cell figure" style="${CELL}text-align:right">
    <span class="muted label" style="display:none;color:#57606a">${label} </span>${content}
  </td>`;
}

/** A table that is never wider than what it stands in, whatever is in it. */
export function table(head: HtmlValue, rows: readonly Html[]): Html {
  return html`<table
    role="table"
    width="100%"
    cellpadding="0"
    cellspacing="0"
    style="table-layout:fixed;width:100%;border-collapse:collapse;${BREAK}"
  >
    ${
      head === null
        ? null
        : html`<thead class="head">
            <tr>
              ${head}
            </tr>
          </thead>`
    }
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}

export function tableRow(cells: readonly HtmlValue[]): Html {
  return html`<tr
    class="row line text"
    valign="top"
    style="font-size:13px;line-height:18px;font-variant-numeric:tabular-nums;color:#1b1f24"
  >
    ${cells}
  </tr>`;
}

/** A shell command. */
export function command(text: string): Html {
  return html`<pre
    class="code line"
    style="margin:0 0 12px;padding:8px;border:1px solid #d8dee4;border-radius:6px;background:#f7f8fa;color:#57606a;font-family:${MONO};font-size:11px;line-height:16px;white-space:pre-wrap;word-break:break-all"
  >
${text}</pre>`;
}

const PRIMARY = 'background:#0f6e66;color:#ffffff;border:1px solid #0f6e66';
const SECONDARY = 'color:#0f6e66;border:1px solid #0f6e66';

/** A link that looks like a button; the first is the one to press. */
export function buttons(links: readonly { text: string; href: string }[]): Html {
  const made = links.map(
    ({ text, href }, index) =>
      html`<a
        class="${index === 0 ? 'button' : 'second'}"
        href="${href}"
        style="display:inline-block;margin:0 8px 8px 0;padding:7px 15px;border-radius:6px;${index === 0 ? PRIMARY : SECONDARY};font-size:14px;line-height:20px;font-weight:600;text-decoration:none;white-space:nowrap"
        >${text}</a
      >`,
  );
  return html`<div style="margin:24px 0 16px">${made}</div>`;
}

/** A percentage stays on one line. */
export function unbroken(text: string): string {
  return text.replaceAll(' %', '\u00a0%');
}

export function arrows(text: string): string {
  return text.replaceAll(' -> ', ' \u2192 ');
}
