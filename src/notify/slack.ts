// Notices as Slack messages, through an incoming webhook.
import { segmentPhrase } from '../domain/alerts/segment-wording.js';
import type { ChannelSender, Delivered, Notice, NoticeItem } from '../domain/alerts/notice.js';
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
  subjectOf,
  versionLabel,
} from '../domain/alerts/wording.js';
import type { Channel } from '../domain/contract/alerts.js';
import type { HttpSender } from './http-sender.js';

type SlackChannel = Extract<Channel, { type: 'slack' }>;

/** Slack's own limits: characters of a header and of a section. */
const HEADER_CHARACTERS = 150;
const SECTION_CHARACTERS = 3000;
const MAX_LINES = 12;

/** Text of the outside inside Slack's markup: these three characters are all that start a link, a mention or an entity. */
function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function itemLine(item: NoticeItem): string {
  if (isPulse(item.metric)) return `• ${item.severity ?? item.state}: ${escape(item.why)}`;
  const where = [place(item), versionLabel(item.version)].filter((part) => part !== '').join(' ') || 'whole model';
  return `• ${item.severity ?? item.state}: *${escape(where)}* ${escape(`${numbersPhrase(item)}, since ${formatTime(item.since)}`)}`;
}

function lines(items: readonly string[]): string {
  const shown = items.slice(0, MAX_LINES);
  const left = items.length - shown.length;
  return left === 0 ? shown.join('\n') : `${shown.join('\n')}\nand ${left} more`;
}

function section(text: string) {
  return { type: 'section', text: { type: 'mrkdwn', text: text.slice(0, SECTION_CHARACTERS) } };
}

function linkButton(text: string, url: string) {
  return { type: 'button', text: { type: 'plain_text', text }, url };
}

/** The body of a Slack message: blocks, and a text for clients that show none. */
export function slackBody(notice: Notice) {
  const subject = subjectOf(notice);
  const groups = [
    lines(notice.open.map(itemLine)),
    notice.resolved.length === 0 ? '' : `Over:\n${lines(notice.resolved.map((item) => `• ${escape(item.why)}`))}`,
    lines(notice.movedBins.map((bin) => escape(movedBinPhrase(bin)))),
    lines((notice.segments?.segments ?? []).map((one) => escape(segmentPhrase(notice.segments?.metric ?? '', one)))),
    lines(notice.quality.map((quality) => escape(qualitySentence(quality)))),
    notice.rollback === undefined ? '' : escape(rollbackSentence(notice.rollback)),
  ];
  const footer = `Rule ${escape(oneLine(notice.rule))}: ${escape(reasonPhrase(notice.reason))}. <${escape(notice.link)}|Open in Driftline>`;
  return {
    text: escape(subject),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: oneLine(subject, HEADER_CHARACTERS) } },
      section(escape(leadSentence(notice))),
      ...groups.filter((text) => text !== '').map(section),
      ...(notice.links === undefined
        ? []
        : [
            {
              type: 'actions',
              elements: [
                linkButton('Open', notice.link),
                ...(notice.query === undefined ? [] : [linkButton('Numbers and SQL', notice.query)]),
                linkButton('Acknowledge', notice.links.acknowledge),
                linkButton('Silence 24 h', notice.links.silence),
              ],
            },
          ]),
      { type: 'context', elements: [{ type: 'mrkdwn', text: footer }] },
    ],
  };
}

/** Sends notices to Slack. */
export class SlackSender implements ChannelSender<SlackChannel> {
  constructor(private readonly http: HttpSender) {}

  /** @throws DeliveryError */
  send(channel: SlackChannel, notice: Notice): Promise<Delivered> {
    return this.http.post(channel.url, JSON.stringify(slackBody(notice)), () => ({}));
  }
}
