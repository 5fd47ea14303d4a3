// SPDX-License-Identifier: Apache-2.0
// The network part of the engine contract.

import { isSampanError, sampanError } from '../../errors/sampan-error.js';
import { askNetd, errnoOf } from '../../network/netd.js';
import { dropNetwork, type NetworkRecord } from '../../store/network-records.js';
import { netdDirectories } from '../../store/netd-places.js';
import type { ContainerContext } from '../container/context.js';
import type { NetworkService } from './contract.js';
import { connectContainer, disconnectContainer } from './connect.js';
import { createNetwork, ensureDefaultNetwork } from './create.js';
import { defaultNetworkName, findNetwork, findNetworkOrMode } from './find.js';
import { builtInObject, networkObject } from './inspect.js';
import { listFiltered, summaryOf } from './list.js';
import { modeMembers, networkMembers, type Member } from './members.js';

export const openNetworkService = (context: ContainerContext): NetworkService => ({
  create: async (request) => ({ id: (await createNetwork(context, request)).id }),
  list: async (filters) => {
    // docker lists it from the start
    await ensureDefaultNetwork(context);
    return listFiltered(context, filters).map(summaryOf);
  },
  inspect: (nameOrId) => inspectNetwork(context, nameOrId),
  remove: async (nameOrId) => {
    // it may not have been made yet
    const found = nameOrId === defaultNetworkName ? nameOrId : findNetworkOrMode(context.paths, nameOrId);
    if (typeof found === 'string' || found.name === defaultNetworkName) {
      const subject = typeof found === 'string' ? found : found.name;
      throw sampanError('ERR_NETWORK_BUILT_IN', { subject, hint: 'it cannot be removed' });
    }
    const { id, name } = await removeNetwork(context, found);
    return { id, name };
  },
  prune: async (filters) => {
    const removed: string[] = [];
    const unused = listFiltered(
      context,
      { ...filters, dangling: ['true'] },
      { known: ['label', 'label!', 'until', 'dangling'] },
    );
    for (const { id, name } of unused) {
      if (await removeUnused(context, id)) removed.push(name);
    }
    return removed;
  },
  connect: (network, container, request) => connectContainer(context, network, container, request),
  disconnect: (network, container, options) => disconnectContainer(context, network, container, options),
});

/** Another command may have used it, or removed it, since it was looked at. */
const removeUnused = async (context: ContainerContext, id: string): Promise<boolean> => {
  try {
    await removeNetwork(context, findNetwork(context.paths, id));
    return true;
  } catch (error) {
    if (isSampanError(error, 'ERR_NETWORK_IN_USE') || isSampanError(error, 'ERR_NETWORK_NOT_FOUND')) return false;
    throw error;
  }
};

const inspectNetwork = async (
  context: ContainerContext,
  nameOrId: string,
): Promise<Readonly<Record<string, unknown>>> => {
  if (nameOrId === defaultNetworkName) await ensureDefaultNetwork(context);
  const found = findNetworkOrMode(context.paths, nameOrId);
  return typeof found === 'string'
    ? builtInObject(found, modeMembers(context.paths, found))
    : networkObject(found, networkMembers(context.paths, found.id));
};

/** @throws ERR_NETWORK_IN_USE */
const removeNetwork = async (context: ContainerContext, network: NetworkRecord): Promise<NetworkRecord> => {
  using _lock = await context.locks.network();
  const users = networkMembers(context.paths, network.id);
  refuseUsed(network, users);
  await forget(context, network);
  await dropNetwork(context.paths, network.id, context.removeTree);
  return network;
};

const refuseUsed = ({ name }: NetworkRecord, users: readonly Member[]): void => {
  const running = users.filter(({ isRunning }) => isRunning);
  if (running.length === 0) return;
  throw sampanError('ERR_NETWORK_IN_USE', {
    subject: name,
    hint: `by ${running.map((user) => user.name).join(', ')}: stop them, or 'sampan network disconnect ${name} ${running[0]?.name ?? ''}'`,
  });
};

/** Its namespace in netd goes at once, not only with netd; a container that is just starting keeps it. */
const forget = async ({ native, paths }: ContainerContext, { id, name }: NetworkRecord): Promise<void> => {
  try {
    for (const directory of netdDirectories(paths.runtimeRoot)) {
      await askNetd(native(), directory, { type: 'netForget', text: id });
    }
  } catch (error) {
    if (errnoOf(error) !== 'EBUSY') throw error;
    throw sampanError('ERR_NETWORK_IN_USE', { subject: name, hint: 'a container is being started in it' });
  }
};
