// SPDX-License-Identifier: Apache-2.0
// From what a user typed to one container: full id, then name, then unique id prefix (docker's order).

import { readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { hasErrno, sampanError } from '../../errors/sampan-error.js';
import {
  filesOf,
  listContainerIds,
  readContainerRecord,
  type ContainerFiles,
  type ContainerRecord,
} from '../../store/container-records.js';
import type { Lock, Locks } from '../../store/locks.js';
import type { Paths } from '../../store/paths.js';
import { isUnreadable } from './see.js';
import { deriveStatus } from './status.js';

export interface FoundContainer {
  readonly id: string;
  readonly files: ContainerFiles;
  readonly record: ContainerRecord;
}

/** A container whose lock we hold: nobody else starts, stops or removes it. */
export interface LockedContainer extends FoundContainer {
  readonly lock: Lock;
}

/** @throws ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_AMBIGUOUS */
export const findContainer = (paths: Paths, nameOrId: string): FoundContainer => {
  const id = resolveId(paths, nameOrId);
  const files = filesOf(paths, id);
  const record = readContainerRecord(files);
  if (record === undefined) throw notFound(nameOrId);
  return { id, files, record };
};

export const lockContainer = async (paths: Paths, locks: Locks, nameOrId: string): Promise<LockedContainer> => {
  const id = resolveId(paths, nameOrId);
  const lock = await locks.container(id);
  if (lock === undefined) throw notFound(nameOrId);
  const files = filesOf(paths, id);
  const record = readContainerRecord(files);
  if (record !== undefined) return { id, files, record, lock };
  lock[Symbol.dispose]();
  throw notFound(nameOrId);
};

/** @throws ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_AMBIGUOUS */
export const resolveId = (paths: Paths, nameOrId: string): string => {
  const ids = listContainerIds(paths);
  if (ids.includes(nameOrId)) return nameOrId;
  const named = idOfName(paths, nameOrId.replace(/^\//, ''));
  if (named !== undefined && ids.includes(named) && hasName(paths, named, nameOrId.replace(/^\//, ''))) return named;
  const matching = /^[0-9a-f]+$/.test(nameOrId) ? ids.filter((id) => id.startsWith(nameOrId)) : [];
  const [first, second] = matching;
  if (second !== undefined)
    throw sampanError('ERR_CONTAINER_AMBIGUOUS', { subject: nameOrId, hint: 'give more characters of the id' });
  if (first === undefined) throw notFound(nameOrId);
  return first;
};

/** Between two runs there is nothing to attach to, nor to run a command in. */
export const isRestarting = ({ record }: FoundContainer): Error =>
  sampanError('ERR_CONTAINER_STATE', {
    subject: `${record.name} is restarting`,
    hint: `wait until it is running, or end it with 'sampan stop ${record.name}'`,
  });

/** Whether it runs, asked by who changes that run. @throws ERR_CONTAINER_STATE between two runs */
export const runsSteadily = (found: LockedContainer): boolean => {
  const { status } = deriveStatus(found.files);
  if (status === 'restarting' || status === 'exiting') throw isRestarting(found);
  return status === 'running';
};

/** A link under another name is what a killed `rename` left. Of a container that cannot be read the link is believed. */
export const hasName = (paths: Paths, id: string, name: string): boolean => {
  try {
    return readContainerRecord(filesOf(paths, id))?.name === name;
  } catch (error) {
    if (isUnreadable(error)) return true;
    throw error;
  }
};

/** Names are symlinks to ids (docs/state-on-disk.md). */
export const idOfName = (paths: Paths, name: string): string | undefined => {
  if (name !== basename(name) || name === '' || name === '.' || name === '..') return undefined;
  try {
    return readlinkSync(join(paths.names, name));
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'EINVAL', 'ENAMETOOLONG')) return undefined;
    throw error;
  }
};

const notFound = (nameOrId: string): Error =>
  sampanError('ERR_CONTAINER_NOT_FOUND', { subject: nameOrId, hint: "'sampan ps -a' lists the containers" });
