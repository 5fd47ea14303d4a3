// SPDX-License-Identifier: Apache-2.0
// Images in and out: load, pull, push and save against podman and skopeo, each time into an empty store, with a
// registry on loopback. All of them run as the same unprivileged user; when root starts it, as the tests' own.
//
//   npm run bench -- images [load] [pull] [push] [save] [--rounds N] [--directory DIR]
//
// DIR is where the stores lie, by default the user's home: /dev/shm leaves the disk out of it.

import { spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { argv, execPath } from 'node:process';
import { ensureTestUser, makeRuntimeDirectory, readableTree, runAsUser } from '../testing/kernel-user.mjs';
import { ensurePackages } from '../testing/packages.mjs';
import { operations } from './image-cases.mjs';
import { benchImages } from './images-data.mjs';
import { runInDirectory } from './images-rounds.mjs';

const neededPrograms = {
  podman: 'podman',
  skopeo: 'skopeo',
  'docker-registry': 'docker-registry',
  debootstrap: 'debootstrap',
  newuidmap: 'uidmap',
  unshare: 'util-linux',
};
const mostRounds = 5;

export const bench = async ({ rounds }) => {
  for (const name of ensurePackages(neededPrograms)) console.log(`${name} is not installed: left out what needs it`);
  const chosen = operations.filter((name) => argv.includes(name));
  const job = {
    images: await benchImages(),
    operations: chosen.length > 0 ? chosen : operations,
    rounds: Math.min(rounds, mostRounds),
  };
  const below = argv.includes('--directory') ? resolve(argv[argv.indexOf('--directory') + 1] ?? '.') : undefined;
  if (process.getuid() === 0) await runAsTestUser(job, below);
  else await runInDirectory({ ...job, directory: mkdtempSync(join(below ?? homedir(), 'bench-')) });
};

const runAsTestUser = async (job, below) => {
  const user = ensureTestUser();
  const tree = readableTree(user);
  const runtime = makeRuntimeDirectory(user);
  // podman takes no longer name than 50 characters for its run directory
  const own = mkdtempSync(join(below ?? user.home, 'bench-'));
  try {
    chownSync(own, user.uid, user.gid);
    // What the user has to remove again lies where the user may.
    const directory = join(own, 'stores');
    const script = join(tree.path, 'scripts/bench/images-as-user.mjs');
    await runAsUser({
      user,
      before: pureCgroupView(),
      command: [execPath, script, JSON.stringify({ ...job, directory })],
      cwd: own,
      env: { XDG_RUNTIME_DIR: runtime.path },
    });
  } finally {
    rmSync(own, { recursive: true, force: true });
    runtime.dispose();
    tree.dispose();
  }
};

/** podman refuses to start where the v1 and v2 hierarchies are both mounted. */
const pureCgroupView = () => {
  const isHybrid = spawnSync('test', ['-d', '/sys/fs/cgroup/unified']).status === 0;
  if (!isHybrid) return [];
  const mount = 'umount -l /sys/fs/cgroup && mount -t cgroup2 cgroup /sys/fs/cgroup && exec "$@"';
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', mount, 'sh'];
};
