// SPDX-License-Identifier: Apache-2.0
// Where the network process (addon/helper/netd.h) has its socket and its lock: below the runtime root, in a directory
// of its own for each user namespace and id map that containers have. Who is in another user namespace (in a container,
// under unshare(1)) has no rights over interfaces of ours, and a container whose ids netd lacks could not be born in it.

import { mkdirSync, readdirSync, readlinkSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hasErrno } from '../errors/sampan-error.js';
import type { IdMapping } from '../spec/runtime-config.js';
import { sha256 } from '../util/sha256.js';

/** The ids of a container. */
export interface ContainerIds {
  readonly uids: readonly IdMapping[];
  readonly gids: readonly IdMapping[];
}

const prefix = 'netd-';

/** Of containers with this map. */
export const netdDirectory = (runtimeRoot: string, { uids, gids }: ContainerIds): string => {
  const identity = JSON.stringify([readlinkSync('/proc/self/ns/user'), uids, gids]);
  return join(runtimeRoot, `${prefix}${sha256(identity).slice(0, 12)}`);
};

export const netdDirectories = (runtimeRoot: string): readonly string[] =>
  readdirSync(runtimeRoot)
    .filter((name) => name.startsWith(prefix))
    .map((name) => join(runtimeRoot, name));

/** Those of user namespaces that are gone stay behind empty; whoever wants one makes it again. */
export const makeNetdDirectory = (directory: string): void => {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const other of netdDirectories(dirname(directory))) {
    if (other !== directory) removeIfEmpty(other);
  }
};

const removeIfEmpty = (directory: string): void => {
  try {
    rmdirSync(directory);
  } catch (error) {
    // EPERM: that of another user who is root of a namespace here.
    if (!hasErrno(error, 'ENOTEMPTY', 'ENOENT', 'EACCES', 'EPERM')) throw error;
  }
};
