// SPDX-License-Identifier: Apache-2.0
// registries.conf, version 2 (containers-registries.conf(5)): one main file, then drop-ins. The TOML reader is loaded
// only when there is a file.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasErrno, sampanError } from '../errors/sampan-error.js';
import { namesIn } from '../util/names-in.js';
import { isRecord, type JsonRecord } from './auth-file.js';
import { configHome, variable, type Environment } from './environment.js';

export interface Mirror {
  readonly location: string;
  readonly insecure: boolean;
  /** which pulls it is asked for */
  readonly pulls: 'all' | 'digest-only' | 'tag-only';
}

export interface RegistryEntry {
  /** host, host/path, or *.host */
  readonly prefix: string;
  /** what replaces the prefix; empty for *.host means as it is */
  readonly location: string;
  readonly insecure: boolean;
  readonly blocked: boolean;
  readonly mirrors: readonly Mirror[];
}

export interface RegistriesConf {
  readonly searchRegistries: readonly string[];
  readonly aliases: Readonly<Record<string, string>>;
  readonly entries: readonly RegistryEntry[];
}

const nothing: RegistriesConf = { searchRegistries: [], aliases: {}, entries: [] };

/** @throws ERR_REGISTRY_CONFIG */
export const readRegistriesConf = async (environment: Environment): Promise<RegistriesConf> => {
  let result = nothing;
  for (const path of filesOf(environment)) {
    const text = readIfThere(path);
    if (text !== undefined) result = merge(result, await parseRegistriesConf(text, path));
  }
  return result;
};

/** @throws ERR_REGISTRY_CONFIG */
export const parseRegistriesConf = async (
  text: string,
  path: string,
): Promise<RegistriesConf & { readonly setsSearch: boolean }> => {
  const { parse } = await import('smol-toml');
  let content: JsonRecord;
  try {
    content = parse(text);
  } catch (cause) {
    throw sampanError('ERR_REGISTRY_CONFIG', { subject: `${path} is not TOML`, cause });
  }
  if (isRecord(content['registries'])) {
    throw sampanError('ERR_REGISTRY_CONFIG', {
      subject: `${path} is in the format of version 1`,
      hint: 'write [[registry]] tables: containers-registries.conf(5)',
    });
  }
  const read = reader(path);
  return {
    setsSearch: content['unqualified-search-registries'] !== undefined,
    searchRegistries: read.strings(content, 'unqualified-search-registries'),
    aliases: Object.fromEntries(
      Object.entries(read.table(content, 'aliases')).flatMap(([name, value]) =>
        typeof value === 'string' ? [[name, value]] : [],
      ),
    ),
    entries: read.tables(content, 'registry').map((table) => parseEntry(read, table)),
  };
};

const parseEntry = (read: Reader, table: JsonRecord): RegistryEntry => {
  const [prefix, location] = [read.text(table, 'prefix'), read.text(table, 'location')];
  const name = trimSlash(prefix ?? location ?? '');
  if (name === '') throw read.wrong('a [[registry]] needs a prefix or a location');
  const digestOnly = read.flag(table, 'mirror-by-digest-only');
  return {
    prefix: name,
    location: trimSlash(location ?? (name.startsWith('*.') ? '' : name)),
    insecure: read.flag(table, 'insecure'),
    blocked: read.flag(table, 'blocked'),
    mirrors: read.tables(table, 'mirror').map((mirror) => ({
      location: trimSlash(read.text(mirror, 'location') ?? ''),
      insecure: read.flag(mirror, 'insecure'),
      pulls: digestOnly ? 'digest-only' : pullsOf(read, mirror),
    })),
  };
};

const pullsOf = (read: Reader, mirror: JsonRecord): Mirror['pulls'] => {
  const value = read.text(mirror, 'pull-from-mirror') ?? 'all';
  if (value === 'all' || value === 'digest-only' || value === 'tag-only') return value;
  throw read.wrong('pull-from-mirror is one of all, digest-only, tag-only');
};

