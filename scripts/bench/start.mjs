// SPDX-License-Identifier: Apache-2.0
// Start-up: what a command costs above Node itself, a whole container against the peers that are installed, and the
// listings of a store with a hundred images and containers. The store is the user's own, but for the last two.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { cacheDirectory } from '../testing/cache.mjs';
import { removeStore } from './image-stores.mjs';
import { compare, isInstalled } from './measure.mjs';

const sampan = join(import.meta.dirname, '../../bin/sampan.js');
const objects = 100;

export const bench = async ({ rounds }) => {
  compareStarts(rounds);
  const directory = mkdtempSync(join(homedir(), 'sampan-bench-'));
  const inStore = (...words) => ['env', `XDG_DATA_HOME=${directory}`, 'node', sampan, ...words];
  try {
    compareDebian(inStore, rounds);
    compareListings(inStore, rounds);
  } finally {
    removeStore(directory);
  }
};

const compareStarts = (rounds) => {
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

/** The image that root made for the tests; DEBIAN_ARCHIVE names another one. */
const compareDebian = (inStore, rounds) => {
  const archive = process.env.DEBIAN_ARCHIVE ?? debianArchive();
  if (archive === undefined) {
    console.log('\nrun of a loaded image: left out, the Debian test image is not there (root makes it for the tests)');
    return;
  }
  mustRun(inStore('load', '--quiet', '-i', archive));
  const run = (image) => inStore('run', '--rm', '--network', 'none', image, 'true');
  compare(
    'run of a loaded image',
    [
      { name: 'sampan run --rm host true', command: run('host') },
      { name: 'sampan run --rm debian:test true', command: run('debian:test') },
    ],
    rounds,
  );
};

const debianArchive = () => {
  const found = spawnSync(
    'sh',
    ['-c', 'ls "$0"/debian/*/docker-archive.tar /var/cache/sampan-test/debian/*/docker-archive.tar', cacheDirectory()],
    {
      encoding: 'utf8',
    },
  ).stdout.split('\n')[0];
  return found !== '' && existsSync(found) ? found : undefined;
};

const compareListings = (inStore, rounds) => {
  const lists = [
    { name: 'node -e 0', command: ['node', '-e', '0'] },
    { name: 'sampan ps -a', command: inStore('ps', '-a') },
    { name: 'sampan images', command: inStore('images') },
  ];
  compare('listings of a store with nothing much in it', lists, rounds);
  for (let index = 0; index < objects; index++) {
    const name = `bench-${String(index)}`;
    // a config of its own makes it an image of its own
    mustRun([
      'sh',
      '-c',
      'tar -C / -cf - etc/hostname | "$@"',
      'sh',
      ...inStore('import', '-c', `LABEL n=${name}`, '-', name),
    ]);
    mustRun(inStore('create', '--network', 'none', '--name', name, 'host', 'true'));
  }
  compare(`listings of ${String(objects)} images and ${String(objects)} containers`, lists, rounds);
};

const mustRun = ([program, ...args]) => {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${[program, ...args].join(' ')}: ${stderr}`);
};
