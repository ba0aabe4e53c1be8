// Notices for tests of the mail and the other channels.
import type { Notice, NoticeItem } from '../../src/domain/alerts/notice.js';

export const NINE = Date.parse('2001-03-12T09:00:00Z');
const DAY = 86_400_000;

/** A firing psi alert on inputs.distance. */
export function anItem(changes: Partial<NoticeItem> = {}): NoticeItem {
  return {
    alertId: '11111111-1111-4111-8111-111111111111',
    version: '2',
    feature: 'inputs.distance',
    segment: '',
    metric: 'psi',
    state: 'firing',
    severity: 'critical',
    relative: null,
    reference: null,
    value: 0.3104,
    threshold: 0.2,
    noiseLimit: 0.0871,
    n: 222,
    since: NINE,
    windowStart: NINE,
    windowEnd: NINE + DAY,
    why: 'PSI 0.31 is above 0.2 (noise limit 0.0871) in 2 of the last 2 windows, n = 222; since 12 Mar 2001 09:00 UTC',
    ...changes,
  };
}

/** A first notice of two broken inputs. */
export function aNotice(changes: Partial<Notice> = {}): Notice {
  return {
    id: '22222222-2222-5222-8222-222222222222',
    kind: 'firing',
    reason: 'first',
    rule: 'input drift',
    model: 'flight-delay',
    deployment: '',
    channel: 'ops',
    open: [
      anItem(),
      anItem({
        alertId: '33333333-3333-4333-8333-333333333333',
        feature: 'inputs.origin',
        severity: 'warning',
        value: 0.187,
        threshold: 0.161,
        noiseLimit: 0.161,
      }),
    ],
    resolved: [],
    movedBins: [
      { version: '2', feature: 'inputs.distance', label: '> 1,200', baselineShare: 0.081, currentShare: 0.214 },
      { version: '2', feature: 'inputs.distance', label: '<= 180', baselineShare: 0.1, currentShare: 0.021 },
      { version: '2', feature: 'inputs.origin', label: '= "ORD"', baselineShare: 0.06, currentShare: 0.11 },
    ],
    quality: [
      { version: '', coverage: 0.96, metric: 'accuracy', value: 0.791, lower: 0.784, upper: 0.798, before: 0.81 },
    ],
    link: 'http://127.0.0.1:8080/?model=flight-delay&version=2',
    stop: {
      disable: `curl -X PUT 'http://127.0.0.1:8080/v1/alert-rules/input%20drift' -H 'content-type: application/json' -d '{"model":"flight-delay","version":"*","metric":"psi","feature":"*","op":">","warning":0.1,"critical":0.2,"for":2,"of":2,"channels":["ops"],"enabled":false}'`,
      silence: `curl -X PUT 'http://127.0.0.1:8080/v1/silences/mute%20input%20drift%20on%20flight-delay' -H 'content-type: application/json' -d '{"matchers":{"rule":"input drift","model":"flight-delay"},"starts":"2001-03-14T00:05:00.000Z","ends":"2001-03-15T00:05:00.000Z","comment":"from a notification"}'`,
      file: null,
    },
    messageId: '<22222222-2222-5222-8222-222222222222@driftline>',
    inReplyTo: null,
    at: NINE + 2 * DAY,
    ...changes,
  };
}

/** The same with everything that a mail can show. */
export function aFullNotice(changes: Partial<Notice> = {}): Notice {
  return aNotice({
    segments: {
      metric: 'share',
      about: 'share of inputs.distance in > 1,200',
      before: 0.081,
      after: 0.214,
      segments: [
        { segment: 'tags.region=US', valueBefore: 0.09, valueAfter: 0.41, mixEffect: 0.004, rateEffect: 0.11 },
        { segment: 'inputs.origin=ORD', valueBefore: 0.1, valueAfter: 0.22, mixEffect: 0.02, rateEffect: 0.01 },
        { segment: 'tags.region=', valueBefore: null, valueAfter: 0.1, mixEffect: -0.003, rateEffect: 0 },
      ],
    },
    query: 'http://127.0.0.1:8080/alerts/11111111-1111-4111-8111-111111111111',
    chart: {
      metric: 'psi',
      where: 'inputs.distance',
      windows: 30,
      threshold: 0.2,
      points: Array.from({ length: 30 }, (_, i) => {
        const value = i === 11 ? null : i > 26 ? 0.24 + (i - 26) * 0.02 : 0.03 + ((i * 7) % 11) / 150;
        return { value, past: value !== null && value > 0.2 };
      }),
    },
    links: {
      acknowledge: 'http://127.0.0.1:8080/alert-links/WyJhY2tub3dsZWRnZSJd.c2lnbmF0dXJl',
      silence: 'http://127.0.0.1:8080/alert-links/WyJzaWxlbmNlIl0.c2lnbmF0dXJl',
    },
    ...changes,
  });
}

/** The end of what `aNotice` told. */
export function aResolvedNotice(): Notice {
  const why =
    'PSI 0.0412 is no longer above 0.2, n = 219; it lasted from 12 Mar 2001 09:00 UTC to 15 Mar 2001 09:00 UTC';
  const over = { state: 'resolved' as const, value: 0.0412, why };
  const resolved = aNotice().open.map((item) => ({ ...item, ...over }));
  return aNotice({
    kind: 'resolved',
    reason: 'resolved',
    open: [],
    resolved,
    movedBins: [],
    quality: [],
    inReplyTo: aNotice().messageId,
  });
}
