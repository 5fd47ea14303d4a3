// SPDX-License-Identifier: Apache-2.0
// What a container is doing, derived from its files, /proc and the boot id, by the table in docs/state-on-disk.md.

import { recordSchema } from '../../native/protocol.js';
import {
  readExitRecord,
  readRestartRecord,
  readRunRecord,
  type ContainerFiles,
  type ExitRecord,
  type RestartRecord,
  type RunRecord,
} from '../../store/container-records.js';
import { isAlive, isSameProcess, readBootId } from '../../util/process-identity.js';

/** The run record with what its monitor has restarted since: `init` and `startedAt` are those of the latest process. */
export interface CurrentRun extends RunRecord {
  readonly restartCount: number;
  /** how the process before this one ended */
  readonly lastExit?: ExitRecord | undefined;
}

export type DerivedStatus =
  | { readonly status: 'created' }
  | { readonly status: 'running'; readonly run: CurrentRun }
  /** the process has ended, and its monitor starts another one in a moment */
  | { readonly status: 'restarting'; readonly run: CurrentRun; readonly exit: ExitRecord }
  /** the process has ended, the monitor has not yet recorded how */
  | { readonly status: 'exiting'; readonly run: CurrentRun }
  | { readonly status: 'exited'; readonly run: CurrentRun | undefined; readonly exit: ExitRecord };

type Alive = Extract<DerivedStatus, { status: 'running' | 'restarting' | 'exiting' }>;

export const canStart = ({ status }: DerivedStatus): boolean => status === 'created' || status === 'exited';
/** Somebody has to end it before it is at its end: docker's `Running`. */
export const isRunning = (state: DerivedStatus): state is Alive => !['created', 'exited'].includes(state.status);

/** What docker reports when the one who should know the exit code is gone. */
const lostExitCode = 255;
const killedExitCode = 137;

export const deriveStatus = (files: ContainerFiles): DerivedStatus => {
  const run = readRunRecord(files);
  if (run === undefined) return withoutRun(files);
  if (run === 'stale' || run.bootId !== readBootId()) return lostInReboot(files, run);
  // In this order: what a monitor writes does not change any more once it was seen dead.
  const monitored = isAlive(run.monitor);
  const exit = exitOf(files, run);
  if (exit !== undefined) return exited(run, exit);
  const restart = readRestartRecord(run);
  const current = currentRun(run, restart);
  if (restart?.waiting === true)
    return monitored ? { status: 'restarting', run: current, exit: restart.exit } : killedWaiting(run, restart);
  if (isAlive(current.init)) return { status: monitored ? 'running' : 'exiting', run: current };
  if (monitored) return { status: 'exiting', run: current };
  // A monitor writes its exit record before it ends, so without one it was killed, and the container with it.
  return exited(run, lost(current, killedExitCode, 'the monitor was killed'));
};

const withoutRun = (files: ContainerFiles): DerivedStatus => {
  const exit = readExitRecord(files);
  return exit === undefined ? { status: 'created' } : { status: 'exited', run: undefined, exit };
};

const lostInReboot = (files: ContainerFiles, run: RunRecord | 'stale'): DerivedStatus => {
  const error = 'the machine was restarted';
  if (run === 'stale') {
    const exit = readExitRecord(files) ?? lost(nobody, lostExitCode, error);
    return { status: 'exited', run: undefined, exit };
  }
  return exited(run, exitOf(files, run) ?? lost(currentRun(run, undefined), lostExitCode, error));
};

/** The exit record of this start, not of an earlier one. */
const exitOf = (files: ContainerFiles, run: RunRecord): ExitRecord | undefined => {
  const exit = readExitRecord(files);
  return exit !== undefined && isSameProcess(exit.monitor, run.monitor) ? exit : undefined;
};

const currentRun = (run: RunRecord, restart: RestartRecord | undefined): CurrentRun =>
  restart === undefined
    ? { ...run, restartCount: 0 }
    : {
        ...run,
        init: restart.init,
        startedAt: restart.startedAt,
        restartCount: restart.restartCount,
        lastExit: restart.exit,
      };

const exited = (run: RunRecord, exit: ExitRecord): DerivedStatus => ({
  status: 'exited',
  run: { ...run, init: exit.init, startedAt: exit.startedAt ?? run.startedAt, restartCount: exit.restartCount ?? 0 },
  exit,
});

const killedWaiting = (run: RunRecord, { exit }: RestartRecord): DerivedStatus =>
  exited(run, { ...exit, error: 'the monitor was killed before it restarted the container' });

const nobody = { init: { pid: 0, startTime: '0' }, monitor: { pid: 0, startTime: '0' }, restartCount: 0 } as const;

const lost = (
  run: Pick<CurrentRun, 'init' | 'monitor' | 'restartCount'> & { readonly startedAt?: string },
  exitCode: number,
  error: string,
): ExitRecord => ({
  schema: recordSchema,
  init: run.init,
  monitor: run.monitor,
  exitCode,
  signal: exitCode === killedExitCode ? 9 : 0,
  oomKilled: false,
  // nobody saw the moment: docker's zero time would claim that it never ended
  finishedAt: new Date().toISOString(),
  ...(run.restartCount === 0 ? {} : { restartCount: run.restartCount, startedAt: run.startedAt }),
  error,
});
