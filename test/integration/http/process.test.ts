// The process over HTTP: probes, counters, security headers, and a description that is complete and can be looked at.
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

interface Operation {
  summary?: string;
  tags?: string[];
  responses: Record<string, { description: string; content?: Record<string, unknown> }>;
}
interface Description {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown> };
}

describe('probes and counters', () => {
  test('say that the service is alive and ready', async () => {
    for (const url of ['/healthz', '/readyz']) {
      const answer = await call(service.app, 'GET', url);
      expect({ url, status: answer.status, body: answer.json() }).toEqual({ url, status: 200, body: { status: 'ok' } });
    }
  });

  test('count what was tracked, as Prometheus text', async () => {
    await call(service.app, 'POST', '/v1/predictions', { body: { model: 'm', inputs: { a: 1 } } });
    const answer = await call(service.app, 'GET', '/metrics');
    expect(answer.status).toBe(200);
    expect(String(answer.headers['content-type'])).toMatch(/^text\/plain/);
    expect(answer.text).toMatch(/^driftline_accepted_total\{route="predictions"\} 1$/m);
  });
});

describe('headers', () => {
  test('every answer keeps browsers from running what it did not send', async () => {
    for (const url of ['/', '/v1/models', '/nothing', '/openapi.json']) {
      const { headers } = await call(service.app, 'GET', url);
      expect(String(headers['content-security-policy'])).toContain("default-src 'self'");
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['access-control-allow-origin']).toBeUndefined();
      expect(headers['x-request-id']).toBeTruthy();
    }
  });

  test('the pages hold no inline script, which their policy would block', async () => {
    for (const url of ['/', '/docs']) {
      const page = await call(service.app, 'GET', url);
      expect(page.status).toBe(200);
      expect(page.text).not.toMatch(/<script(?![^>]*\bsrc=)/);
      expect(String(page.headers['content-security-policy'])).not.toMatch(/script-src[^;]*unsafe-inline/);
    }
  });

  test('/docs loads its scripts and the description from the service', async () => {
    const page = await call(service.app, 'GET', '/docs');
    const assets = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url = '']) => url);
    expect(assets.length).toBeGreaterThan(3);
    for (const url of [...assets, '/docs/json']) {
      expect({ url, status: (await call(service.app, 'GET', url)).status }).toEqual({ url, status: 200 });
    }
    expectProblem(await call(service.app, 'GET', '/docs/static/of-yesterday.js'), 404, 'not_found');
  });
});

describe('the description', () => {
  test('has a summary, a tag, an answer and the errors of every route', async () => {
    const { paths, openapi } = (await call(service.app, 'GET', '/openapi.json')).json() as unknown as Description;
    expect(openapi).toBe('3.1.0');
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        const where = `${method} ${path}`;
        expect(operation.summary, where).toBeTruthy();
        expect(operation.tags, where).toHaveLength(1);
        const statuses = Object.keys(operation.responses);
        expect(
          statuses.some((status) => status.startsWith('2')),
          where,
        ).toBe(true);
        for (const [status, answer] of Object.entries(operation.responses)) {
          expect(answer.description, `${where} ${status}`).not.toBe('Default Response');
          // Protocols of other systems have errors of their own.
          const form = path.startsWith('/api/') ? 'application/json' : 'application/problem+json';
          if (Number(status) >= 400) expect(Object.keys(answer.content ?? {}), where).toEqual([form]);
        }
      }
    }
  });

  test('refers to nothing that is not there', async () => {
    const text = (await call(service.app, 'GET', '/openapi.json')).text;
    const { components } = JSON.parse(text) as Description;
    const names = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(50);
    for (const name of names) expect(components.schemas, name).toHaveProperty(name);
  });
});
