// SPDX-License-Identifier: Apache-2.0
// The settings file, $XDG_CONFIG_HOME/sampan/config.json: one record per key. What is in it and not known here is an
// error, so that no mistyped setting is without effect. docs/reference/settings.md tells them.

import { readFileSync } from 'node:fs';
import { ipVersion } from '../util/ip-version.js';
import { hasErrno, sampanError } from '../errors/sampan-error.js';
import { parseBytes } from '../util/bytes.js';
import { nearest } from '../util/nearest.js';
import { shorten } from '../util/shorten.js';
import { InvalidArgument } from './option.js';

export interface Settings {
  /** asked before Docker Hub: host[:port] or a url */
  readonly registryMirrors: readonly string[];
  /** host[:port] or CIDR: certificates are not verified there, and http is allowed */
  readonly insecureRegistries: readonly string[];
  /** what images may take on disk; more than that, and those go that were not used for longest. Absent: no limit */
  readonly maxStoreBytes?: number;
}

export const noSettings: Settings = { registryMirrors: [], insecureRegistries: [] };

interface Setting {
  /** as in the file; a dot leads into an object */
  readonly key: string;
  /** the value as JSON has it. @throws InvalidArgument */
  readonly apply: (settings: Settings, value: unknown) => Settings;
}

export const settingsTable: readonly Setting[] = [
  {
    key: 'registry-mirrors',
    apply: (settings, value) => ({ ...settings, registryMirrors: readList(value, checkMirror) }),
  },
  {
    key: 'insecure-registries',
    apply: (settings, value) => ({ ...settings, insecureRegistries: readList(value, checkInsecure) }),
  },
  { key: 'store.maxSize', apply: (settings, value) => ({ ...settings, maxStoreBytes: readSize(value) }) },
];

/** Missing file: nothing set. @throws ERR_SETTINGS, naming file and key */
export const readSettings = (path: string): Settings => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return noSettings;
    throw sampanError('ERR_SETTINGS', { subject: `${path} cannot be read`, cause: error });
  }
  return parseSettings(text, path);
};

/** @throws ERR_SETTINGS */
export const parseSettings = (text: string, path: string): Settings => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw sampanError('ERR_SETTINGS', { subject: `${path} is not JSON`, cause });
  }
  if (!isObject(value)) throw sampanError('ERR_SETTINGS', { subject: `${path} is not a JSON object` });
  return leavesOf(value).reduce<Settings>(
    (settings, [key, given]) => applyOne(settings, { key, given, path }),
    noSettings,
  );
};

interface Given {
  readonly key: string;
  readonly given: unknown;
  readonly path: string;
}

const applyOne = (settings: Settings, { key, given, path }: Given): Settings => {
  const keys = settingsTable.map((setting) => setting.key);
  const setting = settingsTable.find((known) => known.key === key);
  if (setting === undefined) {
    const near = nearest(key, keys);
    throw sampanError('ERR_SETTINGS', {
      subject: `${path}: unknown key ${shorten(key)}`,
      hint: near === undefined ? `the keys are ${keys.join(', ')}` : `did you mean ${near}?`,
    });
  }
  try {
    return setting.apply(settings, given);
  } catch (error) {
    if (!(error instanceof InvalidArgument)) throw error;
    throw sampanError('ERR_SETTINGS', { subject: `${path}: ${key}: ${error.message}` });
  }
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `{"store": {"maxSize": 1}}` has the key store.maxSize. */
const leavesOf = (value: object, prefix = ''): readonly (readonly [string, unknown])[] =>
  Object.entries(value).flatMap(([name, inner]: [string, unknown]) =>
    isObject(inner) ? leavesOf(inner, `${prefix}${name}.`) : [[`${prefix}${name}`, inner] as const],
  );

const readSize = (value: unknown): number => {
  const bytes = typeof value === 'number' ? value : typeof value === 'string' ? parseBytes(value) : undefined;
  if (bytes !== undefined && Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new InvalidArgument(`${shorten(value)} is no size such as "20g"`);
};

const readList = (value: unknown, check: (item: string) => void): readonly string[] => {
  if (!Array.isArray(value)) throw new InvalidArgument('it is not a list of strings');
  return value.map((item: unknown) => {
    if (typeof item !== 'string') throw new InvalidArgument('it is not a list of strings');
    check(item);
    return item;
  });
};

const hostPattern = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?$/;

const isHost = (text: string): boolean => hostPattern.test(text);

const checkMirror = (item: string): void => {
  if (!isHost(item.replace(/^https?:\/\//, '').replace(/\/$/, '')))
    throw new InvalidArgument(`${shorten(item)} is not the name or url of a registry`);
};

const checkInsecure = (item: string): void => {
  const [address = '', bits, ...more] = item.split('/');
  const version = ipVersion(address);
  const isNetwork =
    version !== 0 &&
    bits !== undefined &&
    more.length === 0 &&
    /^\d+$/.test(bits) &&
    Number(bits) <= (version === 4 ? 32 : 128);
  if (!isNetwork && !isHost(item.replace(/^https?:\/\//, '')))
    throw new InvalidArgument(`${shorten(item)} is neither host[:port] nor a network such as 198.51.100.0/24`);
};
