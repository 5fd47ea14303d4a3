// SPDX-License-Identifier: Apache-2.0
// Networks that this machine reaches by a route of its own: a container network with the same addresses would hide
// them. From /proc/net/route and /proc/net/ipv6_route (proc(5)). Default routes do not count, nor what stands for one:
// VPNs lead everything their way with routes over the halves of all addresses (0.0.0.0/1 and 128.0.0.0/1, 2000::/3).

import { readFileSync } from 'node:fs';
import { hasErrno } from '../errors/sampan-error.js';
import type { Subnet } from './ip.js';

export const hostRoutes = (): readonly Subnet[] => [
  ...parseRoutes4(readOrEmpty('/proc/net/route')),
  ...parseRoutes6(readOrEmpty('/proc/net/ipv6_route')),
];

/** Shorter prefixes say where the way out is, not which network is there. */
const shortestLength4 = 8;
/** All unique local addresses (fc00::/7, fd00::/8) are no network either: ours are random among them. */
const shortestLength6 = 16;

/** Destination and mask are columns 2 and 8, hexadecimal in the machine's (little-endian) order. */
export const parseRoutes4 = (text: string): readonly Subnet[] =>
  text
    .split('\n')
    .slice(1)
    .flatMap((row): readonly Subnet[] => {
      const columns = row.trim().split(/\s+/);
      const [destination, mask] = [swapped(columns[1]), swapped(columns[7])];
      if (destination === undefined || mask === undefined) return [];
      const length = mask.toString(2).replaceAll('0', '').length;
      return length < shortestLength4 ? [] : [{ family: 4, value: destination & mask, length }];
    });

const swapped = (hex: string | undefined): bigint | undefined =>
  hex !== undefined && /^[0-9A-F]{8}$/i.test(hex)
    ? BigInt(`0x${hex.match(/../g)?.reverse().join('') ?? ''}`)
    : undefined;

/** Destination and prefix length are columns 1 and 2; link-local, multicast and host routes hide nothing. */
export const parseRoutes6 = (text: string): readonly Subnet[] =>
  text.split('\n').flatMap((row): readonly Subnet[] => {
    const match = /^([0-9a-f]{32}) ([0-9a-f]{2}) /.exec(row);
    const length = Number.parseInt(match?.[2] ?? '0', 16);
    const value = BigInt(`0x${match?.[1] ?? '0'}`);
    const isLinkLocal = value >> 118n === 0x3fan;
    const isMulticast = value >> 120n === 0xffn;
    return match === null || length < shortestLength6 || length === 128 || isLinkLocal || isMulticast
      ? []
      : [{ family: 6, value, length }];
  });

const readOrEmpty = (path: string): string => {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    // a kernel without IPv6
    if (hasErrno(error, 'ENOENT', 'EACCES')) return '';
    throw error;
  }
};

/** Is there IPv6 on the host, be it only to itself? */
export const hasIpv6 = (): boolean => readOrEmpty('/proc/net/if_inet6') !== '';
