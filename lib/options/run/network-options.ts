// SPDX-License-Identifier: Apache-2.0
// Options of run and create: names and networks.

import { createList, createValue, type CreateOption } from '../create-option.js';
import type { CreateRequest } from '../../spec/create-request.js';
import type { NetworkRequest } from '../../spec/network-mode.js';
import {
  readAddedHost,
  readAddress,
  readAlias,
  readDnsOption,
  readHostname,
  readIpv4,
  readIpv6,
  readMac,
  readNetwork,
  readSearchDomain,
} from '../parse/network.js';

/** Settings of one interface; without --network it is the default network's. */
const withFirst = (request: CreateRequest, change: (first: NetworkRequest) => NetworkRequest): CreateRequest => {
  const [first = { name: 'bridge', aliases: [] }, ...more] = request.networks;
  return { ...request, networks: [change(first), ...more] };
};

const addNetworks = (request: CreateRequest, networks: readonly NetworkRequest[]): CreateRequest => ({
  ...request,
  networks: [...request.networks, ...networks],
});

const addAliases = (request: CreateRequest, aliases: readonly string[]): CreateRequest =>
  withFirst(request, (first) => ({ ...first, aliases: [...first.aliases, ...aliases] }));

const addDnsOptions = (request: CreateRequest, options: readonly string[]): CreateRequest => ({
  ...request,
  dnsOptions: [...request.dnsOptions, ...options],
});

export const networkOptions: readonly CreateOption[] = [
  createList('network', {
    name: 'network',
    describe: 'network to connect to: a name, none, host or container:NAME; several may be given',
    defaultText: 'bridge',
    docker: 'HostConfig.NetworkMode',
    read: readNetwork,
    apply: addNetworks,
  }),
  createList('network', {
    name: 'net',
    hidden: true,
    describe: 'the same as --network',
    read: readNetwork,
    apply: addNetworks,
  }),
  createList('network', {
    name: 'network-alias',
    describe: 'another name of the container in its first network',
    docker: 'NetworkingConfig.EndpointsConfig.Aliases',
    read: readAlias,
    apply: addAliases,
  }),
  createList('network', {
    name: 'net-alias',
    hidden: true,
    describe: 'the same as --network-alias',
    read: readAlias,
    apply: addAliases,
  }),
  createValue('network', {
    name: 'ip',
    kind: 'string',
    describe: 'IPv4 address in the first network',
    docker: 'NetworkingConfig.EndpointsConfig.IPAMConfig.IPv4Address',
    read: readIpv4,
    apply: (request, ip) => withFirst(request, (first) => ({ ...first, ip })),
  }),
  createValue('network', {
    name: 'ip6',
    kind: 'string',
    describe: 'IPv6 address in the first network',
    docker: 'NetworkingConfig.EndpointsConfig.IPAMConfig.IPv6Address',
    read: readIpv6,
    apply: (request, ip6) => withFirst(request, (first) => ({ ...first, ip6 })),
  }),
  createValue('network', {
    name: 'mac-address',
    kind: 'string',
    describe: 'MAC address in the first network',
    docker: 'NetworkingConfig.EndpointsConfig.MacAddress',
    read: readMac,
    apply: (request, macAddress) => withFirst(request, (first) => ({ ...first, macAddress })),
  }),
  createValue('network', {
    name: 'hostname',
    short: 'h',
    kind: 'string',
    describe: 'host name of the container',
    docker: 'Config.Hostname',
    read: readHostname,
    apply: (request, hostname) => ({ ...request, hostname }),
  }),
  createValue('network', {
    name: 'domainname',
    kind: 'string',
    describe: 'NIS domain name of the container',
    docker: 'Config.Domainname',
    read: readHostname,
    apply: (request, domainname) => ({ ...request, domainname }),
  }),
  createList('network', {
    name: 'add-host',
    describe: 'add a host name to /etc/hosts (host:ip)',
    docker: 'HostConfig.ExtraHosts',
    read: readAddedHost,
    apply: (request, addedHosts) => ({ ...request, addedHosts }),
  }),
  createList('network', {
    name: 'dns',
    describe: 'DNS server for /etc/resolv.conf',
    docker: 'HostConfig.Dns',
    read: readAddress,
    apply: (request, dns) => ({ ...request, dns }),
  }),
  createList('network', {
    name: 'dns-option',
    describe: 'DNS option for /etc/resolv.conf',
    docker: 'HostConfig.DnsOptions',
    read: readDnsOption,
    apply: addDnsOptions,
  }),
  createList('network', {
    name: 'dns-opt',
    hidden: true,
    describe: 'the same as --dns-option',
    read: readDnsOption,
    apply: addDnsOptions,
  }),
  createList('network', {
    name: 'dns-search',
    describe: 'DNS search domain for /etc/resolv.conf',
    docker: 'HostConfig.DnsSearch',
    read: readSearchDomain,
    apply: (request, dnsSearch) => ({ ...request, dnsSearch }),
  }),
];
