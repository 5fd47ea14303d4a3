// SPDX-License-Identifier: Apache-2.0
// Files with one setting per line: --env-file and --label-file.

import { resolve } from 'node:path';
import { sampanError } from '../../errors/sampan-error.js';
import type { Caller } from '../caller.js';

export interface FileLine {
  readonly text: string;
  /** from 1 */
  readonly line: number;
}

/** Without empty lines and comments, and without space at the start; space at the end is part of the value. */
export const readLines = (path: string, caller: Caller): readonly FileLine[] =>
  readText(path, caller)
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((text, index) => ({ text: text.replace(/\r$/, '').trimStart(), line: index + 1 }))
    .filter(({ text }) => text !== '' && !text.startsWith('#'));

const readText = (path: string, { cwd, readTextFile }: Caller): string => {
  try {
    return readTextFile(resolve(cwd, path));
  } catch (error) {
    throw sampanError('ERR_INVALID_VALUE', { subject: `file ${path} cannot be read`, cause: error });
  }
};
