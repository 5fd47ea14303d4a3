// SPDX-License-Identifier: Apache-2.0
// Scratch directories below tmp/: named by the identity of their owner, so that what a killed command left is known
// for what it is. Objects are made here and renamed into place; objects to be removed are renamed here first.

import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { hasErrno } from '../errors/sampan-error.js';
import { isAlive, readIdentity } from '../util/process-identity.js';
import { randomHex } from '../util/random.js';
import { makePassage } from './owned-directory.js';
import type { Paths } from './paths.js';

/** Removes a directory tree, also one with files of sub-ids in it. */
export type RemoveTree = (directory: string) => Promise<void>;

const ownName = (): string => {
  const identity = readIdentity(process.pid);
  if (identity === undefined) throw new Error('/proc does not show this process');
  return `${String(identity.pid)}-${identity.startTime}-${randomHex(8)}`;
};

/** A new empty directory. */
export const makeScratch = (paths: Paths): string => {
  const path = join(paths.tmp, ownName());
  makePassage(path, paths.containerGid);
  return path;
};

/** Takes an object out of its place in one step; undefined when it is not there any more. */
export const moveToScratch = (paths: Paths, object: string): string | undefined => {
  const path = join(paths.tmp, ownName());
  try {
    renameSync(object, path);
    return path;
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
};

/**
 * Removes what dead owners left. Two sweepers at once do no harm: a tree that is gone is no error.
 * @param undo is given each scratch directory before it is removed, to finish what its owner had begun elsewhere
 */
export const sweepScratch = async (
  paths: Paths,
  removeTree: RemoveTree,
  undo: (directory: string) => void,
): Promise<void> => {
  const stale = readdirSync(paths.tmp).filter((name) => {
    const match = /^(\d+)-(\d+)-[0-9a-f]+$/.exec(name);
    return match === null || !isAlive({ pid: Number(match[1]), startTime: String(match[2]) });
  });
  for (const name of stale) {
    undo(join(paths.tmp, name));
    await removeTree(join(paths.tmp, name));
  }
};
