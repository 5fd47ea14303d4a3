// SPDX-License-Identifier: Apache-2.0
// network connect and disconnect: what the container is on is written down, and when it runs, netd does it at once.

import { sampanError } from '../../errors/sampan-error.js';
import { formatDescription, type EndpointDescription } from '../../network/description.js';
import { networkKind } from '../../spec/network-mode.js';
import { readEndpoints, type EndpointRecord } from '../../store/container-networks.js';
import type { NetworkRecord } from '../../store/network-records.js';
import { movePorts } from '../container/change-ports.js';
import type { ContainerContext } from '../container/context.js';
import { lockContainer, runsSteadily, type LockedContainer } from '../container/find.js';
import { endpointOf, refuseTooMany } from '../container/resolve-networks.js';
import { describeEndpoint, saveEndpoints, writeEtcFiles } from '../container/start-network.js';
import { deriveStatus } from '../container/status.js';
import { tellNetd } from '../container/tell-netd.js';
import type { EndpointRequest } from './contract.js';
import { assignEndpoint, releaseEndpoint } from './assign.js';
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

/** @throws ERR_NETWORK_ENDPOINT, ERR_NETWORK_*, ERR_NETD */
export const connectContainer = async (
  context: ContainerContext,
  networkName: string,
  containerName: string,
  request: EndpointRequest,
): Promise<void> => {
  const network = await resolve(context, networkName);
  const found = await lockContainer(context.paths, context.locks, containerName);
  using _container = found.lock;
  const { record, files } = found;
  refuseMode(found);
  const endpoints = readEndpoints(files);
  if (endpoints.some(({ networkId }) => networkId === network.id)) {
    throw sampanError('ERR_NETWORK_ENDPOINT', {
      subject: `container ${record.name} is already on network ${network.name}`,
      hint: `take it off with 'sampan network disconnect ${network.name} ${record.name}'`,
    });
  }
  const endpoint = endpointOf(network, { name: network.name, ...request });
  refuseTooMany([...endpoints, endpoint]);
  if (!runsSteadily(found)) {
    saveEndpoints(record, files, [...endpoints, endpoint]);
    return;
  }
  using _network = await context.locks.network();
  const live = assignEndpoint(context, record.id, endpoint, freeInterface(endpoints));
  const isFirstWayOut = wayOutOf(context.paths, endpoints) === undefined;
  try {
    await changeNetworks(context, found, 'netConnect', [describeEndpoint(live, isFirstWayOut)]);
  } catch (error) {
    releaseEndpoint(context, record.id, live.endpoint);
    throw error;
  }
  saveNetworks(context, found, [...endpoints, live.endpoint]);
  if (isFirstWayOut) await movePorts(context, found);
};

/** @throws ERR_NETWORK_ENDPOINT, ERR_NETD */
export const disconnectContainer = async (
  context: ContainerContext,
  networkName: string,
  containerName: string,
  { force }: { readonly force: boolean },
): Promise<void> => {
  const network = findRealNetwork(context, networkName);
  const found = await lockContainer(context.paths, context.locks, containerName);
  using _container = found.lock;
  const { record, files } = found;
  const endpoints = readEndpoints(files);
  const endpoint = endpoints.find(({ networkId }) => networkId === network.id);
  if (endpoint === undefined) {
    if (force) return;
    throw sampanError('ERR_NETWORK_ENDPOINT', {
      subject: `container ${record.name} is not on network ${network.name}`,
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
  releaseEndpoint(context, record.id, endpoint);
  saveNetworks(context, found, left);
  if (isWayOut) await movePorts(context, found);
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

/** With the files that a running container reads. */
const saveNetworks = (
  { paths }: ContainerContext,
  found: LockedContainer,
  endpoints: readonly EndpointRecord[],
): void => {
  const { record, files } = found;
  saveEndpoints(record, files, endpoints);
  if (deriveStatus(files).status === 'running') writeEtcFiles(record, files, liveEndpoints(paths, endpoints));
};
