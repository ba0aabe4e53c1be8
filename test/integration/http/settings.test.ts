// What people set up over HTTP: rules, channels, silences. What goes in comes out with defaults and without secrets.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, expectProblem } from '../../support/http.js';
import { startTestService, type TestService } from '../../support/service.js';

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await service.close();
});

const put = (url: string, body: unknown) => call(service.app, 'PUT', url, { body });
const list = async (url: string) =>
  (await call(service.app, 'GET', url)).json() as unknown as Record<string, unknown>[];

describe('channels', () => {
  const SECRET = 'a-signing-secret';

  test('are stored whole and shown without their secrets', async () => {
    const shown = [
      await put('/v1/channels/mail', { type: 'email', to: ['ops@example.com'] }),
      await put('/v1/channels/hook', {
        type: 'webhook',
        url: `https://u:${SECRET}@example.com/in?sig=${SECRET}`,
        secret: SECRET,
      }),
      await put('/v1/channels/slack', { type: 'slack', url: `https://hooks.slack.com/services/T/${SECRET}` }),
    ];
    for (const answer of shown) {
      expect(answer.status).toBe(200);
      expect(answer.text).not.toContain(SECRET);
    }
    const listed = await list('/v1/channels');
    expect(listed.map((channel) => channel.name)).toEqual(['hook', 'mail', 'slack']);
    expect(JSON.stringify(listed)).not.toContain(SECRET);
    const kept = await service.services.alerts.listChannels();
    expect(kept.find(({ name }) => name === 'hook')?.channel).toMatchObject({ type: 'webhook', secret: SECRET });
  });

  test('sent back as shown are refused, and the secret stays', async () => {
    const { name: _name, ...shown } = (await list('/v1/channels')).find((channel) => channel.name === 'hook') ?? {};
    const problem = expectProblem(await put('/v1/channels/hook', shown), 400, 'invalid_input');
    expect(problem.errors).toEqual([expect.objectContaining({ code: 'masked' })]);
    const kept = await service.services.alerts.listChannels();
    expect(kept.find(({ name }) => name === 'hook')?.channel).toMatchObject({ secret: SECRET });
  });

  test('are removed once', async () => {
    expect((await call(service.app, 'DELETE', '/v1/channels/slack')).status).toBe(204);
    expectProblem(await call(service.app, 'DELETE', '/v1/channels/slack'), 404, 'not_found');
  });
});

describe('rules', () => {
  test('are answered and listed with their defaults', async () => {
    const answer = await put('/v1/alert-rules/drifting', {
      model: 'flights',
      metric: 'psi',
      warning: 0.1,
      critical: 0.2,
      channels: ['mail'],
    });
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({
      name: 'drifting',
      op: '>',
      for: 1,
      of: 1,
      no_data: 'keep',
      repeat_every: '24h',
      enabled: true,
    });
    const { warnings, ...saved } = answer.json();
    expect(await list('/v1/alert-rules')).toEqual([saved]);
    expect(warnings).toMatchObject([{ path: 'model', code: 'not_seen_yet' }]);
  });

  test('that are wrong change nothing', async () => {
    const before = await list('/v1/alert-rules');
    for (const body of [
      {},
      { model: 'flights', metric: 'psi' },
      { model: 'flights', metric: 'psi', warning: 1, op: '=>' },
    ]) {
      expectProblem(await put('/v1/alert-rules/drifting', body), 400, 'invalid_input');
    }
    expect(await list('/v1/alert-rules')).toEqual(before);
  });

  test('are tried on the past', async () => {
    const body = { from: '2026-01-01T00:00:00Z', to: '2026-01-10T00:00:00Z' };
    const answer = await call(service.app, 'POST', '/v1/alert-rules/drifting/backtest', { body });
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ fired: [] });
    const backwards = { from: body.to, to: body.from };
    expectProblem(
      await call(service.app, 'POST', '/v1/alert-rules/drifting/backtest', { body: backwards }),
      400,
      'invalid_input',
    );
  });

  test('are removed once', async () => {
    expect((await call(service.app, 'DELETE', '/v1/alert-rules/drifting')).status).toBe(204);
    expectProblem(await call(service.app, 'DELETE', '/v1/alert-rules/drifting'), 404, 'not_found');
  });
});

describe('silences', () => {
  test('keep their times and are removed once', async () => {
    const body = {
      matchers: { model: 'flights' },
      starts: '2126-01-15T13:00:00+01:00',
      ends: Date.UTC(2126, 0, 16),
      comment: 'a move',
    };
    const answer = await put('/v1/silences/move', body);
    expect(answer.status).toBe(200);
    const shown = {
      name: 'move',
      matchers: { model: 'flights' },
      starts: '2126-01-15T12:00:00.000Z',
      ends: '2126-01-16T00:00:00.000Z',
      comment: 'a move',
    };
    expect(answer.json()).toEqual(shown);
    expect(await list('/v1/silences')).toEqual([shown]);
    expect((await call(service.app, 'DELETE', '/v1/silences/move')).status).toBe(204);
    expectProblem(await call(service.app, 'DELETE', '/v1/silences/move'), 404, 'not_found');
  });
});
