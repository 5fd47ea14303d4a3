// SPDX-License-Identifier: Apache-2.0
// A look at every container for those who go through all of them: one that cannot be read is told from the others and
// never in their way.

import { isSampanError, type SampanError } from '../../errors/sampan-error.js';
import { readEndpoints, type EndpointRecord } from '../../store/container-networks.js';
import { readRemains, type ContainerRemains } from '../../store/container-remains.js';
import {
  filesOf,
  listContainerIds,
  readContainerRecord,
  type ContainerFiles,
  type ContainerRecord,
} from '../../store/container-records.js';
import type { Paths } from '../../store/paths.js';
import { isAlive } from '../../util/process-identity.js';
import { deriveStatus, isRunning, type DerivedStatus } from './status.js';

export interface ReadableContainer {
  readonly id: string;
  readonly files: ContainerFiles;
  readonly record: ContainerRecord;
  readonly state: DerivedStatus;
}

export interface UnreadableContainer {
  readonly id: string;
  readonly files: ContainerFiles;
  readonly remains: ContainerRemains;
  readonly error: SampanError;
}

export type SeenContainer = ReadableContainer | UnreadableContainer;

export const isReadable = (seen: SeenContainer): seen is ReadableContainer => 'record' in seen;

export const seeContainers = (paths: Paths): readonly SeenContainer[] =>
  listContainerIds(paths).flatMap((id) => seeContainer(paths, id) ?? []);

/** undefined when there is no such container (any more) */
export const seeContainer = (paths: Paths, id: string): SeenContainer | undefined => {
  const files = filesOf(paths, id);
  try {
    const record = readContainerRecord(files);
    return record === undefined ? undefined : { id, files, record, state: deriveStatus(files) };
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return { id, files, remains: readRemains(files), error };
  }
};

export const isUnreadable = (error: unknown): error is SampanError =>
  isSampanError(error, 'ERR_RECORD_VERSION') || isSampanError(error, 'ERR_STORE_CORRUPT');

/** Of one that cannot be read: whether a process of it is there. */
export const seenRunning = (seen: SeenContainer): boolean =>
  isReadable(seen) ? isRunning(seen.state) : seen.remains.processes.some(isAlive);

/** Of a file that cannot be read nobody knows: it must not keep others from being listed, nor its owner from going. */
export const endpointsOrNone = (files: ContainerFiles): readonly EndpointRecord[] => {
  try {
    return readEndpoints(files);
  } catch (error) {
    if (isUnreadable(error)) return [];
    throw error;
  }
};
