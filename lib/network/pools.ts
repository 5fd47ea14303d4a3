// SPDX-License-Identifier: Apache-2.0
// Which addresses a network gets, and which of them a container gets. Pure: what is taken comes in.

import { sampanError } from '../errors/sampan-error.js';
import {
  bitsOf,
  contains,
  firstOf,
  formatAddress,
  formatSubnet,
  lastOf,
  overlap,
  parseAddress,
  parseSubnet,
  type Address,
  type Family,
  type Subnet,
} from './ip.js';

/** The addresses of one family of a network, as texts: this is what its record holds. */
export interface Pool {
  readonly subnet: string;
  readonly gateway: string;
  /** containers get addresses of this part only */
  readonly ipRange?: string | undefined;
}

export interface PoolRequest {
  readonly subnet?: string | undefined;
  readonly gateway?: string | undefined;
  readonly ipRange?: string | undefined;
}

/** 10.88.0.0/16 for the default network (podman's choice), then a /24 of these parts for each network of a user. */
export const defaultSubnet = '10.88.0.0/16';
/** All three private ranges (RFC 1918): the machine's own network, or a VPN, often has one of them as a whole. */
const userSubnets = [
  { first: '10.89.0.0/24', count: 4096 },
  { first: '172.16.0.0/24', count: 4096 },
  { first: '192.168.0.0/24', count: 256 },
] as const;

