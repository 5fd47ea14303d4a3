// SPDX-License-Identifier: Apache-2.0
// The root file system of most tests: the report program, busybox where the machine has a static one, and a passwd.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './paths.js';
import { directory, file, makeTar, symlink, type TarEntry } from './tar.js';

export const busyboxPath = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path));

const applets = [
  ...[
    'sh',
    'ls',
    'cat',
    'echo',
    'true',
    'false',
    'sleep',
    'id',
    'ps',
    'head',
    'tail',
    'wc',
    'stty',
    'tty',
    'mount',
    'touch',
    'mkdir',
    'rm',
    'cp',
    'mv',
    'ln',
  ],
  ...[
    'env',
    'pwd',
    'kill',
    'chmod',
    'chown',
    'dd',
    'df',
    'grep',
    'hostname',
    'ip',
    'mknod',
    'printf',
    'readlink',
    'seq',
    'stat',
    'su',
    'test',
    'trap',
    'vi',
    'top',
    'less',
    'yes',
    'find',
    'sort',
    'md5sum',
    'sha256sum',
    'nc',
    'od',
    'tr',
    'date',
    'umount',
    'sync',
  ],
];

const passwd = [
  'root:x:0:0:root:/root:/bin/sh',
  'alice:x:1000:1000:Alice:/home/alice:/bin/sh',
  'nobody:x:65534:65534:nobody:/:/bin/false',
  '',
].join('\n');
const group = ['root:x:0:', 'staff:x:50:alice', 'alice:x:1000:', 'extra:x:2000:alice', 'nogroup:x:65534:', ''].join(
  '\n',
);

export const rootfsEntries = (): readonly TarEntry[] => [
  ...['bin/', 'dev/', 'etc/', 'home/', 'proc/', 'sys/', 'usr/', 'var/'].map((name) => directory(name)),
  directory('root/', { mode: 0o700 }),
  directory('tmp/', { mode: 0o1777 }),
  directory('home/alice/', { uid: 1000, gid: 1000 }),
  file('etc/passwd', passwd),
  file('etc/group', group),
  file('etc/os-release', 'ID=test\n'),
  file('bin/report', readFileSync(join(repository, 'build/test/report')), { mode: 0o755 }),
  file('etc/not-executable', 'data\n', { mode: 0o644 }),
  file('bin/script', '#!/bin/sh\necho script "$@"\n', { mode: 0o755 }),
  file('bin/bad-interpreter', '#!/no/such/interpreter\n', { mode: 0o755 }),
  ...(busyboxPath === undefined
    ? []
    : [
        file('bin/busybox', readFileSync(busyboxPath), { mode: 0o755 }),
        ...applets.map((name) => symlink(`bin/${name}`, 'busybox')),
      ]),
];

let cachedTar: Buffer | undefined;
export const rootfsTar = (): Buffer => (cachedTar ??= makeTar(rootfsEntries()));
