// SPDX-License-Identifier: Apache-2.0
// network connect and disconnect: what the container is on is written down, and when it runs, netd does it at once.

import { dirname } from 'node:path';
import { sampanError } from '../../errors/sampan-error.js';
import type { Command } from '../../native/frames.js';
import { formatDescription } from '../../network/description.js';
import { askNetd, errnoOf } from '../../network/netd.js';
import { networkKind } from '../../spec/network-mode.js';
import { readEndpoints, type EndpointRecord } from '../../store/container-networks.js';
import { readNetworkRecord, type NetworkRecord } from '../../store/network-records.js';
import { netdDirectories } from '../../store/netd-places.js';
import type { ContainerContext } from '../container/context.js';
import { lockContainer, type LockedContainer } from '../container/find.js';
import { endpointOf } from '../container/resolve-networks.js';
import { describeEndpoint, saveEndpoints, writeEtcFiles } from '../container/start-network.js';
import { deriveStatus } from '../container/status.js';
import type { EndpointRequest } from './contract.js';
import { assignEndpoint, releaseEndpoint, type LiveEndpoint } from './assign.js';
import { ensureDefaultNetwork } from './create.js';
import { defaultNetworkName, findNetwork } from './find.js';

const resolve = (context: ContainerContext, nameOrId: string): Promise<NetworkRecord> =>
  nameOrId === defaultNetworkName
    ? ensureDefaultNetwork(context)
    : Promise.resolve(findNetwork(context.paths, nameOrId));

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
  if (deriveStatus(files).status !== 'running') {
    saveEndpoints(record, files, [...endpoints, endpoint]);
    return;
  }
  using _network = await context.locks.network();
  const live = assignEndpoint(context, record.id, endpoint, freeInterface(endpoints));
  try {
    await tellNetd(context, found, 'netConnect', live, !hasWayOut(context, endpoints));
  } catch (error) {
    releaseEndpoint(context, record.id, live.endpoint);
    throw error;
  }
  saveAndTell(context, found, [...endpoints, live.endpoint]);
};

/** @throws ERR_NETWORK_ENDPOINT, ERR_NETD */
export const disconnectContainer = async (
  context: ContainerContext,
  networkName: string,
  containerName: string,
  { force }: { readonly force: boolean },
): Promise<void> => {
  const network = findNetwork(context.paths, networkName);
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
  const { assigned } = endpoint;
  if (deriveStatus(files).status === 'running' && assigned !== undefined) {
    await tellNetd(context, found, 'netDisconnect', { endpoint: { ...endpoint, assigned }, network }, false);
  }
  using _network = await context.locks.network();
  releaseEndpoint(context, record.id, endpoint);
  saveAndTell(
    context,
    found,
    endpoints.filter((other) => other !== endpoint),
  );
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

const hasWayOut = ({ paths }: ContainerContext, endpoints: readonly EndpointRecord[]): boolean =>
  endpoints.some(({ networkId }) => readNetworkRecord(paths, networkId)?.internal === false);

const tellNetd = async (
  context: ContainerContext,
  { record, files }: LockedContainer,
  type: 'netConnect' | 'netDisconnect',
  live: LiveEndpoint,
  isDefaultRoute: boolean,
): Promise<void> => {
  const text = formatDescription({
    id: record.id,
    hostnames: [],
    resolvers: [],
    endpoints: [describeEndpoint(live, isDefaultRoute)],
  });
  const state = deriveStatus(files);
  const runtimeRoot = state.status === 'running' ? dirname(state.run.runtimeDirectory) : context.paths.runtimeRoot;
  for (const directory of netdDirectories(runtimeRoot)) {
    if (await hasNetdDone(context, directory, { type, text })) return;
  }
  throw sampanError('ERR_NETD', {
    subject: 'it does not run, or does not have this container',
    hint: `start the container again: 'sampan restart ${record.name}'`,
  });
};

/** False when it does not run, or knows nothing of the container. */
const hasNetdDone = async ({ native }: ContainerContext, directory: string, command: Command): Promise<boolean> => {
  try {
    return (await askNetd(native(), directory, command)) !== undefined;
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return false;
    throw error;
  }
};

/** The files that the running container reads follow its networks. */
const saveAndTell = (
  context: ContainerContext,
  { record, files }: LockedContainer,
  endpoints: readonly EndpointRecord[],
): void => {
  saveEndpoints(record, files, endpoints);
  const live = endpoints.flatMap((endpoint): readonly LiveEndpoint[] => {
    const network = readNetworkRecord(context.paths, endpoint.networkId);
    const { assigned } = endpoint;
    return network === undefined || assigned === undefined ? [] : [{ endpoint: { ...endpoint, assigned }, network }];
  });
  if (deriveStatus(files).status === 'running') writeEtcFiles(record, files, live);
};