/** Loopback, link-local (where the host's alias is) and multicast; in front of IPv6's, what stands for IPv4. */
const ofNoNetwork = ['127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '::/16', 'fe80::/10', 'ff00::/8'];

/** A network needs the gateway and one container. */
const smallestHostBits = 2;

/** A subnet that somebody has, and who, for messages. */
export interface TakenSubnet extends Subnet {
  readonly owner?: string;
}

/** @throws ERR_NETWORK_CONFIG naming what is wrong with it */
export const choosePool = (
  request: PoolRequest,
  family: Family,
  taken: readonly TakenSubnet[],
  candidates: readonly Subnet[],
): Pool => {
  const subnet = request.subnet === undefined ? freeSubnet(candidates, taken) : readSubnet(request.subnet, family);
  const other = taken.find((one) => overlap(one, subnet));
  if (other !== undefined) {
    const { owner = 'a route of this machine' } = other;
    throw configError(`subnet ${formatSubnet(subnet)} overlaps ${formatSubnet(other)}, which ${owner} has`, {
      hint: 'choose another one with --subnet, or leave --subnet out',
    });
  }
  const range = request.ipRange === undefined ? undefined : readRange(request.ipRange, subnet);
  const gateway = request.gateway === undefined ? defaultGateway(subnet) : readGateway(request.gateway, subnet);
  return {
    subnet: formatSubnet(subnet),
    gateway: formatAddress(gateway),
    ...(range === undefined ? {} : { ipRange: formatSubnet(range) }),
  };
};

/** In the order in which they are tried. */
export const userSubnetCandidates = (): readonly Subnet[] =>
  userSubnets.flatMap(({ first: text, count }) => {
    const first = mustParse(text);
    const size = 1n << BigInt(bitsOf(4) - first.length);
    return Array.from({ length: count }, (_, index) => ({ ...first, value: first.value + size * BigInt(index) }));
  });

/** A unique local network (RFC 4193) from 40 random bits. */
export const ulaSubnet = (random: Uint8Array): Subnet => {
  const bits = random.slice(0, 5).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  return { family: 6, value: (0xfdn << 120n) | (bits << 80n), length: 64 };
};

const mustParse = (text: string): Subnet => {
  const subnet = parseSubnet(text);
  if (subnet === undefined) throw sampanError('ERR_INTERNAL', { subject: `subnet ${text}` });
  return subnet;
};

const freeSubnet = (candidates: readonly Subnet[], taken: readonly Subnet[]): Subnet => {
  const free = candidates.find((candidate) => !taken.some((one) => overlap(one, candidate)));
  if (free !== undefined) return free;
  throw configError('every subnet of the address pools overlaps one in use', {
    hint: "remove networks with 'sampan network prune', or choose one with --subnet",
  });
};

const readSubnet = (text: string, family: Family): Subnet => {
  const subnet = parseSubnet(text);
  if (subnet?.family !== family) throw configError(`invalid subnet ${text}`, { hint: 'give one such as 10.90.0.0/24' });
  if (bitsOf(family) - subnet.length < smallestHostBits)
    throw configError(`subnet ${text} is too small`, { hint: 'a /30 is the smallest for IPv4, a /126 for IPv6' });
  const special = ofNoNetwork.find((one) => overlap(mustParse(one), subnet));
  if (special !== undefined) {
    throw configError(`subnet ${text} overlaps ${special}, whose addresses mean something else on every machine`, {
      hint: 'choose a private one, such as 10.90.0.0/24 or fd00:90::/64, or leave --subnet out',
    });
  }
  refuseHostBits(text, subnet, 'subnet');
  return subnet;
};

/** As docker does since 25: who gives an address of a network may mean another network. */
const refuseHostBits = (text: string, subnet: Subnet, what: string): void => {
  if (parseAddress(text.split('/')[0] ?? '')?.value === subnet.value) return;
  throw configError(`invalid ${what} ${text}`, { hint: `it should be ${formatSubnet(subnet)}` });
};

const readRange = (text: string, subnet: Subnet): Subnet => {
  const range = parseSubnet(text);
  if (range === undefined || !contains(subnet, range) || range.length < subnet.length)
    throw configError(`invalid ip-range ${text}`, { hint: `it has to be a part of ${formatSubnet(subnet)}` });
  refuseHostBits(text, range, 'ip-range');
  return range;
};

const readGateway = (text: string, subnet: Subnet): Address => {
  const gateway = parseAddress(text);
  if (gateway !== undefined && isUsable(subnet, gateway)) return gateway;
  throw configError(`invalid gateway ${text}`, { hint: `it has to be ${usableText(formatSubnet(subnet))}` });
};

const defaultGateway = (subnet: Subnet): Address => ({ family: subnet.family, value: firstOf(subnet) + 1n });

/** Not the network itself, nor its broadcast address. */
const isUsable = (subnet: Subnet, address: Address): boolean =>
  contains(subnet, address) &&
  address.value !== firstOf(subnet) &&
  (subnet.family === 6 || address.value !== lastOf(subnet));

const usableText = (subnet: string): string =>
  subnet.includes(':')
    ? `in ${subnet}, and not its first address`
    : `in ${subnet}, and neither its first nor its last address`;

/** The lowest address of the pool that nobody has. @throws ERR_NETWORK_FULL */
export const freeAddress = (pool: Pool, taken: ReadonlySet<string>, network: string): string => {
  const subnet = mustParse(pool.subnet);
  const range = mustParse(pool.ipRange ?? pool.subnet);
  // A pool of IPv6 has more addresses than can ever be taken; the loop ends at the first gap.
  for (let value = firstOf(range); value <= lastOf(range); value++) {
    const address: Address = { family: subnet.family, value };
    const text = formatAddress(address);
    if (isUsable(subnet, address) && text !== pool.gateway && !taken.has(text)) return text;
  }
  throw sampanError('ERR_NETWORK_FULL', { subject: network, hint: `all of ${pool.ipRange ?? pool.subnet} is in use` });
};

/** --ip and --ip6. @throws ERR_NETWORK_CONFIG for an address that this pool cannot give */
export const requestedAddress = (pool: Pool | undefined, text: string, network: string): string => {
  const address = parseAddress(text);
  const subnet = pool === undefined ? undefined : mustParse(pool.subnet);
  if (pool === undefined || subnet === undefined || address === undefined || !isUsable(subnet, address)) {
    throw configError(`the address ${text} is not one of network ${network}`, {
      hint: pool === undefined ? 'this network has no such family' : `it has to be ${usableText(pool.subnet)}`,
    });
  }
  if (formatAddress(address) === pool.gateway)
    throw configError(`the address ${text} is the gateway of ${network}`, { hint: 'choose another one' });
  return formatAddress(address);
};

/**
 * The IPv6 address with the same host part as the IPv4 one: readable, and mostly free when that is.
 * @returns undefined when the IPv6 pool is too small to have it
 */
export const sameHost = (v4: string, v4Pool: Pool, v6Pool: Pool): string | undefined => {
  const address = parseAddress(v4);
  const from = mustParse(v4Pool.subnet);
  const to = mustParse(v6Pool.ipRange ?? v6Pool.subnet);
  const host = (address?.value ?? 0n) - firstOf(from);
  const same: Address = { family: 6, value: firstOf(to) + host };
  return contains(to, same) && isUsable(mustParse(v6Pool.subnet), same) ? formatAddress(same) : undefined;
};

/** docker's scheme: locally administered, the address in it, so that no two in a network are alike. */
export const macOf = (address: string): string => {
  const value = (parseAddress(address)?.value ?? 0n) & 0xffff_ffffn;
  const bytes = [24n, 16n, 8n, 0n].map((shift) => ((value >> shift) & 0xffn).toString(16).padStart(2, '0'));
  return ['02', '42', ...bytes].join(':');
};

const configError = (subject: string, { hint }: { readonly hint?: string }): Error =>
  sampanError('ERR_NETWORK_CONFIG', { subject, hint });
