// SPDX-License-Identifier: Apache-2.0
// docker's `network inspect` object. Source of the fields: Docker Engine API 1.47, NetworkInspect.

import type { NetworkPool, NetworkRecord } from '../../store/network-records.js';
import { builtInId, endpointId } from './ids.js';
import type { Member } from './members.js';

const poolObject = ({ subnet, gateway, ipRange }: NetworkPool): Readonly<Record<string, unknown>> => ({
  Subnet: subnet,
  ...(ipRange === undefined ? {} : { IPRange: ipRange }),
  Gateway: gateway,
});

type NamedMember = Pick<Member, 'id' | 'name'>;

const memberObject = (
  networkId: string,
  { id, name }: NamedMember,
  [MacAddress, IPv4Address, IPv6Address]: readonly [mac: string, ipv4: string, ipv6: string],
): readonly [id: string, Readonly<Record<string, string>>] => [
  id,
  { Name: name, EndpointID: endpointId(networkId, id), MacAddress, IPv4Address, IPv6Address },
];

const withLength = (address: string | undefined, pool: NetworkPool | undefined): string =>
  address === undefined ? '' : `${address}/${pool?.subnet.split('/')[1] ?? ''}`;

export const networkObject = (
  network: NetworkRecord,
  members: readonly Member[],
): Readonly<Record<string, unknown>> => ({
  Name: network.name,
  Id: network.id,
  Created: network.createdAt,
  Scope: 'local',
  Driver: network.driver,
  EnableIPv4: network.ipv4 !== undefined,
  EnableIPv6: network.ipv6 !== undefined,
  IPAM: {
    Driver: 'default',
    Options: {},
    Config: [network.ipv4, network.ipv6].flatMap((pool) => (pool === undefined ? [] : [poolObject(pool)])),
  },
  Internal: network.internal,
  Attachable: network.attachable === true,
  Ingress: false,
  ConfigFrom: { Network: '' },
  ConfigOnly: false,
  Containers: Object.fromEntries(
    members.flatMap(({ id, name, isRunning, endpoint: { assigned } }) =>
      isRunning && assigned !== undefined
        ? [
            memberObject(network.id, { id, name }, [
              assigned.mac,
              withLength(assigned.ipv4, network.ipv4),
              withLength(assigned.ipv6, network.ipv6),
            ]),
          ]
        : [],
    ),
  ),
  Options: network.options,
  Labels: network.labels,
  Sampan: { Mtu: network.mtu, HostPorts: network.hostPorts },
});

export const builtInObject = (
  name: 'host' | 'none',
  members: readonly NamedMember[],
): Readonly<Record<string, unknown>> => ({
  Name: name,
  Id: builtInId(name),
  Created: '0001-01-01T00:00:00Z',
  Scope: 'local',
  Driver: name === 'host' ? 'host' : 'null',
  EnableIPv4: true,
  EnableIPv6: false,
  IPAM: { Driver: 'default', Options: null, Config: null },
  Internal: false,
  Attachable: false,
  Ingress: false,
  ConfigFrom: { Network: '' },
  ConfigOnly: false,
  Containers: Object.fromEntries(members.map((member) => memberObject(builtInId(name), member, ['', '', '']))),
  Options: {},
  Labels: {},
});
