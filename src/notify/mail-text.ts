// The plain text of a notice's mail, and the phrases that its HTML shares.
import type { Notice, NoticeItem } from '../domain/alerts/notice.js';
import { chartCaption, segmentPhrase, segmentsHeading, sparkline } from '../domain/alerts/segment-wording.js';
import {
  formatTime,
  isPulse,
  leadSentence,
  movedBinPhrase,
  numbersPhrase,
  oneLine,
  place,
  qualitySentence,
  rollbackSentence,
  reasonPhrase,
  versionLabel,
} from '../domain/alerts/wording.js';

/** How many alerts of each kind are written out; keeps the mail under 100 KB whatever the names are. */
export const MAX_ROWS = 12;
const MAX_NAME = 64;
const MAX_VERSION = 32;

/** Where an alert is, in a table cell. */
export function wherePhrase(item: NoticeItem): string {
  return oneLine(place(item) || 'whole model', MAX_NAME);
}

/** An alert's version, in a table cell. */
export function versionPhrase(item: NoticeItem): string {
  return oneLine(versionLabel(item.version) || '-', MAX_VERSION);
}

/** What an alert is, in a word or two. */
export function stateWord(item: NoticeItem): string {
  return item.state === 'no_data' ? 'no data' : item.state === 'resolved' ? 'resolved' : (item.severity ?? 'firing');
}

/** What stands under a list that was cut, or null. */
export function leftOver(items: readonly NoticeItem[]): string | null {
  const left = items.length - MAX_ROWS;
  return left > 0 ? `and ${left} more: open Driftline to see them all` : null;
}

function textRow(item: NoticeItem): string[] {
  if (isPulse(item.metric)) return [`  ${wherePhrase(item)} (${stateWord(item)}): ${item.why}`];
  return [
    `  ${wherePhrase(item)}, version ${versionPhrase(item)} (${stateWord(item)})`,
    `    ${numbersPhrase(item)}`,
    `    since ${formatTime(item.since)}`,
  ];
}

function textList(title: string, lines: readonly (string | null)[]): string[] {
  const present = lines.filter((line) => line !== null);
  return present.length === 0 ? [] : [title, ...present, ''];
}

/** The plain text of a mail: complete on its own. */
export function renderText(notice: Notice): string {
  // One feed, job or channel is told in the first sentence already.
  const told = notice.open.length === 1 && notice.open.every(({ metric }) => isPulse(metric));
  const shown = told ? [] : notice.open.slice(0, MAX_ROWS);
  const over = notice.resolved.slice(0, MAX_ROWS);
  const lines = [
    leadSentence(notice),
    '',
    ...textList('What broke', [...shown.flatMap(textRow), leftOver(notice.open)]),
    ...textList('What is over', [
      ...over.map((item) => `  ${wherePhrase(item)}, version ${versionPhrase(item)}: ${item.why}`),
      leftOver(notice.resolved),
    ]),
    ...textList(
      'Most moved, baseline -> now',
      notice.movedBins.map((bin) => `  ${movedBinPhrase(bin)}`),
    ),
    ...textList(
      'Quality',
      notice.quality.map((quality) => `  ${qualitySentence(quality)}`),
    ),
    ...(notice.rollback === undefined ? [] : [rollbackSentence(notice.rollback), '']),
    ...segmentLines(notice),
    ...chartLines(notice),
    `Open: ${notice.link}`,
    ...(notice.query === undefined ? [] : [`Numbers, rows and SQL: ${notice.query}`]),
    ...(notice.links === undefined
      ? []
      : [`Acknowledge: ${notice.links.acknowledge}`, `Silence for 24 hours: ${notice.links.silence}`]),
    '',
    '-- ',
    ...footerLines(notice),
  ];
  return `${lines.join('\n')}\n`;
}

function segmentLines({ segments }: Notice): string[] {
  if (segments === undefined) return [];
  const lines = segments.segments.map((one) => `  ${segmentPhrase(segments.metric, one)}`);
  return textList(`Where it comes from: ${segmentsHeading(segments)}`, lines);
}

function chartLines({ chart }: Notice): string[] {
  return chart === undefined ? [] : [`${sparkline(chart)}  ${chartCaption(chart)}`, ''];
}

/** What stands under commands. */
export const KEY_NOTE = "Where the service asks for a key, add -H 'Authorization: Bearer KEY'.";

/** How a rule is turned off that comes from a file. */
export function fileNote(file: string): string {
  return `To turn the rule off: set enabled to false at ${oneLine(file, 300)}.`;
}

function footerLines(notice: Notice): string[] {
  if (notice.kind === 'test') return [`Sent by Driftline because ${reasonPhrase(notice.reason)}.`];
  return [
    `Sent by Driftline: rule ${oneLine(notice.rule)}, channel ${oneLine(notice.channel)}. Why now: ${reasonPhrase(notice.reason)}.`,
    ...(notice.links === undefined && notice.open.length > 0
      ? ['To silence this for a day:', `  ${notice.stop.silence}`]
      : []),
    ...(notice.stop.file === null ? [] : [fileNote(notice.stop.file)]),
    ...(notice.stop.disable === null ? [] : ['To turn the rule off:', `  ${notice.stop.disable}`]),
    ...(notice.stop.disable === null && notice.links !== undefined ? [] : [KEY_NOTE]),
  ];
}
