// SPDX-License-Identifier: Apache-2.0
// Files of ours that containers have bound over their own. They keep their inode, so they are written in place.
//
// What is in one may be anything, and so may its mode and owner: they are the container's. What the name leads to is
// ours, but a link or a fifo that somebody has put there is not followed and not waited for.
//
// Killed while it writes, a writer loses nothing: one call writes the new content, filled up with empty lines to the
// length of the old one, before the file is cut; the kernel writes pages as a whole.

import { chmodSync, closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { hasErrno } from '../errors/sampan-error.js';
import { writeFileAtomic } from './atomic.js';

/** Beyond it a file is not read, and so not changed. */
export const largestBoundFile = 1024 * 1024;

/** Why a file cannot be changed, for people. */
export interface Unchangeable {
  readonly reason: string;
}

/**
 * Bytes are kept: one character each (latin1), in and out.
 * @returns why it is left alone, when it had to be
 */
export const changeBoundFile = (path: string, change: (current: string) => string): Unchangeable | undefined => {
  const fd = openBound(path, constants.O_RDWR);
  if (typeof fd !== 'number') return fd;
  try {
    const { size } = fstatSync(fd);
    if (size > largestBoundFile) return { reason: `it is larger than ${String(largestBoundFile)} bytes` };
    const current = readAll(fd, size);
    const next = change(current);
    if (next !== current) writeWhole(fd, Buffer.from(next, 'latin1'), size);
    return undefined;
  } finally {
    closeSync(fd);
  }
};

/** Whatever it was. One that cannot be written is replaced: who still has that one bound keeps it. */
export const resetBoundFile = (path: string, content: string): void => {
  const fd = openBound(path, constants.O_WRONLY);
  if (typeof fd !== 'number') {
    writeFileAtomic(path, content, { durable: false });
    // every user inside reads it
    chmodSync(path, 0o644);
    return;
  }
  try {
    writeWhole(fd, Buffer.from(content), 0);
  } finally {
    closeSync(fd);
  }
};

const openBound = (path: string, access: number): number | Unchangeable => {
  try {
    const fd = openSync(path, access | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (fstatSync(fd).isFile()) return fd;
    closeSync(fd);
    return { reason: 'it is no file' };
  } catch (error) {
    if (hasErrno(error, 'EACCES', 'EPERM')) return { reason: 'its owner or mode was changed inside' };
    if (hasErrno(error, 'ENOENT', 'ELOOP', 'ENXIO', 'EISDIR')) return { reason: 'it is no file' };
    throw error;
  }
};

/** It may shrink meanwhile. */
const readAll = (fd: number, size: number): string => {
  const bytes = Buffer.alloc(size);
  let length = 0;
  for (let read = -1; read !== 0 && length < size; length += read)
    read = readSync(fd, bytes, length, size - length, length);
  return bytes.subarray(0, length).toString('latin1');
};

const newline = 0x0a;

const writeWhole = (fd: number, content: Buffer, oldSize: number): void => {
  const filled = Buffer.alloc(Math.max(content.length, oldSize), newline);
  content.copy(filled);
  for (let written = 0; written < filled.length;) written += writeSync(fd, filled, written, undefined, written);
  ftruncateSync(fd, content.length);
};
