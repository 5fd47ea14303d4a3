// SPDX-License-Identifier: Apache-2.0
// Removing a container: out of its place in one rename, then its name, its sockets, its cgroup, and its files. Killed
// in between, a name without a container and a scratch directory of a dead owner remain, which are free for anybody.

import { join } from 'node:path';
import { sampanError } from '../../errors/sampan-error.js';
import { removeIfThere } from '../../store/atomic.js';
import { filesOf, readContainerRecord, readRunRecord } from '../../store/container-records.js';
import type { EndpointRecord } from '../../store/container-networks.js';
import { moveToScratch } from '../../store/scratch.js';
import { releaseEndpoint } from '../network/assign.js';
import type { ContainerContext } from './context.js';
import { idOfName, lockContainer, resolveId, type LockedContainer } from './find.js';
import { removeRunTraces } from './run-traces.js';
import { removeUnreadable } from './remove-unreadable.js';
import { endpointsOrNone, isReadable, seeContainer } from './see.js';
import { deriveStatus, isRunning } from './status.js';
import { killNow } from './stop.js';

/** @throws ERR_CONTAINER_RUNNING unless forced */
export const removeContainer = async (
  context: ContainerContext,
  nameOrId: string,
  options: { readonly force: boolean },
): Promise<string> => {
  const id = resolveId(context.paths, nameOrId);
  const seen = seeContainer(context.paths, id);
  if (seen !== undefined && !isReadable(seen)) return removeUnreadable(context, id, options);
  const found = await lockContainer(context.paths, context.locks, id);
  using _lock = found.lock;
  const state = deriveStatus(found.files);
  if (isRunning(state)) {
    if (!options.force) {
      const { name } = found.record;
      const restarting = state.status === 'restarting';
      throw sampanError(restarting ? 'ERR_CONTAINER_STATE' : 'ERR_CONTAINER_RUNNING', {
        subject: restarting ? `${name} is restarting` : name,
        hint: `stop it first, or use 'sampan rm -f ${nameOrId}'`,
      });
    }
    await killNow(context, found);
  }
  await removeLocked(context, found);
  return found.id;
};

/** Only what has ended and asked for it: the client does this, or the monitor starts it, or recovery; one is enough. */
export const cleanUp = async (context: ContainerContext, id: string): Promise<void> => {
  const lock = await context.locks.container(id);
  if (lock === undefined) return;
  using _lock = lock;
  const files = filesOf(context.paths, id);
  const record = readContainerRecord(files);
  if (record?.request.autoRemove === true && deriveStatus(files).status === 'exited') {
    await removeLocked(context, { id, files, record, lock });
  }
};

/** The container does not run and its lock is ours. */
export const removeLocked = async (
  context: ContainerContext,
  { id, files, record }: LockedContainer,
): Promise<void> => {
  const { paths } = context;
  const run = readRunRecord(files);
  await releaseAddresses(context, id, endpointsOrNone(files));
  const scratch = moveToScratch(paths, files.directory);
  if (scratch === undefined) return;
  await releaseName(context, record.name, id);
  if (run !== undefined && run !== 'stale') removeRunTraces(run);
  await context.removeTree(scratch);
};

/** Before the container goes: who is killed in between leaves claims of a container that is not running. */
const releaseAddresses = async (
  context: ContainerContext,
  id: string,
  endpoints: readonly EndpointRecord[],
): Promise<void> => {
  if (endpoints.length === 0) return;
  using _network = await context.locks.network();
  for (const endpoint of endpoints) releaseEndpoint(context, id, endpoint);
};

/** Only when it is still ours: another container may have been given a name whose owner was gone. */
const releaseName = async ({ paths, locks }: ContainerContext, name: string, id: string): Promise<void> => {
  using _names = await locks.names();
  if (idOfName(paths, name) === id) removeIfThere(join(paths.names, name));
};
