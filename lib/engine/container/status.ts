// SPDX-License-Identifier: Apache-2.0
// What a container is doing, derived from its files, /proc and the boot id, by the table in docs/state-on-disk.md.

import {
  readExitRecord,
  readRunRecord,
  type ContainerFiles,
  type ExitRecord,
  type RunRecord,
} from '../../store/container-records.js';
import { isAlive, readBootId } from '../../util/process-identity.js';

export type DerivedStatus =
  | { readonly status: 'created' }
  | { readonly status: 'running'; readonly run: RunRecord }
  /** the process has ended, the monitor has not yet recorded how */
  | { readonly status: 'exiting'; readonly run: RunRecord }
  | { readonly status: 'exited'; readonly run: RunRecord | undefined; readonly exit: ExitRecord };

export const canStart = ({ status }: DerivedStatus): boolean => status === 'created' || status === 'exited';
export const isRunning = (state: DerivedStatus): state is Extract<DerivedStatus, { status: 'running' | 'exiting' }> =>
  state.status === 'running' || state.status === 'exiting';

/** What docker reports when the one who should know the exit code is gone. */
const lostExitCode = 255;
const killedExitCode = 137;

export const deriveStatus = (files: ContainerFiles): DerivedStatus => {
  const run = readRunRecord(files);
  if (run === undefined) return withoutRun(files);
  if (run === 'stale' || run.bootId !== readBootId())
    return ended(files, run, lostExitCode, 'the machine was restarted');
  if (isAlive(run.monitor)) {
    const exit = exitOf(files, run);
    if (exit !== undefined) return { status: 'exited', run, exit };
    return isAlive(run.init) ? { status: 'running', run } : { status: 'exiting', run };
  }
  // A monitor writes its exit record before it ends, so without one it was killed, and the container with it.
  if (exitOf(files, run) === undefined && isAlive(run.init)) return { status: 'exiting', run };
  return ended(files, run, killedExitCode, 'the monitor was killed');
};

const withoutRun = (files: ContainerFiles): DerivedStatus => {
  const exit = readExitRecord(files);
  return exit === undefined ? { status: 'created' } : { status: 'exited', run: undefined, exit };
};

/** The exit record of this run, not of an earlier one. */
const exitOf = (files: ContainerFiles, run: RunRecord): ExitRecord | undefined => {
  const exit = readExitRecord(files);
  return exit?.pid === run.init.pid && exit.pidStartTime === run.init.startTime ? exit : undefined;
};

const ended = (files: ContainerFiles, run: RunRecord | 'stale', exitCode: number, error: string): DerivedStatus => {
  if (run === 'stale')
    return { status: 'exited', run: undefined, exit: readExitRecord(files) ?? lost(0, '0', exitCode, error) };
  const exit = exitOf(files, run) ?? lost(run.init.pid, run.init.startTime, exitCode, error);
  return { status: 'exited', run, exit };
};

const lost = (pid: number, pidStartTime: string, exitCode: number, error: string): ExitRecord => ({
  schema: 1,
  pid,
  pidStartTime,
  exitCode,
  signal: exitCode === killedExitCode ? 9 : 0,
  oomKilled: false,
  // nobody saw the moment: docker's zero time would claim that it never ended
  finishedAt: new Date().toISOString(),
  error,
});
