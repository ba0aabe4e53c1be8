// The first rules of a model: proposed from its history with honest counts, and refused with the nearest name where they name what is not there.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { HOUR, seedBrokenFlights, START } from '../../support/broken-flights.js';
import { cli } from '../../support/cli.js';
import { call, expectProblem } from '../../support/http.js';
import { startTestService, type TestService } from '../../support/service.js';

const folder = mkdtempSync(path.join(tmpdir(), 'driftline-init-'));
/** A name that would end a comment and open a document, if it stood as it is. */
const ODD = 'odd: "name"\nalert_rules: {}\n#';
let service: TestService;
let url: string;

beforeAll(async () => {
  service = await startTestService();
  url = await service.listen();
  await seedBrokenFlights(service);
  const rows = Array.from({ length: 12 * 40 }, (_, i) => ({
    model: ODD,
    timestamp: START + Math.floor(i / 40) * HOUR + i * 1000,
    inputs: { x: i % 40 },
    outputs: 1,
    status: i % 40 === 0 ? 'error' : 'ok',
  }));
  expect((await call(service.app, 'POST', '/v1/predictions', { body: rows })).status).toBe(201);
  await call(service.app, 'POST', '/v1/jobs/operations/run', { body: {} });
}, 60_000);

afterAll(async () => {
  await service.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A proposed file, with the count that stands above each rule. */
async function proposed(model: string) {
  const { code, out } = await cli(['--url', url, 'rules', 'init', model]);
  expect(code).toBe(0);
  const file = path.join(folder, 'proposed.yml');
  writeFileSync(file, out);
  const document = parse(out) as { alert_rules: Record<string, Record<string, unknown>> };
  const counts = [...out.matchAll(/^ {2}# Would have fired (once|(\d+) times)\. /gm)].map(([, once, times]) =>
    once === 'once' ? 1 : Number(times),
  );
  const [, from = '', to = ''] = /^# Proposed from \d+ windows of .*, (\S+) to (\S+)\. /.exec(out) ?? [];
  return { file, out, rules: Object.entries(document.alert_rules), counts, range: { from, to } };
}

describe('driftline rules init', () => {
  it('says of each rule how often a backtest over the same windows fires it', async () => {
    const { rules, counts, range } = await proposed('flights');
    expect(rules.map(([name]) => name)).toEqual([
      'flights drift',
      'flights missing values',
      'flights quality',
      'flights labels',
      'flights errors',
      'flights traffic',
    ]);
    expect(counts).toHaveLength(rules.length);
    for (const [index, [name, rule]] of rules.entries()) {
      const answer = await call(service.app, 'POST', '/v1/alert-rules/backtest', { body: { rule, ...range } });
      expect({ name, status: answer.status, fired: (answer.json()['fired'] as unknown[]).length }).toEqual({
        name,
        status: 200,
        fired: counts[index],
      });
    }
    // The trouble of the last three hours is in the history: a count of nothing but zeros would prove nothing.
    expect(counts[0]).toBeGreaterThan(0);
  });

  it('writes a file that is in order as it stands, and that a service takes', async () => {
    for (const model of ['flights', ODD]) {
      const { file, rules } = await proposed(model);
      expect(rules.length).toBeGreaterThan(1);
      expect(await cli(['rules', 'check', file])).toMatchObject({ code: 0 });
      for (const [name, rule] of rules) {
        expect(rule['model']).toBe(model);
        const address = `/v1/alert-rules/${encodeURIComponent(name)}`;
        expect((await call(service.app, 'PUT', address, { body: rule })).status).toBe(200);
        await call(service.app, 'DELETE', address);
      }
    }
  });

  it('has nothing to say of a model without numbers', async () => {
    const { code, err } = await cli(['--url', url, 'rules', 'init', 'nobody']);
    expect(code).toBe(1);
    expect(err).toContain('There are no numbers of nobody yet');
  });
});

describe('a rule that names what is not there', () => {
  const put = (rule: object) =>
    call(service.app, 'PUT', '/v1/alert-rules/typo', { body: { metric: 'psi', critical: 0.2, ...rule } });
  const refused = async (rule: object) => expectProblem(await put(rule), 400, 'invalid_input')['errors'];

  it.each(['flights', 'fli*', '*'])(
    'is refused for a field of %s that there is not, with the nearest',
    async (model) => {
      expect(await refused({ model, feature: 'inputs.distnace' })).toEqual([
        expect.objectContaining({
          code: 'unknown_field',
          path: 'feature',
          message: expect.stringContaining('did you mean "inputs.distance"?'),
        }),
      ]);
      expect(await refused({ model, feature: 'input.dist*' })).toMatchObject([{ code: 'unknown_field' }]);
    },
  );

  it.each(['flights', '*'])('is refused for a segment of %s that there is not, with the nearest', async (model) => {
    await call(service.app, 'PUT', '/v1/models/flights', {
      body: { task: 'binary', prediction: 'outputs.label', ground_truth: 'late', segments: ['tags.region'] },
    });
    expect(await refused({ model, segment: 'tags.regoin=US' })).toEqual([
      expect.objectContaining({
        code: 'unknown_segment',
        path: 'segment',
        message: expect.stringContaining('did you mean "tags.region=..."?'),
      }),
    ]);
    expect((await put({ model, segment: 'tags.region=US' })).status).toBe(200);
  });

  it('is taken where a pattern fits a field of one model, and where no model is known yet', async () => {
    expect((await put({ model: '*', feature: 'inputs.dist*' })).status).toBe(200);
    expect((await put({ model: '*', feature: 'inputs.x' })).status).toBe(200);
    expect((await put({ model: 'later*', feature: 'inputs.anything', segment: 'tags.any=1' })).status).toBe(200);
  });

  it('is refused by the check of a file where no value reaches its threshold', async () => {
    const file = path.join(folder, 'never.yml');
    writeFileSync(file, 'alert_rules:\n  never:\n    model: m\n    metric: accuracy\n    op: "<"\n    critical: 0\n');
    const { code, out } = await cli(['rules', 'check', file]);
    expect(code).toBe(1);
    expect(out).toBe(`${file}:6:5: alert_rules.never.critical: never fires: accuracy is at least 0\n`);
  });
});
