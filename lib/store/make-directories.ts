// SPDX-License-Identifier: Apache-2.0
// mkdir -p. Node's own never ends where a directory exists and refuses new entries with ENOENT, as /proc does.

import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { hasErrno } from '../errors/sampan-error.js';

/** Makes a directory and what is missing above it. @throws the system error, ENOTDIR or EEXIST when a file is in the way */
export const makeDirectories = (path: string, mode = 0o777): void => {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (hasErrno(error, 'EEXIST') && statSync(path).isDirectory()) return;
    const parent = dirname(path);
    if (!hasErrno(error, 'ENOENT') || parent === path || exists(parent)) throw error;
    makeDirectories(parent, mode);
    makeDirectories(path, mode);
  }
};

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;
