// SPDX-License-Identifier: Apache-2.0
// Files of the user outside the data root, such as docker's config.json: replaced as a whole, readable by nobody else,
// by one process at a time.

import { lstatSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { hasErrno } from '../errors/sampan-error.js';
import { removeIfThere, writeFileAtomic } from './atomic.js';
import type { Locks } from './locks.js';
import { makeDirectories } from './make-directories.js';

/** A link stays a link: people keep such files in a repository of their own. @throws ERR_NO_SPACE */
export const replaceUserFile = (path: string, content: string): void => {
  const target = targetOf(path);
  makeDirectory(target);
  writeFileAtomic(target, content, { durable: true });
};

/**
 * Until the lock is disposed no other process of ours changes the file. The lock is a file beside it, there only while it
 * is held, so that processes with different data roots meet. What a killed one left is removed: it may hold a secret.
 */
export const lockUserFile = async (locks: Pick<Locks, 'file'>, path: string): Promise<Disposable> => {
  const target = targetOf(path);
  makeDirectory(target);
  const lock = await locks.file(`${target}.lock`);
  removeAbandoned(target);
  return {
    [Symbol.dispose]: () => {
      // first: whoever waits for it finds out that it is no longer linked
      removeIfThere(lock.path);
      lock[Symbol.dispose]();
    },
  };
};

const makeDirectory = (target: string): void => {
  makeDirectories(dirname(target), 0o700);
};

/** Temporary files as writeFileAtomic() names them; the lock is held, so nobody is about to rename one. */
const removeAbandoned = (target: string): void => {
  const prefix = `.${basename(target)}.`;
  for (const name of readdirSync(dirname(target))) {
    if (name.startsWith(prefix) && /^[0-9a-f]{12}\.tmp$/.test(name.slice(prefix.length)))
      removeIfThere(join(dirname(target), name));
  }
};

/** Where a link leads, also one to a file that is not there yet. */
const targetOf = (path: string): string => {
  try {
    return realpathSync(path);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
    const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
    return isLink ? resolve(dirname(path), readlinkSync(path)) : path;
  }
};
