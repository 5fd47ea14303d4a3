// SPDX-License-Identifier: Apache-2.0
// `rename`: the new name is claimed before the record says it, the old one let go after. Killed in between, a link to
// the container remains whose name its record does not have: that is nobody's name (find.ts). In its networks a running
// container is called by the new name at once; they are told before the record says it, so that the same command does it
// again when it was killed.

import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { sampanError } from '../../errors/sampan-error.js';
import { formatDescription } from '../../network/description.js';
import { networkKind } from '../../spec/network-mode.js';
import { removeIfThere, syncDirectory } from '../../store/atomic.js';
import { writeContainerRecord } from '../../store/container-records.js';
import type { ContainerContext } from './context.js';
import { refuseTaken } from './create.js';
import { idOfName, lockContainer, type LockedContainer } from './find.js';
import { checkName } from './names.js';
import { hostnamesOf } from './start-network.js';
import { deriveStatus } from './status.js';
import { tellNetd } from './tell-netd.js';

/** @throws ERR_CONTAINER_NOT_FOUND, ERR_INVALID_VALUE, ERR_CONTAINER_NAME_TAKEN */
export const renameContainer = async (context: ContainerContext, nameOrId: string, newName: string): Promise<void> => {
  const { paths, locks } = context;
  const name = checkName(newName.replace(/^\//, ''));
  const found = await lockContainer(paths, locks, nameOrId);
  using _lock = found.lock;
  const { id, files, record } = found;
  using _names = await locks.names();
  if (record.name === name) {
    throw sampanError('ERR_INVALID_VALUE', { subject: `the new name ${name} is the name that the container has` });
  }
  refuseTaken(context, name);
  const pathOf = (one: string): string => join(paths.names, one);
  // What a killed command left.
  removeIfThere(pathOf(name));
  symlinkSync(id, pathOf(name));
  try {
    await tellNetworks(context, found, name);
  } catch (error) {
    removeIfThere(pathOf(name));
    throw error;
  }
  writeContainerRecord(files, { ...record, name });
  if (idOfName(paths, record.name) === id) removeIfThere(pathOf(record.name));
  syncDirectory(paths.names);
};

const tellNetworks = async (context: ContainerContext, found: LockedContainer, name: string): Promise<void> => {
  const { id, files, record } = found;
  if (networkKind(record.network) !== 'bridge' || deriveStatus(files).status !== 'running') return;
  const text = formatDescription({ id, hostnames: hostnamesOf({ ...record, name }), resolvers: [], endpoints: [] });
  await tellNetd(context, found, { type: 'netRename', text });
};
