// SPDX-License-Identifier: Apache-2.0
// The network process of a container that is about to be: found or started while something else is being done.

import { closeSync } from 'node:fs';
import { connectToNetd, type NetdOptions } from '../../network/netd.js';
import { namespaceOperations, type IdMap } from '../../runtime/id-map.js';
import type { CreateRequest } from '../../spec/create-request.js';
import { networkKind } from '../../spec/network-mode.js';
import { makeNetdDirectory, netdDirectory } from '../../store/netd-places.js';
import type { ContainerContext } from './context.js';
import { networksOf } from './resolve-networks.js';

export const netdOptions = ({ paths }: ContainerContext, map: IdMap): NetdOptions => {
  const directory = netdDirectory(paths.runtimeRoot, map);
  return {
    directory,
    makeDirectory: () => {
      makeNetdDirectory(directory);
    },
    namespaces: namespaceOperations(map),
  };
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
