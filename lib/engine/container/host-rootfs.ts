// SPDX-License-Identifier: Apache-2.0
// The root of the built-in image `host`: the machine's own programs and settings, nothing of its data.
//
// How this works: / is the container's own writable directory with the usual empty directories. Each directory of the
// machine in the list below is an overlay on the same path, the machine's on the lower side, a private one on the
// upper; what is a symlink on the machine (/bin -> usr/bin) is the same symlink here. A directory that has mounts below it
// (/etc in most containers of others: /etc/hosts) cannot be part of an overlay of an unprivileged user, who may not see what
// lies behind them: it is bound as it is, read-only. /home, /root, /var, /srv, /tmp, /run, /mnt and whatever else the machine
// has are not visible.

import { lstatSync, readFileSync, readlinkSync, symlinkSync, writeFileSync, type Stats } from 'node:fs';
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

/** What is mounted, as the runtime config has it; `files` says where the container's directory is (or will be). */
export const hostRoot = (files: ContainerFiles, isVolatile: boolean): RootConfig => {
  const covered = coveredDirectories(readFileSync('/proc/self/mountinfo', 'utf8'));
  const names = shared.filter(isDirectory);
  return {
    kind: 'host',
    base: join(files.host, 'base'),
    directories: names
      .filter((name) => !covered.includes(name))
      .map((name) => ({
        source: `/${name}`,
        upper: join(files.host, name, 'upper'),
        work: join(files.host, name, 'work'),
      })),
    readonlyDirectories: names.filter((name) => covered.includes(name)).map((name) => `/${name}`),
    volatile: isVolatile,
  };
};

/** The shared directories with mounts below them; `mountinfo` as in proc_pid_mountinfo(5). */
export const coveredDirectories = (mountinfo: string): readonly string[] => {
  const points = mountinfo.split('\n').map((line) => line.split(' ')[4] ?? '');
  return shared.filter((name) => points.some((point) => point.startsWith(`/${name}/`)));
};

/** What the user has to know of such a root. */
export const hostRootWarnings = (root: RootConfig): readonly string[] => {
  if (root.kind !== 'host' || !root.readonlyDirectories?.length) return [];
  return [
    `read-only in this container, because the machine has mounts below them: ${root.readonlyDirectories.join(' ')}`,
  ];
};

/** Makes the writable directories that hostRoot() names. */
export const makeHostRoot = (files: ContainerFiles, owner: Owner): void => {
  const base = join(files.host, 'base');
  for (const path of [files.host, base]) makeOwnedDirectory(path, 0o755, owner);
  for (const [path, mode] of skeleton) makeOwnedDirectory(join(base, path), mode, owner);
  symlinkSync('/run', join(base, 'var/run'));
  symlinkSync('/run/lock', join(base, 'var/lock'));
  for (const name of shared) {
    if (isDirectory(name)) makeShared(files.host, name, owner);
    else if (statOf(name)?.isSymbolicLink() === true) symlinkSync(readlinkSync(`/${name}`), join(base, name));
  }
};

const statOf = (name: string): Stats | undefined => lstatSync(`/${name}`, { throwIfNoEntry: false });
const isDirectory = (name: string): boolean => statOf(name)?.isDirectory() === true;

const makeShared = (hostDirectory: string, name: string, owner: Owner): void => {
  const parts = [join('base', name), name, join(name, 'upper'), join(name, 'work')];
  for (const part of parts) makeOwnedDirectory(join(hostDirectory, part), 0o755, owner);
  if (name !== 'etc') return;
  // Mount points of the generated files: on the machine they may be symlinks to places that are not here (systemd).
  for (const file of ['hostname', 'hosts', 'resolv.conf']) writeFileSync(join(hostDirectory, 'etc/upper', file), '');
};
