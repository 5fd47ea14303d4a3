// SPDX-License-Identifier: Apache-2.0
// Where everything lives; docs/state-on-disk.md shows the tree. Nothing else composes paths below the data root.

import { chmodSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { hasErrno, sampanError } from '../errors/sampan-error.js';
import { sha256 } from '../util/sha256.js';
import { openPassage } from './owned-directory.js';
import { makeDirectories } from './make-directories.js';

export interface Paths {
  readonly dataRoot: string;
  /** sockets of running containers */
  readonly runtimeRoot: string;
  readonly images: string;
  readonly layers: string;
  readonly containers: string;
  readonly names: string;
  readonly networks: string;
  readonly locks: string;
  readonly tmp: string;
  /** what has come of blobs that are being pulled; made when it is needed */
  readonly downloads: string;
  /** host group of a container's root */
  readonly containerGid: number;
}

export interface PathsInput {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  readonly home: string;
  /** host group of a container's root: he must get through to the layers */
  readonly containerGid: number;
  /** uid 0 of the host, not of a user namespace that somebody started us in */
  readonly isHostRoot: boolean;
}

/**
 * Chooses the data and runtime roots and creates them.
 * Source: XDG Base Directory specification 0.8; for the host's root /var/lib/sampan, because the container's root, a sub-id,
 * must be able to pass through.
 * @throws ERR_HOST when a directory cannot be made or belongs to another user
 */
export const openPaths = (input: PathsInput): Paths => {
  const dataRoot = dataRootOf(input);
  const at = (name: string): string => join(dataRoot, name);
  const paths: Paths = {
    dataRoot,
    runtimeRoot: '',
    images: at('images'),
    layers: at('layers'),
    containers: at('containers'),
    names: at('names'),
    networks: at('networks'),
    locks: at('locks'),
    tmp: at('tmp'),
    downloads: at('downloads'),
    containerGid: input.containerGid,
  };
  if (!isDirectory(paths.tmp)) {
    for (const path of [dataRoot, paths.images, paths.layers, paths.containers, paths.names, paths.locks, paths.tmp]) {
      ensureOwnDirectory(path, input);
      openPassage(path, input.containerGid);
    }
  }
  const runtimeRoot = runtimeRootOf(input, dataRoot) ?? at('run');
  ensureOwnDirectory(runtimeRoot, input);
  return { ...paths, runtimeRoot };
};

const dataRootOf = ({ env, isHostRoot, home }: PathsInput): string => {
  const configured = env['XDG_DATA_HOME'];
  if (configured?.startsWith('/') === true) return join(configured, 'sampan');
  return isHostRoot ? '/var/lib/sampan' : join(home, '.local/share/sampan');
};

/**
 * Below $XDG_RUNTIME_DIR when it is a directory of ours that nobody else can enter; never a guess in /tmp. Named after
 * the data root, so that what is swept there can only be of this one.
 */
const runtimeRootOf = ({ env, uid }: PathsInput, dataRoot: string): string | undefined => {
  const configured = env['XDG_RUNTIME_DIR'];
  if (configured?.startsWith('/') !== true) return undefined;
  try {
    const stat = lstatSync(configured);
    const isOurs = stat.isDirectory() && stat.uid === uid && (stat.mode & 0o077) === 0;
    const name = sha256(dataRoot).slice(0, 12);
    return isOurs ? join(configured, 'sampan', name) : undefined;
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'EACCES', 'ENOTDIR')) return undefined;
    throw error;
  }
};

/** What stands in the way is said where it is to be made. */
const isDirectory = (path: string): boolean => {
  try {
    return lstatSync(path).isDirectory();
  } catch {
    return false;
  }
};

const ensureOwnDirectory = (path: string, { uid, isHostRoot }: PathsInput): void => {
  try {
    // 0700 for missing parents too: XDG asks for it. Those of the host's root let a container's root pass.
    makeDirectories(path, isHostRoot ? 0o711 : 0o700);
    const stat = lstatSync(path);
    if (stat.uid !== uid) throw foreignDirectory(path);
    if ((stat.mode & 0o077) !== 0) chmodSync(path, 0o700);
  } catch (error) {
    if (!hasErrno(error, 'EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EEXIST', 'ELOOP', 'ENOSPC', 'EDQUOT'))
      throw error;
    throw sampanError('ERR_HOST', {
      subject: `the directory ${path} cannot be made`,
      cause: error,
      hint: 'set XDG_DATA_HOME to a directory that you can write to',
    });
  }
};

const foreignDirectory = (path: string): Error =>
  sampanError('ERR_HOST', {
    subject: `the directory ${path} belongs to another user`,
    hint: 'set XDG_DATA_HOME to a directory of your own',
  });
