// SPDX-License-Identifier: Apache-2.0
// What --network asks for, checked and made exact before anything is written.

import { sampanError } from '../../errors/sampan-error.js';
import { requestedAddress } from '../../network/pools.js';
import { networkKind, sharedContainer, sharedMode, type NetworkRequest } from '../../spec/network-mode.js';
import type { CreateRequest } from '../../spec/create-request.js';
import type { EndpointRecord } from '../../store/container-networks.js';
import type { NetworkRecord } from '../../store/network-records.js';
import { ensureDefaultNetwork } from '../network/create.js';
import { defaultNetworkName, defaultNetworkWord, findNetwork } from '../network/find.js';
import type { ContainerContext } from './context.js';
import { findContainer, type FoundContainer } from './find.js';

export interface ResolvedNetworks {
  /** docker's network mode */
  readonly mode: string;
  readonly endpoints: readonly EndpointRecord[];
  /** networks of its own, all of them internal */
  readonly isEnclosed: boolean;
  /** whose network it is, with container:X */
  readonly shared?: FoundContainer | undefined;
}

/** @throws ERR_NETWORK_NOT_FOUND, ERR_CONTAINER_NOT_FOUND, ERR_NETWORK_CONFIG */
export const resolveNetworks = async (context: ContainerContext, request: CreateRequest): Promise<ResolvedNetworks> => {
  const wanted = networksOf(request);
  const mode = wanted.find(({ name }) => networkKind(name) !== 'bridge');
  if (mode !== undefined && wanted.length > 1) {
    throw sampanError('ERR_NETWORK_CONFIG', {
      subject: `--network ${mode.name} cannot be combined with other networks`,
      hint: 'give networks only, or this mode alone',
    });
  }
  const [first] = wanted;
  const kind = networkKind(first.name);
  if (kind !== 'bridge') {
    refuseSettings(first);
    return kind === 'container'
      ? share(context, request, first.name)
      : { mode: first.name, endpoints: [], isEnclosed: false };
  }
  const endpoints: EndpointRecord[] = [];
  let isEnclosed = true;
  for (const one of wanted) {
    const network = await networkOf(context, one.name);
    isEnclosed &&= network.internal;
    const endpoint = endpointOf(network, one);
    if (endpoints.some(({ networkId }) => networkId === endpoint.networkId)) {
      throw sampanError('ERR_NETWORK_CONFIG', {
        subject: `network ${one.name} is given twice`,
        hint: 'give it once',
      });
    }
    endpoints.push(endpoint);
  }
  refuseTooMany(endpoints);
  return { mode: endpoints[0]?.networkName ?? defaultNetworkName, endpoints, isEnclosed };
};

/** of one container, that netd takes (addon/helper/netd_description.cc) */
const mostNetworks = 32;

/** @throws ERR_NETWORK_CONFIG */
export const refuseTooMany = (endpoints: readonly EndpointRecord[]): void => {
  if (endpoints.length <= mostNetworks) return;
  throw sampanError('ERR_NETWORK_CONFIG', {
    subject: `a container can be on at most ${String(mostNetworks)} networks`,
    hint: 'containers that talk to each other can share one network',
  });
};

/** Never empty. */
export const networksOf = ({
  networks: [first = { name: defaultNetworkName, aliases: [] }, ...more],
}: CreateRequest): readonly [NetworkRequest, ...NetworkRequest[]] => [first, ...more];

const networkOf = async (context: ContainerContext, name: string): Promise<NetworkRecord> =>
  name === defaultNetworkName || name === defaultNetworkWord
    ? await ensureDefaultNetwork(context)
    : findNetwork(context.paths, name);

/** Addresses that the network cannot give are refused now, not when the container starts. @throws ERR_NETWORK_CONFIG */
export const endpointOf = (network: NetworkRecord, wanted: NetworkRequest): EndpointRecord => {
  if (wanted.ip !== undefined) requestedAddress(network.ipv4, wanted.ip, network.name);
  if (wanted.ip6 !== undefined) requestedAddress(network.ipv6, wanted.ip6, network.name);
  return {
    networkId: network.id,
    networkName: network.name,
    aliases: wanted.aliases,
    requested: { ipv4: wanted.ip, ipv6: wanted.ip6, mac: wanted.macAddress },
  };
};

/** They are said of an interface, and these modes give none. */
const refuseSettings = (first: NetworkRequest): void => {
  const { aliases, ip, ip6, macAddress } = first;
  if (aliases.length === 0 && ip === undefined && ip6 === undefined && macAddress === undefined) return;
  throw sampanError('ERR_NETWORK_CONFIG', {
    subject: `addresses and aliases cannot be set with --network ${first.name}`,
    hint: 'they belong to a network of its own: --network bridge, or one of yours',
  });
};

const share = (context: ContainerContext, request: CreateRequest, mode: string): ResolvedNetworks => {
  const shared = findContainer(context.paths, sharedContainer(mode));
  if (request.hostname !== undefined || request.addedHosts.length > 0 || request.dns.length > 0) {
    throw sampanError('ERR_NETWORK_CONFIG', {
      subject: `--hostname, --add-host and --dns cannot be set with --network ${mode}`,
      hint: 'the names are those of the other container: set them there',
    });
  }
  refusePorts(request, shared);
  const kind = networkKind(shared.record.network);
  if (kind === 'container' || kind === 'host') {
    throw sampanError('ERR_NETWORK_CONFIG', {
      subject: `--network ${mode}: that container has no network of its own`,
      hint: `it has the mode ${shared.record.network}`,
    });
  }
  return { mode: sharedMode(shared.id), endpoints: [], isEnclosed: false, shared };
};

/** Docker refuses them, too: they would be ports of the other container. */
const refusePorts = ({ publish, publishAll, exposedPorts }: CreateRequest, { record }: FoundContainer): void => {
  if (publish.length === 0 && !publishAll && exposedPorts.length === 0) return;
  throw sampanError('ERR_NETWORK_CONFIG', {
    subject: `-p, -P and --expose cannot be given with --network container:${record.name}`,
    hint: `the ports are those of the other container: 'sampan port add ${record.name} -p ...'`,
  });
};
