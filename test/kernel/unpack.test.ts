// SPDX-License-Identifier: Apache-2.0
// unpack_tar against GNU tar: the same archive, unpacked by both as root of a user namespace with the full id map, must
// give the same files, down to nanoseconds, hard links and capabilities.

import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTask } from '../../lib/native/task.js';
import { namespaceOperations, readIdMap } from '../../lib/runtime/id-map.js';
import { native } from '../support/native.js';
import { requires } from '../support/requires.js';

const asMappedRoot = (script: string, directory: string): string => {
  // The same map as the engine's: 0 is the user, 1..N its sub-ids.
  const options = ['--user', '--map-root-user', '--map-auto', 'sh', '-euc', script];
  const { status, stdout, stderr } = spawnSync('unshare', options, {
    cwd: directory,
    encoding: 'utf8',
    env: { ...process.env, PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
  });
  if (status !== 0) throw new Error(`the script failed: ${stderr}`);
  return stdout;
};

/** Everything that a tar can carry and a file system keeps. */
const makeTree = `
  umask 022
  mkdir -p tree/usr/bin tree/etc tree/setgid tree/sticky tree/closed/in
  long=$(printf 'n%.0s' $(seq 200)); mkdir -p tree/$long/$long/$long
  echo deep > tree/$long/$long/$long/file
  ln tree/$long/$long/$long/file tree/hard; ln -s /$long/$long tree/link; ln -s nowhere tree/dangling
  cp /bin/true tree/usr/bin/capable; setcap cap_net_raw,cap_net_admin+ep tree/usr/bin/capable
  echo set > tree/usr/bin/setuid; chown 33:8 tree/usr/bin/setuid; chmod 6755 tree/usr/bin/setuid
  echo x > tree/etc/shadow; chown 0:42 tree/etc/shadow; chmod 640 tree/etc/shadow
  chown -h 1000:1000 tree/dangling; chown 65534:65534 tree/etc
  chown 0:50 tree/setgid; chmod 2775 tree/setgid; mkdir tree/setgid/plain; chmod 755 tree/setgid/plain
  echo y > tree/setgid/file; chown 0:0 tree/setgid/plain tree/setgid/file; chmod g-s tree/setgid/plain
  chmod 1777 tree/sticky; mkfifo -m 640 tree/fifo
  echo z > tree/closed/in/file; chmod 0 tree/closed/in/file tree/closed/in tree/closed
  truncate -s 10M tree/sparse; printf abc | dd of=tree/sparse bs=1 seek=5000000 conv=notrunc status=none
  : > tree/empty; touch -d '2001-02-03 04:05:06.123456789' tree/hard tree/usr; touch -hd '1999-01-01 00:00:00.5' tree/link
  touch -d '1965-01-01 00:00:00' tree/empty; touch -d '2002-01-01' tree
`;

const list = (directory: string): string =>
  asMappedRoot(
    `cd ${directory}
     find . -printf '%p %y %m %U:%G %T@ %l ' \\( -type d -printf '\\n' -o -printf '%s %n\\n' \\) | sort
     find . -type f -links +1 -printf '%i %p\\n' | sort | awk '{ if ($1 == last) print "linked", $2; last = $1 }'
     find . -type f -exec sha256sum {} + | sort
     getcap -r .`,
    '/',
  );

const unpack = async (archive: string, directory: string): Promise<void> => {
  mkdirSync(directory);
  const input = openSync(archive, 'r');
  try {
    await runTask(native, {
      operations: [
        ...namespaceOperations(readIdMap()),
        { op: 'become_root' },
        { op: 'unpack_tar', input: 0, source: directory, flags: 0 },
      ],
      descriptors: [input],
    });
  } finally {
    closeSync(input);
  }
};

const machine = requires('userns', 'subids', 'unshare', 'tar', 'setcap');

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sampan-unpack-'));
});
afterEach(() => {
  asMappedRoot(`rm -rf ${directory}`, '/');
});

const formats = {
  posix: '--format=posix --xattrs --xattrs-include=security.capability',
  'posix with holes': '--format=posix --sparse --xattrs --xattrs-include=security.capability',
  gnu: '--format=gnu',
  'gnu with holes': '--format=gnu --sparse',
};

for (const [name, options] of Object.entries(formats)) {
  machine.test(`an archive of format ${name} is unpacked as GNU tar does it`, async () => {
    asMappedRoot(
      `${makeTree} tar --numeric-owner ${options} -C tree -cf archive.tar .; chmod 644 archive.tar`,
      directory,
    );
    const theirs = join(directory, 'theirs');
    const extract = `tar --numeric-owner --same-owner -p ${options.replace(/--(?:format=\S+|sparse)/g, '')}`;
    asMappedRoot(`mkdir theirs; ${extract} -C theirs -xf archive.tar`, directory);
    const ours = join(directory, 'ours');
    await unpack(join(directory, 'archive.tar'), ours);
    const listed = list(ours);
    expect(listed).toBe(list(theirs));
    expect(listed).toContain('./etc/shadow f 640 0:42');
  });
}
