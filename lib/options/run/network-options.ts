// SPDX-License-Identifier: Apache-2.0
// Options of run and create: names and networks.

import { createList, createTexts, createValue, type CreateOption } from '../create-option.js';
import { readAddedHost, readAddress, readHostname, readNetwork, readSearchDomain } from '../parse/network.js';

export const networkOptions: readonly CreateOption[] = [
  createValue('network', {
    name: 'network',
    kind: 'string',
    describe: 'network of the container: none or host',
    defaultText: 'none',
    docker: 'HostConfig.NetworkMode',
    read: readNetwork,
    apply: (request, network) => ({ ...request, network }),
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
  createTexts('network', {
    name: 'dns-option',
    describe: 'DNS option for /etc/resolv.conf',
    docker: 'HostConfig.DnsOptions',
    apply: (request, dnsOptions) => ({ ...request, dnsOptions }),
  }),
  createList('network', {
    name: 'dns-search',
    describe: 'DNS search domain for /etc/resolv.conf',
    docker: 'HostConfig.DnsSearch',
    read: readSearchDomain,
    apply: (request, dnsSearch) => ({ ...request, dnsSearch }),
  }),
];
