// Channels as they are shown: without their secrets, and refused when such a shown document is sent back.
import { z } from 'zod';
import type { Channel } from '../../domain/contract/alerts.js';
import { InvalidInputError } from '../../domain/errors.js';

/** What stands in place of a secret. */
const MASK = '********';

/** A channel in an answer. */
export const shownChannelSchema = z.object({
  name: z.string(),
  source: z.literal('file').optional().describe('comes from the configuration file, and is changed there'),
  type: z.enum(['email', 'webhook', 'slack']),
  to: z.array(z.string()).optional(),
  url: z.string().optional().describe(`credentials, query values and Slack's path are shown as ${MASK}`),
  secret: z.string().optional().describe(`${MASK} where the channel signs`),
});
export type ShownChannel = z.output<typeof shownChannelSchema>;

/** The channel as anyone with read access may see it. */
export function showChannel(name: string, channel: Channel, source: { source?: 'file' } = {}): ShownChannel {
  switch (channel.type) {
    case 'email':
      return { name, ...source, type: 'email', to: channel.to };
    case 'webhook':
      return {
        name,
        ...source,
        type: 'webhook',
        url: showUrl(channel.url, false),
        ...(channel.secret === undefined ? {} : { secret: MASK }),
      };
    case 'slack':
      return { name, ...source, type: 'slack', url: showUrl(channel.url, true) };
  }
}

/** Slack's whole path is its secret; elsewhere credentials and query values may be. */
function showUrl(text: string, hidePath: boolean): string {
  const url = new URL(text);
  if (hidePath) return `${url.origin}/${MASK}`;
  if (url.username !== '') url.username = MASK;
  if (url.password !== '') url.password = MASK;
  for (const key of new Set(url.searchParams.keys())) url.searchParams.set(key, MASK);
  return url.href;
}

/**
 * A document that was read here, edited and sent back would store the mask as the secret.
 * @throws InvalidInputError naming the field.
 */
export function refuseMasked(channel: Channel): void {
  const masked = (path: string) =>
    new InvalidInputError(`Send the real ${path}: what GET shows has its secrets replaced by ${MASK}.`, [
      { code: 'masked', path, message: `contains ${MASK}` },
    ]);
  if (channel.type === 'webhook' && channel.secret?.includes(MASK)) throw masked('secret');
  if (channel.type !== 'email' && channel.url.includes(MASK)) throw masked('url');
}
