// SPDX-License-Identifier: Apache-2.0
// Removal of a tree with the user's own rights: no namespace needed as long as no sub-id owns anything in it.

import { chmodSync, lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { hasErrno } from '../errors/sampan-error.js';

/**
 * @throws EACCES or EPERM where a directory of a sub-id is in the way. What was removed until then is gone: the caller
 * goes on with more rights.
 */
export const removeOwn = (directory: string): Promise<void> => {
  if (lstatSync(directory, { throwIfNoEntry: false }) !== undefined) removeDirectory(directory);
  return Promise.resolve();
};

/** Deeper trees than this are left to the helper, which needs no stack for them. */
const deepest = 200;

const removeDirectory = (directory: string, depth = 0): void => {
  if (depth > deepest) throw Object.assign(new Error(`${directory} is too deep`), { code: 'ENAMETOOLONG' });
  for (const entry of listEntries(directory)) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) removeDirectory(path, depth + 1);
    else unlinkSync(path);
  }
  rmdirSync(directory);
};

/** overlayfs leaves a work directory of mode 0000, which its owner may open to himself. */
const listEntries = (directory: string): ReturnType<typeof readDirectory> => {
  try {
    return readDirectory(directory);
  } catch (error) {
    if (!hasErrno(error, 'EACCES')) throw error;
    chmodSync(directory, 0o700);
    return readDirectory(directory);
  }
};

const readDirectory = (directory: string) => readdirSync(directory, { withFileTypes: true });
