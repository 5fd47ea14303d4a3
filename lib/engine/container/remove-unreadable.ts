// SPDX-License-Identifier: Apache-2.0
// Removing a container whose records nobody can read, which only --force does: what it may still run is killed, as far
// as its files tell, and everything that bears its id goes.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { sampanError } from '../../errors/sampan-error.js';
import { openProcess } from '../../runtime/process-handle.js';
import { removeIfThere } from '../../store/atomic.js';
import { moveToScratch } from '../../store/scratch.js';
import type { Paths } from '../../store/paths.js';
import type { ContainerContext } from './context.js';
import { idOfName } from './find.js';
import { removeRunTraces } from './run-traces.js';
import { isReadable, seeContainer, type UnreadableContainer } from './see.js';

const SIGKILL = 9;

/** @throws the reason why it cannot be read, unless forced */
export const removeUnreadable = async (
  context: ContainerContext,
  id: string,
  { force }: { readonly force: boolean },
): Promise<string> => {
  using lock = await context.locks.container(id);
  const seen = lock === undefined ? undefined : seeContainer(context.paths, id);
  if (seen === undefined) throw sampanError('ERR_CONTAINER_NOT_FOUND', { subject: id });
  if (isReadable(seen))
    throw sampanError('ERR_CONTAINER_STATE', { subject: `${id.slice(0, 12)} has changed`, hint: 'try again' });
  if (!force) throw seen.error;
  await endProcesses(context, seen);
  const scratch = moveToScratch(context.paths, seen.files.directory);
  if (scratch === undefined) return id;
  await releaseNames(context, id);
  removeRunTraces({ runtimeDirectory: join(context.paths.runtimeRoot, id.slice(0, 12)), cgroup: seen.remains.cgroup });
  await context.removeTree(scratch);
  return id;
};

/** The monitor first, or it would start the next process; its end is that of its container's. */
const endProcesses = async (context: ContainerContext, { remains }: UnreadableContainer): Promise<void> => {
  for (const identity of remains.processes) {
    using process = openProcess(context.native(), identity);
    process?.signal(SIGKILL);
    await process?.ended();
  }
};

const releaseNames = async ({ paths, locks }: ContainerContext, id: string): Promise<void> => {
  using _names = await locks.names();
  for (const name of namesOf(paths, id)) removeIfThere(join(paths.names, name));
};

const namesOf = (paths: Paths, id: string): readonly string[] =>
  readdirSync(paths.names).filter((name) => idOfName(paths, name) === id);
