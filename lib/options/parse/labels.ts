// SPDX-License-Identifier: Apache-2.0
// -l and --label-file: key=value, or a key alone with an empty value.

import { sampanError } from '../../errors/sampan-error.js';
import type { Caller } from '../caller.js';
import { readKeyValue, type Pair } from './key-value.js';
import { readLines } from './line-file.js';

export const readLabel = readKeyValue('label');

export const labelsOf = (pairs: readonly Pair[]): Readonly<Record<string, string>> => Object.fromEntries(pairs);

/** @throws ERR_INVALID_VALUE when the file cannot be read or a line has no name */
export const labelsFromFile = (path: string, caller: Caller): Readonly<Record<string, string>> =>
  labelsOf(
    readLines(path, caller).map(({ text, line }) => {
      if (text.startsWith('=')) {
        throw sampanError('ERR_INVALID_VALUE', {
          subject: `${path}, line ${String(line)}: no label name on line '${text}'`,
        });
      }
      return readLabel(text);
    }),
  );
