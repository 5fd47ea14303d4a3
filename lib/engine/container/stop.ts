// SPDX-License-Identifier: Apache-2.0
// Ending a container's process: stop and kill. Each tells the truth after it.
//
// How this works: the process itself is signalled, by pidfd. A container that its monitor would start again is ended for
// good: the monitor is told first (SIGUSR1, addon/helper/monitor_process.h), so that whatever it starts after that
// moment is the last, and it gives up a restart it is waiting for.

import { setTimeout as sleep } from 'node:timers/promises';
import { sampanError } from '../../errors/sampan-error.js';
import type { Native } from '../../native/native.js';
import { openProcess } from '../../runtime/process-handle.js';
import type { ContainerRecord } from '../../store/container-records.js';
import { isSameProcess } from '../../util/process-identity.js';
import { parseSignal, signalName } from '../../util/signals.js';
import type { ContainerContext } from './context.js';
import type { FoundContainer } from './find.js';
import { deriveStatus, isRunning, type CurrentRun } from './status.js';

const defaultStopSeconds = 10;
const [SIGINT, SIGQUIT, SIGKILL, SIGUSR1, SIGTERM] = [2, 3, 9, 10, 15];
/** How long the monitor may take to record an exit, a full disk included, before it is called stuck. */
const monitorPatienceMs = 30_000;
const pollMs = 20;

export interface StopOptions {
  readonly timeoutSeconds?: number | undefined;
  readonly signal?: string | undefined;
}

/** docker's stop: the stop signal, then SIGKILL when the time is over. A container that does not run is fine. */
export const stopContainer = (context: ContainerContext, found: FoundContainer, options: StopOptions): Promise<void> =>
  endRun(context, found, {
    signal: parseSignal(options.signal ?? found.record.process.stopSignal),
    timeoutMs: timeoutMsOf(options, found.record),
  });

/** SIGKILL at once, and the exit recorded. */
export const killNow = (context: ContainerContext, found: FoundContainer): Promise<void> =>
  endRun(context, found, { signal: SIGKILL, timeoutMs: undefined });

const timeoutMsOf = ({ timeoutSeconds }: StopOptions, { request }: ContainerRecord): number | undefined => {
  const seconds = timeoutSeconds ?? request.stopTimeoutSeconds ?? defaultStopSeconds;
  return seconds < 0 ? undefined : seconds * 1000;
};

interface Ending {
  readonly signal: number;
  readonly timeoutMs: number | undefined;
}

const endRun = async (context: ContainerContext, found: FoundContainer, ending: Ending): Promise<void> => {
  const native = context.native();
  let state = deriveStatus(found.files);
  if (!isRunning(state)) return;
  const { monitor } = state.run;
  endRestarts(native, found.record, state.run);
  let deadline = Date.now() + monitorPatienceMs;
  // Another monitor is another start, which somebody wanted after us.
  while (isRunning(state) && isSameProcess(state.run.monitor, monitor)) {
    if (await endProcess(native, state.run, ending)) deadline = Date.now() + monitorPatienceMs;
    await monitorAtWork(native, state.run);
    // A client that does not read keeps the monitor, but the exit record is there before that.
    state = deriveStatus(found.files);
    if (Date.now() < deadline) continue;
    throw sampanError('ERR_CONTAINER_STATE', {
      subject: `${found.record.name}: its monitor does not record the exit`,
      hint: 'is the disk full?',
    });
  }
};

/** The process of this moment; false when there is none. */
const endProcess = async (native: Native, run: CurrentRun, { signal, timeoutMs }: Ending): Promise<boolean> => {
  using init = openProcess(native, run.init);
  if (init === undefined) return false;
  init.signal(signal);
  if (await init.ended(timeoutMs)) return true;
  init.signal(SIGKILL);
  await init.ended();
  return true;
};

const monitorAtWork = async (native: Native, run: CurrentRun): Promise<void> => {
  using monitor = openProcess(native, run.monitor);
  await monitor?.ended(pollMs);
};

const endRestarts = (native: Native, { request }: ContainerRecord, run: CurrentRun): void => {
  if (request.restart === undefined) return;
  using monitor = openProcess(native, run.monitor);
  monitor?.signal(SIGUSR1);
};

/** Who sends one of these wants the container to end; others (SIGHUP, SIGUSR1 ...) are messages to its program. */
const asksToEnd = (signal: number, { process }: ContainerRecord): boolean =>
  [SIGINT, SIGQUIT, SIGKILL, SIGTERM, parseSignal(process.stopSignal)].includes(signal);

/** One signal to the process of a run; false when it has ended. */
export const signalRun = (native: Native, record: ContainerRecord, run: CurrentRun, signal: number): boolean => {
  if (asksToEnd(signal, record)) endRestarts(native, record, run);
  using init = openProcess(native, run.init);
  return init?.signal(signal) === true;
};

/** One signal, by name or number. @throws ERR_CONTAINER_NOT_RUNNING */
export const signalContainer = async (
  context: ContainerContext,
  found: FoundContainer,
  signal: string,
): Promise<void> => {
  const number = parseSignal(signal);
  const native = context.native();
  let state = deriveStatus(found.files);
  // docker: while there is no process, a signal that would end it ends the waiting, and others find nobody.
  const waited = state.status === 'restarting';
  while (state.status === 'restarting') {
    if (!asksToEnd(number, found.record)) return;
    endRestarts(native, found.record, state.run);
    await sleep(pollMs);
    state = deriveStatus(found.files);
  }
  if (state.status === 'running' && signalRun(native, found.record, state.run, number)) return;
  if (waited && !isRunning(state)) return;
  throw sampanError('ERR_CONTAINER_NOT_RUNNING', { subject: found.record.name, op: `kill ${signalName(number)}` });
};
