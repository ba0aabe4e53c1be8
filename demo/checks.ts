// The demo judges itself: is everything in the service as it should be? Each finding is a sentence.
import { DAY, FAULT } from './flights.js';
import type { Expected, Sample } from './ledger.js';
import type { Mail } from './mail-sink.js';
import { type Version, VERSIONS } from './models.js';
import { type Alert, pointOf, type Summary } from './report.js';
import { evaluationOf, RULES, WINDOWS_TO_FIRE } from './setup.js';

/** One thing that was checked. `detail` says what was found, and what should have been found. */
export interface Finding {
  ok: boolean;
  what: string;
  detail: string;
}

/** A prediction as the service gives it back. */
export interface StoredPrediction {
  inputs: object;
  outputs: unknown;
  ground_truth: Record<string, unknown> | null;
}

/** An alert seen firing for the first time. `at`: simulated time in epoch ms. */
export interface Sighting {
  at: number;
  alert: Alert;
}

/** Everything that is judged. */
export interface Evidence {
  /** What the service computed beside what the demo knows, per version and month. */
  numbers: { summary: Summary; expected: Expected }[];
  /** The same per version over all months. */
  totals: Record<Version, { summary: Summary; expected: Expected }>;
  samples: { sample: Sample; stored: StoredPrediction }[];
  mails: readonly Mail[];
  /** Each alert as it was when it was first seen firing (asked once a simulated day). */
  sightings: readonly Sighting[];
  /** GET /v1/alerts?state=firing and GET /v1/alerts/history. */
  firing: readonly Alert[];
  history: readonly Alert[];
}

/** The feature that the fault breaks. */
export const FAULTY_FEATURE = 'inputs.distance';
const TOLERANCE = 1e-9;
const FIRED_ON = FAULT.start + (WINDOWS_TO_FIRE - 1) * DAY;

/** Judge the evidence; every finding is reported, good or bad. */
export function judge(evidence: Evidence): Finding[] {
  return [
    ...evidence.numbers.flatMap(({ summary, expected }) => numbersAgree(summary, expected)),
    samplesReadBack(evidence.samples),
    secondIsBetter(evidence.totals),
    ...mailsAreRight(evidence.mails),
    ...alertsAreRight(evidence),
  ];
}

/** Counts, coverage, accuracy and AUC are what the demo computes from its own record of what it sent. */
function numbersAgree(summary: Summary, expected: Expected): Finding[] {
  const where = `version ${summary.version}, ${summary.month}`;
  const coverage = expected.predictions === 0 ? null : expected.labelled / expected.predictions;
  const pairs = [
    ['predictions', pointOf(summary, 'prediction_count')?.value, expected.predictions],
    ['label coverage', pointOf(summary, 'label_coverage')?.value, coverage],
    ['accuracy', pointOf(summary, 'accuracy')?.value, expected.accuracy],
    ['AUC', pointOf(summary, 'roc_auc')?.value, expected.rocAuc],
  ] as const;
  return pairs.map(([what, found, wanted]) => ({
    ok: agrees(found, wanted),
    what: `${what} (${where})`,
    detail: `the service says ${show(found)}, what was sent gives ${show(wanted)}`,
  }));
}

/** Sampled predictions come back as they were sent, with the label that came last. */
function samplesReadBack(samples: Evidence['samples']): Finding {
  const wrong = samples.flatMap(({ sample, stored }) => {
    const wanted = { inputs: sample.inputs, outputs: sample.outputs, late: sample.late };
    const found = { inputs: stored.inputs, outputs: stored.outputs, late: stored.ground_truth?.late ?? null };
    return sameJson(wanted, found)
      ? []
      : [`${sample.what}: sent ${JSON.stringify(wanted)}, read ${JSON.stringify(found)} (${sample.id})`];
  });
  return {
    ok: wrong.length === 0 && samples.length > 0,
    what: 'predictions read back as sent, with their last label',
    detail: wrong.join('; ') || `${samples.length} read: ${samples.map(({ sample }) => sample.what).join(', ')}`,
  };
}

/** Version 2 must be the better one, over all months, in accuracy and in AUC. */
function secondIsBetter(totals: Evidence['totals']): Finding {
  const read = (version: Version, metric: 'accuracy' | 'roc_auc'): number =>
    pointOf(totals[version].summary, metric)?.value ?? NaN;
  const [first, second] = VERSIONS;
  const better = (['accuracy', 'roc_auc'] as const).map((metric) => ({
    ok: read(second, metric) > read(first, metric),
    text: `${metric} ${read(second, metric).toFixed(4)} against ${read(first, metric).toFixed(4)}`,
  }));
  return {
    ok: better.every(({ ok }) => ok),
    what: 'version 2 is better than version 1',
    detail: better.map(({ text }) => text).join(', '),
  };
}

