// Which addresses a webhook may reach.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPublicAddress } from '../../../src/notify/addresses.js';

/** The private and special IPv4 blocks as first address and prefix length, written down apart from the code. */
const PRIVATE_BLOCKS: [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

const toNumber = (address: string) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const toText = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
const toHex = (value: number) => `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;

const privateAddress = fc.constantFrom(...PRIVATE_BLOCKS).chain(([start, prefix]) => {
  return fc.nat(2 ** (32 - prefix) - 1).map((offset) => toNumber(start) + offset);
});

describe('an address', () => {
  it('inside a private block is not public, in any spelling of it', () => {
    fc.assert(
      fc.property(privateAddress, (value) => {
        expect(isPublicAddress(toText(value))).toBe(false);
        expect(isPublicAddress(`::ffff:${toText(value)}`)).toBe(false);
        expect(isPublicAddress(`::ffff:${toHex(value)}`)).toBe(false);
        expect(isPublicAddress(`0:0:0:0:0:FFFF:${toHex(value).toUpperCase()}`)).toBe(false);
        expect(isPublicAddress(`::${toText(value)}`)).toBe(false);
        expect(isPublicAddress(`64:ff9b::${toText(value)}`)).toBe(false);
        expect(isPublicAddress(`2002:${toHex(value)}::1`)).toBe(false);
      }),
    );
  });

  it('mapped into IPv6 is as public as the IPv4 address itself', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(isPublicAddress(`::ffff:${address}`)).toBe(isPublicAddress(address));
        expect(isPublicAddress(`::ffff:${toHex(toNumber(address))}`)).toBe(isPublicAddress(address));
      }),
    );
  });

  it('of IPv6 outside 2000::/3 is never public', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const first = /^([0-9a-f]*)/i.exec(address)?.[1] ?? '';
        const block = parseInt(first === '' ? '0' : first, 16) >> 13;
        if (block !== 1 && !/^(0*:)*:?(0*:)*ffff:/i.test(address)) expect(isPublicAddress(address)).toBe(false);
      }),
    );
  });

  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '93.184.215.14',
    '172.15.255.255',
    '172.32.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '223.255.255.255',
  ])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each(['2606:4700:4700::1111', '2a00:1450:4001:82b::200e', '2620:fe::fe', '::ffff:8.8.8.8'])(
    '%s is public',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each([
    '::',
    '::1',
    'fe80::1',
    'fe80::1%eth0',
    '2606:4700::1%eth0',
    'fc00::1',
    'fd12:3456::1',
    'ff02::1',
    '2001:db8::1',
    '2001::1',
    '3fff::1',
    '100::1',
  ])('%s is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each([
    '',
    'localhost',
    'example.org',
    '127.1',
    '0x7f.0.0.1',
    '2130706433',
    '1.2.3',
    '1.2.3.4.5',
    '[::1]',
    '1.2.3.4/8',
  ])('"%s" is no address at all', (text) => {
    expect(isPublicAddress(text)).toBe(false);
  });
});
