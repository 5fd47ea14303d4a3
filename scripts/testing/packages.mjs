// SPDX-License-Identifier: Apache-2.0
// Installs, as root on Debian and its relatives, the distribution packages that tests need; only what is missing.

import { spawnSync } from 'node:child_process';
import { hasProgram, output } from './commands.mjs';

/** program -> Debian package that brings it */
export const kernelTestPrograms = {
  newuidmap: 'uidmap',
  busybox: 'busybox-static',
  tmux: 'tmux',
  vi: 'vim-tiny',
  less: 'less',
  top: 'procps',
  python3: 'python3',
  skopeo: 'skopeo',
  'docker-registry': 'docker-registry',
  debootstrap: 'debootstrap',
  zstd: 'zstd',
  unshare: 'util-linux',
  setcap: 'libcap2-bin',
  getcap: 'libcap2-bin',
  setfattr: 'attr',
};

export const programTestPrograms = {
  newuidmap: 'uidmap',
  debootstrap: 'debootstrap',
  python3: 'python3',
  unshare: 'util-linux',
  ip: 'iproute2',
};

export const registryTestPrograms = {
  'docker-registry': 'docker-registry',
  skopeo: 'skopeo',
  openssl: 'openssl',
};

export const guestTestPrograms = {
  'qemu-system-x86_64': 'qemu-system-x86',
  debootstrap: 'debootstrap',
  cpio: 'cpio',
  busybox: 'busybox-static',
  'mkfs.ext4': 'e2fsprogs',
};

const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };
let updated = false;

/** @returns {string[]} packages that are missing and could not be installed */
export const ensurePackages = (programs) => {
  const missing = [
    ...new Set(
      Object.entries(programs)
        .filter(([program]) => !hasProgram(program))
        .map(([, name]) => name),
    ),
  ];
  if (missing.length === 0) return [];
  if (process.getuid() !== 0 || !hasProgram('apt-get')) return missing;
  console.log(`installing ${missing.join(' ')}`);
  updatePackageLists();
  // one by one: a package that this release does not have must not keep the others away
  return missing.filter(
    (name) =>
      spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], {
        env,
        stdio: ['ignore', 'ignore', 'inherit'],
      }).status !== 0,
  );
};

export const updatePackageLists = () => {
  if (updated) return;
  updated = true;
  output('apt-get', ['update', '-qq'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
};

/** Version that apt would install; '' when it knows none. */
export const candidateVersion = (name) => {
  const text = output('apt-cache', ['policy', name], { env });
  return /Candidate: (?!\(none\))(\S+)/.exec(text)?.[1] ?? '';
};

/** The machine's own mirror and release, so that no address is written down here. */
export const debianSource = () => {
  const line = output(
    'apt-get',
    ['indextargets', '--format', '$(SITE) $(CODENAME) $(COMPONENT)', 'Created-By: Packages'],
    { env },
  )
    .split('\n')
    .map((text) => text.split(' '))
    .find(
      ([site, codename, component]) =>
        component === 'main' &&
        site &&
        codename &&
        !/-(updates|security|backports)$/.test(codename) &&
        /debian/i.test(site),
    );
  if (!line) throw new Error('apt knows no Debian mirror on this machine');
  return { mirror: line[0], suite: line[1] };
};
