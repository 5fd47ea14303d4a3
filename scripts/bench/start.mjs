// SPDX-License-Identifier: Apache-2.0
// Start-up: what a command costs above Node itself, and a whole container against the peers that are installed.

import { join } from 'node:path';
import { compare, isInstalled } from './measure.mjs';

const sampan = join(import.meta.dirname, '../../bin/sampan.js');

export const bench = async ({ rounds }) => {
  const run = (...flags) => ['node', sampan, 'run', '--rm', '--network', 'none', ...flags];
  compare(
    'start-up',
    [
      { name: 'node -e 0', command: ['node', '-e', '0'] },
      { name: 'sampan --version', command: ['node', sampan, '--version'] },
      { name: 'sampan ps', command: ['node', sampan, 'ps'] },
      { name: 'sampan images', command: ['node', sampan, 'images'] },
      { name: 'sampan run --rm host true', command: run('host', 'true') },
    ],
    rounds,
  );
  const peers = [
    { program: 'unshare', name: 'unshare -Urmpnf true', command: ['unshare', '-Urmpnf', 'true'] },
    {
      program: 'bwrap',
      name: 'bwrap --unshare-all true',
      command: ['bwrap', '--unshare-all', '--ro-bind', '/', '/', 'true'],
    },
    {
      program: 'podman',
      name: 'podman run --rm --net none',
      command: ['podman', 'run', '--rm', '--net', 'none', 'localhost/busybox', 'true'],
    },
  ];
  compare(
    'a container from start to end',
    [
      { name: 'sampan run --rm host true', command: run('host', 'true') },
      ...peers.filter(({ program }) => isInstalled(program)),
    ],
    rounds,
  );
};
