// SPDX-License-Identifier: Apache-2.0
// Random bytes for names and ids, from the kernel (random(4)): node:crypto takes 3 ms to load.

import { closeSync, openSync, readSync } from 'node:fs';

export const randomBytes = (size: number): Buffer => {
  const bytes = Buffer.alloc(size);
  const fd = openSync('/dev/urandom', 'r');
  try {
    // Whole up to 256 bytes, whatever signal comes.
    if (readSync(fd, bytes) !== size) throw new Error('/dev/urandom ended early');
  } finally {
    closeSync(fd);
  }
  return bytes;
};

export const randomHex = (size: number): string => randomBytes(size).toString('hex');

/** From 0 on, below `end`: for choices that nobody gains by guessing. */
export const randomIndex = (end: number): number => randomBytes(4).readUInt32LE() % end;
