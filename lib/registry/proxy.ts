// SPDX-License-Identifier: Apache-2.0
// HTTP_PROXY, HTTPS_PROXY and NO_PROXY, with the meaning that Go's programs gave them.

import { BlockList } from 'node:net';
import { ipVersion } from '../util/ip-version.js';
import { sampanError } from '../errors/sampan-error.js';
import { variable, type Environment } from './environment.js';
import { isLoopback, splitHost } from './hosts.js';

export interface Proxy {
  /** without user and password */
  readonly url: string;
  /** value of Proxy-Authorization */
  readonly authorization?: string;
}

/** The proxy for a url; undefined: a direct connection. @throws ERR_REGISTRY_CONFIG for what is no proxy url */
export const proxyFor = (environment: Environment, url: URL): Proxy | undefined => {
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const value = variable(environment, name) ?? variable(environment, name.toLowerCase());
  if (value === undefined || isLoopback(url.host)) return undefined;
  const exceptions = variable(environment, 'NO_PROXY') ?? variable(environment, 'no_proxy') ?? '';
  if (matchesNoProxy(exceptions, url)) return undefined;
  return parseProxy(value, name);
};

const parseProxy = (value: string, name: string): Proxy => {
  const text = value.includes('://') ? value : `http://${value}`;
  const proxy = URL.canParse(text) ? new URL(text) : undefined;
  if (proxy === undefined || !['http:', 'https:'].includes(proxy.protocol)) {
    // the value may hold a password
    throw sampanError('ERR_REGISTRY_CONFIG', { subject: `${name} is not the url of an http or https proxy` });
  }
  const { username, password } = proxy;
  const secret = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    url: proxy.origin,
    ...(username === '' ? {} : { authorization: `Basic ${Buffer.from(secret).toString('base64')}` }),
  };
};

/** `*`, `example.org` (and below), `.example.org` (only below), addresses, CIDR, each with :port. */
export const matchesNoProxy = (exceptions: string, url: URL): boolean => {
  const { name } = splitHost(url.host);
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  return exceptions
    .split(/[\s,]+/)
    .filter((item) => item !== '')
    .some((item) => item === '*' || matchesItem(item.toLowerCase(), name, port));
};

const matchesItem = (item: string, name: string, port: number): boolean => {
  if (item.includes('/')) return isInNetwork(item, name);
  const pattern = ipVersion(item) === 6 ? { name: item } : splitHost(item);
  if (pattern.port !== undefined && pattern.port !== port) return false;
  if (ipVersion(pattern.name) !== 0) return pattern.name === name;
  if (pattern.name.startsWith('*.')) return name.endsWith(pattern.name.slice(1));
  return pattern.name.startsWith('.')
    ? name.endsWith(pattern.name)
    : name === pattern.name || name.endsWith(`.${pattern.name}`);
};

/** 203.0.113.0/24, fd00::/8; what is no network contains nothing. */
export const isInNetwork = (network: string, address: string): boolean => {
  const [base = '', prefix = ''] = network.split('/');
  const [family, given] = [ipVersion(base), ipVersion(address)];
  if (family === 0 || family !== given || !/^\d{1,3}$/.test(prefix) || Number(prefix) > (family === 4 ? 32 : 128))
    return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(base, Number(prefix), type);
  return list.check(address, type);
};
