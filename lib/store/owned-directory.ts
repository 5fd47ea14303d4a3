// SPDX-License-Identifier: Apache-2.0
// Directories that a container's root writes to or passes through. Mostly he is the user who makes them; when uid 0 makes
// them he is a sub-id.

import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { makeDirectories } from './make-directories.js';

/** Host ids of a container's root. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Makes the directory (and its parents) with exactly this mode; an existing one is adopted. */
export const makeOwnedDirectory = (path: string, mode: number, { uid, gid }: Owner): void => {
  makeDirectories(path);
  // chmod, because mkdir(2) obeys the umask
  chmodSync(path, mode);
  if (process.geteuid?.() === 0) chownSync(path, uid, gid);
};

/**
 * A new directory that only its maker and containers' root get through. uid 0 gives it to the group that his containers'
 * root has: nobody else may reach the set-uid programs of layers (CVE-2021-41091).
 */
export const makePassage = (path: string, containerGid: number): void => {
  mkdirSync(path);
  openPassage(path, containerGid);
};

/** The same for a directory that is there. */
export const openPassage = (path: string, containerGid: number): void => {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) chownSync(path, 0, containerGid);
  chmodSync(path, isRoot ? 0o710 : 0o700);
};
