// SPDX-License-Identifier: Apache-2.0
// --add-host, --dns, --hostname, --network.

import { ipVersion } from '../../util/ip-version.js';
import type { AddedHost } from '../../spec/create-request.js';
import type { NetworkRequest } from '../../spec/network-mode.js';
import { InvalidArgument } from '../option.js';
import { parseCsv } from './csv.js';

/** host:ip or host=ip; an IPv6 address may stand in brackets; `host-gateway` instead of an address */
export const readAddedHost = (text: string): AddedHost => {
  const separator = text.search(/[:=]/);
  const name = separator < 0 ? '' : text.slice(0, separator);
  if (name === '') throw new InvalidArgument(`bad format for add-host: ${JSON.stringify(text)}: give host:ip`);
  if (/[\s#\p{C}]/u.test(name)) {
    throw new InvalidArgument(
      `bad format for add-host: ${JSON.stringify(text)}: a name in /etc/hosts has no space, # or control character`,
    );
  }
  const address = text.slice(separator + 1).replace(/^\[(.*)\]$/, '$1');
  if (address !== 'host-gateway' && ipVersion(address) === 0) {
    throw new InvalidArgument(`invalid IP address in add-host: ${JSON.stringify(address)}`);
  }
  return { name, address };
};

export const readAddress = (text: string): string => {
  if (ipVersion(text.trim()) === 0) throw new InvalidArgument(`IP address is not correctly formatted: ${text}`);
  return text.trim();
};

/** Several may stand in one text, as resolv.conf(5) takes them. */
export const readDnsOption = (text: string): string => {
  if (/^[\x21-\x7e]+( +[\x21-\x7e]+)*$/.test(text)) return text;
  throw new InvalidArgument(`${JSON.stringify(text)} is not an option that /etc/resolv.conf can have`);
};

export const readSearchDomain = (text: string): string => {
  if (text.trim() === '.') return '.';
  if (!/^(?=.{1,255}$)[\w-]{1,63}(\.[\w-]{1,63})*\.?$/.test(text.trim()))
    throw new InvalidArgument(`${text} is not a valid domain`);
  return text.trim();
};

/** sethostname(2) takes 64 bytes */
export const readHostname = (text: string): string => {
  if (text.length > 64 || !/^[A-Za-z0-9_.-]+$/.test(text)) {
    throw new InvalidArgument('a host name has up to 64 letters, digits, dots, dashes and underscores');
  }
  return text;
};

/** A name or mode, or docker's long form: name=NAME,alias=A,ip=ADDRESS,ip6=ADDRESS,mac-address=MAC */
export const readNetwork = (text: string): NetworkRequest => {
  if (!/^[a-z0-9-]+=/.test(text)) {
    if (text === '') throw new InvalidArgument('a network needs a name');
    if (text === 'container:') throw new InvalidArgument('give container:NAME, or container:ID');
    return { name: text, aliases: [] };
  }
  const pairs = parseCsv(text).map(readKeyValue);
  const unknown = pairs.find(([key]) => !networkKeys.includes(key));
  if (unknown !== undefined && dockersKeys.includes(unknown[0])) {
    throw new InvalidArgument(`${unknown[0]} is not supported yet: leave it out`);
  }
  if (unknown !== undefined) throw new InvalidArgument(`invalid field key ${unknown[0]}`);
  const valuesOf = (key: string): readonly string[] => pairs.flatMap(([name, value]) => (name === key ? [value] : []));
  const one = (key: string, read: (text: string) => string): string | undefined => {
    const value = valuesOf(key).at(-1);
    return value === undefined ? undefined : read(value);
  };
  const name = one('name', (value) => value);
  if (name === undefined || name === '') throw new InvalidArgument('network name is missing: give name=NAME');
  return {
    name,
    aliases: valuesOf('alias').map(readAlias),
    ip: one('ip', readIpv4),
    ip6: one('ip6', readIpv6),
    macAddress: one('mac-address', readMac),
  };
};

const dockersKeys = ['driver-opt', 'gw-priority', 'link-local-ip'];
const networkKeys = ['name', 'alias', 'ip', 'ip6', 'mac-address'];

const readKeyValue = (text: string): readonly [string, string] => {
  const at = text.indexOf('=');
  if (at < 0) throw new InvalidArgument(`invalid field ${text}: give key=value`);
  return [text.slice(0, at), text.slice(at + 1)];
};

/** Labels of a DNS name (RFC 1123), underscores as docker allows them. */
export const readAlias = (text: string): string => {
  if (text.length <= 253 && /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}))*$/.test(text)) {
    return text;
  }
  throw new InvalidArgument(`${JSON.stringify(text)} is not a name that DNS can have`);
};

export const readIpv4 = (text: string): string => {
  if (ipVersion(text) === 4) return text;
  throw new InvalidArgument(`${JSON.stringify(text)} is not an IPv4 address`);
};

export const readIpv6 = (text: string): string => {
  if (ipVersion(text) === 6 && !text.includes('%')) return text;
  throw new InvalidArgument(`${JSON.stringify(text)} is not an IPv6 address`);
};

/** Of one interface: the multicast bit is not set. */
export const readMac = (text: string): string => {
  const mac = text.toLowerCase().replaceAll('-', ':');
  if (/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/.test(mac) && mac !== '00:00:00:00:00:00') return mac;
  throw new InvalidArgument(`${JSON.stringify(text)} is not a MAC address`);
};
