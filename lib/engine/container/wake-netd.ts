// SPDX-License-Identifier: Apache-2.0
// The network process of a container that is about to be: found or started while something else is being done.

import { closeSync, openSync } from 'node:fs';
import { hasErrno } from '../../errors/sampan-error.js';
import type { Fd } from '../../native/native.js';
import { connectToNetd, type NetdOptions } from '../../network/netd.js';
import { namespaceOperations, type IdMap } from '../../runtime/id-map.js';
import type { CreateRequest } from '../../spec/create-request.js';
import { networkKind } from '../../spec/network-mode.js';
import { readRuntimeConfig } from '../../store/container-records.js';
import { makeNetdDirectory, netdDirectory } from '../../store/netd-places.js';
import { isAlive, type ProcessIdentity } from '../../util/process-identity.js';
import type { ContainerContext } from './context.js';
import { networksOf } from './resolve-networks.js';
import { isReadable, seeContainers, type ReadableContainer } from './see.js';

export const netdOptions = (context: ContainerContext, map: IdMap): NetdOptions => {
  const directory = netdDirectory(context.paths.runtimeRoot, map);
  return {
    directory,
    makeDirectory: () => {
      makeNetdDirectory(directory);
    },
    namespaces: namespaceOperations(map),
    openUserNamespace: () => survivorNamespace(context, map),
  };
};

/**
 * Of a container that runs although no netd does, because it was killed: the next one has to be in the user namespace of
 * the last, else it has no rights over those that live on.
 */
const survivorNamespace = ({ paths }: ContainerContext, map: IdMap): Fd | undefined => {
  for (const seen of seeContainers(paths)) {
    if (!isReadable(seen) || seen.state.status !== 'running' || !isNeighbour(seen, map)) continue;
    const namespace = openUserNamespace(seen.state.run.init);
    if (namespace !== undefined) return namespace;
  }
  return undefined;
};

const isNeighbour = ({ files, record }: ReadableContainer, { uids, gids }: IdMap): boolean => {
  const linux = readRuntimeConfig(files)?.linux;
  return (
    linux !== undefined &&
    networkKind(record.network) === 'bridge' &&
    JSON.stringify([linux.uidMappings, linux.gidMappings]) === JSON.stringify([uids, gids])
  );
};

const openUserNamespace = (init: ProcessIdentity): Fd | undefined => {
  try {
    const fd = openSync(`/proc/${String(init.pid)}/ns/user`, 'r');
    // The number may be another process's by now.
    if (isAlive(init)) return fd;
    closeSync(fd);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) throw error;
  }
  return undefined;
};

/** Keeps netd there until it is disposed. */
export interface AwakeNetd extends AsyncDisposable {
  /** it is there, or will not be: whoever needs it is told why */
  readonly isAwake: Promise<void>;
}

export const wakeNetd = (context: ContainerContext, request: CreateRequest): AwakeNetd => {
  const needed = networkKind(networksOf(request)[0].name) === 'bridge';
  const connection = needed
    ? connectToNetd(context.native(), netdOptions(context, context.idMap())).catch(() => undefined)
    : Promise.resolve(undefined);
  const isAwake = connection.then(() => undefined);
  return {
    isAwake,
    [Symbol.asyncDispose]: async () => {
      const fd = await connection;
      if (fd !== undefined) closeSync(fd);
    },
  };
};
