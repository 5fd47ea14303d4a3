// SPDX-License-Identifier: Apache-2.0
// Where the secrets of a registry are looked for, and where login and logout keep them.
//
// How this works: files are asked in order, the user's explicit choice first: $DOCKER_AUTH_CONFIG (inline, read only),
// then $REGISTRY_AUTH_FILE alone when it is set, else $DOCKER_CONFIG/config.json when it is set,
// $XDG_RUNTIME_DIR/containers/auth.json, $XDG_CONFIG_HOME/containers/auth.json, ~/.docker/config.json. In each file
// the most specific key wins, and for one key a helper before the secret in the file.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { hasErrno, sampanError } from '../errors/sampan-error.js';
import { openCredentialHelper, type CredentialHelper } from '../native/credential-helper.js';
import {
  entryOf,
  formatAuthFile,
  hasEntry,
  helperFor,
  keysFor,
  parseAuthFile,
  readAuthFile,
  secretIn,
  serverOf,
  withEntry,
  type AuthFile,
} from './auth-file.js';
import type { Credentials } from './contract.js';
import { configHome, runtimeHome, variable, type Environment } from './environment.js';

/** Replaces a file atomically, mode 0600; missing directories are made for the user alone. */
export type ReplaceFile = (path: string, content: string) => void;

/** Until it is disposed, no other process of ours changes the file, which need not exist. */
export type LockFile = (path: string) => Promise<Disposable>;

export interface KeptCredentials {
  /** the file, or the helper */
  readonly keptIn: string;
  /** in plain text in a file, with no helper to keep it */
  readonly inPlainText: boolean;
  /** a variable that is asked first has the registry too */
  readonly hiddenBy?: string;
  /** others could read the file; now they cannot */
  readonly wasReadableByOthers: boolean;
}

export interface CredentialStore {
  /** undefined: anonymous */
  find(registry: string, repository?: string): Promise<Credentials | undefined>;
  save(registry: string, credentials: Credentials): Promise<KeptCredentials>;
  /** Returns the places it was removed from: none when nobody was logged in. */
  remove(registry: string): Promise<readonly string[]>;
}

export interface CredentialStoreOptions extends Environment {
  readonly replaceFile: ReplaceFile;
  readonly lockFile: LockFile;
  /** for tests; the real ones are programs */
  readonly openHelper?: (name: string) => CredentialHelper;
}

const inlineVariable = 'DOCKER_AUTH_CONFIG';
/** the user name that stands for an identity token in helpers */
const tokenUser = '<token>';

