// SPDX-License-Identifier: Apache-2.0
// A real Debian as skopeo packs it, once as docker-archive and once as OCI archive, and as a plain root file system.
// Made by root (debootstrap needs device nodes), cached, readable to the user that tests run as.

import { createHash } from 'node:crypto';
import { chmodSync, createReadStream, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache.mjs';
import { output } from './commands.mjs';
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

/** A docker-archive by hand, from which skopeo makes the two that the tests load. */
const pack = async (directory, rootfs) => {
  const work = join(directory, 'pack');
  mkdirSync(work);
  const diffId = `sha256:${await sha256(rootfs)}`;
  const config = {
    architecture: goArchitecture(),
    os: 'linux',
    created: '2020-01-01T00:00:00Z',
    config: { Cmd: ['bash'], Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] },
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created: '2020-01-01T00:00:00Z', created_by: 'debootstrap' }],
  };
  writeFileSync(join(work, 'config.json'), JSON.stringify(config));
  writeFileSync(
    join(work, 'manifest.json'),
    JSON.stringify([{ Config: 'config.json', RepoTags: ['debian:test'], Layers: ['layer.tar'] }]),
  );
  renameSync(rootfs, join(work, 'layer.tar'));
  const plain = join(directory, 'plain.tar');
  output('tar', ['-C', work, '-cf', plain, 'manifest.json', 'config.json', 'layer.tar']);
  renameSync(join(work, 'layer.tar'), rootfs);
  rmSync(work, { recursive: true });
  const skopeo = ['copy', '--quiet', '--insecure-policy'];
  output('skopeo', [
    ...skopeo,
    `docker-archive:${plain}`,
    `oci-archive:${join(directory, 'oci-archive.tar')}:debian:test`,
  ]);
  output('skopeo', [
    ...skopeo,
    `oci-archive:${join(directory, 'oci-archive.tar')}`,
    `docker-archive:${join(directory, 'docker-archive.tar')}:debian:test`,
  ]);
  rmSync(plain);
};

const goArchitecture = () => ({ x64: 'amd64', ia32: '386' })[process.arch] ?? process.arch;

const sha256 = async (path) => {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
};
