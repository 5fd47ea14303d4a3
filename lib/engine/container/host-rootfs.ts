// SPDX-License-Identifier: Apache-2.0
// The root of the built-in image `host`: the machine's own programs and settings, nothing of its data.
//
// How this works: / is the container's own writable directory with the usual empty directories. Each directory of the
// machine in the list below is an overlay on the same path, the machine's on the lower side, a private one on the
// upper; what is a symlink on the machine (/bin -> usr/bin) is the same symlink here. /home, /root, /var, /srv, /tmp,
// /run, /mnt and whatever else the machine has are not visible.

import { lstatSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerFiles } from '../../store/container-records.js';
import { makeOwnedDirectory, type Owner } from '../../store/owned-directory.js';
import type { RootConfig } from '../../spec/runtime-config.js';

const shared = ['usr', 'bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32', 'etc', 'opt', 'nix'] as const;

const skeleton: readonly (readonly [path: string, mode: number])[] = [
  ['dev', 0o755],
  ['home', 0o755],
  ['media', 0o755],
  ['mnt', 0o755],
  ['proc', 0o555],
  ['root', 0o700],
  ['run', 0o755],
  ['run/lock', 0o1777],
  ['srv', 0o755],
  ['sys', 0o555],
  ['tmp', 0o1777],
  ['var', 0o755],
  ['var/cache', 0o755],
  ['var/lib', 0o755],
  ['var/log', 0o755],
  ['var/spool', 0o755],
  ['var/tmp', 0o1777],
];

/** Makes the writable directories below `files.host`; the paths in the result are those of `target`. */
export const makeHostRootfs = (
  files: ContainerFiles,
  target: ContainerFiles,
  owner: Owner,
  isVolatile: boolean,
): RootConfig => {
  const base = join(files.host, 'base');
  makeOwnedDirectory(files.host, 0o755, owner);
  makeOwnedDirectory(base, 0o755, owner);
  for (const [path, mode] of skeleton) makeOwnedDirectory(join(base, path), mode, owner);
  symlinkSync('/run', join(base, 'var/run'));
  symlinkSync('/run/lock', join(base, 'var/lock'));

  const directories = shared.filter((name) => placeShared(files.host, name, owner));
  return {
    kind: 'host',
    base: join(target.host, 'base'),
    directories: directories.map((name) => ({
      source: `/${name}`,
      upper: join(target.host, name, 'upper'),
      work: join(target.host, name, 'work'),
    })),
    volatile: isVolatile,
  };
};

/** True when an overlay is to be mounted; a symlink of the machine is made at once. */
const placeShared = (hostDirectory: string, name: string, owner: Owner): boolean => {
  const stat = lstatSync(`/${name}`, { throwIfNoEntry: false });
  const inBase = join(hostDirectory, 'base', name);
  if (stat?.isSymbolicLink() === true) symlinkSync(readlinkSync(`/${name}`), inBase);
  if (stat?.isDirectory() !== true) return false;
  makeOwnedDirectory(inBase, 0o755, owner);
  for (const part of ['', 'upper', 'work']) makeOwnedDirectory(join(hostDirectory, name, part), 0o755, owner);
  // Mount points of the generated files: on the machine they may be symlinks to places that are not here (systemd).
  if (name === 'etc') {
    for (const file of ['hostname', 'hosts', 'resolv.conf'])
      writeFileSync(join(hostDirectory, name, 'upper', file), '');
  }
  return true;
};
