// SPDX-License-Identifier: Apache-2.0
// Stores of images that a benchmark makes and removes. Their files belong to sub-ids, so that they are removed from
// within a user namespace.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

export const removeStore = (directory) => {
  const inNamespace = process.getuid() === 0 ? [] : ['unshare', '--map-root-user', '--map-auto'];
  const [program, ...args] = [...inNamespace, 'rm', '-rf', directory];
  spawnSync(program, args, { stdio: 'ignore' });
  if (existsSync(directory)) throw new Error(`${directory} could not be removed`);
};

export const emptyStore = (directory) => {
  removeStore(directory);
  mkdirSync(directory, { recursive: true });
};

/** podman leaves a process behind that holds its user namespace. */
export const endPauseProcess = (directory) => {
  const store = ['--root', join(directory, 'migrate/root'), '--runroot', join(directory, 'migrate/run')];
  spawnSync('podman', [...store, 'system', 'migrate'], { stdio: 'ignore' });
};

/** What earlier runs have written must not be paid for by the next one. */
export const settle = (directory) => {
  spawnSync('sync', ['--file-system', directory], { stdio: 'ignore' });
};
