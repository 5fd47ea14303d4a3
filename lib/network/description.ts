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
    ...publishLines(endpoint.publish),
  ];
};

/** Ports that follow each other, inside and on the host, stand in one line. */
const publishLines = (requests: readonly PublishRequest[]): readonly string[] => {
  const everywhere = ['0.0.0.0', ...(hasIpv6() ? ['::'] : [])].join(',');
  const lines: string[] = [];
  requests.forEach((first, index) => {
    const previous = requests[index - 1];
    if (previous !== undefined && goesOn(previous, first)) return;
    let last = first;
    for (let next = index + 1; ; next++) {
      const request = requests[next];
      if (request === undefined || !goesOn(last, request)) break;
      last = request;
    }
    const inside = first.port === last.port ? String(first.port) : `${String(first.port)}-${String(last.port)}`;
    const { protocol, hostAddress = everywhere } = first;
    const outside = `${String(first.hostPorts?.first ?? 0)}-${String(last.hostPorts?.last ?? 0)}`;
    lines.push(line('publish', protocol, hostAddress, outside, inside));
  });
  return lines;
};

const goesOn = (one: PublishRequest, next: PublishRequest): boolean => {
  if (next.port !== one.port + 1 || next.protocol !== one.protocol || next.hostAddress !== one.hostAddress)
    return false;
  const [from, to] = [one.hostPorts, next.hostPorts];
  if (from === undefined || to === undefined) return from === to;
  return from.first === from.last && to.first === to.last && to.first === from.first + 1;
};

/** The publish lines of a description that netd has made true. */
export const parsePublished = (text: string): readonly PublishedPort[] =>
  text.split('\n').flatMap((published) => {
    const [, protocol, addresses = '', range = '', inside] = published.split(' ');
    if (inside === undefined) return [];
    const [first = 0, last = first] = inside.split('-').map(Number);
    const hostPort = Number(range.split('-')[0]);
    return Array.from({ length: last - first + 1 }, (_, index) =>
      addresses.split(',').map((hostAddress) => ({
        port: first + index,
        protocol: protocol === 'udp' ? ('udp' as const) : ('tcp' as const),
        hostAddress,
        hostPort: hostPort + index,
      })),
    ).flat();
  });

const line = (...words: readonly string[]): string => `${words.join(' ')}\n`;
const flag = (value: boolean): string => (value ? '1' : '0');
