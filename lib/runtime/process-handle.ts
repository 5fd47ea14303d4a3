// SPDX-License-Identifier: Apache-2.0
// A handle on exactly one process (pidfd): signals and waits never hit another one that got its number.

import { closeSync } from 'node:fs';
import { hasErrno } from '../errors/sampan-error.js';
import type { Native } from '../native/native.js';
import { isAlive, type ProcessIdentity } from '../util/process-identity.js';

export interface ProcessHandle extends Disposable {
  readonly pidfd: number;
  /** false when it has ended meanwhile */
  signal(signal: number): boolean;
  /** resolves true when it has ended, false when the time is over */
  ended(timeoutMs?: number): Promise<boolean>;
}

/** undefined when the process has ended. */
export const openProcess = (native: Native, identity: ProcessIdentity): ProcessHandle | undefined => {
  let pidfd: number;
  try {
    pidfd = native.pidfdOpen(identity.pid);
  } catch (error) {
    if (hasErrno(error, 'ESRCH', 'EINVAL')) return undefined;
    throw error;
  }
  // The number may have been given to another process before the open; from now on it can not.
  if (!isAlive(identity)) {
    closeSync(pidfd);
    return undefined;
  }
  return {
    pidfd,
    signal: (signal) => sendSignal(native, pidfd, signal),
    ended: (timeoutMs) => waitEnd(native, pidfd, timeoutMs),
    [Symbol.dispose]: () => {
      closeSync(pidfd);
    },
  };
};

const sendSignal = (native: Native, pidfd: number, signal: number): boolean => {
  try {
    native.pidfdSendSignal(pidfd, signal);
    return true;
  } catch (error) {
    if (hasErrno(error, 'ESRCH')) return false;
    throw error;
  }
};

const waitEnd = async (native: Native, pidfd: number, timeoutMs: number | undefined): Promise<boolean> => {
  const wait = native.pidfdWait(pidfd);
  if (timeoutMs === undefined) {
    await wait.done;
    return true;
  }
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<false>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
    }, timeoutMs);
  });
  try {
    return await Promise.race([wait.done.then(() => true), over]);
  } finally {
    clearTimeout(timer);
    wait.cancel();
  }
};
