// What the demo shows and how it judges itself: the table, the mails, progress, and checks that notice each thing gone wrong.
import { describe, expect, test } from 'vitest';
import { type Evidence, FAULTY_FEATURE, judge } from '../../demo/checks.js';
import { DAY, FAULT } from '../../demo/flights.js';
import type { Version } from '../../demo/models.js';
import { lines } from '../../demo/progress.js';
import { type Alert, mostDrifted, type Point, renderMails, renderTable, type Summary } from '../../demo/report.js';
import { evaluationOf, RULES } from '../../demo/setup.js';

const point = (over: Partial<Point>): Point => ({
  feature: '',
  metric: 'accuracy',
  value: null,
  lower: null,
  upper: null,
  n: 100,
  coverage: 1,
  status: 'ok',
  ...over,
});

const summaryOf = (version: Version, accuracy: number, month = '2001-03'): Summary => ({
  version,
  month,
  points: [
    point({ metric: 'prediction_count', value: 7099 }),
    point({ metric: 'label_coverage', value: 0.98 }),
    point({ metric: 'accuracy', value: accuracy, lower: accuracy - 0.01, upper: accuracy + 0.01 }),
    point({ metric: 'roc_auc', value: accuracy - 0.1 }),
    point({ metric: 'psi', feature: 'inputs.origin', value: 0.04 }),
    point({ metric: 'psi_noise_99', feature: 'inputs.origin', value: 0.024 }),
    point({ metric: 'psi', feature: FAULTY_FEATURE, value: 0.05 }),
    point({ metric: 'psi_noise_99', feature: FAULTY_FEATURE, value: 0.006 }),
    point({ metric: 'ks_statistic', feature: FAULTY_FEATURE, value: 0.11 }),
    point({ metric: 'psi', feature: 'inputs.hour', value: null }),
  ],
});

describe('the report', () => {
  test('features are listed most drifted first; one without a number is left out', () => {
    expect(mostDrifted(summaryOf('2', 0.7))).toEqual([
      { feature: FAULTY_FEATURE, psi: 0.05, noise: 0.006, ks: 0.11 },
      { feature: 'inputs.origin', psi: 0.04, noise: 0.024, ks: null },
    ]);
  });

  test('the table has a row per version and month, with intervals', () => {
    const text = renderTable([summaryOf('1', 0.69), summaryOf('2', 0.7)]);
    expect(text).toContain('7,099');
    expect(text).toContain('98.0 %');
    expect(text).toContain('69.0 % (68.0 % to 70.0 %)');
    expect(text).toContain('0.110');
  });

  test('a number that is not there is a dash, never a zero', () => {
    const cells = renderTable([{ version: '1', month: '2001-02', points: [] }])
      .split('\n')
      .find((line) => line.includes('2001-02'))
      ?.split('│')
      .map((cell) => cell.trim())
      .slice(3, -1);
    expect(cells).toEqual(Array.from({ length: 8 }, () => '-'));
  });

  test('a mail is shown with its simulated time, its receiver and its text', () => {
    const text = renderMails([
      { at: Date.UTC(2001, 2, 14), to: ['a@b.test'], subject: 'It broke', text: 'one\ntwo\n' },
    ]);
    expect(text).toContain('2001-03-14T00:00:00.000Z (simulated)');
    expect(text).toContain('| Subject: It broke');
    expect(text).toContain('| two');
    expect(renderMails([])).toContain('none');
  });

  test('without a terminal, progress is one line each tenth', () => {
    const written: string[] = [];
    const progress = lines((text) => written.push(text));
    for (let done = 1; done <= 200; done++) progress.update(done, 200, Date.UTC(2001, 1, 1));
    expect(written).toHaveLength(10);
    expect(written[9]).toContain('100 %');
  });
});

