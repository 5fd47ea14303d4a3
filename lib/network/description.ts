// SPDX-License-Identifier: Apache-2.0
// What netd is told about a container: lines of words, read by addon/helper/netd_description.cc, which documents them.

import type { PublishedPort, PublishRequest } from '../spec/ports.js';
import { hasIpv6 } from './host-routes.js';

export interface EndpointDescription {
  readonly network: {
    readonly id: string;
    readonly name: string;
    readonly mtu: number;
    readonly internal: boolean;
    /** names are answered with IPv6 addresses, too */
    readonly ipv6Names: boolean;
    /** address of the bridge with the length of the network's prefix, one per family */
    readonly gateways: readonly string[];
    readonly hostAliases: readonly string[];
    readonly openPorts: readonly { readonly first: number; readonly last: number }[];
  };
  readonly interfaceName: string;
  readonly mac: string;
  readonly isDefaultRoute: boolean;
  /** with the length of the network's prefix, one per family */
  readonly addresses: readonly string[];
  /** what the others in this network call the container, besides its host names */
  readonly names: readonly string[];
  readonly publish: readonly PublishRequest[];
}

export interface ContainerDescription {
  readonly id: string;
  readonly hostnames: readonly string[];
  /** DNS servers to ask instead of the host's */
  readonly resolvers: readonly string[];
  readonly endpoints: readonly EndpointDescription[];
}

export const formatDescription = ({ id, hostnames, resolvers, endpoints }: ContainerDescription): string =>
  [
    line('container', id),
    ...hostnames.map((name) => line('hostname', name)),
    ...resolvers.map((address) => line('resolver', address)),
    ...endpoints.flatMap(endpointLines),
  ].join('');

const endpointLines = (endpoint: EndpointDescription): readonly string[] => {
  const { network } = endpoint;
  return [
    line('network', network.id, String(network.mtu), flag(network.internal)),
    line('called', network.name),
    ...(network.ipv6Names ? [line('ipv6names', flag(true))] : []),
    ...network.gateways.map((gateway) => line('gateway', gateway)),
    ...network.hostAliases.map((alias) => line('alias', alias)),
    ...network.openPorts.map(({ first, last }) => line('open', `${String(first)}-${String(last)}`)),
    line('endpoint', endpoint.interfaceName, endpoint.mac, flag(endpoint.isDefaultRoute)),
    ...endpoint.addresses.map((address) => line('address', address)),
    ...endpoint.names.map((name) => line('name', name)),
    ...endpoint.publish.map(publishLine),
  ];
};

const publishLine = ({ port, protocol, hostAddress, hostPorts }: PublishRequest): string => {
  const addresses = hostAddress === undefined ? ['0.0.0.0', ...(hasIpv6() ? ['::'] : [])] : [hostAddress];
  const range = hostPorts === undefined ? '0-0' : `${String(hostPorts.first)}-${String(hostPorts.last)}`;
  return line('publish', protocol, addresses.join(','), range, String(port));
};

/** The publish lines of a description that netd has made true. */
export const parsePublished = (text: string): readonly PublishedPort[] =>
  text.split('\n').flatMap((published) => {
    const [, protocol, addresses = '', range = '', port] = published.split(' ');
    if (port === undefined) return [];
    return addresses.split(',').map((hostAddress) => ({
      port: Number(port),
      protocol: protocol === 'udp' ? 'udp' : 'tcp',
      hostAddress,
      hostPort: Number(range.split('-')[0]),
    }));
  });

const line = (...words: readonly string[]): string => `${words.join(' ')}\n`;
const flag = (value: boolean): string => (value ? '1' : '0');
