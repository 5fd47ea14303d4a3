// SPDX-License-Identifier: Apache-2.0
// The processes of a container as the host sees them: those in the pid namespace of its first process, and whatever
// they made, also in namespaces of their own. From /proc alone, since not every host gives us a cgroup.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hasErrno } from '../../errors/sampan-error.js';

export interface HostProcess {
  readonly pid: number;
  readonly parent: number;
  /** the fields of proc_pid_stat(5) from the third (state) on */
  readonly stat: readonly string[];
  /** the name in proc_pid_stat(5), without parentheses */
  readonly name: string;
}

/** In the order of their pids. Empty when `init` has ended meanwhile. */
export const containerProcesses = (init: number): readonly HostProcess[] => {
  const own = pidNamespaceOf(init);
  if (own === undefined) return [];
  const every = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)) ?? [])
    .sort((left, right) => left.pid - right.pid);
  const members = new Set(every.filter(({ pid }) => pidNamespaceOf(pid) === own).map(({ pid }) => pid));
  // A parent may have the higher number: until nobody joins any more.
  for (let size = 0; size !== members.size;) {
    size = members.size;
    for (const { pid, parent } of every) if (members.has(parent)) members.add(pid);
  }
  return every.filter(({ pid }) => members.has(pid));
};

const gone = ['ENOENT', 'ESRCH'] as const;

/** Of another user's process the kernel does not tell: then it is none of ours. */
const pidNamespaceOf = (pid: number): string | undefined => {
  try {
    return readlinkSync(`/proc/${String(pid)}/ns/pid`);
  } catch (error) {
    if (hasErrno(error, ...gone, 'EACCES', 'EPERM')) return undefined;
    throw error;
  }
};

const readProcess = (pid: number): HostProcess | undefined => {
  try {
    const text = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
    // the name may hold spaces and parentheses
    const end = text.lastIndexOf(')');
    const stat = text
      .slice(end + 2)
      .trim()
      .split(' ');
    return { pid, parent: Number(stat[1]), stat, name: text.slice(text.indexOf('(') + 1, end) };
  } catch (error) {
    if (hasErrno(error, ...gone)) return undefined;
    throw error;
  }
};
