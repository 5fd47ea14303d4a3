// SPDX-License-Identifier: Apache-2.0
// Numbers of the kernel's interface, under the kernel's own names (sched.h, sys/mount.h, linux/mount.h, fcntl.h,
// linux/openat2.h). The same on every architecture that Node runs on, unless a comment says otherwise.

import { sampanError } from '../errors/sampan-error.js';

export const CLONE_NEWNS = 0x0002_0000;
export const CLONE_NEWCGROUP = 0x0200_0000;
export const CLONE_NEWUTS = 0x0400_0000;
export const CLONE_NEWIPC = 0x0800_0000;
export const CLONE_NEWUSER = 0x1000_0000;
export const CLONE_NEWPID = 0x2000_0000;
export const CLONE_NEWNET = 0x4000_0000;

export const MS_RDONLY = 1;
export const MS_NOSUID = 2;
export const MS_NODEV = 4;
export const MS_NOEXEC = 8;
export const MS_NOATIME = 1024;
export const MS_REC = 16384;
export const MS_PRIVATE = 1 << 18;
export const MS_SLAVE = 1 << 19;
export const MS_SHARED = 1 << 20;
export const MS_RELATIME = 1 << 21;
export const MS_STRICTATIME = 1 << 24;

/** mount_setattr(2) */
export const MOUNT_ATTR_RDONLY = 0x1;
export const MOUNT_ATTR_NOSUID = 0x2;
export const MOUNT_ATTR_NODEV = 0x4;
export const MOUNT_ATTR_NOEXEC = 0x8;
export const MOUNT_ATTR_NOATIME = 0x10;
export const MOUNT_ATTR_STRICTATIME = 0x20;

/** openat2(2) */
export const RESOLVE_IN_ROOT = 0x10;

/** renameat2(2) */
export const RENAME_NOREPLACE = 1;
export const RENAME_EXCHANGE = 2;

/** RLIMIT_* as in asm-generic/resource.h (x86, arm, arm64, riscv, s390, powerpc) */
export const resourceLimits = {
  RLIMIT_CPU: 0,
  RLIMIT_FSIZE: 1,
  RLIMIT_DATA: 2,
  RLIMIT_STACK: 3,
  RLIMIT_CORE: 4,
  RLIMIT_RSS: 5,
  RLIMIT_NPROC: 6,
  RLIMIT_NOFILE: 7,
  RLIMIT_MEMLOCK: 8,
  RLIMIT_AS: 9,
  RLIMIT_LOCKS: 10,
  RLIMIT_SIGPENDING: 11,
  RLIMIT_MSGQUEUE: 12,
  RLIMIT_NICE: 13,
  RLIMIT_RTPRIO: 14,
  RLIMIT_RTTIME: 15,
} as const;

export type ResourceLimit = keyof typeof resourceLimits;

/** @throws ERR_INVALID_VALUE for a name that is no limit */
export const rlimitNumber = (name: string): number => {
  if (Object.hasOwn(resourceLimits, name)) return resourceLimits[name as ResourceLimit];
  throw sampanError('ERR_INVALID_VALUE', {
    subject: `resource limit ${name}`,
    hint: `one of ${Object.keys(resourceLimits).join(', ')}`,
  });
};

/** As --ulimit has it: nofile for 7. */
export const rlimitName = (number: number): string | undefined =>
  Object.entries(resourceLimits)
    .find(([, known]) => known === number)?.[0]
    .replace('RLIMIT_', '')
    .toLowerCase();
