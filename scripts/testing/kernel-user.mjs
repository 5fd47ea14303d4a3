// SPDX-License-Identifier: Apache-2.0
// The unprivileged user that kernel tests run as when root starts them: root would hide exactly what these tests are
// for. What a distribution gives every user (sub-ids, an openable /dev/net/tun) is given to this one too.

import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../sources.mjs';
import { output, succeeds } from './commands.mjs';

const name = 'sampan-test';
const subIdCount = 65_536;
/** A test that goes wrong may leave a container that prints for ever: its log must not fill the disk. */
const largestFileBytes = 4 * 2 ** 30;

/** @returns {{ name, uid, gid, home }} */
export const ensureTestUser = () => {
  // not -r: system users get no sub-ids
  if (!succeeds('id', [name])) output('useradd', ['-m', '-s', '/bin/sh', name]);
  for (const [file, option] of [
    ['/etc/subuid', '--add-subuids'],
    ['/etc/subgid', '--add-subgids'],
  ])
    ensureSubIds(file, option);
  const [, , uid, gid, , home] = output('getent', ['passwd', name]).trim().split(':');
  return { name, uid: Number(uid), gid: Number(gid), home };
};

const ensureSubIds = (file, option) => {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  if (lines.some((line) => line.startsWith(`${name}:`))) return;
  const free = lines.reduce((next, line) => {
    const [, start, count] = line.split(':').map(Number);
    return Number.isInteger(start + count) ? Math.max(next, start + count) : next;
  }, 100_000);
  output('usermod', [option, `${String(free)}-${String(free + subIdCount - 1)}`, name]);
};

/** udev makes it 0666 on every distribution; where nothing ran udev, it is root's alone. */
export const openTun = () => {
  const path = '/dev/net/tun';
  if (existsSync(path) && (statSync(path).mode & 0o666) !== 0o666) chmodSync(path, 0o666);
};

const neededByTests = [
  'bin',
  'build',
  'dist',
  'lib',
  'node_modules',
  'scripts',
  'test',
  'jest.config.cjs',
  'package.json',
  'tsconfig.json',
];

/** A place where `user` can read the built tree: the checkout itself, else a copy that dispose() removes. */
export const readableTree = (user) => {
  if (canRead(user)) return { path: root, dispose: () => undefined };
  const path = mkdtempSync(join(user.home, 'checkout-'));
  const filter = (source) => !source.startsWith(join(root, 'build/cmake'));
  for (const entry of neededByTests) {
    if (existsSync(join(root, entry)))
      cpSync(join(root, entry), join(path, entry), { recursive: true, verbatimSymlinks: true, filter });
  }
  output('chown', ['-R', `${String(user.uid)}:${String(user.gid)}`, path]);
  return { path, dispose: () => rmSync(path, { recursive: true, force: true }) };
};

const canRead = (user) =>
  // all of it: a file that root made under a tight umask is as bad as a closed directory above
  succeeds('setpriv', [
    ...asUser(user),
    'sh',
    '-c',
    'cd "$0" && test -z "$(find bin build/Release dist lib test node_modules -not -readable -print -quit 2>&1)"',
    root,
  ]);

const asUser = ({ uid, gid }) => [`--reuid=${String(uid)}`, `--regid=${String(gid)}`, '--init-groups'];

/** A directory like /run/user/<uid>, which logind makes for people and nobody makes for us. */
export const makeRuntimeDirectory = (user) => {
  const path = `/run/sampan-test-${String(process.pid)}`;
  mkdirSync(path, { mode: 0o700 });
  chownSync(path, user.uid, user.gid);
  return { path, dispose: () => rmSync(path, { recursive: true, force: true }) };
};

/**
 * Runs a program as the user, in a session of its own, with nothing of root's environment; resolves with the exit code.
 * `before` is a command that root runs and that starts the rest.
 */
export const runAsUser = ({ user, command, cwd, env, before = [] }) =>
  new Promise((resolve, reject) => {
    const limited = ['prlimit', `--fsize=${String(largestFileBytes)}`, 'setpriv', ...asUser(user), ...command];
    const child = spawn('setsid', ['--wait', ...before, ...limited], {
      cwd,
      env: {
        PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
        HOME: user.home,
        USER: user.name,
        LOGNAME: user.name,
        LANG: 'C.UTF-8',
        TERM: 'xterm',
        ...env,
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => child.kill(signal));
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