/** One mail when the fault is found, one when it is over, each at the right time. */
function mailsAreRight(mails: readonly Mail[]): Finding[] {
  const subjects = mails.map(({ at, subject }) => `${iso(at)} "${subject}"`).join('; ') || 'none';
  const expected = [
    { what: 'the mail about the fault', at: evaluationOf(FIRED_ON), resolved: false },
    { what: 'the mail about its end', at: evaluationOf(FAULT.end), resolved: true },
  ];
  const each = expected.map(({ what, at, resolved }, place) => {
    const mail = mails[place];
    const names = `${mail?.subject} ${mail?.text}`.includes(FAULTY_FEATURE);
    const ok = mail !== undefined && mail.at === at && names && /resolved/i.test(mail.subject) === resolved;
    const when = `due at ${iso(at)}, naming ${FAULTY_FEATURE}, ${resolved ? 'marked' : 'not marked'} as resolved`;
    return {
      ok,
      what,
      detail: `${when}; arrived: ${mail === undefined ? 'nothing' : `${iso(mail.at)} "${mail.subject}"`}`,
    };
  });
  return [
    { ok: mails.length === expected.length, what: 'two mails, no more', detail: `arrived: ${subjects}` },
    ...each,
  ];
}

/** The fault fired for each version, from its first window on, when the second was complete; nothing else ever fired. */
function alertsAreRight({ sightings, firing, history }: Evidence): Finding[] {
  const isFault = (alert: Alert): boolean => alert.rule === RULES.drift && alert.feature === FAULTY_FEATURE;
  const found = VERSIONS.map((version) => {
    const seen = sightings.filter(({ alert }) => isFault(alert) && alert.version === version);
    const [first] = seen;
    const ok =
      seen.length === 1 &&
      first?.at === evaluationOf(FIRED_ON) &&
      first.alert.since === iso(FAULT.start) &&
      first.alert.window_start === iso(FIRED_ON);
    const wanted = `due once at ${iso(evaluationOf(FIRED_ON))}, for the window of ${iso(FIRED_ON)}, since ${iso(FAULT.start)}`;
    const got = seen.map(
      ({ at, alert }) => `at ${iso(at)}, for the window of ${alert.window_start}, since ${alert.since}`,
    );
    const detail = `${wanted}; seen: ${got.join('; ') || 'never'}`;
    return { ok, what: `the fault is found in its second window (version ${version})`, detail };
  });
  // An alert that never was more than pending has no severity.
  const told = [...sightings.map(({ alert }) => alert), ...history.filter(({ severity }) => severity !== null)];
  const others = told.filter((alert) => !isFault(alert));
  const over = history.filter((alert) => isFault(alert) && alert.state === 'resolved');
  return [
    ...found,
    {
      ok: over.length === VERSIONS.length && over.every((alert) => alert.window_start === iso(FAULT.end)),
      what: `the history has the fault once a version, ended by the window of ${iso(FAULT.end)}`,
      detail: over.map(describe).join('; ') || 'it has no such alert',
    },
    {
      ok: others.length === 0,
      what: 'nothing else fired',
      detail: others.map(describe).join('; ') || 'no other alert',
    },
    {
      ok: firing.length === 0,
      what: 'nothing is firing now',
      detail: firing.map(describe).join('; ') || 'no alert is firing',
    },
  ];
}

function describe({ rule, version, feature, window_start: window, value, threshold }: Alert): string {
  return `${rule} v${version} ${feature} (window of ${window}: ${show(value)} against ${show(threshold)})`;
}

function agrees(found: number | null | undefined, wanted: number | null): boolean {
  if (wanted === null || typeof found !== 'number') return found === wanted;
  return Math.abs(found - wanted) <= TOLERANCE * Math.max(1, Math.abs(wanted));
}

/** Whether two documents are equal, whatever the order of their keys. */
function sameJson(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  const other = new Map<string, unknown>(right);
  return (
    left.length === right.length && left.every(([key, value]) => other.has(key) && sameJson(value, other.get(key)))
  );
}

function show(value: number | null | undefined): string {
  return typeof value === 'number' ? String(value) : 'nothing';
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
