// SPDX-License-Identifier: Apache-2.0
// Image configs (image-spec 1.1, config.md; docker's fields beside them). The bytes are the image's identity and are
// never written again: this is only how they are read.

import type { Healthcheck } from '../util/healthcheck.js';
import { digestOf, parseDigest, type Digest } from './digest.js';
import {
  arrayOf,
  asObject,
  invalid,
  keySet,
  optionalBoolean,
  optionalCount,
  optionalObject,
  optionalString,
  optionalStrings,
  parseJsonObject,
  stringMap,
  type JsonObject,
} from './json.js';
import { mostLayers } from './manifest.js';
import { normalizePlatform, type Platform } from './platform.js';

export const largestConfigBytes = 8 * 1024 * 1024;
const mostItems = 10_000;

/** What a container inherits. Absent lists are told from empty ones, as docker does. */
export interface ContainerDefaults {
  readonly user: string;
  readonly exposedPorts: readonly string[];
  readonly env: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly volumes: readonly string[];
  readonly workingDir: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly stopSignal?: string;
  readonly shell?: readonly string[];
  readonly onBuild: readonly string[];
  readonly healthcheck?: Healthcheck;
  readonly argsEscaped: boolean;
}

export interface HistoryEntry {
  readonly created?: string;
  readonly createdBy?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly emptyLayer: boolean;
}

export interface ImageConfig {
  /** RFC 3339; absent in reproducible builds */
  readonly created?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly dockerVersion?: string;
  readonly osVersion?: string;
  readonly platform: Platform;
  readonly defaults: ContainerDefaults;
  /** base first */
  readonly diffIds: readonly Digest[];
  readonly history: readonly HistoryEntry[];
}

/** @throws ERR_IMAGE_INVALID */
export const parseConfig = (content: Uint8Array, what: string): ImageConfig => {
  const object = parseJsonObject(content, what, largestConfigBytes);
  const texts = {
    created: optionalTime(object, 'created'),
    author: optionalString(object, 'author'),
    comment: optionalString(object, 'comment'),
    dockerVersion: optionalString(object, 'docker_version'),
    osVersion: optionalString(object, 'os.version'),
  };
  return {
    ...present(texts),
    platform: platformOf(object),
    defaults: parseDefaults(optionalObject(object, 'config') ?? asObject({}, what)),
    diffIds: diffIdsOf(object),
    history: arrayOf(object, 'history', mostItems, parseHistoryEntry),
  };
};

/** The `config` object, also the one that `--change` works on. */
export const parseDefaults = (object: JsonObject): ContainerDefaults => {
  const healthcheck = optionalObject(object, 'Healthcheck');
  const optional = {
    entrypoint: optionalStrings(object, 'Entrypoint', mostItems),
    command: optionalStrings(object, 'Cmd', mostItems),
    stopSignal: optionalString(object, 'StopSignal', 32),
    shell: optionalStrings(object, 'Shell', mostItems),
    healthcheck: healthcheck === undefined ? undefined : parseHealthcheck(healthcheck),
  };
  return {
    user: optionalString(object, 'User', 256) ?? '',
    exposedPorts: keySet(object, 'ExposedPorts', mostItems),
    env: optionalStrings(object, 'Env', mostItems) ?? [],
    volumes: keySet(object, 'Volumes', mostItems),
    workingDir: optionalString(object, 'WorkingDir', 4096) ?? '',
    labels: stringMap(object, 'Labels', mostItems),
    onBuild: optionalStrings(object, 'OnBuild', mostItems) ?? [],
    argsEscaped: optionalBoolean(object, 'ArgsEscaped'),
    ...present(optional),
  };
};

/** Chain ids of the layers, base first (image-spec 1.1, config.md, "Layer ChainID"): what names an unpacked layer. */
export const chainIdsOf = (diffIds: readonly Digest[]): readonly Digest[] => {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const parent = chain.at(-1);
    chain.push(parent === undefined ? diffId : digestOf(`${parent} ${diffId}`));
  }
  return chain;
};

const platformOf = (object: JsonObject): Platform => {
  const variant = optionalString(object, 'variant', 64);
  return normalizePlatform({
    os: optionalString(object, 'os', 64) ?? 'linux',
    // Images of `docker import` from before 2016 name no architecture: they were all made for this one.
    architecture: optionalString(object, 'architecture', 64) ?? 'amd64',
    ...(variant === undefined ? {} : { variant }),
  });
};

const diffIdsOf = (object: JsonObject): readonly Digest[] => {
  const rootfs = optionalObject(object, 'rootfs');
  if (rootfs === undefined) throw invalid(object.what, 'has no rootfs: it is not the config of a container image');
  if (rootfs.fields['type'] !== 'layers') throw invalid(object.what, 'has a rootfs of a type other than layers');
  return arrayOf(rootfs, 'diff_ids', mostLayers, parseDigest);
};

const parseHistoryEntry = (value: unknown, what: string): HistoryEntry => {
  const object = asObject(value, what);
  const texts = {
    created: optionalTime(object, 'created'),
    createdBy: optionalString(object, 'created_by', 1024 * 1024),
    author: optionalString(object, 'author'),
    comment: optionalString(object, 'comment'),
  };
  return { ...present(texts), emptyLayer: optionalBoolean(object, 'empty_layer') };
};

const parseHealthcheck = (object: JsonObject): Healthcheck => ({
  test: optionalStrings(object, 'Test', mostItems) ?? [],
  ...present({
    interval: optionalCount(object, 'Interval'),
    timeout: optionalCount(object, 'Timeout'),
    startPeriod: optionalCount(object, 'StartPeriod'),
    startInterval: optionalCount(object, 'StartInterval'),
    retries: optionalCount(object, 'Retries'),
  }),
});

const optionalTime = (object: JsonObject, key: string): string | undefined => {
  const time = optionalString(object, key, 64);
  if (time !== undefined && Number.isNaN(Date.parse(time))) throw invalid(object.what, `has ${key} that is no time`);
  return time;
};

type Present<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** Leaves out what is undefined, which exactOptionalPropertyTypes tells from absent. */
const present = <T extends object>(fields: T): Present<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>; // same keys, fewer