/** A later file replaces what an earlier one says of the same prefix or alias. */
const merge = (older: RegistriesConf, newer: RegistriesConf & { readonly setsSearch: boolean }): RegistriesConf => ({
  searchRegistries: newer.setsSearch ? newer.searchRegistries : older.searchRegistries,
  aliases: { ...older.aliases, ...newer.aliases },
  entries: [
    ...older.entries.filter(({ prefix }) => newer.entries.every((entry) => entry.prefix !== prefix)),
    ...newer.entries,
  ],
});

/** Variables name files for everything; else the main file of the highest precedence, then the drop-ins by name. */
const filesOf = (environment: Environment): readonly string[] => {
  const chosen = variable(environment, 'CONTAINERS_REGISTRIES_CONF');
  const last = variable(environment, 'CONTAINERS_REGISTRIES_CONF_OVERRIDE');
  const extra = last === undefined ? [] : [last];
  if (chosen !== undefined) return [chosen, ...extra];
  const user = join(configHome(environment), 'containers');
  const main = [user, '/etc/containers', '/usr/share/containers'].map((directory) =>
    join(directory, 'registries.conf'),
  );
  const first = main.find((path) => readIfThere(path) !== undefined);
  return [...(first === undefined ? [] : [first]), ...dropIns(user, environment.uid), ...extra];
};

const dropIns = (user: string, uid: number): readonly string[] => {
  const system = ['/usr/share/containers', '/etc/containers'];
  const rootless = uid === 0 ? [] : ['registries.rootless.conf.d', `registries.rootless.conf.d/${String(uid)}`];
  const directories = [
    ...['registries.conf.d', ...rootless].flatMap((name) => system.map((directory) => join(directory, name))),
    join(user, 'registries.conf.d'),
  ];
  // the same file name further down replaces the earlier one
  const byName = new Map(
    directories.flatMap((directory) => listIfThere(directory).map((name) => [name, join(directory, name)] as const)),
  );
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
};

const listIfThere = (directory: string): readonly string[] =>
  namesIn(directory, 'ENOTDIR', 'EACCES').filter((name) => name.endsWith('.conf'));

const readIfThere = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return undefined;
    throw error;
  }
};

const trimSlash = (text: string): string => text.replace(/\/+$/, '');

interface Reader {
  text(table: JsonRecord, key: string): string | undefined;
  flag(table: JsonRecord, key: string): boolean;
  strings(table: JsonRecord, key: string): readonly string[];
  table(table: JsonRecord, key: string): JsonRecord;
  tables(table: JsonRecord, key: string): readonly JsonRecord[];
  wrong(problem: string): Error;
}

const reader = (path: string): Reader => {
  const wrong = (problem: string): Error => sampanError('ERR_REGISTRY_CONFIG', { subject: `${path}: ${problem}` });
  const list = (table: JsonRecord, key: string): readonly unknown[] => {
    const value = table[key] ?? [];
    if (!Array.isArray(value)) throw wrong(`${key} is not a list`);
    return value;
  };
  return {
    wrong,
    text: (table, key) => {
      const value = table[key];
      if (value !== undefined && typeof value !== 'string') throw wrong(`${key} is not a string`);
      return value === '' ? undefined : value;
    },
    flag: (table, key) => {
      const value = table[key] ?? false;
      if (typeof value !== 'boolean') throw wrong(`${key} is neither true nor false`);
      return value;
    },
    strings: (table, key) =>
      list(table, key).map((value) => {
        if (typeof value !== 'string') throw wrong(`${key} is not a list of strings`);
        return value;
      }),
    table: (table, key) => {
      const value = table[key] ?? {};
      if (!isRecord(value)) throw wrong(`${key} is not a table`);
      return value;
    },
    tables: (table, key) =>
      list(table, key).map((value) => {
        if (!isRecord(value)) throw wrong(`${key} is not a list of tables`);
        return value;
      }),
  };
};
