// SPDX-License-Identifier: Apache-2.0
// docker's inspect objects (plain JSON) as a template sees them: Go structs, with the maps and slices that docker's own
// types have. That makes an unknown field an error, and a missing label `<no value>`, as scripts expect.

import { GoFloat, GoMap, GoStruct, nilSlice, type GoValue } from './values.js';

/** Fields that are maps of strings. */
const stringMaps = new Set([
  'Labels',
  'Annotations',
  'Sysctls',
  'Tmpfs',
  'Data',
  'Config',
  'Options',
  'Metadata',
  'DriverOpts',
]);
/** Fields that are maps of something else. */
const maps = new Set([
  'Networks',
  'Ports',
  'PortBindings',
  'Volumes',
  'ExposedPorts',
  'Runtimes',
  'Details',
  'Containers',
]);
/** Fields that are slices also when they are null. */
const slices = new Set([
  'Entrypoint',
  'Cmd',
  'Env',
  'Args',
  'ExecIDs',
  'Binds',
  'CapAdd',
  'CapDrop',
  'Dns',
  'DnsOptions',
  'DnsSearch',
  'ExtraHosts',
  'GroupAdd',
  'SecurityOpt',
  'Ulimits',
  'Mounts',
  'RepoTags',
  'RepoDigests',
  'Layers',
  'OnBuild',
  'Shell',
  'Aliases',
  'Links',
  'DNSNames',
]);
/** Fields that JSON leaves out when empty, and that templates ask for all the same: `{{if .State.Health}}`. */
const optional: Readonly<Record<string, readonly string[]>> = {
  State: ['Health'],
  Config: ['Healthcheck', 'OnBuild', 'Shell', 'StopSignal', 'StopTimeout', 'ExposedPorts', 'Volumes'],
  HostConfig: ['PortBindings', 'Annotations', 'Mounts', 'Sysctls', 'Tmpfs', 'Init', 'Memory', 'NanoCpus'],
};
/** `Config` is the map of a log driver below LogConfig, a struct elsewhere. */
const isStringMap = (name: string, parent: string): boolean =>
  stringMaps.has(name) && (name !== 'Config' || parent === 'LogConfig');

export const fromJson = (value: unknown, name = '', parent = ''): GoValue => {
  if (value === null || value === undefined) return emptyField(name, parent);
  if (Array.isArray(value)) return value.map((item: unknown) => fromJson(item, '', name));
  if (typeof value === 'object') return isMap(name, parent) ? mapOf(value, name, parent) : structOf(value, name);
  if (typeof value === 'number') return Number.isInteger(value) ? value : new GoFloat(value);
  return typeof value === 'string' || typeof value === 'boolean' ? value : undefined;
};

const mapOf = (value: object, name: string, parent: string): GoMap => {
  const entries = Object.entries(value).map(([key, item]) => [key, fromJson(item, '', name)] as const);
  return new GoMap(new Map(entries), { zero: isStringMap(name, parent) ? '' : undefined });
};

const structOf = (value: object, name: string): GoStruct => {
  const fields = new Map<string, GoValue>(
    Object.entries(value).map(([key, field]) => [key, fromJson(field, key, name)]),
  );
  const left = (optional[name] ?? []).filter((field) => !fields.has(field));
  return new GoStruct(fields, {
    aliases: aliasesOf(fields, name),
    omitted: new Map(left.map((field) => [field, absent(field, name)])),
  });
};

/** Descriptors are OCI's: lower case in JSON, but the fields of Go's type are not. Templates may say either. */
const descriptors = new Set(['Descriptor', 'Platform', 'platform']);

const aliasesOf = (fields: ReadonlyMap<string, GoValue>, name: string): Readonly<Record<string, string>> => {
  if (descriptors.has(name))
    return Object.fromEntries([...fields.keys()].map((key) => [key === 'os' ? 'OS' : capitalized(key), key]));
  return fields.has('Id') && !fields.has('ID') ? { ID: 'Id' } : {};
};

const capitalized = (key: string): string => `${key.slice(0, 1).toUpperCase()}${key.slice(1)}`;

const isMap = (name: string, parent: string): boolean => isStringMap(name, parent) || maps.has(name);

const emptyField = (name: string, parent: string): GoValue => {
  if (slices.has(name)) return nilSlice;
  return isMap(name, parent)
    ? new GoMap(new Map(), { zero: isStringMap(name, parent) ? '' : undefined, isNil: true })
    : null;
};

/** Go's zero value of a field that was left out; JSON leaves it out again. */
const absent = (name: string, parent: string): GoValue =>
  name === 'StopSignal' ? '' : name === 'Memory' || name === 'NanoCpus' ? 0 : emptyField(name, parent);
