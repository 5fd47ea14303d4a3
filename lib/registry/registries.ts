// SPDX-License-Identifier: Apache-2.0
// From a reference to the places that may serve it, in the order to ask: mirrors, then the registry itself.

import { join } from 'node:path';
import { sampanError } from '../errors/sampan-error.js';
import type { Reference } from '../image/reference.js';
import { readSettings, type Settings } from '../options/settings.js';
import { configHome, type Environment } from './environment.js';
import { dockerHub, isLoopback, splitHost } from './hosts.js';
import { isInNetwork } from './proxy.js';
import { readRegistriesConf, type Mirror, type RegistriesConf, type RegistryEntry } from './registries-conf.js';

/** A repository at a place. */
export interface Location {
  /** host[:port], or docker.io */
  readonly registry: string;
  readonly path: string;
  readonly mirror: boolean;
}

export type OwnSettings = Pick<Settings, 'registryMirrors' | 'insecureRegistries'>;

export interface Registries {
  /** For pulls. @throws ERR_REGISTRY_BLOCKED */
  locationsOf(reference: Reference): readonly Location[];
  /** For pushes and logins: never a mirror. @throws ERR_REGISTRY_BLOCKED */
  primaryOf(reference: Reference): Location;
  /** TLS is not verified there and http is allowed. */
  isInsecure(registry: string): boolean;
  /** `name[:tag]` without a registry -> full names to try; the name itself when nothing is configured. */
  expandShortName(text: string): readonly string[];
}

/** @throws ERR_REGISTRY_CONFIG, ERR_SETTINGS */
export const openRegistries = async (environment: Environment): Promise<Registries> =>
  makeRegistries(
    await readRegistriesConf(environment),
    readSettings(join(configHome(environment), 'sampan/config.json')),
  );

export const makeRegistries = (conf: RegistriesConf, own: OwnSettings): Registries => {
  const entryOf = (name: string): RegistryEntry | undefined =>
    conf.entries.filter(({ prefix }) => covers(prefix, name)).sort((a, b) => b.prefix.length - a.prefix.length)[0];
  const insecureHosts = new Set([
    ...conf.entries
      .filter(({ insecure }) => insecure)
      .map(({ location, prefix }) => hostPart(location === '' ? prefix : location)),
    ...conf.entries.flatMap(({ mirrors }) =>
      mirrors.filter(({ insecure }) => insecure).map(({ location }) => hostPart(location)),
    ),
    ...own.registryMirrors.filter((mirror) => mirror.startsWith('http://')).map(hostOfUrl),
  ]);
  const primaryOf = (reference: Reference): Location => {
    const name = `${reference.domain}/${reference.path}`;
    const entry = entryOf(name);
    if (entry?.blocked === true)
      throw sampanError('ERR_REGISTRY_BLOCKED', {
        subject: name,
        hint: `registries.conf has blocked = true for ${entry.prefix}`,
      });
    return entry === undefined || entry.location === ''
      ? { registry: reference.domain, path: reference.path, mirror: false }
      : rewrite(name, entry.prefix, entry.location, false);
  };
  return {
    primaryOf,
    locationsOf: (reference) => {
      const name = `${reference.domain}/${reference.path}`;
      const primary = primaryOf(reference);
      const entry = entryOf(name);
      const mirrors = (entry?.mirrors ?? [])
        .filter(({ location, pulls }) => location !== '' && serves(pulls, reference))
        .map(({ location }) => rewrite(name, entry?.prefix ?? '', location, true));
      const ours =
        reference.domain === dockerHub
          ? own.registryMirrors.map((mirror) => ({ registry: hostOfUrl(mirror), path: reference.path, mirror: true }))
          : [];
      return [...mirrors, ...ours, primary];
    },
    isInsecure: (registry) =>
      [...insecureHosts].some(
        (host) => host === registry || (host.startsWith('*.') && registry.endsWith(host.slice(1))),
      ) ||
      own.insecureRegistries.some(
        (item) => item === registry || hostOfUrl(item) === registry || isInNetwork(item, splitHost(registry).name),
      ),
    expandShortName: (text) => expandShortName(conf, text),
  };
};

/** May http be spoken with it? Loopback always: nobody is in between. */
export const allowsHttp = (registries: Pick<Registries, 'isInsecure'>, registry: string): boolean =>
  isLoopback(registry) || registries.isInsecure(registry);

const expandShortName = (conf: RegistriesConf, text: string): readonly string[] => {
  const [, name = '', suffix = ''] = /^([^:@]*)(.*)$/.exec(text) ?? [];
  const [first = ''] = name.split('/');
  if (name.includes('/') && (/[.:]/.test(first) || first === 'localhost')) return [text];
  const alias = Object.hasOwn(conf.aliases, name) ? conf.aliases[name] : undefined;
  if (alias !== undefined) return [`${alias}${suffix}`];
  return conf.searchRegistries.length === 0 ? [text] : conf.searchRegistries.map((registry) => `${registry}/${text}`);
};

/** A prefix ends where a component of the name ends; *.host covers every host below. */
const covers = (prefix: string, name: string): boolean => {
  if (prefix.startsWith('*.')) return hostPart(name).endsWith(prefix.slice(1));
  return name === prefix || name.startsWith(`${prefix}/`);
};

const rewrite = (name: string, prefix: string, location: string, mirror: boolean): Location => {
  const rest = prefix.startsWith('*.') ? name.slice(hostPart(name).length) : name.slice(prefix.length);
  const full = `${location}${rest}`;
  const registry = hostPart(full);
  return { registry, path: full.slice(registry.length + 1), mirror };
};

const serves = (pulls: Mirror['pulls'], { digest }: Reference): boolean =>
  pulls === 'all' || (pulls === 'digest-only' ? digest !== undefined : digest === undefined);

const hostPart = (name: string): string => name.split('/')[0] ?? name;

const hostOfUrl = (text: string): string => hostPart(text.replace(/^https?:\/\//, ''));
