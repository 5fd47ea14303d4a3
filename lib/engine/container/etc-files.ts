// SPDX-License-Identifier: Apache-2.0
// The generated /etc/hostname, /etc/hosts and /etc/resolv.conf of a container. Pure.

import { ipVersion } from '../../util/ip-version.js';
import { sampanError } from '../../errors/sampan-error.js';
import type { AddedHost, CreateRequest } from '../../spec/create-request.js';
import type { NetworkKind } from '../../spec/network-mode.js';

export interface EndpointFacts {
  /** its own addresses */
  readonly addresses: readonly string[];
  /** where netd answers DNS */
  readonly nameservers: readonly string[];
  /** how the host is reached */
  readonly hostGateway: string;
}

export interface EtcFilesInput {
  readonly request: CreateRequest;
  readonly network: NetworkKind;
  /** of a container on networks of its own: known when it is started */
  readonly endpoints?: EndpointFacts | undefined;
  readonly hostname: string;
  /** the host's own files, empty when it has none */
  readonly hostHosts: string;
  readonly hostResolvConf: string;
}

export interface EtcFiles {
  readonly hostname: string;
  readonly hosts: string;
  readonly 'resolv.conf': string;
}

/** @throws ERR_INVALID_VALUE for an address that is none */
export const buildEtcFiles = (input: EtcFilesInput): EtcFiles => ({
  hostname: `${input.hostname}\n`,
  hosts: buildHosts(input),
  'resolv.conf': buildResolvConf(input),
});

const baseHosts = `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`;

const buildHosts = ({ request, network, endpoints, hostname, hostHosts }: EtcFilesInput): string => {
  const added = request.addedHosts.map((host) => `${addressOf(host, network, endpoints)}\t${host.name}\n`).join('');
  if (network === 'host') return `${withFinalNewline(hostHosts)}${added}`;
  const names = hostNamesOf(hostname, request.domainname);
  const own = endpoints === undefined || endpoints.addresses.length === 0 ? ['127.0.0.1'] : endpoints.addresses;
  const host = endpoints === undefined ? '' : `${endpoints.hostGateway}\t${hostNames}\n`;
  return `${baseHosts}${own.map((address) => `${address}\t${names}\n`).join('')}${host}${added}`;
};

/** The full name first, then the bare one; `hostname -f` and `hostname -s` read them from here. */
const hostNamesOf = (hostname: string, domainname: string | undefined): string => {
  const full = domainname === undefined ? hostname : `${hostname}.${domainname}`;
  return [...new Set([full, hostname, full.split('.')[0]])].join(' ');
};

/** docker's and podman's names for the machine outside. */
const hostNames = 'host.docker.internal host.containers.internal';

const addressOf = (
  { name, address }: AddedHost,
  network: NetworkKind,
  endpoints: EndpointFacts | undefined,
): string => {
  if (address === 'host-gateway') {
    if (network === 'host') return '127.0.0.1';
    // Not started yet: the file is written again then.
    if (network === 'bridge') return endpoints?.hostGateway ?? '0.0.0.0';
    throw sampanError('ERR_INVALID_VALUE', {
      subject: `--add-host ${name}:host-gateway`,
      hint: 'without a network there is no gateway: use --network host',
    });
  }
  if (ipVersion(address) !== 0) return address;
  throw sampanError('ERR_INVALID_VALUE', {
    subject: `--add-host ${name}:${address}`,
    hint: 'give an IPv4 or IPv6 address',
  });
};

/** The host's file, with the parts replaced that --dns, --dns-search and --dns-option name (resolv.conf(5)). */
const buildResolvConf = ({ request, network, hostResolvConf, endpoints }: EtcFilesInput): string => {
  for (const server of request.dns) refuseServer(server, network);
  const search = request.dnsSearch.filter((domain) => domain !== '.');
  // netd asks the servers of --dns, or the host's, for what it does not know itself.
  const servers = endpoints === undefined ? request.dns : endpoints.nameservers;
  const replaced = [
    ...servers.map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...(request.dnsOptions.length > 0 ? [`options ${request.dnsOptions.join(' ')}`] : []),
  ];
  const isReplaced = (line: string): boolean =>
    (servers.length > 0 && /^\s*nameserver\b/.test(line)) ||
    (request.dnsSearch.length > 0 && /^\s*(search|domain)\b/.test(line)) ||
    (request.dnsOptions.length > 0 && /^\s*options\b/.test(line));
  const kept = hostResolvConf.split('\n').filter((line) => line !== '' && !isReplaced(line));
  const lines = [...replaced, ...kept];
  const hasDots = lines.some((line) => /^\s*options\b.*\bndots:/.test(line));
  return withFinalNewline([...lines, ...(endpoints === undefined || hasDots ? [] : [namesFirst])].join('\n'));
};

const refuseServer = (server: string, network: NetworkKind): void => {
  if (ipVersion(server) === 0)
    throw sampanError('ERR_INVALID_VALUE', { subject: `--dns ${server}`, hint: 'give an IP address' });
  if (network !== 'bridge' || !server.includes('%')) return;
  throw sampanError('ERR_INVALID_VALUE', {
    subject: `--dns ${server}`,
    hint: 'a server behind one interface of the host is reached with --network host only: give an address without %',
  });
};

/** As docker does it: a container's name is asked for as it is, not first below the search domains of the host. */
const namesFirst = 'options ndots:0';

const withFinalNewline = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);
