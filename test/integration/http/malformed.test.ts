// Malformed requests of a generator over the API's own description: never a 5xx, never a crash, always a document; and the memory comes back.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { malformedRequests, type ApiDocument, type Malformed } from '../../support/openapi-bodies.js';
import { startTestService, type TestService } from '../../support/service.js';

/** 5,000 by default; DRIFTLINE_FUZZ_BODIES=100000 for the whole, DRIFTLINE_TEST_SEED to repeat. */
const BODIES = Number(process.env.DRIFTLINE_FUZZ_BODIES ?? 5_000);
const SEED = Number(process.env.DRIFTLINE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const AT_ONCE = 25;
const MEGABYTE = 1024 * 1024;
/** Calls that go out to other machines, or take as long as their data. */
const LEFT_OUT = /\/test$|\/docs|webhook/;

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ bodyLimit: MEGABYTE, uploadLimit: MEGABYTE });
});
afterAll(() => service.close());

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
function heap(): number {
  collect();
  return process.memoryUsage().heapUsed / MEGABYTE;
}

async function ask(request: Malformed): Promise<string | null> {
  const answer = await service.app.inject({ ...request, method: request.method as 'POST' });
  const where = `${request.method} ${request.url} ${JSON.stringify(request.headers)} ${String(request.payload).slice(0, 300)}`;
  if (answer.statusCode >= 500) return `${answer.statusCode} for ${where}: ${answer.body.slice(0, 300)}`;
  if (answer.statusCode >= 400) {
    // Routes of other products' clients refuse in the form that those read.
    const refusal = JSON.parse(answer.body) as { status?: number; detail?: string; message?: string };
    const foreign = request.url.startsWith('/api/') || request.url.startsWith('/ajax-api/');
    const explained = foreign
      ? (refusal.message ?? refusal.detail ?? '') !== ''
      : refusal.status === answer.statusCode && (refusal.detail ?? '') !== '';
    if (!explained) return `no explanation for ${where}: ${answer.body.slice(0, 300)}`;
  }
  return null;
}

describe('malformed requests', () => {
  test(`${BODIES} of them (seed ${SEED}): no 5xx, every refusal explained, the memory comes back`, async () => {
    const document = service.app.swagger() as unknown as ApiDocument;
    const requests = malformedRequests(document, (path) => !LEFT_OUT.test(path));
    // The caches of names and paths fill first: they are bounded, and no leak.
    const [warm, rest] = [Math.min(2_000, BODIES / 2), BODIES];
    let before = 0;
    const wrong: string[] = [];
    const batch = fc.array(requests, { minLength: AT_ONCE, maxLength: AT_ONCE });
    let sent = 0;
    for (const part of fc.sample(fc.nat(), { numRuns: Math.ceil(rest / 1000), seed: SEED })) {
      for (const some of fc.sample(batch, { numRuns: Math.ceil(Math.min(1000, rest - sent) / AT_ONCE), seed: part })) {
        const answers = await Promise.all(some.map(ask));
        wrong.push(...answers.filter((answer) => answer !== null));
        sent += some.length;
        service.logs.length = 0;
        if (before === 0 && sent >= warm) before = heap();
      }
      if (wrong.length > 0) break;
    }
    const after = heap();
    console.log(`${sent} malformed requests, seed ${SEED}: heap ${before.toFixed(0)} MB, then ${after.toFixed(0)} MB`);
    expect(wrong.slice(0, 5)).toEqual([]);
    expect(after - before).toBeLessThan(40);
    expect((await service.app.inject({ method: 'GET', url: '/readyz' })).statusCode).toBe(200);
  }, 3_600_000);
});
