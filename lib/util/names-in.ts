// SPDX-License-Identifier: Apache-2.0
// The names in a directory that need not be there: it is made when it is first needed, or another command removes it.

import { readdirSync } from 'node:fs';
import { hasErrno } from '../errors/sampan-error.js';

/** None when there is no such directory, or for one of these reasons beside. */
export const namesIn = (directory: string, ...alsoNone: readonly string[]): readonly string[] => {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', ...alsoNone)) return [];
    throw error;
  }
};
