// SPDX-License-Identifier: Apache-2.0
// What can still be told of a container whose records are damaged or of another version of sampan: enough to show it, to
// keep the layers that it stands on, and to remove it. Nothing is believed but what has the form that it must have.

import { readFileSync } from 'node:fs';
import { hasErrno } from '../errors/sampan-error.js';
import type { ProcessIdentity } from '../util/process-identity.js';
import type { ContainerFiles } from './container-records.js';

export interface ContainerRemains {
  readonly name?: string | undefined;
  readonly createdAt?: string | undefined;
  readonly imageId?: string | undefined;
  readonly imageName?: string | undefined;
  readonly layers: readonly string[];
  /** its monitor and its first process, in the order in which they end each other */
  readonly processes: readonly ProcessIdentity[];
  readonly cgroup?: string | undefined;
}

export const readRemains = (files: ContainerFiles): ContainerRemains => {
  const record = readObject(files.record);
  const run = readObject(files.run);
  const layers = record['layers'];
  return {
    name: textOf(record['name']),
    createdAt: textOf(record['createdAt']),
    imageId: textOf(record['imageId']),
    imageName: textOf(record['imageName']),
    layers: Array.isArray(layers) ? layers.filter((layer) => typeof layer === 'string') : [],
    processes: [run['monitor'], run['init']].flatMap(identityOf),
    cgroup: textOf(run['cgroup']),
  };
};

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

const readObject = (path: string): Fields => {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isObject(value) ? value : {};
  } catch (error) {
    if (error instanceof SyntaxError || hasErrno(error, 'ENOENT')) return {};
    throw error;
  }
};

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const identityOf = (value: unknown): readonly ProcessIdentity[] => {
  if (!isObject(value)) return [];
  const { pid, startTime } = value;
  const isProcess = typeof pid === 'number' && Number.isInteger(pid) && pid > 1 && typeof startTime === 'string';
  return isProcess ? [{ pid, startTime }] : [];
};
