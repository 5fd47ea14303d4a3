// SPDX-License-Identifier: Apache-2.0
// One file of credentials: docker's config.json and the containers tools' auth.json, which share their form
// (`auths`, `credHelpers`, `credsStore`). What is not ours in it is kept as it is.

import { readFileSync } from 'node:fs';
import { hasErrno, sampanError } from '../errors/sampan-error.js';
import type { Credentials } from './contract.js';
import { dockerHub, dockerHubCredentialKey, isDockerHub } from './hosts.js';

export type JsonRecord = Readonly<Record<string, unknown>>;

export interface AuthFile {
  readonly path: string;
  readonly content: JsonRecord;
}

/** Undefined when there is no file. @throws ERR_REGISTRY_CONFIG, never quoting the content */
export const readAuthFile = (path: string): AuthFile | undefined => {
  try {
    return parseAuthFile(readFileSync(path, 'utf8'), path);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    if (hasErrno(error, 'EACCES', 'EPERM', 'EISDIR', 'ELOOP'))
      throw sampanError('ERR_REGISTRY_CONFIG', {
        subject: `${path} cannot be read`,
        hint: `see what it is and whose with 'ls -ld ${path}', or name another file in REGISTRY_AUTH_FILE`,
        cause: error,
      });
    throw error;
  }
};

export const parseAuthFile = (text: string, path: string): AuthFile => {
  if (text.trim() === '') return { path, content: {} };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // the cause would quote the file, and with it a secret
    throw sampanError('ERR_REGISTRY_CONFIG', { subject: `${path} is not JSON`, hint: damagedHint(path) });
  }
  if (!isRecord(value))
    throw sampanError('ERR_REGISTRY_CONFIG', { subject: `${path} is not a JSON object`, hint: damagedHint(path) });
  return { path, content: value };
};

const damagedHint = (path: string): string => `repair ${path}, or move it away and log in again`;

/** `host/ns/repo`, `host/ns`, `host`: most specific first (containers-auth.json(5)). */
export const keysFor = (registry: string, repository?: string): readonly string[] => {
  const host = isDockerHub(registry) ? dockerHub : registry;
  const parts = repository === undefined ? [] : repository.split('/');
  return [...parts.map((_, index) => [host, ...parts.slice(0, parts.length - index)].join('/')), host];
};

/** How a key is written for a helper: Docker Hub has its own old url. */
export const serverOf = (key: string): string => (key === dockerHub ? dockerHubCredentialKey : key);

/** The helper that keeps the secret of a key: credHelpers before credsStore, which is for whole registries. */
export const helperFor = ({ content }: AuthFile, key: string): string | undefined => {
  const helpers = asRecord(content['credHelpers']);
  const named = Object.entries(helpers).find(([name]) => normalizeKey(name) === key)?.[1];
  if (typeof named === 'string' && named !== '') return named;
  const store = content['credsStore'];
  return typeof store === 'string' && store !== '' && !key.includes('/') ? store : undefined;
};

/** What `auths` says of a key itself. @throws ERR_REGISTRY_CONFIG */
export const secretIn = ({ path, content }: AuthFile, key: string): Credentials | undefined => {
  const found = Object.entries(asRecord(content['auths'])).find(([name]) => normalizeKey(name) === key);
  return found === undefined ? undefined : parseEntry(asRecord(found[1]), `${path}: the entry of ${key}`);
};

export const hasEntry = ({ content }: AuthFile, key: string): boolean =>
  Object.keys(asRecord(content['auths'])).some((name) => normalizeKey(name) === key);

/** undefined removes the entry; every spelling of the key is replaced */
export const withEntry = ({ path, content }: AuthFile, key: string, entry: JsonRecord | undefined): AuthFile => {
  const others = Object.entries(asRecord(content['auths'])).filter(([name]) => normalizeKey(name) !== key);
  const auths = [...others, ...(entry === undefined ? [] : [[serverOf(key), entry] as const])];
  return { path, content: { ...content, auths: Object.fromEntries(auths) } };
};

export const entryOf = (credentials: Credentials): JsonRecord => {
  switch (credentials.kind) {
    case 'password':
      return { auth: Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64') };
    case 'identityToken':
      // docker keeps an auth without a password beside it
      return { auth: Buffer.from('<token>:').toString('base64'), identitytoken: credentials.token };
    case 'registryToken':
      return { registrytoken: credentials.token };
  }
};

/** As docker writes it. */
export const formatAuthFile = ({ content }: AuthFile): string => `${JSON.stringify(content, undefined, '\t')}\n`;

export const isRecord = (value: unknown): value is JsonRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const asRecord = (value: unknown): JsonRecord => (isRecord(value) ? value : {});

/** `https://host/v1/`, `https://host`, `host/` and `host` are one key; Docker Hub's many names too. */
const normalizeKey = (key: string): string => {
  const bare = key.replace(/^https?:\/\//, '').replace(/\/+$/, '');
  const plain = /^https?:\/\//.test(key) || /^[^/]+\/v[12]$/.test(bare) ? bare.replace(/\/v[12]$/, '') : bare;
  const [host = '', ...rest] = plain.split('/');
  return [isDockerHub(host) ? dockerHub : host, ...rest].join('/');
};

const parseEntry = (entry: JsonRecord, what: string): Credentials | undefined => {
  const text = (name: string): string | undefined => {
    const value = entry[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const identityToken = text('identitytoken');
  if (identityToken !== undefined) return { kind: 'identityToken', token: identityToken };
  const registryToken = text('registrytoken');
  if (registryToken !== undefined) return { kind: 'registryToken', token: registryToken };
  const auth = text('auth');
  if (auth !== undefined) return parseAuth(auth, what);
  const [username, password] = [text('username'), text('password')];
  return username === undefined || password === undefined ? undefined : { kind: 'password', username, password };
};

/** base64 of user:password; a password may have colons and, from docker, trailing NULs. */
const parseAuth = (auth: string, what: string): Credentials => {
  const decoded = Buffer.from(auth, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon <= 0)
    throw sampanError('ERR_REGISTRY_CONFIG', { subject: `${what} has an auth that is not base64 of user:password` });
  return {
    kind: 'password',
    username: decoded.slice(0, colon),
    password: decoded.slice(colon + 1).replace(/\0+$/, ''),
  };
};
