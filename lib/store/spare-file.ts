// SPDX-License-Identifier: Apache-2.0
// Replacing a file with no byte free: removal must work on a full disk, although it writes a new index first.
//
// How this works: beside the file there is a spare one that owns as many blocks. On a full disk the new content is
// written over the spare, which allocates nothing, and the two change places (renameat2(2), RENAME_EXCHANGE), so that the
// old file becomes the spare of the next removal. Nobody can take the space in between, as he could from a reserve that
// is given up. Killed at any point, the file is the old or the new one; what is in the spare means nothing.

import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { hasErrno, isSampanError } from '../errors/sampan-error.js';
import { removeIfThere, syncDirectory, writeFileAtomic } from './atomic.js';

/** Lets two files change places. */
export type Exchange = (left: string, right: string) => void;

/** Durably. @throws ERR_NO_SPACE when it fits neither beside the file nor into its spare */
export const replaceFile = (path: string, content: string, exchange: Exchange): void => {
  const bytes = Buffer.from(content);
  const spare = spareOf(path);
  try {
    writeFileAtomic(path, bytes, { durable: true });
  } catch (error) {
    if (!isSampanError(error, 'ERR_NO_SPACE') || !fillSpare(spare, bytes)) throw error;
    changePlaces(spare, path, exchange);
    syncDirectory(dirname(path));
  }
  keepSpare(spare, bytes.byteLength);
};

const spareOf = (path: string): string => join(dirname(path), `.${basename(path)}.spare`);

/** False when there is none, or it has not blocks enough. */
const fillSpare = (spare: string, bytes: Buffer): boolean => {
  let fd: number | undefined;
  try {
    fd = openSync(spare, 'r+');
    if (fstatSync(fd).size < bytes.byteLength) return false;
    for (let at = 0; at < bytes.byteLength;) at += writeSync(fd, bytes, at);
    ftruncateSync(fd, bytes.byteLength);
    fsyncSync(fd);
    return true;
  } catch (error) {
    // no space: a file system that never writes in place
    if (hasErrno(error, 'ENOENT', 'ENOSPC', 'EDQUOT')) return false;
    throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
};

const changePlaces = (spare: string, path: string, exchange: Exchange): void => {
  try {
    exchange(spare, path);
  } catch (error) {
    // This file system knows no exchange: the old file's blocks become free instead.
    if (!hasErrno(error, 'EINVAL', 'ENOSYS')) throw error;
    renameSync(spare, path);
  }
};

const page = 4096;

/** As large as the file, in whole pages. Without space for it the next removal on a full disk has to do without. */
const keepSpare = (spare: string, size: number): void => {
  const wanted = Math.ceil(size / page) * page;
  if ((statSync(spare, { throwIfNoEntry: false })?.size ?? 0) >= size) return;
  try {
    writeFileAtomic(spare, Buffer.alloc(wanted), { durable: false });
  } catch (error) {
    if (!isSampanError(error, 'ERR_NO_SPACE')) throw error;
    removeIfThere(spare);
  }
};
