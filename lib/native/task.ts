// SPDX-License-Identifier: Apache-2.0
// Runs a plan of role `task`: work that needs the container's ids or namespaces, ends by itself, and has a result.

import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { decodeFrame, type HelperEvent } from './frames.js';
import { failureOf, lostHelper, spawnHelper, type SpawnedHelper } from './helper.js';
import type { Fd, Native } from './native.js';
import type { PlanOperation } from './protocol.js';

export interface TaskOptions {
  readonly operations: readonly PlanOperation[];
  /** open descriptors in the order of the plan's slots; they stay the caller's */
  readonly descriptors?: readonly Fd[];
  /** shown by ps */
  readonly title?: string;
  /** kills the task; runTask rejects with its reason once the task is gone */
  readonly signal?: AbortSignal | undefined;
  readonly debug?: Fd | undefined;
}

/** The counts of the task's RESULT. @throws HelperFailure */
export const runTask = async (native: Native, options: TaskOptions): Promise<Readonly<Record<string, number>>> => {
  options.signal?.throwIfAborted();
  const task = spawnHelper(native, {
    role: 'task',
    title: options.title ?? 'sampan task',
    operations: options.operations,
    descriptors: options.descriptors ?? [],
    debug: options.debug,
  });
  const kill = (): void => {
    native.pidfdSendSignal(task.pidfd, constants.signals.SIGKILL);
  };
  options.signal?.addEventListener('abort', kill, { once: true });
  try {
    const last = await lastEvent(native, task);
    options.signal?.throwIfAborted();
    if (last?.type === 'result') return last.counts;
    throw last?.type === 'error' ? failureOf(last) : lostHelper('RESULT');
  } finally {
    options.signal?.removeEventListener('abort', kill);
    // It has nobody to report to any more; one that has ended already is still our zombie, so the signal is harmless.
    kill();
    await native.pidfdWait(task.pidfd).done;
    native.reap(task.pidfd);
    closeSync(task.pidfd);
  }
};

/** Reads until the task closes its end: the last thing it said counts. */
const lastEvent = (native: Native, task: SpawnedHelper): Promise<HelperEvent | undefined> =>
  new Promise((resolve, reject) => {
    let last: HelperEvent | undefined;
    const channel = native.openChannel(task.control, {
      onMessage: (message) => {
        try {
          last = decodeFrame(message);
        } catch (error) {
          channel.close();
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      },
      onDrain: () => undefined,
      onClose: (error) => {
        channel.close();
        if (error === undefined) resolve(last);
        else reject(error);
      },
    });
  });
