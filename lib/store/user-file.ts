// SPDX-License-Identifier: Apache-2.0
// Files of the user outside the data root, such as docker's config.json: replaced as a whole, readable by nobody else.

import { mkdirSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { hasErrno } from '../errors/sampan-error.js';
import { writeFileAtomic } from './atomic.js';

/** A link stays a link: people keep such files in a repository of their own. @throws ERR_NO_SPACE */
export const replaceUserFile = (path: string, content: string): void => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileAtomic(targetOf(path), content, { durable: true });
};

const targetOf = (path: string): string => {
  try {
    return realpathSync(path);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return path;
    throw error;
  }
};
