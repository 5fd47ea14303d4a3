// SPDX-License-Identifier: Apache-2.0
// network connect and disconnect: what the container is on is written down, and when it runs, netd does it at once.
//
// How this works: while a running container is connected, its record says so first, and while it is disconnected last:
// what netd has is always in the record, so that it is shown, and can be taken back. Of a command that was killed in
// between, the same command finishes the rest: netd knows what is still to be done, and everything else is done again.

import { isSampanError, sampanError } from '../../errors/sampan-error.js';
import { formatDescription, type EndpointDescription } from '../../network/description.js';
import { errnoOf } from '../../network/netd.js';
import { networkKind } from '../../spec/network-mode.js';
import { readEndpoints, type EndpointRecord } from '../../store/container-networks.js';
import { readNetworkRecord, type NetworkRecord } from '../../store/network-records.js';
import { movePorts } from '../container/change-ports.js';
import type { ContainerContext } from '../container/context.js';
import { lockContainer, runsSteadily, type LockedContainer } from '../container/find.js';
import { endpointOf, refuseTooMany } from '../container/resolve-networks.js';
import { describeEndpoint, saveEndpoints } from '../container/start-network.js';
import { tellNetd } from '../container/tell-netd.js';
import { changeEtcFiles } from '../container/write-etc-files.js';
import type { EndpointRequest } from './contract.js';
import { assignEndpoint, releaseEndpoint, type LiveEndpoint } from './assign.js';
import { ensureDefaultNetwork } from './create.js';
import { defaultNetworkName, findNetwork } from './find.js';
import { liveEndpoints, wayOutOf } from './live.js';

const resolve = (context: ContainerContext, nameOrId: string): Promise<NetworkRecord> =>
  nameOrId === defaultNetworkName ? ensureDefaultNetwork(context) : Promise.resolve(findRealNetwork(context, nameOrId));

/** `network ls` lists the modes as well. @throws ERR_NETWORK_BUILT_IN for them */
const findRealNetwork = ({ paths }: ContainerContext, nameOrId: string): NetworkRecord => {
  if (networkKind(nameOrId) === 'bridge') return findNetwork(paths, nameOrId);
  throw sampanError('ERR_NETWORK_BUILT_IN', {
    subject: nameOrId,
    hint: `a container has it from its creation, and for good: --network ${nameOrId}`,
  });
};

/** @returns warnings @throws ERR_NETWORK_ENDPOINT, ERR_NETWORK_*, ERR_NETD */
export const connectContainer = async (
  context: ContainerContext,
  networkName: string,
  containerName: string,
  request: EndpointRequest,
): Promise<readonly string[]> => {
  const network = await resolve(context, networkName);
  const found = await lockContainer(context.paths, context.locks, containerName);
  using _container = found.lock;
  const { record, files } = found;
  refuseMode(found);
  const endpoints = readEndpoints(files);
  const known = endpoints.find(({ networkId }) => networkId === network.id);
  const others = endpoints.filter((other) => other !== known);
  const endpoint = endpointOf(network, { name: network.name, ...request });
  if (known !== undefined && !(runsSteadily(found) && asksTheSame(known, endpoint))) throw isOnAlready(found, network);
  refuseTooMany([...others, endpoint]);
  if (!runsSteadily(found)) {
    saveEndpoints(record, files, [...others, endpoint]);
    return [];
  }
  using _network = await context.locks.network();
  const live = assignEndpoint(context, record.id, endpoint, known?.assigned?.interfaceName ?? freeInterface(others));
  const all = [...others, live.endpoint];
  saveEndpoints(record, files, all);
  const isFirstWayOut = wayOutOf(context.paths, others) === undefined;
  const isNew = await connectInNetd(context, found, live, isFirstWayOut).catch((error: unknown) => {
    saveEndpoints(record, files, endpoints);
    if (known === undefined) releaseEndpoint(context, record.id, live.endpoint);
    throw error;
  });
  const warnings = changeEtcFiles(record, files, liveEndpoints(context.paths, all));
  if (isFirstWayOut) await movePorts(context, found, wayOutOf(context.paths, all));
  if (!isNew) throw isOnAlready(found, network);
  return warnings;
};

const asksTheSame = (one: EndpointRecord, other: EndpointRecord): boolean =>
  JSON.stringify([one.aliases, one.requested]) === JSON.stringify([other.aliases, other.requested]);

