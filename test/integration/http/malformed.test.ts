// Malformed requests of a generator over the API's own description: never a 5xx, never a crash, always a document; and the memory comes back.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faultSize } from '../../support/fault-size.js';
import { malformedRequests, type ApiDocument, type Malformed } from '../../support/openapi-bodies.js';
import { startTestService, type TestService } from '../../support/service.js';

/** DRIFTLINE_TEST_SEED repeats a run. */
const BODIES = faultSize(4_000, 100_000);
const SEED = Number(process.env.DRIFTLINE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const AT_ONCE = 25;
const MEGABYTE = 1024 * 1024;
/** Calls that go out to other machines: the try-out of a channel or webhook. */
const LEFT_OUT = /\/test$/;

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ bodyLimit: MEGABYTE, uploadLimit: MEGABYTE });
});
afterAll(() => service.close());

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
/** What JavaScript holds, buffers included; the engine's own memory is not among it. */
function heap(): number {
  collect();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return (heapUsed + external + arrayBuffers) / MEGABYTE;
}

async function ask({ operation: _, ...request }: Malformed, answered: Map<number, number>): Promise<string | null> {
  const answer = await service.app.inject({ ...request, method: request.method as 'POST' });
  answered.set(answer.statusCode, (answered.get(answer.statusCode) ?? 0) + 1);
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
    // The service's own description, as anybody gets it.
    const document = (await service.app.inject({ method: 'GET', url: '/openapi.json' })).json<ApiDocument>();
    const { requests, operations } = malformedRequests(document, (path) => !LEFT_OUT.test(path));
    const asked = new Set<string>();
    const answered = new Map<number, number>();
    // The caches of names and paths fill first: they are bounded, and no leak.
    const [warm, rest] = [Math.min(2_000, BODIES / 2), BODIES];
    let before = 0;
    const wrong: string[] = [];
    const batch = fc.array(requests, { minLength: AT_ONCE, maxLength: AT_ONCE });
    let sent = 0;
    for (const part of fc.sample(fc.nat(), { numRuns: Math.ceil(rest / 1000), seed: SEED })) {
      for (const some of fc.sample(batch, { numRuns: Math.ceil(Math.min(1000, rest - sent) / AT_ONCE), seed: part })) {
        for (const { operation } of some) asked.add(operation);
        const answers = await Promise.all(some.map((request) => ask(request, answered)));
        wrong.push(...answers.filter((answer) => answer !== null));
        sent += some.length;
        wrong.push(
          ...service.logs.map((line) => JSON.stringify(line)).filter((line) => line.includes('could not be kept')),
        );
        service.logs.length = 0;
        if (before === 0 && sent >= warm) before = heap();
      }
      if (wrong.length > 0) break;
    }
    const after = heap();
    const statuses = [...answered].sort(([a], [b]) => a - b).map(([status, n]) => `${n} x ${status}`);
    console.log(
      `${sent} malformed requests to ${asked.size} operations, seed ${SEED}: ${statuses.join(', ')}; ${before.toFixed(0)} MB, then ${after.toFixed(0)} MB`,
    );
    expect([...asked].sort()).toEqual([...operations].sort());
    expect(wrong.slice(0, 5)).toEqual([]);
    expect(after - before).toBeLessThan(40);
    expect((await service.app.inject({ method: 'GET', url: '/readyz' })).statusCode).toBe(200);
  }, 3_600_000);
});
