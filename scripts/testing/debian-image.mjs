// SPDX-License-Identifier: Apache-2.0
// A real Debian as skopeo packs it, once as docker-archive and once as OCI archive, and as a plain root file system.
// Made by root (debootstrap needs device nodes), cached, readable to the user that tests run as.

import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache.mjs';
import { output } from './commands.mjs';
import { packWithSkopeo, writeDockerArchive } from './docker-archive.mjs';
import { candidateVersion, debianSource, updatePackageLists } from './packages.mjs';

const formatVersion = 1;
/** a change of any of these is a new release; the rest follows with it */
const keyPackages = ['base-files', 'apt', 'libc6', 'bash'];

/** @returns directory with rootfs.tar, docker-archive.tar, oci-archive.tar; the image is called debian:test */
export const debianImage = async () => {
  if (candidateVersion('base-files') === '') updatePackageLists();
  const versions = keyPackages.map(candidateVersion);
  const key = createHash('sha256')
    .update(JSON.stringify([formatVersion, versions]))
    .digest('hex')
    .slice(0, 16);
  return cached({ kind: 'debian', key }, build);
};

const build = async (directory) => {
  console.log('making the Debian test image (about a minute, once)');
  const root = join(directory, 'root');
  const { mirror, suite } = debianSource();
  output('debootstrap', ['--variant=minbase', suite, root, mirror]);
  rmSync(join(root, 'var/cache/apt/archives'), { recursive: true });
  mkdirSync(join(root, 'var/cache/apt/archives/partial'), { recursive: true });
  const rootfs = join(directory, 'rootfs.tar');
  output('tar', ['--numeric-owner', '--xattrs', '-C', root, '-cf', rootfs, '.']);
  rmSync(root, { recursive: true });
  await pack(directory, rootfs);
  for (const name of ['rootfs.tar', 'docker-archive.tar', 'oci-archive.tar']) chmodSync(join(directory, name), 0o644);
};

const pack = async (directory, rootfs) => {
  const plain = join(directory, 'plain.tar');
  await writeDockerArchive({ path: plain, name: 'debian:test', layers: [rootfs] });
  packWithSkopeo({
    archive: plain,
    name: 'debian:test',
    docker: join(directory, 'docker-archive.tar'),
    oci: join(directory, 'oci-archive.tar'),
  });
  rmSync(plain);
};
