// SPDX-License-Identifier: Apache-2.0
// Ending a container's process: stop and kill. None of these needs the monitor's help; each tells the truth after it.

import { isSampanError, sampanError } from '../../errors/sampan-error.js';
import { openProcess } from '../../runtime/process-handle.js';
import type { ContainerRecord, RunRecord } from '../../store/container-records.js';
import { parseSignal, signalName } from '../../util/signals.js';
import type { ContainerContext } from './context.js';
import { findContainer, type FoundContainer } from './find.js';
import { deriveStatus, isRunning } from './status.js';

const defaultStopSeconds = 10;
const SIGKILL = 9;
/** How long the monitor may take to record an exit, a full disk included, before it is called stuck. */
const monitorPatienceMs = 30_000;

export interface StopOptions {
  readonly timeoutSeconds?: number | undefined;
  readonly signal?: string | undefined;
}

/** docker's stop: the stop signal, then SIGKILL when the time is over. A container that does not run is fine. */
export const stopContainer = async (
  context: ContainerContext,
  found: FoundContainer,
  options: StopOptions,
): Promise<void> => {
  const state = deriveStatus(found.files);
  if (!isRunning(state)) return;
  const signal = parseSignal(options.signal ?? found.record.process.stopSignal);
  await endProcess(context, state.run, signal, timeoutMsOf(options, found.record));
  await monitorDone(context, found, state.run);
};

/** SIGKILL at once, and the exit recorded. */
export const killNow = async (context: ContainerContext, found: FoundContainer): Promise<void> => {
  const state = deriveStatus(found.files);
  if (!isRunning(state)) return;
  await endProcess(context, state.run, SIGKILL, undefined);
  await monitorDone(context, found, state.run);
};

const timeoutMsOf = ({ timeoutSeconds }: StopOptions, { request }: ContainerRecord): number | undefined => {
  const seconds = timeoutSeconds ?? request.stopTimeoutSeconds ?? defaultStopSeconds;
  return seconds < 0 ? undefined : seconds * 1000;
};

const endProcess = async (
  context: ContainerContext,
  run: RunRecord,
  signal: number,
  timeoutMs: number | undefined,
): Promise<void> => {
  using init = openProcess(context.native(), run.init);
  if (init === undefined) return;
  init.signal(signal);
  if (await init.ended(timeoutMs)) return;
  init.signal(SIGKILL);
  await init.ended();
};

const monitorDone = async (context: ContainerContext, { record }: FoundContainer, run: RunRecord): Promise<void> => {
  using monitor = openProcess(context.native(), run.monitor);
  // A client that does not read keeps the monitor, but the exit record is there before that.
  const deadline = Date.now() + monitorPatienceMs;
  while (monitor !== undefined && !(await monitor.ended(20))) {
    const found = tryFind(context, record.id);
    if (found === undefined || !isRunning(deriveStatus(found.files))) return;
    if (Date.now() > deadline) {
      throw sampanError('ERR_CONTAINER_STATE', {
        subject: `${record.name}: its monitor does not record the exit`,
        hint: 'is the disk full?',
      });
    }
  }
};

/** One signal, by name or number. @throws ERR_CONTAINER_NOT_RUNNING */
export const signalContainer = (context: ContainerContext, found: FoundContainer, signal: string): void => {
  const number = parseSignal(signal);
  const state = deriveStatus(found.files);
  if (state.status === 'running') {
    using init = openProcess(context.native(), state.run.init);
    if (init?.signal(number) === true) return;
  }
  throw sampanError('ERR_CONTAINER_NOT_RUNNING', { subject: found.record.name, op: `kill ${signalName(number)}` });
};

const tryFind = (context: ContainerContext, id: string): FoundContainer | undefined => {
  try {
    return findContainer(context.paths, id);
  } catch (error) {
    if (isSampanError(error, 'ERR_CONTAINER_NOT_FOUND')) return undefined;
    throw error;
  }
};
