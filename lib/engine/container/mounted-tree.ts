// SPDX-License-Identifier: Apache-2.0
// A container's files with its volumes, to read and to write, for `cp`.
//
// How this works: a running container's namespaces are joined, so that what it sees at / is what is meant. Of one that
// does not run the root and the user's own mounts are made as for a start, in namespaces that end with the task, while
// its lock is held: nobody starts or removes it meanwhile.

import type { PlanOperation } from '../../native/protocol.js';
import { mountOperation } from '../../runtime/mount-operation.js';
import { namespaceFlags, rootOperations } from '../../runtime/plan.js';
import type { RuntimeConfig } from '../../spec/runtime-config.js';
import type { ContainerContext } from './context.js';
import { lockContainer, type FoundContainer } from './find.js';
import { configOfContainer, ownMounts, runningInit, type Tree } from './tree.js';

export interface MountedTree extends Tree {
  readonly found: FoundContainer;
  /** the id map has one id: owners cannot be set */
  readonly isSingle: boolean;
}

/** @throws ERR_CONTAINER_NOT_FOUND, ERR_STORE_CORRUPT */
export const openMountedTree = async (
  context: ContainerContext,
  nameOrId: string,
  firstSlot: number,
): Promise<MountedTree> => {
  const found = await lockContainer(context.paths, context.locks, nameOrId);
  try {
    const config = configOfContainer(found);
    const isSingle = found.record.idMode === 'single';
    const init = runningInit(context, found);
    if (init === undefined) {
      return {
        found,
        isSingle,
        operations: [...ownMounts(context, config), ...rootOperations(durable(config)), ...userMounts(found, config)],
        descriptors: [],
        [Symbol.dispose]: () => found.lock[Symbol.dispose](),
      };
    }
    found.lock[Symbol.dispose]();
    const join = { op: 'join_namespaces', pidfd: firstSlot, flags: namespaceFlags(['user', 'mount']) } as const;
    return {
      found,
      isSingle,
      operations: [join, { op: 'become_root' }],
      descriptors: [init.pidfd],
      [Symbol.dispose]: () => init[Symbol.dispose](),
    };
  } catch (error) {
    found.lock[Symbol.dispose]();
    throw error;
  }
};

/** A volatile mount leaves a mark that refuses the next one. */
const durable = (config: RuntimeConfig): RuntimeConfig => ({
  ...config,
  sampan: { ...config.sampan, rootfs: { ...config.sampan.rootfs, volatile: false } },
});

/** Volumes and binds; a tmpfs has nothing in it before the start. */
const userMounts = ({ record: { request } }: FoundContainer, config: RuntimeConfig): readonly PlanOperation[] => {
  const own = new Set(request.mounts.map(({ target }) => target.replace(/(.)\/+$/, '$1')));
  return config.mounts
    .filter(({ type, destination }) => type === 'bind' && own.has(destination.replace(/(.)\/+$/, '$1')))
    .map(mountOperation);
};