describe('the checks', () => {
  const iso = (time: number): string => new Date(time).toISOString();
  const alert = (version: Version, over: Partial<Alert> = {}): Alert => ({
    id: `alert ${version}`,
    rule: RULES.drift,
    version,
    feature: FAULTY_FEATURE,
    state: 'firing',
    severity: 'critical',
    value: 0.33,
    threshold: 0.2,
    since: iso(FAULT.start),
    window_start: iso(FAULT.start + DAY),
    window_end: iso(FAULT.start + 2 * DAY),
    why: '',
    ...over,
  });
  const sighting = (seen: Alert, at = evaluationOf(FAULT.start + DAY)): Evidence['sightings'][number] => ({
    at,
    alert: seen,
  });
  const over = (version: Version, rest: Partial<Alert> = {}): Alert =>
    alert(version, { state: 'resolved', window_start: iso(FAULT.end), ...rest });
  const good = (): Evidence => {
    const entry = (version: Version): Evidence['numbers'][number] => {
      const accuracy = version === '1' ? 0.69 : 0.7;
      const labelled = 0.98 * 7099;
      return {
        summary: summaryOf(version, accuracy),
        expected: { predictions: 7099, labelled, accuracy, rocAuc: accuracy - 0.1 },
      };
    };
    const outputs = { late: false, probability: 0.1 };
    return {
      numbers: [entry('1'), entry('2')],
      totals: { '1': entry('1'), '2': entry('2') },
      samples: [
        {
          sample: { what: 'a label', id: 'x', inputs: { hour: 1 }, outputs, late: true },
          stored: { inputs: { hour: 1 }, outputs, ground_truth: { late: true } },
        },
      ],
      mails: [
        { at: evaluationOf(FAULT.start + DAY), to: [], subject: `[critical] PSI on ${FAULTY_FEATURE}`, text: '' },
        { at: evaluationOf(FAULT.end), to: [], subject: `[resolved] PSI on ${FAULTY_FEATURE}`, text: '' },
      ],
      firing: [],
      sightings: [sighting(alert('1')), sighting(alert('2'))],
      history: [over('1'), over('2'), alert('2', { feature: 'inputs.origin', state: 'resolved', severity: null })],
    };
  };
  const wrong = (evidence: Evidence): string[] =>
    judge(evidence)
      .filter(({ ok }) => !ok)
      .map(({ what }) => what);

  test('a run in which everything happened as planned has nothing wrong', () => {
    expect(wrong(good())).toEqual([]);
  });

  const broken: [string, (evidence: Evidence) => Evidence, RegExp][] = [
    [
      'a prediction is lost',
      (e) => ({ ...e, numbers: e.numbers.map((n) => ({ ...n, expected: { ...n.expected, predictions: 7100 } })) }),
      /predictions/,
    ],
    [
      'labels are missing',
      (e) => ({ ...e, numbers: e.numbers.map((n) => ({ ...n, expected: { ...n.expected, labelled: 7000 } })) }),
      /label coverage/,
    ],
    [
      'an accuracy is off by a millionth',
      (e) => ({ ...e, numbers: e.numbers.map((n) => ({ ...n, expected: { ...n.expected, accuracy: 0.700001 } })) }),
      /accuracy/,
    ],
    [
      'numbers are not there',
      (e) => ({ ...e, numbers: e.numbers.map((n) => ({ ...n, summary: { ...n.summary, points: [] } })) }),
      /AUC/,
    ],
    [
      'a correction is lost',
      (e) => ({
        ...e,
        samples: e.samples.map((s) => ({ ...s, stored: { ...s.stored, ground_truth: { late: false } } })),
      }),
      /read back/,
    ],
    [
      'an input changes on the way',
      (e) => ({ ...e, samples: e.samples.map((s) => ({ ...s, stored: { ...s.stored, inputs: { hour: '1' } } })) }),
      /read back/,
    ],
    ['version 2 is no better', (e) => ({ ...e, totals: { '1': e.totals['2'], '2': e.totals['1'] } }), /better/],
    ['no mail comes', (e) => ({ ...e, mails: [] }), /two mails/],
    ['a third mail comes', (e) => ({ ...e, mails: [...e.mails, ...e.mails.slice(0, 1)] }), /two mails/],
    [
      'the mail comes a day late',
      (e) => ({ ...e, mails: e.mails.map((m) => ({ ...m, at: m.at + DAY })) }),
      /about the fault/,
    ],
    [
      'the mail names another feature',
      (e) => ({ ...e, mails: e.mails.map((m) => ({ ...m, subject: 'PSI on inputs.hour' })) }),
      /about the fault/,
    ],
    [
      'the second mail is not about the end',
      (e) => ({ ...e, mails: e.mails.map((m) => ({ ...m, subject: `PSI on ${FAULTY_FEATURE}` })) }),
      /about its end/,
    ],
    [
      'another input fires',
      (e) => ({ ...e, sightings: [...e.sightings, sighting(alert('2', { feature: 'inputs.origin' }))] }),
      /nothing else fired/,
    ],
    [
      'the accuracy rule has fired between two looks',
      (e) => ({ ...e, history: [...e.history, over('2', { rule: RULES.accuracy, feature: '' })] }),
      /nothing else fired/,
    ],
    [
      'the fault fires a window late',
      (e) => ({
        ...e,
        sightings: e.sightings.map(({ at, alert: seen }) =>
          sighting({ ...seen, window_start: iso(FAULT.start + 2 * DAY) }, at + DAY),
        ),
      }),
      /second window/,
    ],
    [
      'the alert starts a window late',
      (e) => ({ ...e, sightings: [sighting(alert('1')), sighting(alert('2', { since: iso(FAULT.start + DAY) }))] }),
      /second window \(version 2\)/,
    ],
    [
      'the alert ends and fires again',
      (e) => ({ ...e, sightings: [...e.sightings, sighting(alert('2'))] }),
      /second window \(version 2\)/,
    ],
    ['the fault is never found', (e) => ({ ...e, sightings: [] }), /second window/],
    ['the fault is not in the history', (e) => ({ ...e, history: [] }), /the history/],
    [
      'the alert ends a window late',
      (e) => ({ ...e, history: [over('1'), over('2', { window_start: iso(FAULT.end + DAY) })] }),
      /the history/,
    ],
    ['an alert still fires', (e) => ({ ...e, firing: [alert('2')] }), /firing now/],
  ];
  test.each(broken)('the checks notice when %s', (_, breakIt, finding) => {
    expect(wrong(breakIt(good())).join('\n')).toMatch(finding);
  });
});
