// SPDX-License-Identifier: Apache-2.0
// NetworkSettings of docker's `inspect` object (Docker Engine API 1.47). Addresses are shown while the container runs.

import { readEndpoints, type AssignedEndpoint, type EndpointRecord } from '../../store/container-networks.js';
import type { ContainerFiles, ContainerRecord } from '../../store/container-records.js';
import { readNetworkRecord, type NetworkPool, type NetworkRecord } from '../../store/network-records.js';
import type { Paths } from '../../store/paths.js';
import { builtInId, endpointId } from '../network/ids.js';
import { hasPorts, portMap } from './port-objects.js';
import type { DerivedStatus } from './status.js';

export interface ContainerEndpoint {
  readonly endpoint: EndpointRecord;
  /** undefined: it was removed while the container did not run */
  readonly network: NetworkRecord | undefined;
}

export const endpointsOf = (paths: Paths, files: ContainerFiles): readonly ContainerEndpoint[] =>
  readEndpoints(files).map((endpoint) => ({ endpoint, network: readNetworkRecord(paths, endpoint.networkId) }));

interface SettingsInput {
  readonly record: ContainerRecord;
  readonly state: DerivedStatus;
  readonly networks: readonly ContainerEndpoint[];
}

export const networkSettings = ({ record, state, networks }: SettingsInput): Readonly<Record<string, unknown>> => {
  const running = state.status === 'running' ? state.run : undefined;
  const shown = networks.map((one) => ({ ...one, live: running === undefined ? undefined : one.endpoint.assigned }));
  const [first] = shown;
  return {
    Bridge: '',
    SandboxID: '',
    SandboxKey: running === undefined ? '' : `/proc/${String(running.init.pid)}/ns/net`,
    Ports:
      hasPorts(record.network) && running !== undefined
        ? portMap(record.ports.exposed, running.publishedPorts ?? [])
        : {},
    ...emptyFields,
    EndpointID: first?.live === undefined ? '' : endpointId(first.endpoint.networkId, record.id),
    ...addressFields(first?.live, first?.network),
    Networks:
      networks.length === 0
        ? modeEntry(record.network)
        : Object.fromEntries(shown.map((one) => [one.endpoint.networkName, endpointObject(record, one, one.live)])),
  };
};

/** docker's fields of what is not there, which templates may ask for all the same. */
const emptyFields = {
  HairpinMode: false,
  LinkLocalIPv6Address: '',
  LinkLocalIPv6PrefixLen: 0,
  SecondaryIPAddresses: null,
  SecondaryIPv6Addresses: null,
};

const lengthOf = (pool: NetworkPool | undefined): number => Number(pool?.subnet.split('/')[1] ?? 0);

const noAddresses = {
  Gateway: '',
  IPAddress: '',
  IPPrefixLen: 0,
  IPv6Gateway: '',
  GlobalIPv6Address: '',
  GlobalIPv6PrefixLen: 0,
  MacAddress: '',
};

const addressFields = (
  live: AssignedEndpoint | undefined,
  network: NetworkRecord | undefined,
): Readonly<Record<string, unknown>> => ({
  ...noAddresses,
  ...(live?.ipv4 === undefined ? {} : ipv4Fields(live.ipv4, network?.ipv4)),
  ...(live?.ipv6 === undefined ? {} : ipv6Fields(live.ipv6, network?.ipv6)),
  ...(live === undefined ? {} : { MacAddress: live.mac }),
});

const ipv4Fields = (address: string, pool: NetworkPool | undefined): Readonly<Record<string, unknown>> => ({
  Gateway: pool?.gateway ?? '',
  IPAddress: address,
  IPPrefixLen: lengthOf(pool),
});

const ipv6Fields = (address: string, pool: NetworkPool | undefined): Readonly<Record<string, unknown>> => ({
  IPv6Gateway: pool?.gateway ?? '',
  GlobalIPv6Address: address,
  GlobalIPv6PrefixLen: lengthOf(pool),
});

const endpointObject = (
  { id, name }: ContainerRecord,
  { endpoint, network }: ContainerEndpoint,
  live: AssignedEndpoint | undefined,
): Readonly<Record<string, unknown>> => {
  const { ipv4, ipv6 } = endpoint.requested;
  const config = {
    ...(ipv4 === undefined ? {} : { IPv4Address: ipv4 }),
    ...(ipv6 === undefined ? {} : { IPv6Address: ipv6 }),
  };
  return {
    IPAMConfig: ipv4 === undefined && ipv6 === undefined ? null : config,
    Links: null,
    Aliases: endpoint.aliases.length === 0 ? null : endpoint.aliases,
    DriverOpts: null,
    NetworkID: endpoint.networkId,
    EndpointID: live === undefined ? '' : endpointId(endpoint.networkId, id),
    ...addressFields(live, network),
    DNSNames: [...new Set([name, ...endpoint.aliases, id.slice(0, 12)])],
  };
};

/** docker shows host and none as networks; container:X is not one. */
const modeEntry = (mode: string): Readonly<Record<string, unknown>> =>
  mode === 'host' || mode === 'none'
    ? {
        [mode]: {
          IPAMConfig: null,
          Links: null,
          Aliases: null,
          DriverOpts: null,
          NetworkID: builtInId(mode),
          EndpointID: '',
          ...addressFields(undefined, undefined),
          DNSNames: null,
        },
      }
    : {};
