// SPDX-License-Identifier: Apache-2.0
// podman with a store of its own, and the skip where it is missing or cannot work: it never runs a container here, so
// that it needs neither cgroups nor a session.

import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from './counterparts.js';

export interface Podman extends Disposable {
  /** its stdout, without the last newline; throws with what it said on stderr */
  (...args: readonly string[]): string;
}

export const openPodman = (): Podman => {
  const directory = temporaryDirectory();
  const runtime = join(directory, 'runtime');
  mkdirSync(runtime, { mode: 0o700 });
  const place = ['--root', join(directory, 'root'), '--runroot', join(directory, 'run')];
  const settings = ['--storage-driver', 'vfs', '--cgroup-manager', 'cgroupfs', '--events-backend', 'none'];
  const podman = (...args: readonly string[]): string =>
    execFileSync('podman', [...place, ...settings, ...args], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: directory, XDG_RUNTIME_DIR: runtime },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    }).trim();
  return Object.assign(podman, {
    [Symbol.dispose]: () => {
      // layers belong to sub-ids
      if (process.getuid?.() !== 0) podman('unshare', 'rm', '-rf', join(directory, 'root'));
      rmSync(directory, { recursive: true, force: true });
    },
  });
};

const reasonAgainst = (): string | undefined => {
  try {
    using podman = openPodman();
    podman('images');
    return undefined;
  } catch (error) {
    // what it says: not installed, no sub-ids, a kernel that it cannot live with
    return String(error).split('\n').slice(0, 2).join(' ');
  }
};

/** describe, or a skip that names the reason. */
export const describeWithPodman = (name: string, body: () => void): void => {
  const reason = reasonAgainst();
  if (reason === undefined) describe(name, body);
  else describe.skip(`${name} (podman does not work here: ${reason})`, body);
};
