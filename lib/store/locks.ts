// SPDX-License-Identifier: Apache-2.0
// Locks between processes: open file description locks (fcntl(2), F_OFD_SETLK), gone with their holder. Order:
// store < image < container < network < volume < names. Never held across registry traffic or while a user is waited
// for. A lock file may be removed with its object, so after locking it must still be linked.

import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasErrno } from '../errors/sampan-error.js';
import type { LockKind, Native } from '../native/native.js';
import type { Paths } from './paths.js';

/** A held lock; disposing it (or the end of the process) lets it go. */
export interface Lock extends Disposable {
  readonly path: string;
}

export interface Locks {
  /** index of the images and layers */
  store(kind?: LockKind): Promise<Lock>;
  /** records of the networks, and which container has which of their addresses */
  network(): Promise<Lock>;
  /** names of containers: claim and release */
  names(): Promise<Lock>;
  /** undefined when there is no such container (any more) */
  container(id: string): Promise<Lock | undefined>;
  /** as container(), but undefined also when another holds it */
  tryContainer(id: string): Lock | undefined;
  /** the lock file inside a container directory that is not yet in its place */
  create(directory: string): Lock;
  /** A file that is its own lock: made when it is missing, and made anew when its holder has removed it meanwhile. */
  file(path: string, options?: FileLockOptions): Promise<FileLock>;
  /** as file(), but undefined when it is missing or another holds it */
  tryFile(path: string): FileLock | undefined;
}

/** Readable and writable through its descriptor, which goes with the lock. */
export interface FileLock extends Lock {
  readonly fd: number;
}

export interface FileLockOptions {
  readonly signal?: AbortSignal | undefined;
  /** called once, when somebody else holds it */
  readonly onWait?: (() => void) | undefined;
}

const firstDelayMs = 1;
const longestDelayMs = 25;

export const openLocks = (paths: Paths, native: () => Native): Locks => {
  const containerLock = (id: string): string => join(paths.containers, id, 'lock');
  return {
    store: (kind = 'exclusive') => lockFile(native(), join(paths.locks, 'store.lock'), kind),
    network: () => lockFile(native(), join(paths.locks, 'network.lock'), 'exclusive'),
    names: () => lockFile(native(), join(paths.locks, 'names.lock'), 'exclusive'),
    container: (id) => lockExisting(native(), containerLock(id)),
    tryContainer: (id) => tryExisting(native(), containerLock(id)),
    create: (directory) => {
      const path = join(directory, 'lock');
      const fd = openSync(path, 'wx+', 0o600);
      if (!native().tryLock(fd, 'exclusive')) throw new Error(`new lock ${path} is held`);
      return heldLock(path, fd);
    },
    file: (path, options = {}) => lockLinked(native(), path, options),
    tryFile: (path) => tryExisting(native(), path),
  };
};

const heldLock = (path: string, fd: number): FileLock => {
  let open = true;
  return {
    path,
    fd,
    [Symbol.dispose]: () => {
      if (open) closeSync(fd);
      open = false;
    },
  };
};

const lockFile = async (native: Native, path: string, kind: LockKind): Promise<Lock> => {
  const fd = openSync(path, 'a+', 0o600);
  try {
    await waitForLock(native, fd, kind);
    return heldLock(path, fd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
};

const lockLinked = async (native: Native, path: string, options: FileLockOptions): Promise<FileLock> => {
  for (;;) {
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      await waitForLock(native, fd, 'exclusive', options);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    const lock = keepIfLinked(path, fd);
    if (lock !== undefined) return lock;
  }
};

const lockExisting = async (native: Native, path: string): Promise<Lock | undefined> => {
  const fd = openExisting(path);
  if (fd === undefined) return undefined;
  try {
    await waitForLock(native, fd, 'exclusive');
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return keepIfLinked(path, fd);
};

const tryExisting = (native: Native, path: string): FileLock | undefined => {
  const fd = openExisting(path);
  if (fd === undefined) return undefined;
  if (native.tryLock(fd, 'exclusive')) return keepIfLinked(path, fd);
  closeSync(fd);
  return undefined;
};

/** The object may have been moved away to be removed while we waited: then the path names nothing or another file. */
const keepIfLinked = (path: string, fd: number): FileLock | undefined => {
  const there = statSync(path, { throwIfNoEntry: false });
  const ours = fstatSync(fd);
  if (there?.ino === ours.ino && there.dev === ours.dev) return heldLock(path, fd);
  closeSync(fd);
  return undefined;
};

const openExisting = (path: string): number | undefined => {
  try {
    return openSync(path, 'r+');
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
};

/** Polls: F_OFD_SETLKW would hold a thread of Node's pool for as long as the other side likes. */
const waitForLock = async (
  native: Native,
  fd: number,
  kind: LockKind,
  { signal, onWait }: FileLockOptions = {},
): Promise<void> => {
  signal?.throwIfAborted();
  if (native.tryLock(fd, kind)) return;
  onWait?.();
  for (let delayMs = firstDelayMs; !native.tryLock(fd, kind); delayMs = Math.min(delayMs * 2, longestDelayMs)) {
    await sleep(delayMs);
    signal?.throwIfAborted();
  }
};
