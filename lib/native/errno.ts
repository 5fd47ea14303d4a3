// SPDX-License-Identifier: Apache-2.0
// Names of error numbers, of more of them than libuv (and so node:util) knows.

import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';

/** In none of Node's tables; numbers of asm-generic/errno.h, the same on every architecture but mips, sparc and parisc. */
const others: Readonly<Record<number, string>> = {
  79: 'ELIBACC',
  80: 'ELIBBAD',
  117: 'EUCLEAN',
  123: 'ENOMEDIUM',
  126: 'ENOKEY',
  129: 'EKEYREJECTED',
};

/** ENOENT for 2 (or -2). */
export const errnoName = (errno: number): string => {
  const number = Math.abs(errno);
  try {
    const name = getSystemErrorName(-number);
    if (!name.startsWith('Unknown')) return name;
  } catch {
    // not in libuv's table
  }
  const found = Object.entries(constants.errno).find(([, value]) => value === number);
  return found?.[0] ?? others[number] ?? `errno ${String(number)}`;
};
