// SPDX-License-Identifier: Apache-2.0
// A Debian with the servers and clients that the program tests run, as a root file system. Made by root, cached.

import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache.mjs';
import { output } from './commands.mjs';
import { candidateVersion, debianSource, updatePackageLists } from './packages.mjs';

const formatVersion = 1;
const packages = ['nginx-light', 'curl', 'wrk', 'postgresql', 'redis-server', 'redis-tools', 'rsync', 'openssh-server'];
const more = ['openssh-client', 'python3', 'ca-certificates', 'iproute2'];

/** @returns directory with rootfs.tar */
export const programsImage = async () => {
  if (candidateVersion('base-files') === '') updatePackageLists();
  const versions = [...packages, 'base-files'].map(candidateVersion);
  const key = createHash('sha256')
    .update(JSON.stringify([formatVersion, packages, more, versions]))
    .digest('hex')
    .slice(0, 16);
  return cached({ kind: 'programs', key }, build);
};

const build = async (directory) => {
  console.log('making the image of the program tests (two minutes, once)');
  const root = join(directory, 'root');
  const { mirror, suite } = debianSource();
  output('debootstrap', ['--variant=minbase', `--include=${[...packages, ...more].join(',')}`, suite, root, mirror]);
  rmSync(join(root, 'var/cache/apt/archives'), { recursive: true });
  mkdirSync(join(root, 'var/cache/apt/archives/partial'), { recursive: true });
  const rootfs = join(directory, 'rootfs.tar');
  output('tar', [
    '--numeric-owner',
    '-C',
    root,
    '--exclude=./usr/share/doc',
    '--exclude=./usr/share/man',
    '-cf',
    rootfs,
    '.',
  ]);
  rmSync(root, { recursive: true });
  chmodSync(rootfs, 0o644);
};
