// SPDX-License-Identifier: Apache-2.0
// Mounts that cannot work are refused before anything is made, naming the path and the way out.

import { accessSync, constants, statSync } from 'node:fs';
import { hasErrno, sampanError } from '../../errors/sampan-error.js';
import type { MountRequest } from '../../spec/create-request.js';
import { makeDirectories } from '../../store/make-directories.js';

/**
 * @param options.create make the missing sources of -v, as docker does
 * @throws ERR_MOUNT_SOURCE, ERR_INVALID_VALUE
 */
export const checkMounts = (mounts: readonly MountRequest[], options: { readonly create: boolean }): void => {
  const targets = new Set<string>();
  for (const mount of mounts) {
    const target = mount.target.replace(/\/+$/, '');
    if (target === '' || !mount.target.startsWith('/')) {
      throw sampanError('ERR_INVALID_VALUE', {
        subject: `mount target ${mount.target}`,
        hint: "it must be an absolute path below '/'",
      });
    }
    if (targets.has(target)) throw sampanError('ERR_INVALID_VALUE', { subject: `duplicate mount point ${target}` });
    targets.add(target);
    if (mount.type === 'bind') checkSource(mount.source, mount.createSource, options.create);
  }
};

const checkSource = (source: string, mayCreate: boolean, create: boolean): void => {
  try {
    if (mayCreate && statSync(source, { throwIfNoEntry: false }) === undefined) {
      if (!create) return;
      makeDirectories(source);
    }
    const isDirectory = statSync(source).isDirectory();
    accessSync(source, isDirectory ? constants.X_OK : constants.R_OK);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) {
      throw sampanError('ERR_MOUNT_SOURCE', {
        subject: `${source} does not exist`,
        cause: error,
        hint: `make it first: mkdir -p ${source}`,
      });
    }
    if (hasErrno(error, 'EACCES', 'EPERM', 'EROFS')) {
      throw sampanError('ERR_MOUNT_SOURCE', {
        subject: `${source} is not accessible to you`,
        cause: error,
        hint: 'the engine has your rights, no more',
      });
    }
    throw sampanError('ERR_MOUNT_SOURCE', { subject: `${source} cannot be used`, cause: error });
  }
};
