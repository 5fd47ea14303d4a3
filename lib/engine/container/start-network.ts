// SPDX-License-Identifier: Apache-2.0
// The network of a container that is being started: addresses, names, netd, and what the plan says of them.
// The caller holds the container's lock.

import { closeSync } from 'node:fs';
import { sampanError } from '../../errors/sampan-error.js';
import { formatDescription, type EndpointDescription } from '../../network/description.js';
import { connectToNetd } from '../../network/netd.js';
import type { PlanOperation } from '../../native/protocol.js';
import type { IdMap } from '../../runtime/id-map.js';
import { namespaceFlags } from '../../runtime/plan.js';
import { openProcess } from '../../runtime/process-handle.js';
import { networkKind, sharedContainer } from '../../spec/network-mode.js';
import { readEndpoints, writeEndpoints, type EndpointRecord } from '../../store/container-networks.js';
import type { ContainerFiles, ContainerRecord } from '../../store/container-records.js';
import { assignEndpoint, networkOf, type LiveEndpoint } from '../network/assign.js';
import type { ContainerContext } from './context.js';
import { findContainer, type LockedContainer } from './find.js';
import { openDirectory } from './monitor-operations.js';
import { deriveStatus } from './status.js';
import { netdOptions } from './wake-netd.js';
import { hostAlias, resetEtcFiles } from './write-etc-files.js';

/** What a start needs of the network; to be disposed once the helper has its descriptors. */
export interface StartNetwork extends Disposable {
  readonly operations: (slotOf: (fd: number) => number) => readonly PlanOperation[];
  /** Once netd has made them ready. @throws ERR_NETWORK_NOT_FOUND when a network was removed since it was looked at */
  readonly confirm: () => Promise<void>;
}

/** @throws ERR_NETWORK_*, ERR_NETD, ERR_CONTAINER_NOT_RUNNING */
export const openStartNetwork = async (
  context: ContainerContext,
  found: LockedContainer,
  map: IdMap,
): Promise<StartNetwork> => {
  const { record, files } = found;
  switch (networkKind(record.network)) {
    case 'none':
    case 'host':
      resetEtcFiles(record, files, []);
      return { operations: () => [], confirm: nothingToConfirm, [Symbol.dispose]: () => undefined };
    case 'container':
      return sharedNetwork(context, record);
    case 'bridge':
      return await leasedNetwork(context, found, map);
  }
};

const nothingToConfirm = (): Promise<void> => Promise.resolve();

const sharedNetwork = (context: ContainerContext, record: ContainerRecord): StartNetwork => {
  const other = findContainer(context.paths, sharedContainer(record.network));
  const state = deriveStatus(other.files);
  const init = state.status === 'running' ? openProcess(context.native(), state.run.init) : undefined;
  if (init === undefined) {
    throw sampanError('ERR_CONTAINER_NOT_RUNNING', {
      subject: other.record.name,
      hint: `its network is to be shared: start it with 'sampan start ${other.record.name}'`,
    });
  }
  const flags = namespaceFlags(['user', 'network']);
  return {
    operations: (slotOf) => [{ op: 'share_namespaces', pidfd: slotOf(init.pidfd), flags }],
    confirm: nothingToConfirm,
    [Symbol.dispose]: () => {
      init[Symbol.dispose]();
    },
  };
};

const leasedNetwork = async (
  context: ContainerContext,
  { record, files }: LockedContainer,
  map: IdMap,
): Promise<StartNetwork> => {
  const endpoints = await assignAll(context, record, files);
  resetEtcFiles(record, files, endpoints);
  const description = formatDescription(describe(record, endpoints));
  const options = netdOptions(context, map);
  const { directory } = options;
  const connection = await connectToNetd(context.native(), options);
  const directoryFd = openDirectory(directory);
  return {
    operations: (slotOf) => [
      { op: 'network_lease', connection: slotOf(connection), directory: slotOf(directoryFd), description },
    ],
    // From here on netd refuses to forget them; before, who removes one could not know.
    confirm: async () => {
      using _lock = await context.locks.network();
      for (const { endpoint } of endpoints) networkOf(context, endpoint);
    },
    [Symbol.dispose]: () => {
      closeSync(connection);
      closeSync(directoryFd);
    },
  };
};

const assignAll = async (
  context: ContainerContext,
  record: ContainerRecord,
  files: ContainerFiles,
): Promise<readonly LiveEndpoint[]> => {
  using _lock = await context.locks.network();
  const endpoints = readEndpoints(files).map((endpoint, index) =>
    assignEndpoint(context, record.id, endpoint, `eth${String(index)}`),
  );
  saveEndpoints(
    record,
    files,
    endpoints.map(({ endpoint }) => endpoint),
  );
  return endpoints;
};

export const saveEndpoints = (
  record: ContainerRecord,
  files: ContainerFiles,
  endpoints: readonly EndpointRecord[],
): void => {
  writeEndpoints(files, endpoints, { durable: !record.request.autoRemove });
};

// ---- what netd is told ---------------------------------------------------------------------------------------------

export const noWayOut = (): Error =>
  sampanError('ERR_NETWORK_CONFIG', {
    subject: 'ports cannot be published on an internal network',
    hint: 'leave out -p, or give a second network that is not internal',
  });

/** What a container is called in its networks, besides their aliases. */
export const hostnamesOf = ({ name, id, hostname }: ContainerRecord): readonly string[] => [
  ...new Set([name, id.slice(0, 12), hostname]),
];

const describe = (record: ContainerRecord, endpoints: readonly LiveEndpoint[]) => {
  const first = endpoints.findIndex(({ network }) => !network.internal);
  // Without a way out, published ports rest until a network gives one.
  return {
    id: record.id,
    hostnames: hostnamesOf(record),
    resolvers: record.request.dns,
    endpoints: endpoints.map((live, index) => ({
      ...describeEndpoint(live, index === first),
      publish: index === first ? record.ports.publish : [],
    })),
  };
};

export const describeEndpoint = ({ endpoint, network }: LiveEndpoint, isDefaultRoute: boolean): EndpointDescription => {
  const { assigned, aliases } = endpoint;
  const withLength = (address: string | undefined, subnet: string | undefined): readonly string[] =>
    address === undefined || subnet === undefined ? [] : [`${address}/${subnet.split('/')[1] ?? ''}`];
  return {
    network: {
      id: network.id,
      name: network.name,
      mtu: network.mtu,
      internal: network.internal,
      ipv6Names: network.ipv6Names === true,
      gateways: [
        ...withLength(network.ipv4?.gateway, network.ipv4?.subnet),
        ...(assigned.ipv6 === undefined ? [] : withLength(network.ipv6?.gateway, network.ipv6?.subnet)),
      ],
      hostAliases: network.hostPorts.length === 0 ? [] : [hostAlias],
      openPorts: network.hostPorts,
    },
    interfaceName: assigned.interfaceName,
    mac: assigned.mac,
    isDefaultRoute,
    addresses: [...withLength(assigned.ipv4, network.ipv4?.subnet), ...withLength(assigned.ipv6, network.ipv6?.subnet)],
    names: aliases,
    publish: [],
  };
};
