// SPDX-License-Identifier: Apache-2.0
// Creating a network: its addresses are chosen and its record is written; nothing runs until a container needs it.

import { sampanError } from '../../errors/sampan-error.js';
import { hasIpv6, hostRoutes } from '../../network/host-routes.js';
import { parseSubnet } from '../../network/ip.js';
import {
  choosePool,
  defaultSubnet,
  ulaSubnet,
  userSubnetCandidates,
  type PoolRequest,
  type TakenSubnet,
} from '../../network/pools.js';
import { addNetwork, listNetworks, type NetworkRecord } from '../../store/network-records.js';
import { randomBytes, randomHex } from '../../util/random.js';
import type { NetworkCreateRequest } from './contract.js';
import type { ContainerContext } from '../container/context.js';
import { builtInNames, defaultNetworkName, defaultNetworkWord, tryFindNetwork } from './find.js';

export type NetworkContext = Pick<ContainerContext, 'paths' | 'locks' | 'native' | 'idMap' | 'removeTree'>;

/** Frames of 64 KB cross the tun whatever the MTU (TCP segmentation offload); UDP datagrams of this size need no fragments. */
const defaultMtu = 65_520;
const smallestMtu = 1280;

/** @throws ERR_NETWORK_BUILT_IN, ERR_NETWORK_EXISTS, ERR_NETWORK_CONFIG */
export const createNetwork = async (context: NetworkContext, request: NetworkCreateRequest): Promise<NetworkRecord> => {
  checkRequest(request);
  using _lock = await context.locks.network();
  if ([...builtInNames, defaultNetworkWord].includes(request.name)) {
    throw sampanError('ERR_NETWORK_BUILT_IN', { subject: request.name, hint: 'choose another name' });
  }
  if (isTaken(context, request.name)) {
    throw sampanError('ERR_NETWORK_EXISTS', { subject: request.name, hint: 'choose another name' });
  }
  const record = recordOf(context, request);
  addNetwork(context.paths, record);
  return record;
};

const isTaken = ({ paths }: NetworkContext, name: string): boolean =>
  listNetworks(paths).some((network) => network.name === name);

/** The network of containers that name none; made when the first of them does. */
export const ensureDefaultNetwork = async (context: NetworkContext): Promise<NetworkRecord> => {
  const known = tryFindNetwork(context.paths, defaultNetworkName);
  if (known !== undefined) return known;
  using _lock = await context.locks.network();
  const made = tryFindNetwork(context.paths, defaultNetworkName);
  if (made !== undefined) return made;
  const request: NetworkCreateRequest = { ...emptyRequest, name: defaultNetworkName };
  const record = recordOf(context, request, defaultSubnet);
  addNetwork(context.paths, record);
  return record;
};

const emptyRequest: Omit<NetworkCreateRequest, 'name'> = {
  driver: 'bridge',
  pools: [],
  internal: false,
  labels: {},
  options: {},
};

const recordOf = (context: NetworkContext, request: NetworkCreateRequest, preferred?: string): NetworkRecord => {
  const taken = takenSubnets(context);
  const pools = poolsOf(request, taken, preferred);
  return {
    schema: 1,
    id: randomHex(32),
    name: request.name,
    createdAt: new Date().toISOString(),
    driver: 'bridge',
    internal: request.internal,
    ...(request.attachable === true ? { attachable: true } : {}),
    ...pools,
    ipv6Names: request.ipv6 === true || request.pools.some(isV6),
    mtu: mtuOf(request.options),
    hostPorts: hostPortsOf(request.options),
    labels: request.labels,
    options: request.options,
  };
};

const poolsOf = (
  { pools, ipv6 }: NetworkCreateRequest,
  taken: readonly TakenSubnet[],
  preferred: string | undefined,
): Pick<NetworkRecord, 'ipv4' | 'ipv6'> => {
  const v4 = pools.filter((pool) => !isV6(pool));
  const v6 = pools.filter(isV6);
  if (v4.length > 1 || v6.length > 1) {
    throw sampanError('ERR_NETWORK_CONFIG', {
      subject: 'more than one subnet of a family',
      hint: 'give one --subnet for IPv4 and one for IPv6',
    });
  }
  const first = preferred === undefined ? undefined : parseSubnet(preferred);
  const candidates = [...(first === undefined ? [] : [first]), ...userSubnetCandidates()];
  const wantsV6 = isV6Wanted(v6.length > 0, ipv6);
  return {
    ipv4: choosePool(v4[0] ?? {}, 4, taken, candidates),
    ...(wantsV6 ? { ipv6: choosePool(v6[0] ?? {}, 6, taken, [ulaSubnet(randomBytes(5))]) } : {}),
  };
};

