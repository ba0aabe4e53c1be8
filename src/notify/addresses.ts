// Which network addresses are public: a webhook must not reach into the network that the service stands in.
import { BlockList, isIP } from 'node:net';

/** IPv4 blocks that are not globally reachable (IANA special-purpose registry), multicast and reserved. */
const NOT_PUBLIC_IPV4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];

/** Inside 2000::/3, the only global unicast block: protocol assignments with Teredo, documentation, 6to4 (which carries an IPv4 address). */
const NOT_PUBLIC_IPV6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

function blocks(subnets: readonly (readonly [string, number])[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of subnets) list.addSubnet(address, prefix, family);
  return list;
}

const privateIpv4 = blocks(NOT_PUBLIC_IPV4, 'ipv4');
const privateIpv6 = blocks(NOT_PUBLIC_IPV6, 'ipv6');
const globalIpv6 = blocks([['2000::', 3]], 'ipv6');

/** The IPv4 address inside an IPv4-mapped IPv6 address, or null. */
function mappedIpv4(address: string): string | null {
  // The URL parser writes every spelling of an IPv6 address the same way: ::ffff:7f00:1.
  const groups = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(new URL(`http://[${address}]/`).hostname);
  if (groups === null) return null;
  const [high, low] = [parseInt(groups[1] ?? '', 16), parseInt(groups[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** Whether an IP address can be one of the public internet. Anything that is not a plain IP address is not. */
export function isPublicAddress(address: string): boolean {
  if (address.includes('%')) return false; // a zone: link-local by definition
  const family = isIP(address);
  if (family === 4) return !privateIpv4.check(address, 'ipv4');
  if (family !== 6) return false;
  const ipv4 = mappedIpv4(address);
  if (ipv4 !== null) return isPublicAddress(ipv4);
  return globalIpv6.check(address, 'ipv6') && !privateIpv6.check(address, 'ipv6');
}