const isOnAlready = ({ record }: LockedContainer, network: NetworkRecord): Error =>
  sampanError('ERR_NETWORK_ENDPOINT', {
    subject: `container ${record.name} is already on network ${network.name}`,
    hint: `take it off with 'sampan network disconnect ${network.name} ${record.name}'`,
  });

/** @returns false when it has the network already. An interface of that name that somebody inside has made is an error. */
const connectInNetd = async (
  context: ContainerContext,
  found: LockedContainer,
  live: LiveEndpoint,
  isWayOut: boolean,
): Promise<boolean> => {
  try {
    await changeNetworks(context, found, 'netConnect', [describeEndpoint(live, isWayOut)]);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST' && isSampanError(error, 'ERR_NETD') && error.subject === live.network.id)
      return false;
    throw error;
  }
};

/** @returns warnings @throws ERR_NETWORK_ENDPOINT, ERR_NETD */
export const disconnectContainer = async (
  context: ContainerContext,
  networkName: string,
  containerName: string,
  { force }: { readonly force: boolean },
): Promise<readonly string[]> => {
  const found = await lockContainer(context.paths, context.locks, containerName);
  using _container = found.lock;
  const { record, files } = found;
  const endpoints = readEndpoints(files);
  const endpoint = endpointNamed(context, endpoints, networkName);
  if (endpoint === undefined) {
    if (force) return [];
    throw sampanError('ERR_NETWORK_ENDPOINT', {
      subject: `container ${record.name} is not on network ${networkName}`,
      hint: `'sampan inspect ${record.name}' shows its networks`,
    });
  }
  const left = endpoints.filter((other) => other !== endpoint);
  const isWayOut = wayOutOf(context.paths, endpoints)?.endpoint.networkId === endpoint.networkId;
  if (runsSteadily(found)) {
    const [leaving, wayOut] = [liveEndpoints(context.paths, [endpoint])[0], wayOutOf(context.paths, left)];
    if (leaving !== undefined) {
      await changeNetworks(context, found, 'netDisconnect', [
        describeEndpoint(leaving, false),
        ...(isWayOut && wayOut !== undefined ? [describeEndpoint(wayOut, true)] : []),
      ]);
    }
  }
  using _network = await context.locks.network();
  try {
    const warnings = runsSteadily(found) ? changeEtcFiles(record, files, liveEndpoints(context.paths, left)) : [];
    if (isWayOut) await movePorts(context, found, wayOutOf(context.paths, left));
    return warnings;
  } finally {
    saveEndpoints(record, files, left);
    releaseEndpoint(context, record.id, endpoint);
  }
};

/**
 * A network may be removed while containers of it are stopped, and they cannot be started before they are taken off it.
 * @throws ERR_NETWORK_NOT_FOUND, ERR_NETWORK_BUILT_IN
 */
const endpointNamed = (
  context: ContainerContext,
  endpoints: readonly EndpointRecord[],
  nameOrId: string,
): EndpointRecord | undefined => {
  const removed = endpoints
    .filter(({ networkName, networkId }) => networkName === nameOrId || networkId === nameOrId)
    .find(({ networkId }) => readNetworkRecord(context.paths, networkId) === undefined);
  if (removed !== undefined) return removed;
  const network = findRealNetwork(context, nameOrId);
  return endpoints.find(({ networkId }) => networkId === network.id);
};

const refuseMode = ({ record }: LockedContainer): void => {
  if (networkKind(record.network) === 'bridge') return;
  throw sampanError('ERR_NETWORK_ENDPOINT', {
    subject: `container ${record.name} has network mode ${record.network}`,
    hint: 'only containers on a network can be connected to others: create it with --network',
  });
};

/** Interfaces keep their names: the lowest number that none of them has. */
const freeInterface = (endpoints: readonly EndpointRecord[]): string => {
  const used = new Set(endpoints.map(({ assigned }) => assigned?.interfaceName));
  for (let number = 0; ; number++) if (!used.has(`eth${String(number)}`)) return `eth${String(number)}`;
};

const changeNetworks = async (
  context: ContainerContext,
  found: LockedContainer,
  type: 'netConnect' | 'netDisconnect',
  endpoints: readonly EndpointDescription[],
): Promise<void> => {
  const text = formatDescription({ id: found.record.id, hostnames: [], resolvers: [], endpoints });
  await tellNetd(context, found, { type, text });
};
