// SPDX-License-Identifier: Apache-2.0
// Directories that a container's root writes to. Made by the user he mostly is the user; made by uid 0 he is a sub-id.

import { chmodSync, chownSync, mkdirSync } from 'node:fs';

/** Host ids of a container's root. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Makes the directory (and its parents) with exactly this mode; an existing one is adopted. */
export const makeOwnedDirectory = (path: string, mode: number, { uid, gid }: Owner): void => {
  mkdirSync(path, { recursive: true });
  // chmod, because mkdir(2) obeys the umask
  chmodSync(path, mode);
  if (process.geteuid?.() === 0) chownSync(path, uid, gid);
};