export const openCredentialStore = (options: CredentialStoreOptions): CredentialStore => {
  const openHelper = options.openHelper ?? ((name: string) => openCredentialHelper(name, options.env));
  /** Changes what is in the file now, which may be more than when it was looked at first. */
  const change = async (path: string, edit: (file: AuthFile) => AuthFile): Promise<void> => {
    try {
      using _lock = await options.lockFile(path);
      const file = edit(readAuthFile(path) ?? { path, content: {} });
      options.replaceFile(path, formatAuthFile(file));
    } catch (error) {
      if (!hasErrno(error, 'EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'ELOOP')) throw error;
      throw sampanError('ERR_REGISTRY_CONFIG', {
        subject: `${path} cannot be written`,
        hint: 'name a file of your own in REGISTRY_AUTH_FILE',
        cause: error,
      });
    }
  };
  return {
    find: async (registry, repository) => {
      for (const file of filesToRead(options)) {
        for (const key of keysFor(registry, repository)) {
          const found = (await askHelper(openHelper, file, key)) ?? secretIn(file, key);
          if (found !== undefined) return found;
        }
      }
      return undefined;
    },
    save: async (registry, credentials) => {
      const [key = registry] = keysFor(registry);
      const file = fileToWrite(options, key);
      const helper = helperFor(file, key);
      const wasReadableByOthers = helper === undefined && isReadableByOthers(file.path);
      // before the lock: a helper may wait for a person
      if (helper !== undefined) await openHelper(helper).store(serverOf(key), toHelperSecret(credentials));
      // docker marks a registry whose secret a helper has by an entry without content
      const entry = helper === undefined ? entryOf(credentials) : {};
      await change(file.path, (current) => withEntry(current, key, entry));
      const inline = inlineFile(options);
      return {
        keptIn: helper === undefined ? file.path : `docker-credential-${helper}`,
        inPlainText: helper === undefined,
        wasReadableByOthers,
        ...(inline !== undefined && hasEntry(inline, key) ? { hiddenBy: inline.path } : {}),
      };
    },
    remove: async (registry) => {
      const [key = registry] = keysFor(registry);
      const places: string[] = [];
      for (const file of writablePaths(options).flatMap((path) => readAuthFile(path) ?? [])) {
        const helper = helperFor(file, key);
        const kept = helper !== undefined && (await askHelper(openHelper, file, key)) !== undefined;
        if (helper !== undefined && kept) {
          await openHelper(helper).erase(serverOf(key));
          places.push(`docker-credential-${helper}`);
        }
        if (!hasEntry(file, key)) continue;
        await change(file.path, (current) => withEntry(current, key, undefined));
        places.push(file.path);
      }
      return places;
    },
  };
};

const askHelper = async (
  openHelper: (name: string) => CredentialHelper,
  file: AuthFile,
  key: string,
): Promise<Credentials | undefined> => {
  const name = helperFor(file, key);
  const secret = name === undefined ? undefined : await openHelper(name).get(serverOf(key));
  if (secret === undefined || secret.secret === '') return undefined;
  if (secret.username === tokenUser) return { kind: 'identityToken', token: secret.secret };
  return { kind: 'password', username: secret.username, password: secret.secret };
};

const toHelperSecret = (credentials: Credentials): { readonly username: string; readonly secret: string } =>
  credentials.kind === 'password'
    ? { username: credentials.username, secret: credentials.password }
    : { username: tokenUser, secret: credentials.token };

const filesToRead = function* (options: Environment): Generator<AuthFile> {
  const inline = inlineFile(options);
  if (inline !== undefined) yield inline;
  for (const path of writablePaths(options)) {
    const file = readAuthFile(path);
    if (file !== undefined) yield file;
  }
};

/** Helpers are not for the inline form: docker reads secrets from it and nothing else. */
const inlineFile = (options: Environment): AuthFile | undefined => {
  const text = variable(options, inlineVariable);
  if (text === undefined) return undefined;
  return { path: inlineVariable, content: { auths: parseAuthFile(text, inlineVariable).content['auths'] } };
};

const isReadableByOthers = (path: string): boolean =>
  ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0;

const writablePaths = (options: Environment): readonly string[] => {
  const only = variable(options, 'REGISTRY_AUTH_FILE');
  if (only !== undefined) return [only];
  const explicit = variable(options, 'DOCKER_CONFIG');
  const runtime = runtimeHome(options);
  return [
    ...(explicit === undefined ? [] : [join(explicit, 'config.json')]),
    ...(runtime === undefined ? [] : [join(runtime, 'containers/auth.json')]),
    join(configHome(options), 'containers/auth.json'),
    ...(explicit === undefined ? [join(options.home, '.docker/config.json')] : []),
  ];
};

/** The first file that knows the key, so that what is saved is also what is found; else docker's. */
const fileToWrite = (options: Environment, key: string): AuthFile => {
  const paths = writablePaths(options);
  const knowing = paths
    .flatMap((path) => readAuthFile(path) ?? [])
    .find((file) => hasEntry(file, key) || helperFor(file, key) !== undefined);
  if (knowing !== undefined) return knowing;
  const path = paths.find((candidate) => candidate.endsWith('config.json')) ?? paths[0];
  if (path === undefined) throw sampanError('ERR_INTERNAL', { subject: 'no file for credentials' });
  return readAuthFile(path) ?? { path, content: {} };
};
