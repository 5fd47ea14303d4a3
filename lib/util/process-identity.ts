// SPDX-License-Identifier: Apache-2.0
// A process is named by pid and start time together: pids are reused, the pair is not (proc_pid_stat(5), field 22).

import { readFileSync } from 'node:fs';
import { hasErrno } from '../errors/sampan-error.js';

export interface ProcessIdentity {
  readonly pid: number;
  /** clock ticks since boot, as a decimal string */
  readonly startTime: string;
}

/** The identity of a live process, undefined when there is none (a zombie counts as ended). */
export const readIdentity = (pid: number): ProcessIdentity | undefined => {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
    // The command name in field 2 may hold spaces and parentheses: fields count from the last ')'.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, startTime] = [fields[0], fields[19]];
    return state === 'Z' || state === 'X' || startTime === undefined ? undefined : { pid, startTime };
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ESRCH')) return undefined;
    throw error;
  }
};

export const isSameProcess = (a: ProcessIdentity, b: ProcessIdentity): boolean =>
  a.pid === b.pid && a.startTime === b.startTime;

/** Whether exactly this process still runs. */
export const isAlive = (identity: ProcessIdentity): boolean =>
  readIdentity(identity.pid)?.startTime === identity.startTime;

/** This boot of the machine (random(4)): facts about processes hold for one boot only. */
export const readBootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
