// SPDX-License-Identifier: Apache-2.0
// -f key=value of lists.

import { InvalidArgument } from '../option.js';
import type { Pair } from './key-value.js';

export const readFilter = (text: string): Pair => {
  const equals = text.indexOf('=');
  if (equals <= 0) throw new InvalidArgument('bad format of filter (expected name=value)');
  return [text.slice(0, equals).trim().toLowerCase(), text.slice(equals + 1).trim()];
};