const isV6 = ({ subnet, gateway, ipRange }: PoolRequest): boolean => (subnet ?? gateway ?? ipRange ?? '').includes(':');

const isV6Wanted = (hasSubnet: boolean, ipv6: boolean | undefined): boolean => {
  if (hasIpv6()) return hasSubnet || (ipv6 ?? true);
  if (!hasSubnet && ipv6 !== true) return false;
  throw sampanError('ERR_NETWORK_CONFIG', {
    subject: `${hasSubnet ? 'an IPv6 subnet' : '--ipv6'}: this machine has no IPv6`,
    hint: 'leave it out',
  });
};

/** Of this machine's routes and of the other networks. */
const takenSubnets = ({ paths }: NetworkContext): readonly TakenSubnet[] => [
  ...listNetworks(paths).flatMap(({ name, ipv4, ipv6 }) =>
    [ipv4, ipv6].flatMap((pool) => {
      const subnet = pool === undefined ? undefined : parseSubnet(pool.subnet);
      return subnet === undefined ? [] : [{ ...subnet, owner: `network ${name}` }];
    }),
  ),
  ...hostRoutes(),
];

// ---- what was asked for --------------------------------------------------------------------------------------------

const knownOptions = ['mtu', 'com.docker.network.driver.mtu', 'host-loopback'];

const checkRequest = ({ name, driver, options }: NetworkCreateRequest): void => {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/.test(name)) {
    throw sampanError('ERR_NETWORK_CONFIG', {
      subject: `invalid network name ${JSON.stringify(name)}`,
      hint: 'only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed',
    });
  }
  if (driver !== 'bridge') {
    throw sampanError('ERR_NETWORK_CONFIG', { subject: `unknown driver ${driver}`, hint: 'the driver is bridge' });
  }
  const unknown = Object.keys(options).find((option) => !knownOptions.includes(option));
  if (unknown !== undefined) {
    throw sampanError('ERR_NETWORK_CONFIG', {
      subject: `unknown option ${unknown}`,
      hint: `known options: ${knownOptions.join(', ')}`,
    });
  }
};

const mtuOf = (options: Readonly<Record<string, string>>): number => {
  const text = options['mtu'] ?? options['com.docker.network.driver.mtu'] ?? String(defaultMtu);
  const mtu = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (mtu >= smallestMtu && mtu <= 65_535) return mtu;
  throw sampanError('ERR_NETWORK_CONFIG', {
    subject: `invalid mtu ${JSON.stringify(text)}`,
    hint: 'give a number from 1280 to 65535',
  });
};

/** that netd takes (addon/net/policy.h) */
const mostHostPorts = 32;

/** `8080,9000-9010` or `all` */
const hostPortsOf = (options: Readonly<Record<string, string>>): NetworkRecord['hostPorts'] => {
  const text = options['host-loopback'];
  if (text === undefined || text === '') return [];
  if (text === 'all') return [{ first: 1, last: 65_535 }];
  const parts = text.split(',');
  if (parts.length > mostHostPorts) {
    throw sampanError('ERR_NETWORK_CONFIG', {
      subject: `host-loopback with ${String(parts.length)} ports and ranges`,
      hint: `give at most ${String(mostHostPorts)}, ranges such as 9000-9010 for ports that follow each other, or 'all'`,
    });
  }
  return parts.map((part) => {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (match !== null && first >= 1 && first <= last && last <= 65_535) return { first, last };
    throw sampanError('ERR_NETWORK_CONFIG', {
      subject: `invalid host-loopback ${JSON.stringify(text)}`,
      hint: "give ports as in 8080,9000-9010, or 'all'",
    });
  });
};
