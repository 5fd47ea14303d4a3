// SPDX-License-Identifier: Apache-2.0
// The generated /etc/hostname, /etc/hosts and /etc/resolv.conf of a container. Pure.

import { isIP } from 'node:net';
import { sampanError } from '../../errors/sampan-error.js';
import type { AddedHost, CreateRequest } from '../../spec/create-request.js';

export interface EtcFilesInput {
  readonly request: CreateRequest;
  readonly network: 'none' | 'host';
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

const buildHosts = ({ request, network, hostname, hostHosts }: EtcFilesInput): string => {
  const added = request.addedHosts.map((host) => `${addressOf(host, network)}\t${host.name}\n`).join('');
  if (network === 'host') return `${withFinalNewline(hostHosts)}${added}`;
  const names = request.domainname === undefined ? hostname : `${hostname}.${request.domainname} ${hostname}`;
  return `${baseHosts}127.0.0.1\t${names}\n${added}`;
};

const addressOf = ({ name, address }: AddedHost, network: 'none' | 'host'): string => {
  if (address === 'host-gateway') {
    if (network === 'host') return '127.0.0.1';
    throw sampanError('ERR_INVALID_VALUE', {
      subject: `--add-host ${name}:host-gateway`,
      hint: 'without a network there is no gateway: use --network host',
    });
  }
  if (isIP(address) !== 0) return address;
  throw sampanError('ERR_INVALID_VALUE', {
    subject: `--add-host ${name}:${address}`,
    hint: 'give an IPv4 or IPv6 address',
  });
};

/** The host's file, with the parts replaced that --dns, --dns-search and --dns-option name (resolv.conf(5)). */
const buildResolvConf = ({ request, hostResolvConf }: EtcFilesInput): string => {
  for (const server of request.dns) {
    if (isIP(server) === 0)
      throw sampanError('ERR_INVALID_VALUE', { subject: `--dns ${server}`, hint: 'give an IP address' });
  }
  const search = request.dnsSearch.filter((domain) => domain !== '.');
  const replaced = [
    ...request.dns.map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...(request.dnsOptions.length > 0 ? [`options ${request.dnsOptions.join(' ')}`] : []),
  ];
  const isReplaced = (line: string): boolean =>
    (request.dns.length > 0 && /^\s*nameserver\b/.test(line)) ||
    (request.dnsSearch.length > 0 && /^\s*(search|domain)\b/.test(line)) ||
    (request.dnsOptions.length > 0 && /^\s*options\b/.test(line));
  const kept = hostResolvConf.split('\n').filter((line) => line !== '' && !isReplaced(line));
  return withFinalNewline([...replaced, ...kept].join('\n'));
};

const withFinalNewline = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);
