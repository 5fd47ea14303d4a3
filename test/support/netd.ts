// SPDX-License-Identifier: Apache-2.0
// The processes of the network of this test file's sandbox. Their titles name its runtime directory.

import { closeSync, fstatSync, openSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { native } from './native.js';
import { processIds, readText } from './sandbox.js';
import { sandbox } from './tool.js';

const pidOf = (program: string): number | undefined => {
  const [root = '-'] = readdirSync(join(sandbox().directory, 'run/sampan'));
  const title = `${program} ${root}\0`;
  return processIds().find((pid) => readText(`/proc/${String(pid)}/cmdline`).startsWith(title));
};

/** It reads packets. */
export const netdPid = (): number | undefined => pidOf('sampan-netd');
/** It makes networks for netd. */
export const agentPid = (): number | undefined => pidOf('sampan-agent');

export const killNetd = (): void => {
  if (!killedNetd()) throw new Error('no netd runs');
};

const killedNetd = (): boolean => {
  const pid = netdPid();
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
  return pid !== undefined;
};

/** Kills it, and lets nobody else be it until what is returned is disposed. */
export const withoutNetd = (): Disposable => {
  const path = lockOfNetd();
  killNetd();
  for (let attempt = 0; attempt < 20; attempt++) {
    // the one that was faster may have the lock and not yet its title
    if (attempt > 0) killedNetd();
    // The next one is a process that still has to be started: whoever spins is faster, mostly.
    for (const end = Date.now() + 500; Date.now() < end;) {
      const lock = openSync(path, 'a+', 0o600);
      if (native.tryLock(lock, 'exclusive') && isLinked(lock, path)) {
        return {
          [Symbol.dispose]: () => {
            closeSync(lock);
          },
        };
      }
      closeSync(lock);
    }
  }
  throw new Error('another netd was always faster');
};

/** The last one takes the name away with it. */
const isLinked = (fd: number, path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino;

/** Where its socket is. */
export const netdDirectory = (): string => dirname(lockOfNetd());

const lockOfNetd = (): string => {
  const roots = join(sandbox().directory, 'run/sampan');
  // not all the way down: containers' directories come and go
  const found = readdirSync(roots).flatMap((root) =>
    readdirSync(join(roots, root)).flatMap((name) => (name.startsWith('netd-') ? [join(roots, root, name)] : [])),
  );
  return join(found[0] ?? roots, 'netd.lock');
};

/** TCP sockets of this machine's namespace that are not listening: those of netd among them. */
export const openSockets = (): number =>
  ['tcp', 'tcp6']
    .flatMap((name) => readText(`/proc/self/net/${name}`).split('\n').slice(1))
    .filter((line) => /^\s*\d+:/.test(line) && !/^(?:0A|06)$/.test(line.trim().split(/\s+/)[3] ?? '')).length;
