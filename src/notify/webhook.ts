// Notices as signed JSON to a webhook.
import { createHmac } from 'node:crypto';
import type { ChannelSender, Delivered, Notice, NoticeItem } from '../domain/alerts/notice.js';
import { leadSentence, qualitySentence, rollbackSentence, subjectOf } from '../domain/alerts/wording.js';
import type { Channel } from '../domain/contract/alerts.js';
import { iso } from '../domain/contract/common.js';
import type { HttpSender } from './http-sender.js';

type WebhookChannel = Extract<Channel, { type: 'webhook' }>;

/** The header that proves who sent a body: `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`. */
export function signature(secret: string, body: string, at: number): string {
  const t = Math.floor(at / 1000);
  return `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`;
}

function alertJson(notice: Notice, item: NoticeItem) {
  return {
    id: item.alertId,
    rule: notice.rule,
    model: notice.model,
    version: item.version,
    deployment: notice.deployment,
    feature: item.feature,
    segment: item.segment,
    metric: item.metric,
    state: item.state,
    severity: item.severity,
    value: item.value,
    threshold: item.threshold,
    noise_limit: item.noiseLimit,
    n: item.n,
    since: iso(item.since),
    window_start: iso(item.windowStart),
    window_end: iso(item.windowEnd),
    why: item.why,
  };
}

/** The body of a webhook: the alert group. */
export function webhookBody(notice: Notice) {
  return {
    id: notice.id,
    kind: notice.kind,
    reason: notice.reason,
    rule: notice.rule,
    model: notice.model,
    deployment: notice.deployment,
    subject: subjectOf(notice),
    summary: leadSentence(notice),
    alerts: notice.open.map((item) => alertJson(notice, item)),
    resolved: notice.resolved.map((item) => alertJson(notice, item)),
    moved_bins: notice.movedBins.map((bin) => ({
      version: bin.version,
      feature: bin.feature,
      label: bin.label,
      baseline_share: bin.baselineShare,
      current_share: bin.currentShare,
    })),
    contributions:
      notice.segments === undefined
        ? null
        : {
            metric: notice.segments.metric,
            about: notice.segments.about,
            before: notice.segments.before,
            after: notice.segments.after,
            segments: notice.segments.segments.map((one) => ({
              segment: one.segment,
              value_before: one.valueBefore,
              value_after: one.valueAfter,
              mix_effect: one.mixEffect,
              rate_effect: one.rateEffect,
            })),
          },
    quality: notice.quality.map(qualitySentence),
    rollback:
      notice.rollback === undefined
        ? null
        : {
            version: notice.rollback.version,
            previous_version: notice.rollback.previousVersion,
            text: rollbackSentence(notice.rollback),
          },
    url: notice.link,
    query_url: notice.query ?? null,
    evaluated_at: iso(notice.at),
  };
}

/** Sends notices to webhooks. */
export class WebhookSender implements ChannelSender<WebhookChannel> {
  constructor(
    private readonly http: HttpSender,
    private readonly clock: () => number,
  ) {}

  /** @throws DeliveryError */
  send(channel: WebhookChannel, notice: Notice): Promise<Delivered> {
    const body = JSON.stringify(webhookBody(notice));
    return this.http.post(channel.url, body, () => {
      const id = { 'x-driftline-delivery': notice.id };
      // Signed with the time of the attempt: receivers refuse old signatures.
      return channel.secret === undefined
        ? id
        : { ...id, 'x-driftline-signature': signature(channel.secret, body, this.clock()) };
    });
  }
}
