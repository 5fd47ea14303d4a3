// SPDX-License-Identifier: Apache-2.0
// The base of the test guest: a Debian with systemd, an unprivileged user `dev` and a kernel, as disk image, kernel and
// initial RAM disk. Made once by root and cached, keyed by the versions of the packages in it. The project comes on a
// second disk (guest.mjs), so that a changed project needs no new base.

import {
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { cached } from './cache.mjs';
import { output } from './commands.mjs';
import { candidateVersion, debianSource, updatePackageLists } from './packages.mjs';

const included = 'systemd,systemd-sysv,dbus,dbus-user-session,udev,uidmap,iproute2,procps,kmod,libpam-systemd';
const kernelPackage = 'linux-image-cloud-amd64';
/** without these the root disk cannot be seen; ext4 is built in */
const diskModules = ['virtio_pci', 'virtio_blk'];
const formatVersion = 2;

/** @returns directory with root.img, vmlinuz, initrd.gz */
export const guestBase = async () => {
  const packages = [kernelPackage, ...included.split(',')];
  if (candidateVersion(kernelPackage) === '') updatePackageLists();
  const versions = packages.map((name) => `${name} ${candidateVersion(name)}`);
  const key = createHash('sha256')
    .update(JSON.stringify([formatVersion, versions]))
    .digest('hex')
    .slice(0, 16);
  return cached({ kind: 'guest', key }, build);
};

const build = async (directory) => {
  console.log('making the base image of the guest (about two minutes, once)');
  const root = join(directory, 'root');
  const { mirror, suite } = debianSource();
  output('debootstrap', ['--variant=minbase', `--include=${included}`, suite, root, mirror], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const release = unpackKernel(directory, root);
  configure(root);
  makeInitialRamDisk(directory, root, release);
  rmSync(join(root, 'var/cache/apt'), { recursive: true });
  rmSync(join(root, 'var/lib/apt/lists'), { recursive: true });
  output('mkfs.ext4', ['-q', '-d', root, join(directory, 'root.img'), '2G']);
  rmSync(root, { recursive: true });
};

const unpackKernel = (directory, root) => {
  const name = /Depends: (linux-image-\S+)/.exec(output('apt-cache', ['depends', kernelPackage]))?.[1];
  if (!name) throw new Error(`${kernelPackage} depends on no kernel`);
  // the unsigned build has no recommendations and is smaller to download where both are there
  const download = candidateVersion(`${name}-unsigned`) === '' ? name : `${name}-unsigned`;
  const work = join(directory, 'kernel');
  mkdirSync(work);
  // apt drops privileges to its own user for downloads, who must be able to write here
  chmodSync(work, 0o777);
  output('apt-get', ['download', '-qq', download], { cwd: work });
  output('dpkg', ['-x', join(work, readdirSync(work)[0]), work]);
  const release = readdirSync(join(work, 'lib/modules'))[0];
  renameSync(join(work, `boot/vmlinuz-${release}`), join(directory, 'vmlinuz'));
  cpSync(join(work, 'lib/modules'), join(root, 'lib/modules'), { recursive: true });
  output('chroot', [root, 'depmod', release]);
  rmSync(work, { recursive: true });
  return release;
};

const configure = (root) => {
  output('chroot', [root, 'useradd', '-m', '-s', '/bin/bash', 'dev']);
  writeFileSync(join(root, 'etc/hostname'), 'guest\n');
  writeFileSync(join(root, 'etc/fstab'), '/dev/vda / ext4 defaults 0 0\n');
  mkdirSync(join(root, 'mnt/project'));
  writeFileSync(join(root, 'etc/systemd/system/tests.service'), testUnit);
  symlinkSync('../tests.service', join(root, 'etc/systemd/system/multi-user.target.wants/tests.service'));
  for (const unit of [
    'serial-getty@ttyS0.service',
    'apt-daily.timer',
    'apt-daily-upgrade.timer',
    'e2scrub_all.timer',
    'fstrim.timer',
  ]) {
    symlinkSync('/dev/null', join(root, 'etc/systemd/system', unit));
  }
};

/** The guest runs what the second disk says, writes to the console that the host reads, and powers off whatever happens. */
const testUnit = `[Unit]
Description=Tests from the second disk
After=systemd-user-sessions.service dbus.service systemd-logind.service
SuccessAction=poweroff-immediate
FailureAction=poweroff-immediate
[Service]
Type=oneshot
StandardOutput=file:/dev/ttyS0
StandardError=file:/dev/ttyS0
ExecStart=/bin/sh -c 'mount -o ro /dev/vdb /mnt/project && exec /bin/sh /mnt/project/guest-job.sh'
`;

const makeInitialRamDisk = (directory, root, release) => {
  const work = join(directory, 'initrd');
  for (const name of ['bin', 'proc', 'sys', 'dev', 'newroot', 'modules'])
    mkdirSync(join(work, name), { recursive: true });
  const busybox = output('sh', ['-c', 'command -v busybox']).trim();
  cpSync(busybox, join(work, 'bin/busybox'), { dereference: true });
  const modules = modulesInOrder(join(root, 'lib/modules', release));
  for (const path of modules) cpSync(path, join(work, 'modules', basename(path)));
  writeFileSync(join(work, 'init'), initScript(modules.map((path) => basename(path))), { mode: 0o755 });
  output('sh', [
    '-c',
    `cd '${work}' && find . | cpio -o -H newc --quiet | gzip -1 > '${join(directory, 'initrd.gz')}'`,
  ]);
  rmSync(work, { recursive: true });
};

/** The modules and what they depend on, as they must be loaded. modules.dep(5) lists dependencies last first. */
const modulesInOrder = (directory) => {
  const lines = readFileSync(join(directory, 'modules.dep'), 'utf8').split('\n');
  const chains = diskModules.flatMap((name) => {
    const line = lines.find((text) => text.split(':')[0].endsWith(`/${name}.ko`));
    // built into the kernel in other releases
    return line === undefined ? [] : line.replace(':', '').trim().split(' ').reverse();
  });
  return [...new Set(chains)].map((path) => join(directory, path));
};

const initScript = (modules) => `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for name in ${modules.join(' ')}; do insmod /modules/$name; done
mount -t ext4 /dev/vda /newroot
exec switch_root /newroot /sbin/init
`;
