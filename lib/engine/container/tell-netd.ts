// SPDX-License-Identifier: Apache-2.0
// What a command changes about the network of a container that runs, said to the netd that has it.

import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sampanError } from '../../errors/sampan-error.js';
import type { Command } from '../../native/frames.js';
import { askNetd, errnoOf } from '../../network/netd.js';
import { netdDirectories } from '../../store/netd-places.js';
import type { ContainerContext } from './context.js';
import type { LockedContainer } from './find.js';
import { deriveStatus } from './status.js';

/** A netd that was killed is there again within milliseconds. */
const patienceMs = 2000;
const retryMs = 20;

/** @returns the publish lines of its answer. @throws ERR_NETD when none has the container, or what it was refused with */
export const tellNetd = async (
  context: ContainerContext,
  { record, files }: LockedContainer,
  command: Command,
): Promise<string> => {
  const state = deriveStatus(files);
  const runtimeRoot = state.status === 'running' ? dirname(state.run.runtimeDirectory) : context.paths.runtimeRoot;
  for (const end = Date.now() + patienceMs; Date.now() < end;) {
    for (const directory of netdDirectories(runtimeRoot)) {
      const published = await askOne(context, directory, command);
      if (published !== undefined) return published;
    }
    await sleep(retryMs);
  }
  throw sampanError('ERR_NETD', {
    subject: 'it does not run, or does not have this container',
    hint: `start the container again: 'sampan restart ${record.name}'`,
  });
};

/** undefined: it does not run, or knows nothing of the container (yet: leases are resumed a moment after it is there) */
const askOne = async (context: ContainerContext, directory: string, command: Command): Promise<string | undefined> => {
  try {
    const answer = await askNetd(context.native(), directory, command);
    return answer?.type === 'netDone' ? answer.published : undefined;
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return undefined;
    throw error;
  }
};
