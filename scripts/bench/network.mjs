// SPDX-License-Identifier: Apache-2.0
// The network against slirp4netns, pasta and rootlesskit, with veth and loopback as limits, all as one unprivileged
// user: in a user namespace with the user's sub-ids a network namespace plays the machine, another one, joined to it by
// a veth, another machine. docs/benchmarks.md says what is measured how.
//
//   npm run bench -- network [out] [in] [published] [between] [udp] [rr] [connects] [memory] [start] [--rounds N]

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, execPath } from 'node:process';
import { output } from '../testing/commands.mjs';
import { ensureTestUser, openTun, readableTree, runAsUser } from '../testing/kernel-user.mjs';
import { ensurePackages } from '../testing/packages.mjs';
import { compiler } from '../toolchain.mjs';
import { groups } from './network-rows.mjs';

const neededPrograms = {
  iperf3: 'iperf3',
  slirp4netns: 'slirp4netns',
  pasta: 'passt',
  rootlesskit: 'rootlesskit',
  newuidmap: 'uidmap',
  unshare: 'util-linux',
  ip: 'iproute2',
  ethtool: 'ethtool',
};
const mostRounds = 5;
const descriptors = 20_000;

export const bench = async ({ rounds }) => {
  for (const name of ensurePackages(neededPrograms)) console.log(`${name} is not installed: left out what needs it`);
  const chosen = groups.filter((name) => argv.slice(argv.indexOf('network')).includes(name));
  const load = mkdtempSync(join(tmpdir(), 'sampan-load-'));
  try {
    buildLoad(load);
    const job = {
      groups: chosen.length > 0 ? chosen : groups,
      rounds: Math.min(rounds, mostRounds),
      load: join(load, 'load'),
    };
    await runUnprivileged(job);
  } finally {
    rmSync(load, { recursive: true, force: true });
  }
};

/** Static: it is also the only program of the containers' image. */
const buildLoad = (directory) => {
  const [program, ...args] = compiler();
  const sources = ['main', 'server', 'client', 'datagrams'].map((name) =>
    join(import.meta.dirname, 'network-load', `${name}.cc`),
  );
  output(program, [...args, '-std=c++20', '-O2', '-static', '-o', join(directory, 'load'), ...sources]);
  chmodSync(directory, 0o755);
};

const runUnprivileged = async (job) => {
  const isRoot = process.getuid() === 0;
  const user = isRoot ? ensureTestUser() : undefined;
  const tree =
    user === undefined ? { path: join(import.meta.dirname, '../..'), dispose: () => {} } : readableTree(user);
  try {
    const script = join(tree.path, 'scripts/bench/network-as-user.mjs');
    const command = inNamespaces([execPath, script, JSON.stringify(job)]);
    if (user === undefined) {
      output(command[0], command.slice(1), { stdio: 'inherit' });
      return;
    }
    openTun();
    const code = await runAsUser({ user, command, cwd: user.home, env: {} });
    if (code !== 0) throw new Error(`the rounds ended with ${String(code)}`);
  } finally {
    tree.dispose();
  }
};

/** Its own process namespace: whatever happens, nothing of it stays behind. The shell is its init and reaps. */
const inNamespaces = (command) => [
  ...['prlimit', `--nofile=${String(descriptors)}:${String(descriptors)}`],
  ...['unshare', '--map-root-user', '--map-auto', '--net', '--mount', '--pid', '--fork', '--kill-child'],
  ...['--mount-proc', 'bash', '-c', '"$@"; exit "$?"', 'bash', ...command],
];
