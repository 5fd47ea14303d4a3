// SPDX-License-Identifier: Apache-2.0
// Files of the machine that a container gets a version of.

import { readFileSync } from 'node:fs';
import { hasErrno } from '../../errors/sampan-error.js';

/** undefined when there is none for us */
export const readHostFile = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'EACCES')) return undefined;
    throw error;
  }
};
