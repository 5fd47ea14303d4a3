// SPDX-License-Identifier: Apache-2.0
// A cgroup v2 of its own for every container, where the user has been given a part of the hierarchy (systemd's
// Delegate=, or an administrator's chown). Limits come later; here the container's processes are kept together.

import { accessSync, constants, mkdirSync, readFileSync, rmdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasErrno } from '../errors/sampan-error.js';

/** CGROUP2_SUPER_MAGIC of linux/magic.h. */
const cgroup2Magic = 0x6367_7270;
const hierarchyRoot = '/sys/fs/cgroup';

/** Whether the machine has the unified hierarchy alone: only then can a container be shown one of its own. */
export const isCgroupV2 = (): boolean => {
  try {
    return statfsSync(hierarchyRoot).type === cgroup2Magic;
  } catch {
    // no cgroups at all
    return false;
  }
};

/** The cgroup this process is in, when we may make cgroups in it; cgroups(7), "Cgroup delegation". */
export const findDelegatedCgroup = (): string | undefined => {
  if (!isCgroupV2()) return undefined;
  const own = /^0::(\/.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
  if (own === undefined) return undefined;
  const directory = join(hierarchyRoot, own);
  return isWritable(directory) && isWritable(join(directory, 'cgroup.procs')) ? directory : undefined;
};

/** Makes the container's cgroup; undefined when nothing is delegated to us. */
export const makeCgroup = (id: string): string | undefined => {
  const parent = findDelegatedCgroup();
  if (parent === undefined) return undefined;
  const path = join(parent, `sampan-${id.slice(0, 12)}.scope`);
  try {
    mkdirSync(path);
  } catch (error) {
    if (!hasErrno(error, 'EEXIST')) throw error;
  }
  return path;
};

/** Removes an empty cgroup; one that still has processes stays, one that is gone is no error. */
export const removeCgroup = (path: string): void => {
  try {
    rmdirSync(path);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT', 'EBUSY', 'ENOTEMPTY', 'EACCES', 'ENODEV')) throw error;
  }
};

/** Stops every process in the cgroup (cgroup-v2.rst, "cgroup.freeze"); false when it cannot be. */
export const freezeCgroup = async (path: string): Promise<boolean> => {
  if (!writeFreeze(path, '1')) return false;
  for (let waitedMs = 0; waitedMs < longestFreezeMs && !isFrozen(path); waitedMs++) await sleep(1);
  return isFrozen(path);
};

/** One that is gone, or was never frozen, is no error. */
export const thawCgroup = (path: string): void => {
  writeFreeze(path, '0');
};

const writeFreeze = (path: string, value: '0' | '1'): boolean => {
  try {
    writeFileSync(join(path, 'cgroup.freeze'), value);
    return true;
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'EACCES', 'EPERM', 'ENODEV')) return false;
    throw error;
  }
};

/** A process that the kernel holds (a disk that does not answer) is not waited for any longer. */
const longestFreezeMs = 5000;

export const isFrozen = (path: string): boolean => {
  try {
    return /^frozen 1$/m.test(readFileSync(join(path, 'cgroup.events'), 'utf8'));
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'EACCES', 'ENODEV')) return false;
    throw error;
  }
};

const isWritable = (path: string): boolean => {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    // absent or not ours
    return false;
  }
};
