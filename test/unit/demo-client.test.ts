// How the demo talks to the service and receives its mail: errors in words, repeats, limits.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import nodemailer from 'nodemailer';
import { afterEach, describe, expect, test } from 'vitest';
import { batches, CallError, Client, inParallel } from '../../demo/client.js';
import { openMailSink } from '../../demo/mail-sink.js';

describe('talking to the service', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
  });
  const answering = async (
    ...answers: [status: number, body: object, headers?: Record<string, string>][]
  ): Promise<Client> => {
    const listening = createServer((request, response) => {
      request.resume().on('end', () => {
        const [status, body, headers] = answers.shift() ?? [500, {}];
        response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
      });
    });
    server = listening;
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    return new Client(`http://127.0.0.1:${(listening.address() as AddressInfo).port}`);
  };

  test('a refusal says which call failed and what the service wants', async () => {
    const client = await answering([
      400,
      { detail: 'window must be positive', errors: [{ path: 'window', message: 'is -1' }] },
    ]);
    await expect(client.put('/v1/models/m', {})).rejects.toThrow(
      'PUT /v1/models/m answered 400: window must be positive | window is -1',
    );
  });

  test('a busy service is asked again after the time it names', async () => {
    const client = await answering(
      [429, {}, { 'retry-after': '0' }],
      [503, {}, { 'retry-after': '0' }],
      [201, { accepted: 1 }],
    );
    await expect(client.track('/v1/predictions', [{}])).resolves.toBeUndefined();
  });

  test('records that were refused are an error, with the first reasons', async () => {
    const client = await answering([
      207,
      { accepted: 1, rejected: 1, errors: [{ index: 1, path: 'model', message: 'is required' }] },
    ]);
    await expect(client.track('/v1/predictions', [{}, {}])).rejects.toThrow(
      '1 of 2 records accepted. record 1, model: is required',
    );
  });

  test('a service that is not there is an error in words', async () => {
    const client = await answering();
    server?.close();
    await expect(client.get('/readyz')).rejects.toThrow(CallError);
    await expect(client.get('/readyz')).rejects.toThrow(/GET \/readyz got no answer: .*ECONNREFUSED/);
  });

  test('never more than the stated number of calls are under way, and all are made', async () => {
    let underWay = 0;
    let most = 0;
    const seen: number[] = [];
    await inParallel(3, [1, 2, 3, 4, 5, 6, 7], async (item) => {
      most = Math.max(most, ++underWay);
      await new Promise(setImmediate);
      seen.push(item);
      underWay--;
    });
    expect(most).toBe(3);
    expect(seen.sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test('batches hold every record once, none above the size', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 9 }), (items, size) => {
        const cut = batches(items, size);
        expect(cut.flat()).toEqual(items);
        expect(cut.every((batch) => batch.length > 0 && batch.length <= size)).toBe(true);
      }),
    );
  });

  test('the mail sink keeps a mail with its text and the simulated time', async () => {
    const sink = await openMailSink(() => 123);
    const transport = nodemailer.createTransport(sink.url);
    await transport.sendMail({
      from: 'a@localhost.test',
      to: 'b@localhost.test',
      subject: 'Größe',
      text: 'über 0.2',
      html: '<p>no</p>',
    });
    transport.close();
    await sink.settle(1, 5_000);
    await sink.close();
    expect(sink.mails).toEqual([{ at: 123, to: ['b@localhost.test'], subject: 'Größe', text: 'über 0.2\n' }]);
  });
});
