// SPDX-License-Identifier: Apache-2.0
// Recovery: what killed commands and monitors left is finished or undone before a command does its own work. Cheap when
// there is nothing to do: one look at every container's files, no locks.

import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isSampanError } from '../../errors/sampan-error.js';
import { thawAbandoned } from './pause.js';
import { openProcess } from '../../runtime/process-handle.js';
import { removeIfThere } from '../../store/atomic.js';
import {
  filesOf,
  listContainerIds,
  readExitRecord,
  writeExitRecord,
  type ContainerFiles,
  type ContainerRecord,
  type ExitRecord,
  type RunRecord,
} from '../../store/container-records.js';
import { sweepScratch } from '../../store/scratch.js';
import { namesIn } from '../../util/names-in.js';
import { isAlive } from '../../util/process-identity.js';
import type { ContainerContext } from './context.js';
import { idOfName } from './find.js';
import { removeLocked } from './remove.js';
import { removeRunTraces } from './run-traces.js';
import { isReadable, seeContainer, type SeenContainer } from './see.js';
import { deriveStatus, isRunning, type DerivedStatus } from './status.js';

const SIGKILL = 9;

/** Brings every container's files to what is true, and removes what nobody owns any more. */
export const reconcile = async (context: ContainerContext): Promise<void> => {
  await sweepScratch(context.paths, context.removeTree, thawAbandoned);
  for (const id of listContainerIds(context.paths)) {
    if (needsRepair(seeContainer(context.paths, id))) await repair(context, id);
  }
  sweepSockets(context);
  await sweepNames(context);
};

/** Read without the lock: it may be wrong for a moment, so repair() looks again under the lock. */
const needsRepair = (seen: SeenContainer | undefined): boolean => {
  if (seen === undefined || !isReadable(seen)) return false;
  const { files, record, state } = seen;
  return (
    isAbandoned(record, state) ||
    isUnrecorded(files, state) ||
    isOrphaned(state) ||
    leftSockets(state) !== undefined ||
    leftTemporaries(files, state).length > 0
  );
};

const repair = async (context: ContainerContext, id: string): Promise<void> => {
  // Held by a command at work on it: then it is not ours to repair.
  const lock = context.locks.tryContainer(id);
  if (lock === undefined) return;
  using _lock = lock;
  const seen = seeContainer(context.paths, id);
  if (seen === undefined || !isReadable(seen)) return;
  const { files, record, state: first } = seen;
  if (isOrphaned(first)) await endOrphan(context, first.run);
  const state = deriveStatus(files);
  if (isUnrecorded(files, state)) recordExit(files, state.exit);
  const left = leftSockets(state);
  if (left !== undefined) removeRunTraces(left);
  for (const path of leftTemporaries(files, state)) removeIfThere(path);
  if (isAbandoned(record, state)) await removeLocked(context, { id, files, record, lock });
};

/** On a full disk the end is derived again by the next command: this one may be what gives space back. */
const recordExit = (files: ContainerFiles, exit: ExitRecord): void => {
  try {
    writeExitRecord(files, exit);
  } catch (error) {
    if (!isSampanError(error, 'ERR_NO_SPACE')) throw error;
  }
};

/** Nobody will ever want it: `run` died before the start, or --rm was asked for and the container has ended. */
const isAbandoned = (record: ContainerRecord, state: DerivedStatus): boolean =>
  (record.madeByRun && state.status === 'created') || (record.request.autoRemove && hasEnded(state));

/** Ended, and its monitor with it: a live monitor starts the clean-up itself. */
const hasEnded = (state: DerivedStatus): boolean =>
  state.status === 'exited' && (state.run === undefined || !isAlive(state.run.monitor));

/** Its end was derived, nobody wrote it down. */
const isUnrecorded = (
  files: ContainerFiles,
  state: DerivedStatus,
): state is Extract<DerivedStatus, { status: 'exited' }> =>
  state.status === 'exited' && readExitRecord(files)?.finishedAt !== state.exit.finishedAt;

/** A container without its monitor: the kernel ends it (PR_SET_PDEATHSIG) unless its process 1 gained privileges. */
const isOrphaned = (state: DerivedStatus): state is Extract<DerivedStatus, { status: 'exiting' }> =>
  state.status === 'exiting' && !isAlive(state.run.monitor);

const endOrphan = async (context: ContainerContext, run: RunRecord): Promise<void> => {
  using init = openProcess(context.native(), run.init);
  init?.signal(SIGKILL);
  await init?.ended();
};

const leftSockets = (state: DerivedStatus): RunRecord | undefined => {
  if (state.status !== 'exited' || state.run === undefined || isAlive(state.run.monitor)) return undefined;
  const { runtimeDirectory, cgroup } = state.run;
  return existsSync(runtimeDirectory) || (cgroup !== undefined && existsSync(cgroup)) ? state.run : undefined;
};

/** Socket directories of starts that were killed before a run record named them; a start holds its container's lock. */
const sweepSockets = ({ paths, locks }: ContainerContext): void => {
  // In this order: a container is in its place before its socket directory is made, so who is not in the list is gone.
  // Other names are netd's.
  const names = readdirSync(paths.runtimeRoot).filter((name) => /^[0-9a-f]{12}$/.test(name));
  const ids = names.length === 0 ? [] : listContainerIds(paths);
  for (const name of names) {
    const id = ids.find((known) => known.startsWith(name));
    if (id !== undefined && isServed(seeContainer(paths, id))) continue;
    using lock = id === undefined ? undefined : locks.tryContainer(id);
    const isNobodys = id === undefined || (lock !== undefined && !isServed(seeContainer(paths, id)));
    if (isNobodys) rmSync(join(paths.runtimeRoot, name), { recursive: true, force: true });
  }
};

/** Its monitor may still be talking to clients, also after the end. Of a container that cannot be read nobody knows. */
const isServed = (seen: SeenContainer | undefined): boolean => {
  if (seen === undefined || !isReadable(seen)) return seen !== undefined;
  return isRunning(seen.state) || (seen.state.status === 'exited' && !hasEnded(seen.state));
};

/** Temporary files of atomic writes that were cut off; nobody writes here once the container has ended. */
const leftTemporaries = (files: ContainerFiles, state: DerivedStatus): readonly string[] =>
  isRunning(state)
    ? []
    : namesIn(files.directory)
        .filter((name) => /^\..+\.tmp$/.test(name))
        .map((name) => join(files.directory, name));

/** Names whose container is gone; under the lock that claims them, so that a claim in progress is not undone. */
const sweepNames = async ({ paths, locks }: ContainerContext): Promise<void> => {
  const isStale = (name: string): boolean => {
    const target = idOfName(paths, name);
    return target === undefined || lstatSync(filesOf(paths, target).directory, { throwIfNoEntry: false }) === undefined;
  };
  if (!readdirSync(paths.names).some(isStale)) return;
  using _names = await locks.names();
  for (const name of readdirSync(paths.names)) if (isStale(name)) removeIfThere(join(paths.names, name));
};
