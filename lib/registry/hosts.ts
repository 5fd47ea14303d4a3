// SPDX-License-Identifier: Apache-2.0
// Names of registries: docker.io is a name for three hosts, loopback is special, ports are part of a name.

import { ipVersion } from '../util/ip-version.js';

export const dockerHub = 'docker.io';
/** the key of Docker Hub in every credentials file, literally */
export const dockerHubCredentialKey = 'https://index.docker.io/v1/';
const dockerHubNames = [dockerHub, 'index.docker.io', 'registry-1.docker.io'];

/** The host that answers for a registry's name. */
export const hostOf = (registry: string): string => (isDockerHub(registry) ? 'registry-1.docker.io' : registry);

export const isDockerHub = (registry: string): boolean => dockerHubNames.includes(registry);

/** `host:port` -> parts; an IPv6 address is in brackets. */
export const splitHost = (host: string): { readonly name: string; readonly port?: number } => {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(host);
  const name = (match?.[1] ?? host).replace(/^\[|\]$/g, '').toLowerCase();
  return match?.[2] === undefined ? { name } : { name, port: Number(match[2]) };
};

/** localhost, 127.0.0.0/8, ::1: nobody is in between. */
export const isLoopback = (host: string): boolean => {
  const { name } = splitHost(host);
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '::1' ||
    (ipVersion(name) === 4 && name.startsWith('127.'))
  );
};

/** Addresses that only mean something to the machine that asks: 169.254.0.0/16, fe80::/10, and unspecified ones. */
export const isLinkLocal = (host: string): boolean => {
  const { name } = splitHost(host);
  if (ipVersion(name) === 4) return name.startsWith('169.254.') || name.startsWith('0.');
  return ipVersion(name) === 6 && (/^fe[89ab]/.test(name) || name === '::' || name.startsWith('::ffff:'));
};
