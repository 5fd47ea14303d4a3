// SPDX-License-Identifier: Apache-2.0
// Things a user is told once, not at every command: an empty file in the data root says that it was said.

import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { hasErrno } from '../errors/sampan-error.js';
import type { Paths } from './paths.js';

/** True the first time it is asked for this notice; two commands at once say it once. */
export const isFirstNotice = (paths: Paths, name: string): boolean => {
  try {
    closeSync(openSync(join(paths.locks, `${name}.said`), 'wx', 0o600));
    return true;
  } catch (error) {
    // already said; or nothing can be written, which the command itself will report better
    if (hasErrno(error, 'EEXIST', 'ENOSPC', 'EDQUOT', 'EROFS')) return false;
    throw error;
  }
};
