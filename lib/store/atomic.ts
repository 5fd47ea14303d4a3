// SPDX-License-Identifier: Apache-2.0
// Files that are either the old or the new content, whatever is killed when: temp file in the same directory, fsync,
// rename, fsync of the directory (rename(2), fsync(2)).

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { hasErrno, sampanError } from '../errors/sampan-error.js';
import { randomHex } from '../util/random.js';

export interface AtomicOptions {
  /** survive a power cut too; what one boot alone needs does without */
  readonly durable: boolean;
}

/** @throws ERR_NO_SPACE when the file system is full; nothing is left behind then */
export const writeFileAtomic = (path: string, data: string | Uint8Array, options: AtomicOptions): void => {
  const temporary = join(dirname(path), `.${basename(path)}.${randomHex(6)}.tmp`);
  try {
    writeNew(temporary, data, options);
    renameSync(temporary, path);
  } catch (error) {
    removeIfThere(temporary);
    if (hasErrno(error, 'ENOSPC', 'EDQUOT')) throw sampanError('ERR_NO_SPACE', { subject: path, cause: error });
    throw error;
  }
  if (options.durable) syncDirectory(dirname(path));
};

export const writeJsonAtomic = (path: string, value: unknown, options: AtomicOptions): void => {
  writeFileAtomic(path, `${JSON.stringify(value)}\n`, options);
};

/** The parsed content, undefined when there is no such file. @throws SyntaxError when it is not JSON */
export const readJson = (path: string): unknown => {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
};

/** fsync(2) of a directory makes the names in it durable. */
export const syncDirectory = (path: string): void => {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
};

export const removeIfThere = (path: string): void => {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
  }
};

const writeNew = (path: string, data: string | Uint8Array, { durable }: AtomicOptions): void => {
  const fd = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(fd, data);
    if (durable) fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
};
