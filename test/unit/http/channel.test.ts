// Channels as they are shown: no secret comes out, and a shown document cannot be stored again.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { channelSchema, type Channel } from '../../../src/domain/contract/alerts.js';
import { refuseMasked, showChannel } from '../../../src/http/schemas/channel.js';

const secretText = fc.stringMatching(/^[A-Za-z0-9]{12,24}$/);

test('no secret of any channel is in what is shown', () => {
  fc.assert(
    fc.property(secretText, (secret) => {
      const channels: Channel[] = [
        { type: 'webhook', url: `https://user:${secret}@example.com/hook`, secret: `a${secret}` },
        { type: 'webhook', url: `https://example.com/hook?sig=${secret}&v=1` },
        { type: 'slack', url: `https://hooks.slack.com/services/T1/${secret}` },
      ];
      for (const channel of channels) {
        expect(JSON.stringify(showChannel('ops', channelSchema.parse(channel)))).not.toContain(secret);
      }
    }),
  );
});

test('mail addresses and a plain URL are shown as they are', () => {
  expect(showChannel('ops', { type: 'email', to: ['a@b.example'] })).toEqual({
    name: 'ops',
    type: 'email',
    to: ['a@b.example'],
  });
  expect(showChannel('ops', { type: 'webhook', url: 'https://example.com/hook' })).toEqual({
    name: 'ops',
    type: 'webhook',
    url: 'https://example.com/hook',
  });
});

test('a shown channel that is sent back is refused, so that the mask never replaces the secret', () => {
  const channels: Channel[] = [
    { type: 'webhook', url: 'https://example.com/hook', secret: 'a-long-secret' },
    { type: 'webhook', url: 'https://u:p@example.com/hook?sig=abc' },
    { type: 'slack', url: 'https://hooks.slack.com/services/T1/B2/xyz' },
  ];
  for (const channel of channels) {
    refuseMasked(channel);
    const { name: _name, ...shown } = showChannel('ops', channel);
    expect(() => refuseMasked(shown as Channel)).toThrow(/Send the real/);
  }
});
