// SPDX-License-Identifier: Apache-2.0
// Whom TLS trusts: the system's authorities, and certs.d/<host:port>/ with *.crt (authorities) and *.cert + *.key
// (ours), as docker and containers-certs.d(5) have it.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasErrno, sampanError } from '../errors/sampan-error.js';
import { configHome, variable, type Environment } from './environment.js';

export interface Certificates {
  /** PEM; undefined leaves the choice to Node's built-in list */
  readonly authorities?: readonly string[];
  readonly certificate?: string;
  readonly key?: string;
}

/** What distributions call the bundle; Node would not look. */
const systemBundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** @throws ERR_REGISTRY_CONFIG when a certificate has no key or a file cannot be read */
export const certificatesFor = (environment: Environment, host: string): Certificates => {
  const own = directoriesOf(environment, host)
    .map(readDirectory)
    .find((found) => found !== undefined);
  const system = systemAuthorities(environment);
  const authorities = [...(system === undefined ? [] : [system]), ...(own?.authorities ?? [])];
  const { authorities: _, ...pair } = own ?? {};
  return { ...pair, ...(authorities.length === 0 ? {} : { authorities }) };
};

const directoriesOf = (environment: Environment, host: string): readonly string[] =>
  [
    join(configHome(environment), 'containers/certs.d'),
    join(configHome(environment), 'docker/certs.d'),
    '/etc/containers/certs.d',
    '/etc/docker/certs.d',
  ].map((directory) => join(directory, host));

const systemAuthorities = (environment: Environment): string | undefined => {
  const chosen = variable(environment, 'SSL_CERT_FILE');
  if (chosen !== undefined) return readOrThrow(chosen);
  for (const path of systemBundles) {
    const content = readIfThere(path);
    if (content !== undefined) return content;
  }
  return undefined;
};

const readDirectory = (directory: string): Certificates | undefined => {
  const names = listIfThere(directory);
  if (names === undefined) return undefined;
  const read = (name: string): string => readOrThrow(join(directory, name));
  const certificate = names.find((name) => name.endsWith('.cert'));
  const keyName = certificate?.replace(/\.cert$/, '.key');
  if (keyName !== undefined && !names.includes(keyName)) {
    throw sampanError('ERR_REGISTRY_CONFIG', {
      subject: `${join(directory, certificate ?? '')} has no key beside it`,
      hint: `its key would be ${keyName}`,
    });
  }
  return {
    authorities: names.filter((name) => name.endsWith('.crt')).map(read),
    ...(certificate === undefined || keyName === undefined
      ? {}
      : { certificate: read(certificate), key: read(keyName) }),
  };
};

const listIfThere = (directory: string): readonly string[] | undefined => {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    // a host is part of the path, so any of these says that there is nothing for it
    if (hasErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ENAMETOOLONG')) return undefined;
    throw error;
  }
};

const readIfThere = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return undefined;
    throw error;
  }
};

const readOrThrow = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw sampanError('ERR_REGISTRY_CONFIG', { subject: `${path} cannot be read`, cause: error });
  }
};
